//! `nix/`: what evaluates, what is built, what is built again, and what is refused, by a real Nix without nixpkgs.
//!
//! Deliberately not here: wheels from an index (`nix_example.rs`), and times (`benches/`).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use pinfold_tests::checkout::{root, sources};
use pinfold_tests::nix::{Nix, run, said};
use serde_json::Value;
use sha2::{Digest, Sha256};

const BUILDS: &str = "nix/tests/builds.nix";

/// The store of these tests, or the end of the test that asks.
macro_rules! nix {
    () => {
        match Nix::shared(env!("CARGO_TARGET_TMPDIR")) {
            Some(nix) => nix,
            None => return,
        }
    };
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {text}"))
}

/// What Python prints in an environment.
fn python(environment: &Path, code: &str) -> String {
    said(Command::new(environment.join("bin/python")).args(["-c", code]).env("PYTHONDONTWRITEBYTECODE", "1"))
        .trim()
        .to_owned()
}

/// The one wheel below a folder, and its hash.
fn wheel(folder: &Path) -> (String, Vec<u8>) {
    let entry = fs::read_dir(folder).expect("a folder").flatten().next().expect("a wheel");
    let bytes = fs::read(entry.path()).expect("a wheel");
    (entry.file_name().to_string_lossy().into_owned(), Sha256::digest(bytes).to_vec())
}

#[test]
fn every_file_is_formatted_as_nixfmt_has_it() {
    let files = sources().into_iter().filter(|source| source.path.ends_with(".nix"));
    let mut looked = 0;
    for file in files {
        looked += 1;
        let formatted = nixfmt_rs::format(&file.text).unwrap_or_else(|e| panic!("{}: {e:?}", file.path));
        assert!(formatted == file.text, "{}: `nixfmt {0}` formats it", file.path);
    }
    assert!(looked > 30, "{looked} files");
}

/// `nix/package.nix` builds wheelsplit from a few folders, so that little else builds every wheel again.
#[test]
fn the_program_of_every_wheel_is_built_from_all_that_it_is_made_of() {
    let table = |path: &str| -> toml::Table {
        let text = fs::read_to_string(root().join(path)).expect("a manifest");
        text.parse().expect("TOML")
    };
    let workspace = table("Cargo.toml");
    let package = fs::read_to_string(root().join("nix/package.nix")).expect("a file");
    let mut folders = vec!["crates/wheelsplit".to_owned()];
    let mut looked = 0;
    while let Some(folder) = folders.get(looked).cloned() {
        looked += 1;
        assert!(package.contains(&format!("\"{folder}\"")), "nix/package.nix does not take {folder}");
        let manifest = table(&format!("{folder}/Cargo.toml"));
        for name in manifest["dependencies"].as_table().expect("a table").keys() {
            let path = workspace["workspace"]["dependencies"][name.as_str()].get("path");
            let path = path.and_then(toml::Value::as_str).map(str::to_owned);
            folders.extend(path.filter(|path| !folders.contains(path)));
        }
    }
    assert!(looked > 2, "{folders:?}");
}

#[test]
fn every_function_evaluates_to_what_is_expected() {
    let nix = nix!();
    let failures = nix.evaluate("nix/tests", "failures", &[]).expect("the tests evaluate");
    assert_eq!(json(&failures), json("[]"));
    let count = json(&nix.evaluate("nix/tests", "count", &[]).expect("a number"));
    assert!(count.as_u64() > Some(80), "{count} tests");
}

#[test]
fn a_bump_costs_one_wheel_and_one_install() {
    let nix = nix!();
    let failures = nix.evaluate("nix/tests", "slowFailures", &[]).expect("the tests evaluate");
    assert_eq!(json(&failures), json("[]"));
}

