//! Feeds libFuzzer's inputs to the property `modules`. Deliberately not here: what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pinfold_fuzz::modules::holds(data));
