//! The fuzzed properties over their seeds, and over damaged copies of these: what CI runs of the fuzzing.
//!
//! Damage is the same in every run. Deliberately not here: search for new inputs (`cargo xtask fuzz`).

#[expect(unreachable_pub, reason = "a library in the fuzzer's workspace, a module here")]
#[path = "../fuzz/src/lib.rs"]
mod abicheck_fuzz;

use std::fs;
use std::path::Path;

/// Damaged copies of `seed`: cut off, single bytes changed, pieces left out, pieces repeated.
fn damaged(seed: &[u8]) -> Vec<Vec<u8>> {
    let mut copies = vec![seed.to_vec()];
    // A step that is odd visits other offsets than the fields of a file are aligned to.
    let step = (seed.len() / 40) | 1;
    for at in (0..seed.len()).step_by(step) {
        let (front, back) = seed.split_at(at);
        copies.push(front.to_vec());
        copies.push([front, &back[1..]].concat());
        copies.push([front, front, back].concat());
        for byte in [0, 0x7f, 0xff, back[0] ^ 1, back[0] ^ 0x80, b'"', b'(', b'\n'] {
            copies.push([front, &[byte], &back[1..]].concat());
        }
    }
    copies
}

#[test]
fn what_is_promised_holds_for_every_seed_and_for_what_damage_makes_of_it() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (target, holds) in abicheck_fuzz::ALL {
        let files = fs::read_dir(seeds.join(target)).unwrap_or_else(|e| panic!("no seeds of {target}: {e}"));
        let files: Vec<_> = files.map(|file| file.expect("an entry").path()).collect();
        assert!(!files.is_empty(), "{target} has no seeds");
        for file in files {
            let seed = fs::read(&file).expect("a seed");
            eprintln!("{target}: {}", file.display());
            for copy in damaged(&seed) {
                holds(&copy);
            }
        }
    }
}

#[test]
fn every_property_is_a_target_of_the_fuzzer() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let files = fs::read_dir(targets).expect("targets");
    let mut names: Vec<String> = files
        .map(|file| {
            file.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned()
        })
        .collect();
    names.sort();
    assert_eq!(names, abicheck_fuzz::ALL.map(|(name, _)| name));
}
