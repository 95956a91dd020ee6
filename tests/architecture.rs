//! The architecture, read from manifests and sources: what may use what, and the rules of the house.
//!
//! Deliberately not here: behaviour. A failure names the file and the rule, so that it can be mended unread.

use pinfold_tests::checkout::{Source, crates, root, sources};
use pinfold_tests::code::{has_word, only_code};

/// Every crate of `crates/`, and the crates of this workspace that it may use. Nothing else is allowed.
const ARROWS: [(&str, &[&str]); 12] = [
    ("pinfold-core", &[]),
    ("wheelsplit", &["pinfold-core", "elf-facts"]),
    ("pinfold-hook", &["pinfold-core"]),
    ("elf-facts", &[]),
    ("elf-loader", &["elf-facts"]),
    ("elf-isolate", &["elf-facts", "elf-loader"]),
    ("python-facts", &[]),
    ("abicheck", &["pinfold-core", "elf-facts", "elf-loader", "elf-isolate", "python-facts", "wheelsplit"]),
    ("pinfold-cli", &["pinfold-core", "wheelsplit", "abicheck"]),
    ("xtask", &[]),
    // A workspace of its own: libFuzzer is no part of what is built.
    ("pinfold-fuzz", &["pinfold-core", "pinfold-cli", "wheelsplit"]),
    ("abicheck-fuzz", &["abicheck", "elf-facts", "elf-loader", "python-facts", "wheelsplit"]),
];

/// Crates from outside that only some of ours may use, and why.
const RESERVED: [(&str, &[&str], &str); 6] = [
    ("pyo3", &["pinfold-hook"], "the model must work without Python"),
    ("pyo3-ffi", &["pinfold-hook"], "the model must work without Python"),
    ("goblin", &["elf-facts"], "everything above works on facts"),
    ("arwen", &["elf-isolate"], "what is written is checked there"),
    ("ruff_python_parser", &["python-facts"], "everything above works on facts"),
    ("anyhow", &["pinfold-cli", "abicheck", "xtask"], "libraries say what can go wrong in their types"),
];

/// The modules of the hook that may have `unsafe` code. Each more is a decision: is it a new kind of danger, or
/// does it belong behind one of these?
const UNSAFE: [&str; 30] = [
    "c_modules",
    "codes",
    "elf",
    "ending",
    "exports",
    "finder",
    "frames",
    "frames/statement",
    "globals",
    "identity",
    "libraries",
    "load",
    "load/arenas",
    "load/exports",
    "load/make",
    "load/stack",
    "marking",
    "marks",
    "modules",
    "modules/rarer",
    "owner",
    "panics",
    "pickling",
    "shims",
    "snapshot",
    "specs",
    "start",
    "state",
    "thunks",
    "types",
];

/// A file longer than this has more than one subject.
const LONGEST: usize = 500;

/// Fails with every line of `faults`, so that one run shows all of them.
fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn rust_sources() -> Vec<Source> {
    sources().into_iter().filter(|file| file.path.ends_with(".rs")).collect()
}

#[test]
fn crates_use_only_what_the_arrows_allow() {
    let ours: Vec<String> = crates().iter().map(|krate| krate.name.clone()).collect();
    assert!(ours.iter().any(|name| name == "pinfold-core"), "no crates were found: {ours:?}");
    let faults = crates().into_iter().flat_map(|krate| {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == krate.name) else {
            return vec![format!("{}: a crate that the arrows do not know", krate.name)];
        };
        let used = krate.dependencies().into_iter().filter(|used| ours.contains(used));
        let wrong = used.filter(|used| !allowed.contains(&used.as_str()));
        wrong.map(|used| format!("{}: uses {used}; allowed: {allowed:?}", krate.name)).collect()
    });
    none(faults.collect());
}

#[test]
fn reserved_crates_stay_where_they_belong() {
    let faults = crates().into_iter().flat_map(|krate| {
        let wrong = RESERVED.iter().filter(|(reserved, users, _)| {
            krate.dependencies().iter().any(|used| used == reserved) && !users.contains(&krate.name.as_str())
        });
        let faults = wrong.map(|(reserved, users, why)| {
            format!("{}: uses {reserved}, which is for {users:?} only: {why}", krate.name)
        });
        faults.collect::<Vec<_>>()
    });
    none(faults.collect());
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let faults = crates().into_iter().filter(|krate| {
        let lints = krate.manifest.get("lints");
        let inherits = lints.and_then(|lints| lints.get("workspace")).and_then(|w| w.as_bool()) == Some(true);
        // The hook cannot lower `forbid`, so it states its own.
        let own = krate.name == "pinfold-hook" && lints.is_some();
        !(inherits || own)
    });
    none(
        faults
            .map(|krate| format!("{}: its manifest lacks `[lints] workspace = true`", krate.name))
            .collect(),
    );
}

