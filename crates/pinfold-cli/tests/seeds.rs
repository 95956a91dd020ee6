//! The fuzzed properties over their seeds, and over damaged copies of these: what CI runs of the fuzzing.
//!
//! Damage is the same in every run. Deliberately not here: search for new inputs (`cargo xtask fuzz`).

#[expect(unreachable_pub, reason = "a library in the fuzzer's workspace, a module here")]
#[path = "../fuzz/src/lib.rs"]
mod pinfold_fuzz;

use std::fs;
use std::path::Path;

/// Damaged copies of `seed`: cut off, single bytes changed, pieces left out, pieces repeated.
fn damaged(seed: &[u8]) -> Vec<Vec<u8>> {
    let mut copies = vec![seed.to_vec()];
    // A step that is odd visits other offsets than the fields of a file are aligned to.
    let step = (seed.len() / 60) | 1;
    for at in (0..seed.len()).step_by(step) {
        let (front, back) = seed.split_at(at);
        copies.push(front.to_vec());
        copies.push([front, &back[1..]].concat());
        copies.push([front, front, back].concat());
        for byte in [0, 0x7f, 0xff, back[0] ^ 1, back[0] ^ 0x80, b'"', b'.', b'\n'] {
            copies.push([front, &[byte], &back[1..]].concat());
        }
    }
    copies
}

#[test]
fn what_is_promised_holds_for_every_seed_and_for_what_damage_makes_of_it() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (target, holds) in pinfold_fuzz::ALL {
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
    assert_eq!(names, pinfold_fuzz::ALL.map(|(name, _)| name));
}

#[test]
fn nothing_is_nested_too_deeply_or_multiplied() {
    // A reader that recurses ends the process here, not with an error.
    let deep = |front: &str, piece: &str| format!("{front}{}", piece.repeat(100_000)).into_bytes();
    let tags = ["a."; 2000].concat();
    let inputs = [
        deep("", "("),
        deep("", "["),
        deep("", "{\"a\":"),
        deep("a ; ", "("),
        deep("a ; not ", "not "),
        deep("a = ", "["),
        deep("a = ", "{a="),
        deep("", "a."),
        deep("[", "a."),
        deep("version = 1\n", "[[a]]\n"),
        format!("x-1-{tags}a-{tags}a-{tags}a.whl\nWheel-Version: 1.0\nTag: {tags}a-{tags}a-{tags}a\n")
            .into_bytes(),
    ];
    for (_, holds) in pinfold_fuzz::ALL {
        for input in &inputs {
            holds(input);
        }
    }
}
