//! Feeds libFuzzer's inputs to the property `elf`. Deliberately not here: what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| abicheck_fuzz::elf::holds(data));