#[test]
fn unsafe_code_stands_in_the_named_modules_of_the_hook() {
    let named = UNSAFE.map(|module| format!("crates/hook/src/{module}.rs"));
    let users = rust_sources().into_iter().filter(|file| has_word(&only_code(&file.text), "unsafe"));
    let users: Vec<String> = users.map(|file| file.path).collect();
    let strangers = users.iter().filter(|path| !named.contains(path));
    let strangers = strangers.map(|path| format!("{path}: `unsafe` outside the modules that UNSAFE names"));
    let idle = named.iter().filter(|path| !users.contains(path));
    none(strangers.chain(idle.map(|path| format!("{path}: in UNSAFE, but has none"))).collect());
}

#[test]
fn every_module_opens_with_what_it_is_for() {
    let rust = rust_sources().into_iter().filter(|file| !file.text.starts_with("//!"));
    let faults = rust.map(|file| format!("{}: does not open with //!", file.path));
    let python = sources().into_iter().filter(|file| {
        let ours = ["python/", "benches/", "tests/hook/", "tests/compat/", "tests/replay/"]
            .iter()
            .any(|folder| file.path.starts_with(folder));
        ours && file.path.ends_with(".py") && !file.text.starts_with("\"\"\"")
    });
    none(faults.chain(python.map(|file| format!("{}: does not open with a docstring", file.path))).collect());
}

#[test]
fn files_have_one_subject_and_a_name_that_says_which() {
    let code = sources().into_iter().filter(|file| file.path.ends_with(".rs") || file.path.ends_with(".py"));
    let faults = code.filter_map(|file| {
        let stem = file.path.rsplit('/').next()?.split('.').next()?.to_owned();
        let lines = file.text.lines().count();
        match stem.as_str() {
            "util" | "utils" | "helper" | "helpers" | "common" | "misc" => {
                Some(format!("{}: a name that says nothing", file.path))
            }
            _ if lines > LONGEST => Some(format!("{}: {lines} lines, more than {LONGEST}", file.path)),
            _ => None,
        }
    });
    none(faults.collect());
}

#[test]
fn no_file_names_an_index_or_a_place_of_one_machine() {
    // Put together here, so that this file does not name them either.
    let hosts = [["pypi", ".org"], ["python", "hosted.org"], ["crates", ".io"], ["npmjs", ".org"]];
    let homes = ["root", "home", "Users", "work"].map(|folder| format!("/{folder}/"));
    let faults = sources().into_iter().flat_map(|file| {
        let mut faults = Vec::new();
        for (number, line) in file.text.lines().enumerate() {
            let host = hosts.iter().map(|parts| parts.concat()).find(|host| line.contains(host.as_str()));
            let home = homes.iter().find(|home| {
                // `a/home/b` is a relative path; only an absolute one is a place.
                line.match_indices(home.as_str()).any(|(at, _)| {
                    let before = line[..at].chars().last();
                    before.is_none_or(|c| !(c.is_alphanumeric() || "_-.)}~*]>".contains(c)))
                })
            });
            let found = host.or(home.cloned());
            faults.extend(found.map(|found| format!("{}:{}: names {found}", file.path, number + 1)));
        }
        faults
    });
    none(faults.collect());
}

#[test]
fn the_readme_names_every_xtask_and_ci_runs_the_tests() {
    let read =
        |path: &str| std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let (readme, main) = (read("README.md"), read("crates/xtask/src/main.rs"));
    let commands =
        main.split_once("enum Command {").map_or("", |(_, rest)| rest.split("\n}").next().unwrap_or(""));
    let variants = commands.lines().filter_map(|line| line.trim().split_once('(')).map(|(name, _)| name);
    let names: Vec<String> = variants.filter(|name| !name.starts_with('/')).map(str::to_lowercase).collect();
    assert!(names.len() >= 3, "read no commands from crates/xtask/src/main.rs: {names:?}");
    let row = |name: &str| readme.contains("| `cargo xtask` |") && readme.contains(&format!("\n| `{name}"));
    let missing =
        names.iter().filter(|name| !readme.contains(&format!("cargo xtask {name}")) && !row(name.as_str()));
    none(missing.map(|name| format!("README.md: does not name `cargo xtask {name}`")).collect());
    assert!(read(".ci/run").contains("cargo xtask test"), ".ci/run does not run `cargo xtask test`");
}
