//! Feeds libFuzzer's inputs to the property `manifest`. Deliberately not here: what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pinfold_fuzz::manifest::holds(data));
