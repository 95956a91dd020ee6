//! `ld.so.cache`: any bytes are a cache, perhaps an empty one, whose answers are paths that stand in it.

use elf_loader::LdSoCache;

/// The data is the file; names that stand in it are looked for, and others.
pub fn holds(data: &[u8]) {
    let hwcaps = || vec![b"x86-64-v3".to_vec(), b"x86-64-v2".to_vec()];
    for machine in [62, 183, 3] {
        let cache = LdSoCache::new(data.to_vec(), machine, hwcaps());
        let strings = data.split(|byte| *byte == 0).filter(|name| !name.is_empty()).take(64);
        let others = [&b"libc.so.6"[..], b"", b"lib9999999999999999999999.so", b"\xff"];
        for name in strings.chain(others) {
            let Some(path) = cache.find(name) else { continue };
            let within = path.is_empty() || data.windows(path.len()).any(|window| window == path);
            assert!(within, "{path:?} comes from nowhere");
            let again = LdSoCache::new(data.to_vec(), machine, hwcaps());
            assert_eq!(again.find(name), Some(path));
        }
    }
}
