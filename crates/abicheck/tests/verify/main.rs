//! `--verify` with the real interpreter: what is confirmed, what is not, and that nothing gets out or stays behind.
//!
//! Deliberately not here: real packages (`corpus.rs`), and what the rules find.

mod site;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use abicheck::config::UserExercise;
use abicheck::environment::{Environment, Wishes};
use abicheck::finding::{Finding, Outcome, Probe, Severity};
use abicheck::verify::Verifier;
use serde_json::Value;
use site::Site;

/// A finding about `packages`, in this order if it matters.
fn finding(packages: &[&str], order: bool) -> Finding {
    let names: Vec<String> = packages.iter().map(|name| (*name).to_owned()).collect();
    let imports = names.iter().map(|name| (name.clone(), vec![name.clone()])).collect();
    Finding {
        code: "AB102",
        severity: Severity::Error,
        title: String::new(),
        message: String::new(),
        packages: names.clone(),
        order: order.then_some(names),
        libraries: Vec::new(),
        symbols: Vec::new(),
        evidence: Vec::new(),
        hint: String::new(),
        probe: Some(Probe { imports }),
        verified: None,
    }
}

fn exercise(distribution: &str, code: &str) -> UserExercise {
    let [distribution, code, place] = [distribution, code, "abicheck.toml:1"].map(str::to_owned);
    UserExercise { distribution, code, place }
}

/// What comes of `findings`, with what the user should know.
fn verify(
    environment: &Environment,
    mut findings: Vec<Finding>,
    exercises: &[UserExercise],
    limit: u64,
) -> (Vec<(Outcome, String)>, Vec<String>) {
    let names: Vec<String> = environment.distributions.iter().map(|one| one.name.clone()).collect();
    let verifier = Verifier::new(environment, &names, Duration::from_secs(limit));
    let verifier = verifier.unwrap_or_else(|error| panic!("{error}"));
    let notes = verifier.verify(&mut findings, exercises, &|_| {}).unwrap_or_else(|error| panic!("{error}"));
    let verified = findings.into_iter().map(|finding| finding.verified.expect("it has a probe"));
    (verified.map(|verified| (verified.outcome, verified.detail)).collect(), notes)
}

