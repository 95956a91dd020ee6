//! The commands as a user sees them: exit code, stdout and stderr, in an environment with one package that cannot be
//! imported and one that does without a module.
//!
//! `INSTA_UPDATE=always` writes the snapshots anew. Deliberately not here: what the rules find in real packages.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use abicheck::environment::Interpreter;
use serde_json::Value;
use tempfile::TempDir;

/// Compares `$what` with `snapshots/commands__$name.snap`, what differs from machine to machine left out.
macro_rules! shows {
    ($name:literal, $what:expr) => {
        let filters = [
            (r"\([^()]*Python 3\.\d+\)", "(FIGURES)"),
            (r"0\.\d+\.\d+\n", "[VERSION]\n"),
            (r" \d+\.\d ms", " [TIME]"),
        ];
        insta::with_settings!({ filters => filters, omit_expression => true }, {
            insta::assert_snapshot!($name, $what)
        })
    };
}

/// A folder with a project in it.
struct Project(TempDir);

impl Project {
    fn empty() -> Self {
        let project = Self(tempfile::tempdir().expect("a temporary folder"));
        project.write("README", "a project\n");
        project
    }

    /// One whose `.venv` has `broken`, whose module needs a library that is nowhere, and `soft`, which goes on without
    /// such a module.
    fn with_conflicts() -> Self {
        let project = Self::empty();
        let python = python();
        let interpreter = Interpreter::at(&python).unwrap_or_else(|error| panic!("{error}"));
        let site = format!(".venv/lib/python{}/site-packages", interpreter.minor());
        let home = interpreter.executable.parent().expect("bin").display().to_string();
        project.write(".venv/pyvenv.cfg", &format!("home = {home}\n"));
        fs::create_dir_all(project.path().join(".venv/bin")).expect("the folder can be written to");
        symlink(&interpreter.executable, project.path().join(".venv/bin/python")).expect("a link");
        for (name, code) in [
            ("broken", "from . import _core\n"),
            ("soft", "try:\n    from . import _core\nexcept ImportError:\n    pass\n"),
        ] {
            project.write(&format!("{site}/{name}/__init__.py"), code);
            project.compile(&format!("{site}/{name}/_core.abi3.so"));
            let info = format!("{site}/{name}-1.0.dist-info");
            project.write(&format!("{info}/METADATA"), &format!("Name: {name}\nVersion: 1.0\n"));
            project
                .write(&format!("{info}/RECORD"), &format!("{name}/__init__.py,,\n{name}/_core.abi3.so,,\n"));
        }
        project
    }

    fn path(&self) -> PathBuf {
        self.0.path().canonicalize().expect("a folder").join("project")
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.path().join("project").join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be written to");
        fs::write(path, text).expect("the folder can be written to");
    }

    /// Compiles a module that needs `libnowhere.so.1`.
    fn compile(&self, file: &str) {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        let source = scratch.path().join("x.c");
        fs::write(&source, "int nowhere(void); int here(void) { return nowhere(); }\n").expect("a source");
        let library = scratch.path().join("libnowhere.so");
        let stub = scratch.path().join("stub.c");
        fs::write(&stub, "int nowhere(void) { return 1; }\n").expect("a source");
        cc(&[&"-Wl,-soname,libnowhere.so.1", &stub, &"-o", &library]);
        cc(&[&source, &library, &"-o", &self.path().join(file)]);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_abicheck"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for name in [
            "VIRTUAL_ENV",
            "XDG_CACHE_HOME",
            "LD_LIBRARY_PATH",
            "LD_PRELOAD",
            "CLICOLOR_FORCE",
            "FORCE_COLOR",
        ] {
            command.env_remove(name);
        }
        command.env("NO_COLOR", "1").env("HOME", self.0.path().join("home"));
        command
    }

    /// Runs `abicheck` in the project: its exit code and what it says.
    fn run(&self, arguments: &[&str]) -> String {
        self.told(&self.command(arguments).output().expect("it runs"))
    }

    fn told(&self, output: &Output) -> String {
        let code = output.status.code().map_or("a signal".to_owned(), |code| code.to_string());
        let [out, err] =
            [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        let text = format!("exit code: {code}\n-- stdout\n{out}-- stderr\n{err}");
        text.replace(&*self.path().to_string_lossy(), "[PROJECT]")
    }

    fn code(&self, arguments: &[&str]) -> Option<i32> {
        self.command(arguments).output().expect("it runs").status.code()
    }
}

fn cc(arguments: &[&dyn AsRef<std::ffi::OsStr>]) {
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC"]).args(arguments);
    assert!(command.status().expect("a C compiler").success(), "{command:?}");
}

fn python() -> PathBuf {
    // A shim of a version manager is a script; the program itself says where it is.
    let asked = Command::new("python3")
        .args(["-c", "import sys; print(getattr(sys, '_base_executable', sys.executable))"])
        .output()
        .expect("python3 on PATH");
    PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim())
}

#[test]
fn help_and_version_are_data() {
    let project = Project::empty();
    shows!("help", project.run(&["--help"]));
    shows!("version", project.run(&["--version"]));
}

