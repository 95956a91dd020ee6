//! The fuzzed properties over their seeds, and over damaged copies of these: what CI runs of the fuzzing.
//!
//! Damage is the same in every run. Seeds of the index are made here, of those of `closure.json`.
//! Deliberately not here: search for new inputs (`cargo xtask fuzz`).

#[expect(unreachable_pub, reason = "a library in the fuzzer's workspace, a module here")]
#[path = "../fuzz/src/lib.rs"]
mod pinfold_fuzz;

use std::fs;
use std::path::Path;

use pinfold_core::closure::Environment;
use pinfold_core::index;

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

/// A seed of another version of the index is turned away at its head, and nothing behind that is tried.
#[test]
fn the_seeds_of_the_index_are_what_the_seeds_of_closure_json_come_to() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let files: Vec<_> = fs::read_dir(seeds.join("closure")).expect("seeds").flatten().collect();
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(file.path()).expect("a seed");
        let environment = Environment::parse(&text).expect("an environment");
        let whole = index::encode(&environment).expect("an index");
        let body = index::FRAME.body(&whole).expect("its body");
        let name = file.path().file_stem().expect("a name").to_string_lossy().into_owned();
        for (name, first, rest) in [(name.clone(), 0, whole.as_slice()), (format!("{name}-body"), 1, body)] {
            let (path, seed) = (seeds.join("index").join(name), [&[first], rest].concat());
            if std::env::var_os("PINFOLD_WRITE_SEEDS").is_some() {
                fs::write(&path, &seed).expect("a seed");
            }
            let there = fs::read(&path).is_ok_and(|there| there == seed);
            assert!(there, "{} is of another index; PINFOLD_WRITE_SEEDS=1 writes it anew", path.display());
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