#[test]
fn orders_are_compared() {
    let site = Site::new();
    site.package("one", "")
        .package("crashes", "import os, sys\nif 'one' in sys.modules: os.kill(os.getpid(), 11)\n")
        .package("refuses", "import sys\nif 'one' in sys.modules: raise ImportError('no DUP_2')\n")
        .package("always", "raise ImportError('no DUP_1')\n")
        .package("incomplete", "import nowhere\n")
        .package("leaves", "import os\nos._exit(3)\n")
        .package("late", "import atexit, os\natexit.register(os.abort)\n");
    let confirmed = |detail: &str| (Outcome::Confirmed, detail.to_owned());
    let other = |detail: &str| (Outcome::BrokeOtherwise, detail.to_owned());
    let cases = [
        (finding(&["one", "crashes"], true), confirmed("SIGSEGV in import crashes; the reverse order ends well")),
        (
            finding(&["one", "refuses"], true),
            confirmed("ImportError: no DUP_2 (import refuses); the reverse order ends well"),
        ),
        (
            finding(&["one", "always"], true),
            other("the reverse order ends in the same way: ImportError: no DUP_1 (import always)"),
        ),
        (finding(&["always"], false), confirmed("ImportError: no DUP_1 (import always)")),
        (
            finding(&["incomplete"], false),
            other("ModuleNotFoundError: No module named 'nowhere' (import incomplete)"),
        ),
        (finding(&["leaves"], false), confirmed("exit with code 3 in import leaves")),
        (finding(&["late"], false), confirmed("SIGABRT in the end of the process")),
        (
            finding(&["crashes", "one"], true),
            (
                Outcome::NotReproduced,
                "nothing broke; the reverse order: SIGSEGV in import crashes; crashes and one were only imported: \
                 give code that uses them in [tool.abicheck.exercises]"
                    .to_owned(),
            ),
        ),
    ];
    let (findings, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    assert_eq!(verify(&site.environment(), findings, &[], 60).0, expected);
}

#[test]
fn exercises_show_what_imports_do_not() {
    let site = Site::new();
    site.package("one", "").package("two", "");
    let exercises = [
        exercise("one", "open('mine', 'w').write('x')"),
        exercise(
            "two",
            "import sys\nif list(sys.modules).index('one') < list(sys.modules).index('two'): raise RuntimeError('shared')",
        ),
        exercise("twoo", "pass"),
    ];
    let findings =
        vec![finding(&["one", "two"], true), finding(&["two", "one"], true), finding(&["one"], false)];
    let (verified, notes) = verify(&site.environment(), findings, &exercises, 60);
    assert_eq!(verified[0].1, "RuntimeError: shared (the exercise of two); the reverse order ends well");
    assert_eq!(verified[1].0, Outcome::NotReproduced);
    assert_eq!(verified[2].1, "nothing broke, neither in the imports nor in the exercises");
    assert_eq!(notes, ["abicheck.toml:1: there is no package `twoo` here; did you mean `two`?"]);
    assert!(!Path::new("mine").exists());
    let wrong = [exercise("one", "import (")];
    let (verified, _) = verify(&site.environment(), vec![finding(&["one"], false)], &wrong, 60);
    assert!(
        verified[0].0 == Outcome::BrokeOtherwise && verified[0].1.starts_with("SyntaxError"),
        "{verified:?}"
    );
}

#[test]
fn a_run_ends_in_time_and_takes_its_children_along() {
    let site = Site::new();
    // A number that no other process sleeps for.
    let length = format!("98765.{}", std::process::id());
    let child = format!("import subprocess\nsubprocess.Popen(['sleep', '{length}'])\n");
    site.package("sleeps", &format!("{child}import time\ntime.sleep(1000)\n")).package("leaves_one", &child);
    let findings = vec![finding(&["sleeps"], false), finding(&["leaves_one"], false)];
    let (verified, _) = verify(&site.environment(), findings, &[], 3);
    assert_eq!(verified[0], (Outcome::Confirmed, "no end within 3 s in import sleeps".to_owned()));
    assert_eq!(verified[1].0, Outcome::NotReproduced);
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let left = lines.filter(|line| String::from_utf8_lossy(line).contains(&length)).count();
    assert_eq!(left, 0, "processes are left behind");
}

#[test]
fn what_a_package_says_is_cut() {
    let site = Site::new();
    let flood = "import os, sys\nfor _ in range(2000):\n    os.write(1, b'x' * 65536)\n    os.write(2, b'y' * 65536)\n\
                 os.write(2, b'\\nthe reason\\n')\nos.abort()\n";
    site.package("floods", flood).package("tells", "raise ImportError('long ' * 100000)\n");
    let findings = vec![finding(&["floods"], false), finding(&["tells"], false)];
    let (verified, _) = verify(&site.environment(), findings, &[], 60);
    assert_eq!(verified[0].1, "SIGABRT in import floods: the reason");
    assert!(
        verified[1].1.starts_with("ImportError: long long") && verified[1].1.len() < 3000,
        "{verified:?}"
    );
}

#[test]
fn the_users_surroundings_are_left_out() {
    let site = Site::new();
    let shows = "import os, sys\nraise ImportError(','.join(sorted(os.environ)) + ' ' + os.getcwd() + ' ' + \
                 os.environ['HOME'] + ' ' + str(sys.dont_write_bytecode) + ' ' + repr(sys.stdin.read()))\n";
    site.package("shows", shows);
    let (verified, _) = verify(&site.environment(), vec![finding(&["shows"], false)], &[], 60);
    let told = verified[0].1.trim_start_matches("ImportError: ");
    let fields: Vec<&str> = told.split(' ').collect();
    let known = "GLIBC_TUNABLES HOME LANG LANGUAGE LC_ALL LC_CTYPE LD_LIBRARY_PATH LD_PRELOAD PATH TMPDIR TZ XDG_RUNTIME_DIR";
    for name in fields[0].split(',') {
        assert!(known.split(' ').any(|known| known == name), "{name} gets through: {told}");
    }
    assert_eq!(&fields[1..5], ["/home", "/home", "True", "''"], "{told}");
    assert!(!site.packages().join("shows/__pycache__").exists());
}

#[test]
fn folders_and_another_python_are_run_as_well() {
    let site = Site::new();
    site.package("one", "import two\n").package("two", "raise ImportError('seen')\n");
    let python = site.venv().join("bin/python");
    for (input, python) in [(site.packages().to_owned(), None), (site.venv(), Some(python))] {
        let environment = Environment::read(&[input], &Wishes { python });
        let environment = environment.unwrap_or_else(|error| panic!("{error}"));
        let (verified, _) = verify(&environment, vec![finding(&["one"], false)], &[], 60);
        assert_eq!(verified[0], (Outcome::Confirmed, "ImportError: seen (import one)".to_owned()));
    }
}

/// What `abicheck --verify` says of the environment in JSON, with its exit code and what it says beside.
fn abicheck(site: &Site, path: &str, arguments: &[&str]) -> (Value, Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_abicheck"))
        .args(["--no-cache", "--no-config", "--output-format", "json"])
        .args(arguments)
        .arg(site.venv())
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    (report, output.status.code(), said)
}

#[test]
fn a_version_that_is_missing_in_one_order_is_confirmed() {
    let site = Site::new();
    let imports = "from . import _core\n";
    site.package("one", imports).module("one", "old", "").package("two", imports);
    site.module("two", "fresh", " DUP_2 { fresh; } DUP_1;");
    let path = std::env::var("PATH").unwrap_or_default();
    let (report, code, said) = abicheck(&site, &path, &["--verify"]);
    let findings = report["findings"].as_array().expect("a list");
    let order = serde_json::json!(["one", "two"]);
    let found = findings.iter().find(|one| one["code"] == "AB102" && one["order"] == order);
    let verified = &found.unwrap_or_else(|| panic!("{report:#}"))["verified"];
    assert_eq!((code, &verified["outcome"]), (Some(1), &"confirmed".into()), "{verified} {said}");
    let detail = verified["detail"].as_str().unwrap_or_default();
    assert!(detail.starts_with("ImportError: ") && detail.contains("version `DUP_2' not found"), "{detail}");
    assert!(detail.ends_with("; the reverse order ends well"), "{detail}");
    let schema: Value =
        serde_json::from_str(include_str!("../../schema/report.schema.json")).expect("a schema");
    assert!(jsonschema::draft202012::is_valid(&schema, &report), "{report}");
    let (report, code, _) = abicheck(&site, &path, &[]);
    assert_eq!((code, &report["findings"][0]["verified"]), (Some(1), &Value::Null));
}

/// Both with a namespace and, without `unshare` on PATH, with Python's own refusal.
#[test]
fn nothing_is_reached_over_the_network() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.set_nonblocking(true).expect("it can be asked without waiting");
    let port = listener.local_addr().expect("an address").port();
    let site = Site::new();
    let calls =
        format!("import socket\nsocket.create_connection(('127.0.0.1', {port}))\nfrom . import _core\n");
    site.package("calls", &calls).module("calls", "fresh", "");
    // So that something is found, and run.
    std::fs::remove_file(site.packages().join("calls.libs/libdup.so.1")).expect("it was there");
    let path = std::env::var("PATH").unwrap_or_default();
    for path in [path.as_str(), "/nowhere"] {
        let (report, _, said) = abicheck(&site, path, &["--verify"]);
        let findings = report["findings"].as_array().expect("a list");
        let verified = findings.iter().map(|one| &one["verified"]).find(|verified| !verified.is_null());
        let verified = verified.unwrap_or_else(|| panic!("nothing was run: {report:#}"));
        let detail = verified["detail"].as_str().unwrap_or_default();
        assert!(detail.starts_with("OSError: [Errno 101] Network is unreachable"), "{detail} {said}");
        assert_eq!(verified["outcome"], "broke-otherwise");
        assert!(listener.accept().is_err(), "a package got through with PATH={path}");
    }
}