#[test]
fn wrong_usage_is_refused() {
    let project = Project::empty();
    let wrong: [&[&str]; 12] = [
        &["--frobnicate"],
        &["--output-format", "xml", "x"],
        &["--quiet", "--verbose", "x"],
        &["--order", "a,,b", "x"],
        &["--order", "a,b", "--script", "s.py", "x"],
        &["--verify-timeout", "5", "x"],
        &["--verify", "--verify-timeout", "0", "x"],
        &["--config", "c.toml", "--no-config", "x"],
        &["--color", "sometimes", "x"],
        &["explain"],
        &["ldd"],
        &["bindings"],
    ];
    let told: Vec<String> = wrong
        .iter()
        .map(|arguments| format!("$ abicheck {}\n{}", arguments.join(" "), project.run(arguments)))
        .collect();
    shows!("wrong_usage", told.join("\n"));
}

#[test]
fn inputs_that_are_nothing_say_what_to_give() {
    let project = Project::empty();
    project.write("notes.txt", "no wheel\n");
    project.write("empty/.keep", "");
    let wrong: [&[&str]; 7] =
        [&[], &[""], &["gone"], &["./rules"], &["notes.txt"], &["empty"], &["--python", "gone", "empty"]];
    let told: Vec<String> = wrong
        .iter()
        .map(|arguments| format!("$ abicheck {}\n{}", arguments.join(" "), project.run(arguments)))
        .collect();
    shows!("no_input", told.join("\n"));
    let output = project.command(&[]).arg(std::ffi::OsStr::from_bytes(b"x\xff")).output().expect("it runs");
    assert!(project.told(&output).contains("x\u{fffd} is not there"), "{}", project.told(&output));
}

#[test]
fn the_report_as_text() {
    let project = Project::with_conflicts();
    shows!("text", project.run(&[]));
    shows!("text_quiet", project.run(&["--quiet", ".venv"]));
    shows!("text_verbose", project.run(&["-v", ".venv"]));
    let plain = project.run(&["./.venv"]);
    assert_eq!(plain, project.run(&[]));
    assert_eq!(plain, project.run(&["--no-cache", ".venv"]));
    let active =
        project.command(&[]).current_dir("/").env("VIRTUAL_ENV", project.path().join(".venv")).output();
    assert_eq!(plain, project.told(&active.expect("it runs")));
    let coloured = project.run(&["--color", "always"]);
    assert!(coloured.contains("\u{1b}[1;31merror[AB101]\u{1b}[0m"), "{coloured}");
    assert!(!project.run(&["--color", "never"]).contains('\u{1b}'));
}

#[test]
fn facts_are_kept_unless_told_otherwise() {
    let project = Project::with_conflicts();
    let kept = project.0.path().join("home/.cache/abicheck");
    project.run(&["--no-cache"]);
    assert!(!kept.exists());
    project.run(&[]);
    let files = |folder: &str| fs::read_dir(kept.join(folder)).map_or(0, Iterator::count);
    assert!(files("facts") > 0 && files("python") > 0, "{}", kept.display());
}

#[test]
fn facts_of_a_folder_serve_until_a_file_is_another() {
    let project = Project::with_conflicts();
    let minor = Interpreter::at(&python()).unwrap_or_else(|error| panic!("{error}")).minor();
    let site = format!(".venv/lib/python{minor}/site-packages");
    let told = project.run(&["facts", &site, "--out", "kept", "--python-version", &minor]);
    assert_eq!(
        told,
        "exit code: 0\n-- stdout\n-- stderr\nnote: kept what 2 native files and 2 modules say\n"
    );
    let given = ["--no-cache", "--facts", "kept", ".venv"];
    let plain = project.run(&["--no-cache", ".venv"]);
    assert_eq!(project.run(&given), plain);
    // Other bytes of the same size and time: what was kept is what counts, so that the file was not read.
    let native = project.path().join(&site).join("broken/_core.abi3.so");
    let metadata = fs::metadata(&native).expect("a file");
    let bytes = fs::read(&native).expect("a file");
    let other: Vec<u8> = bytes.windows(19).enumerate().fold(bytes.clone(), |mut other, (at, window)| {
        if window.starts_with(b"libnowhere.so.1") {
            other[at + 3] = b'N';
        }
        other
    });
    fs::write(&native, &other).expect("a file");
    assert!(project.run(&["--no-cache", ".venv"]).contains("libNowhere.so.1"));
    fs::File::options()
        .write(true)
        .open(&native)
        .and_then(|file| file.set_modified(metadata.modified()?))
        .expect("a time");
    assert_eq!(project.run(&given), plain);
    // Another time: it is read again.
    fs::write(&native, &other).expect("a file");
    assert!(project.run(&given).contains("libNowhere.so.1"));
    fs::write(project.path().join("kept/index"), "damaged").expect("a file");
    let damaged = project.run(&given);
    assert!(
        damaged.starts_with("exit code: 2") && damaged.contains("no facts that this abicheck wrote\nhint: "),
        "{damaged}"
    );
    let gone = project.run(&["--facts", "nowhere", ".venv"]);
    assert!(gone.starts_with("exit code: 2") && gone.contains("could not read the facts"), "{gone}");
}