#[test]
fn plan_counts_what_derivation_paths_say() {
    let nix = nix!();
    let folder = nix.scratch("plan");
    let set = json(&nix.evaluate("nix/tests/counts.nix", "set", &[]).expect("a description"));
    fs::write(folder.join("set.json"), set.as_str().expect("text")).expect("a file");
    let plan = nix.installed().join("bin/pinfold");
    let args = ["plan", "set.json", "--bump-each", "--output-format", "json"];
    let plan = json(&said(Command::new(plan).args(args).current_dir(&folder)));
    let total = json(&nix.evaluate("nix/tests/counts.nix", "total", &[]).expect("counts"));
    assert_eq!(
        (&plan["wheels"], &plan["installs"]),
        (&total["frozen"]["wheel"], &total["frozen"]["install"])
    );
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_built() {
    let nix = nix!();
    const FILE: &str = "nix/tests/failures.nix";
    let words = json(&nix.evaluate(FILE, "words", &[]).expect("the cases"));
    let cases = words.as_object().expect("cases");
    assert!(cases.len() > 10, "{} cases", cases.len());
    for (name, words) in cases {
        let error = nix.evaluate(FILE, &format!("cases.{name}.expr"), &[]).expect_err(name);
        for word in words.as_array().expect("words").iter().filter_map(Value::as_str) {
            assert!(error.contains(word), "{name}: no `{word}` in\n{error}");
        }
    }
}

#[test]
fn the_flake_evaluates_with_a_nixpkgs_and_says_what_it_has() {
    let nix = nix!();
    let [flake, nixpkgs] = ["flake", "nixpkgs"].map(|name| nix.scratch(name));
    let copy = |what: &str, to: &Path| {
        said(Command::new("cp").arg("-r").arg(root().join(what)).arg(to));
    };
    for what in ["flake.nix", "default.nix", "nix", "Cargo.toml"] {
        copy(what, &flake);
    }
    for what in ["nix/tests/pkgs.nix", "nix/tests/nixpkgs.nix", "nix/tests/graph.nix"] {
        copy(what, &nixpkgs);
    }
    fs::write(nixpkgs.join("flake.nix"), "{ outputs = _: { }; }").expect("a file");
    fs::write(nixpkgs.join("default.nix"), "import ./pkgs.nix").expect("a file");
    let registry = flake.join("registry.json");
    fs::write(&registry, r#"{"flakes": [], "version": 2}"#).expect("a file");
    let evaluate = |attribute: &str| {
        let mut command = nix.command("nix");
        command.arg("--option").arg("flake-registry").arg(&registry);
        command.args(["eval", "--json", "--no-write-lock-file", "--override-input", "nixpkgs"]);
        command.arg(format!("path:{}", nixpkgs.display()));
        json(&said(command.arg(format!("path:{}#{attribute}", flake.display()))))
    };
    assert_eq!(evaluate("tests.failures"), json("[]"));
    assert_eq!(evaluate("checks.x86_64-linux.evaluation.name"), json("\"pinfold-evaluation\""));
    assert_eq!(evaluate("packages.x86_64-linux.default.pname"), json("\"pinfold\""));
    assert_eq!(evaluate("lib.x86_64-linux.host.python.pythonVersion"), json("\"3.11\""));
}

#[test]
fn two_versions_run_in_one_environment() {
    let nix = nix!();
    let environment = nix.build(BUILDS, "environment", &[]).expect("an environment");
    let code = "import leaf, native, stem; print(leaf.VERSION, stem.seen(), native.answer())";
    assert_eq!(python(&environment, code), "1.0 2.0 (42, 'native.c')");
    assert_eq!(said(&mut Command::new(environment.join("bin/leaf"))), "leaf 1.0\n");
    let report = nix.build(BUILDS, "report", &[]).expect("a report");
    assert_eq!(
        json(&fs::read_to_string(report.join("report.json")).expect("a report"))["findings"],
        json("[]")
    );
    assert!(report.join("report.html").is_file());
}

#[test]
fn nix_shell_shows_the_environment() {
    let nix = nix!();
    nix.build(BUILDS, "start", &[]).expect("an environment that starts");
    let mut shell = nix.command("nix-shell");
    shell.args([BUILDS, "-A", "shell", "--argstr", "python", pinfold_tests::nix::PYTHON, "--arg", "pinfold"]);
    shell.arg(nix.installed()).args(["--run", "leaf; python -c 'import stem; print(stem.seen())'"]);
    assert_eq!(said(&mut shell), "leaf 1.0\n2.0\n");
    let built = nix.build(BUILDS, "shell", &[]).expect_err("it is no package");
    assert!(built.contains("is for nix-shell, not for building"), "{built}");
}

#[test]
fn bytecode_is_kept_in_the_user_s_store() {
    let nix = nix!();
    let environment = nix.build(BUILDS, "environment", &[]).expect("an environment");
    let store = nix.scratch("bytecode");
    let mut python = Command::new(environment.join("bin/python"));
    python.args(["-c", "import leaf"]).env_remove("PYTHONDONTWRITEBYTECODE").env("PINFOLD_CACHE", &store);
    said(&mut python);
    let closure = json(&fs::read_to_string(environment.join("closure.json")).expect("a closure.json"));
    let units = closure["units"].as_array().expect("units");
    let leaf = units.iter().find(|unit| unit["name"] == "leaf" && unit["version"] == "1.0").expect("leaf");
    let kept = fs::read_dir(store.join("bytecode")).expect("bytecode").flatten();
    let kept: Vec<bool> = kept
        .map(|tag| tag.path().join(leaf["wheel"].as_str().expect("a hash")).join("code.pack").is_file())
        .collect();
    assert_eq!(kept, [true]);
}

#[test]
fn one_wheel_is_two_units_with_different_dependencies() {
    let nix = nix!();
    let environment = nix.build(BUILDS, "copies", &[]).expect("an environment");
    let code = "import twin, stem; print(stem.seen(), twin.stem.seen(), stem.__file__ != twin.stem.__file__)";
    assert_eq!(python(&environment, code), "1.0 2.0 True");
    let native = "import twin, native; print(native is twin.native)";
    assert_eq!(python(&environment, native), "True", "the same dependencies: one unit");
}

#[test]
fn an_installed_wheel_refers_to_nothing() {
    let nix = nix!();
    for package in ["stem", "native"] {
        let path = nix.build(BUILDS, package, &[]).expect("a package");
        let references = said(nix.command("nix-store").args(["--query", "--references"]).arg(&path));
        assert_eq!(references, "", "{package}");
    }
}

#[test]
fn what_a_wheel_s_files_name_goes_where_it_goes() {
    let nix = nix!();
    let [leaf, wheel, installed] =
        ["leaf", "referring.wheel", "referring"].map(|name| nix.build(BUILDS, name, &[]).expect(name));
    for path in [wheel, installed] {
        let references = said(nix.command("nix-store").args(["--query", "--references"]).arg(&path));
        assert_eq!(references.trim(), leaf.to_string_lossy(), "{}", path.display());
    }
}

#[test]
fn a_store_that_makes_one_of_equal_files_leaves_two_units_two() {
    let nix = nix!();
    let environment = nix.build(BUILDS, "nativeCopies", &[]).expect("an environment");
    said(nix.command("nix-store").arg("--optimise"));
    let code = "import native, os, twin; mine, other = native, twin.native
print(mine is other, os.path.samefile(mine.__file__, other.__file__), mine.answer() == other.answer())";
    assert_eq!(python(&environment, code), "False False True");
}

#[test]
fn libraries_of_one_name_are_kept_apart() {
    let nix = nix!();
    let environment = nix.build(BUILDS, "isolated", &[]).expect("an environment");
    for (first, second) in [("dup", "twin"), ("twin", "dup")] {
        let code = format!("import {first}, {second}; print(dup.value(), twin.dup.value())");
        assert_eq!(python(&environment, &code), "1 2", "{first} first");
    }
    let closure = json(&fs::read_to_string(environment.join("closure.json")).expect("a closure.json"));
    let schema = json(include_str!("../crates/pinfold-core/src/closure.schema.json"));
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    assert!(schema.is_valid(&closure), "{closure:#}");
    let copies =
        closure["units"].as_array().expect("units").iter().filter(|unit| !unit["isolated"].is_null());
    let [copy] = copies.collect::<Vec<_>>()[..] else { panic!("not one unit has copies: {closure:#}") };
    let named = copy["isolated"]["libraries"]["libdup.so.1"].as_str().expect("a name");
    let path = Path::new(copy["path"].as_str().expect("a path"));
    assert!(path.starts_with(environment.join("own-libraries")), "{}", path.display());
    assert!(path.join("dup").join(named).exists(), "{} has no {named}", path.display());

    let report = nix.build(BUILDS, "isolatedReport", &[]).expect("a report");
    let report = json(&fs::read_to_string(report.join("report.json")).expect("a report"));
    assert_eq!(report["findings"], json("[]"));
    let told = format!(
        "dup {} has copies of its files; libdup.so.1 is now {named}",
        copy["version"].as_str().expect("text")
    );
    assert!(report.to_string().contains(&told), "no `{told}` in {report:#}");
}

#[test]
fn native_shared_leaves_libraries_as_they_are() {
    let nix = nix!();
    let error = nix.build(BUILDS, "failing.shared", &[]).expect_err("they break each other");
    for word in ["error[AB102]", "libdup.so.1", "DUP_2.0", "failed its ABI check", "hint:"] {
        assert!(error.contains(word), "no `{word}` in\n{error}");
    }
    for shared in ["sharing", "sharingAll"] {
        let environment = nix.build(BUILDS, shared, &[]).expect("an environment, unchecked");
        let closure = fs::read_to_string(environment.join("closure.json")).expect("a closure.json");
        assert!(!closure.contains("\"isolated\""), "{closure}");
        assert!(!environment.join("own-libraries").exists());
        let together = run(Command::new(environment.join("bin/python")).args(["-c", "import dup, twin"]));
        let error = String::from_utf8_lossy(&together.stderr);
        assert!(error.contains("version `DUP_2.0' not found"), "{error}");
    }
}

#[test]
fn what_was_killed_half_way_is_built_again() {
    let nix = nix!();
    let path = json(&nix.evaluate_build(BUILDS, "slow.outPath").expect("a path"));
    let output = Path::new(path.as_str().expect("text"));
    // Outside of a sandbox, what a builder has written so far is to be seen.
    let mut build = nix.builder(BUILDS, "slow", &["--option", "sandbox", "false"]);
    let mut build = build.stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("nix-build");
    while !output.join("half").exists() {
        assert!(build.try_wait().expect("a process").is_none(), "it ended before it had begun");
        std::thread::sleep(Duration::from_millis(10));
    }
    build.kill().expect("a process");
    build.wait().expect("its end");
    assert!(output.join("half").exists() && !output.join("whole").exists());
    let valid = run(nix.command("nix-store").arg("--check-validity").arg(output));
    assert!(!valid.status.success(), "half of it was taken for the whole");
    let again = nix.build(BUILDS, "slow", &[]).expect("it is built");
    assert!(again == output && again.join("whole").exists());
}

#[test]
fn a_bumped_dependency_checks_again_and_builds_nothing() {
    let nix = nix!();
    for name in ["check", "leaf_2"] {
        nix.build(BUILDS, name, &[]).expect(name);
    }
    let [one, two] = ["stem", "stemOfTwo"].map(|name| nix.build(BUILDS, name, &[]).expect(name));
    assert_eq!(one, two);
    let planned = run(&mut nix.builder(BUILDS, "checkOfTwo", &["--dry-run"]));
    let planned = String::from_utf8_lossy(&planned.stderr).into_owned();
    let names =
        planned.lines().filter_map(|line| line.strip_suffix(".drv")?.rsplit('/').next()?.split_once('-'));
    let built: BTreeSet<&str> = names.map(|(_, name)| name).collect();
    assert_eq!(built, BTreeSet::from(["stem-1.0-check", "stem-check-environment"]), "{planned}");
    nix.build(BUILDS, "checkOfTwo", &[]).expect("the tests pass with the other version, too");
}

#[test]
fn a_wheel_has_the_same_bytes_whenever_and_wherever_it_is_built() {
    let nix = nix!();
    let content = ["--arg", "contentAddressed", "true"];
    for package in ["native", "leaf"] {
        let attribute = format!("{package}.wheel");
        let first = nix.build(BUILDS, &attribute, &[]).expect("a wheel");
        let addressed = nix.build(BUILDS, &attribute, &content).expect("a wheel");
        assert_ne!(first, addressed);
        assert_eq!(wheel(&first), wheel(&addressed), "{package}");
        // Built again, elsewhere, a second later, in another folder.
        let check = nix.build(BUILDS, &attribute, &["--check", "--option", "sandbox", "false"]);
        assert!(check.is_ok(), "{package}: {check:?}");
    }
}

#[test]
fn where_a_build_tool_makes_the_same_the_rebuild_stops() {
    let nix = nix!();
    let content = ["--arg", "contentAddressed", "true"];
    let first = nix.build(BUILDS, "native", &content).expect("a package");
    let salted = [&content[..], &["--argstr", "salt", "another"]].concat();
    let second = nix.build(BUILDS, "native", &salted).expect("a package");
    assert_eq!(first, second);
    // Input-addressed, the same change builds all of it again.
    let [plain, again] =
        [&[][..], &["--argstr", "salt", "another"]].map(|more| nix.build(BUILDS, "native", more));
    assert_ne!(plain.expect("a package"), again.expect("a package"));
}

#[test]
fn what_goes_wrong_in_a_build_names_the_package_and_the_step() {
    let nix = nix!();
    let cases: [(&str, &[&str]); 24] = [
        ("backend", &["the compiler is on strike", "build the wheel of odd 1.0", "exit code 1", "hint:"]),
        ("talk", &["and then it failed", "build the wheel of odd 1.0", "hint:"]),
        ("nothing", &["build the wheel of odd 1.0", "made 0 wheels", "hint:"]),
        ("leave", &["build the wheel of odd 1.0", "exit code 0 in `build_wheel`, without an answer"]),
        ("silent", &["build the wheel of odd 1.0", "says that it made null, but there is odd-1.0-py3"]),
        ("rename", &["build the wheel of odd 1.0", "odd-1.0-cp310-cp310-linux_x86_64.whl, which is not for"]),
        (
            "garbage",
            &["build the wheel of odd 1.0", "made odd-1.0-py3-none-any.whl, which is no proper wheel"],
        ),
        ("ask", &["build the wheel of odd 1.0", "backend requires nowhere (`nowhere>=1;", "(none)"]),
        ("newer-tool", &["build the wheel of leaf 1.0", "requires `setuptools>=999` (it is ", "`postPatch`"]),
        ("outside", &["Permission denied", "build the wheel of odd 1.0", "hint:"]),
        ("missing-tool", &["build the wheel of leaf 1.0", "requires setuptools", "build set"]),
        ("no-source", &["build the wheel of odd 1.0", "neither a pyproject.toml nor a setup.py"]),
        ("other-name", &["build the wheel of odd 1.0", "has the name stranger", "hint: `pname`"]),
        ("other-version", &["build the wheel of odd 1.0", "has the version 2.0", "hint: `version`"]),
        ("other-platform", &["could not install", "cp311-cp311-win_amd64", "hint:"]),
        ("one-file-twice", &["one 1.0 and two 1.0 both have `twin.py`", "onConflict", "hint:"]),
        ("abi", &["error[AB101]", "libgone.so", "failed its ABI check", "hint:"]),
        ("import", &["check of odd 1.0 failed", "could not import `twin`", "No module named 'nowhere'"]),
        ("requirement", &["requirements of odd 1.0", "`leaf>=3`, and it gets leaf 1.0", "hint:"]),
        ("undeclared", &["requirements of odd 1.0", "it depends on no leaf", "hint:"]),
        ("extra", &["`other[x]` asks for `leaf; extra == 'x'`, and nobody depends on leaf", "hint:"]),
        ("other-python", &["requirements of odd 1.0", "Python >=3.99, and this is 3.11", "hint:"]),
        ("tests", &["check of leaf 1.0 failed", "`python -m unittest`", "hint:"]),
        ("hash", &["hash mismatch", "odd-1.0-py3-none-any.whl"]),
    ];
    for (name, words) in cases {
        let error = nix.build(BUILDS, &format!("failing.{name}"), &[]).expect_err(name);
        for word in words {
            assert!(error.contains(word), "{name}: no `{word}` in\n{error}");
        }
    }
    for fine in ["unchecked", "extras"] {
        nix.build(BUILDS, fine, &[]).expect(fine);
    }
}

/// A lock whose wheels are all built here, one of them with a tool that is a folder itself, and one of a zip archive. The
/// module of each says which files its build saw: the environment has the lock's hashes only where both saw the same.
#[test]
fn nix_builds_what_pinfold_builds_of_folders_and_archives() {
    let nix = nix!();
    let project = nix.scratch("folders");
    let backend = root().join("nix/tests/packages/backend");
    for (folder, name) in [("odd", "odd"), ("tool", "tool"), ("zipped-1.0", "zipped")] {
        said(Command::new("cp").arg("-r").arg(&backend).arg(project.join(folder)));
        fs::write(project.join(folder).join("NAME"), name).expect("a file");
    }
    let write = |path: &str, text: &str| {
        let path = project.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("zipped-1.0/PKG-INFO", "Metadata-Version: 2.1\nName: zipped\nVersion: 1.0\n");
    let zip = ["-m", "zipfile", "-c", "zipped-1.0.zip", "zipped-1.0"];
    said(Command::new(nix.installed().join("bin/python")).args(zip).current_dir(&project));
    write(
        "pinfold.toml",
        "requires = [\"odd @ ./odd\", \"zipped @ ./zipped-1.0.zip\"]\n[builds.odd]\nrequires = [\"tool @ ./tool\"]\n",
    );
    let left =
        ["build/lib/stale.py", "odd.egg-info/PKG-INFO", "pkg/__pycache__/x.pyc", ".tox/x", "pinfold.lock"];
    let shipped =
        ["build/libz/z.c", "pkg/template/pyvenv.cfg", "pkg/compiled.pyc", "pkg/x.egg-info/PKG-INFO"];
    for file in left.iter().chain(&shipped).chain(&["pkg/__init__.py", "env/pyvenv.cfg", "env/bin/python"]) {
        write(&format!("odd/{file}"), "");
    }
    write("odd/target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    std::os::unix::fs::symlink("me@here.1:2", project.join("odd/pkg/.#x.py")).expect("a link");
    let mut lock = Command::new(nix.installed().join("bin/pinfold"));
    lock.args(["lock", "--offline", "--python", pinfold_tests::nix::PYTHON]).current_dir(&project);
    said(lock.env("PINFOLD_CACHE", nix.scratch("folders-cache")));

    let (lock, wheels) = (project.join("pinfold.lock").display().to_string(), project.display().to_string());
    let arguments = ["--arg", "lock", &lock, "--arg", "wheelDir", &wheels];
    let environment = nix.build("nix/tests/example.nix", "environment", &arguments).expect("an environment");
    let seen = python(&environment, "import odd, zipped; print(*odd.FILES)");
    assert_eq!(
        seen,
        "./NAME ./backend.py ./build/libz/z.c ./pkg/__init__.py ./pkg/compiled.pyc ./pkg/template/pyvenv.cfg \
         ./pkg/x.egg-info/PKG-INFO ./pyproject.toml"
    );
}

#[test]
fn a_backend_that_hangs_is_ended() {
    let nix = nix!();
    let error = nix.build(BUILDS, "failing.hang", &["--timeout", "3"]).expect_err("it hangs");
    assert!(error.contains("odd-1.0-wheel") && error.contains("timed out"), "{error}");
}

#[test]
fn a_binary_cache_spares_another_store_the_build() {
    let nix = nix!().apart("cache");
    let url = format!("file://{}", nix!().scratch("binary-cache").display());
    // By what it was made from, and by what it is.
    for addressed in [&[][..], &["--arg", "contentAddressed", "true"]] {
        let built = nix.build(BUILDS, "native", addressed).expect("a package");
        let copy = ["copy", "--to", &url, "--file", BUILDS, "native"];
        said(nix.command("nix").args(copy).args(nix.pinfold()).args(addressed));
        let answer = built.join("site-packages");
        assert!(answer.is_dir());
        nix.empty();
        assert!(!answer.exists());
        let nobody = [addressed, &["--max-jobs", "0"]].concat();
        let nothing = nix.build(BUILDS, "native", &nobody).expect_err("nobody may build");
        assert!(nothing.contains("jobs") || nothing.contains("build"), "{nothing}");
        let cache = ["--option", "substitute", "true", "--option", "require-sigs", "false", "--option"];
        let got = [&nobody[..], &cache, &["substituters", &url]].concat();
        assert_eq!(nix.build(BUILDS, "native", &got).expect("it comes from the cache"), built);
        assert!(answer.is_dir());
    }
}