#[test]
fn one_order_or_one_script() {
    let project = Project::with_conflicts();
    project.write("script.py", "import soft\n");
    project.write("other.py", "import json\n");
    let asked: [&[&str]; 5] = [
        &["--order", "soft", ".venv"],
        &["--order", "brokn,soft", ".venv"],
        &["--script", "script.py", ".venv"],
        &["--script", "other.py", ".venv"],
        &["--script", "gone.py", ".venv"],
    ];
    let told: Vec<String> = asked
        .iter()
        .map(|arguments| format!("$ abicheck {}\n{}", arguments.join(" "), project.run(arguments)))
        .collect();
    shows!("orders", told.join("\n"));
}

#[test]
fn reports_for_programs_and_files() {
    let project = Project::with_conflicts();
    let json = |arguments: &[&str]| {
        let output = project.command(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{}", project.told(&output));
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    let schema: Value = serde_json::from_str(include_str!("../schema/report.schema.json")).expect("a schema");
    let report = json(&["--output-format", "json", ".venv"]);
    assert!(jsonschema::draft202012::is_valid(&schema, &report), "{report}");
    assert_eq!(report["findings"][0]["packages"], serde_json::json!(["broken"]));
    assert_eq!(json(&["--output-format", "sarif"])["version"], "2.1.0");
    let told: Vec<String> =
        ["report.txt", "report.json", "report.sarif", "report.html", "gone/report.txt", "empty"]
            .iter()
            .map(|file| {
                fs::create_dir_all(project.path().join("empty")).expect("the folder can be written to");
                let start = |text: String| text.chars().take(15).collect::<String>().replace('\n', " ");
                let told = project.run(&["--output", file]);
                let written =
                    fs::read_to_string(project.path().join(file)).map_or("nothing".to_owned(), start);
                format!("$ abicheck --output {file}\n{told}-- the file starts: {written}\n")
            })
            .collect();
    shows!("output", told.join("\n"));
}

#[test]
fn what_the_user_knows_does_not_count() {
    let project = Project::with_conflicts();
    let entry = |reason: &str| {
        format!("ignore = [{{ rule = \"missing-library\", packages = [\"Broken\"]{reason} }}]\n")
    };
    let mut told = Vec::new();
    let mut tell = |arguments: &[&str]| {
        told.push(format!("$ abicheck {}\n{}", arguments.join(" "), project.run(arguments)));
    };
    project.write("abicheck.toml", &entry(", reason = \"never imported here\""));
    tell(&["-v"]);
    tell(&["--strict", "-q"]);
    tell(&["--no-config", "-q"]);
    project.write("abicheck.toml", &entry(""));
    tell(&[]);
    project.write(
        "abicheck.toml",
        "ignore = [{ rule = \"AB101\", packages = [\"other\"], reason = \"idle\" }]\n",
    );
    tell(&["-q"]);
    tell(&[]);
    project.write("abicheck.toml", "strct = true\n");
    tell(&[]);
    tell(&["--config", "gone.toml"]);
    project.write(
        "abicheck.toml",
        "strict = true\n[[ignore]]\nrule = \"AB101\"\npackages = [\"broken\"]\nreason = \"known\"\n",
    );
    tell(&["-q"]);
    shows!("config", told.join("\n"));
}

#[test]
fn a_baseline_holds_what_is_known_today() {
    let project = Project::with_conflicts();
    let mut told = Vec::new();
    let mut tell = |arguments: &[&str]| {
        told.push(format!("$ abicheck {}\n{}", arguments.join(" "), project.run(arguments)));
    };
    tell(&["--write-baseline", "known.json"]);
    tell(&["-q", "--strict"]);
    project.write("abicheck.toml", "baseline = \"known.json\"\n");
    tell(&["--strict"]);
    tell(&["--write-baseline", "known.json"]);
    project.write("known.json", "{}");
    tell(&[]);
    shows!("baseline", told.join("\n"));
}

#[test]
fn rules_are_explained() {
    let project = Project::empty();
    shows!("explain_unknown", project.run(&["explain", "mising-library"]));
    assert_eq!(project.run(&["explain", "AB101"]), project.run(&["explain", "missing-library"]));
    let table = project.run(&["rules"]);
    assert!(table.contains("AB101  missing-library "), "{table}");
    let json = project.command(&["rules", "--output-format", "json"]).output().expect("it runs");
    let json: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!((&json["version"], &json["rules"][0]["code"]), (&1.into(), &"AB101".into()));
    assert_eq!(project.code(&["rules", "--output-format", "sarif"]), Some(2));
}

#[test]
fn a_reader_that_went_away_is_no_error_and_a_full_disk_is() {
    let project = Project::empty();
    let arguments = ["rules", "--output-format", "markdown"];
    let mut child =
        project.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    let full = fs::OpenOptions::new().write(true).open(Path::new("/dev/full")).expect("/dev/full");
    let output = project.command(&arguments).stdout(full).output().expect("it runs");
    assert!(project.told(&output).contains("error: could not write to stdout"), "{}", project.told(&output));
    assert_eq!(output.status.code(), Some(2));
}
