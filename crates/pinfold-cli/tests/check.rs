//! `pinfold check`: each finding in text and JSON, with real code read by a real interpreter.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use serde_json::Value;
use support::{Project, fitting, said, stderr, stdout};

const SCHEMA: &str = include_str!("../src/check/check.schema.json");

/// Exit code and the document, which fits its schema.
fn ask(project: &Project, args: &[&str]) -> (i32, Value) {
    let output = project.command(&[&["check", "--output-format", "json"], args].concat()).output().unwrap();
    (output.status.code().unwrap(), fitting(&output.stdout, SCHEMA))
}

/// Code, severity and message of each finding.
fn findings(project: &Project) -> Vec<String> {
    let (_, document) = ask(project, &[]);
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = document["findings"].as_array().unwrap().iter();
    findings.map(|f| format!("{} {}: {}", text(f, "code"), text(f, "severity"), text(f, "message"))).collect()
}

/// The text, without what differs from machine to machine.
fn text(project: &Project) -> String {
    let text = stdout(&project.command(&["check"]).output().unwrap());
    text.replace(&*project.store().to_string_lossy(), "STORE")
}

const LEAF: &str = "class Thing: pass\n";
const SHOWS: &str = "import leaf\ndef make():\n    thing = leaf.Thing()\n    return thing\n";

/// Root on leaf 2.0 and on `old`, pinned, which requires `requirement` and has leaf 1.0.
fn two_leaves(requirement: &str, code: &str, private: &[&str]) -> Project {
    let mut project = Project::new();
    let one = project.wheel("leaf", "1.0", &[("leaf.py", LEAF)]);
    let two = project.wheel("leaf", "2.0", &[("leaf.py", LEAF)]);
    let old = project.wheel_requiring("old", "1", &[requirement], &[("old/__init__.py", code)]);
    let one = project.unit("leaf", &one, &[], &[]);
    let two = project.unit("leaf", &two, &[], &["root"]);
    let old = project.unit("old", &old, &[&one], &["root"]);
    project.require(&two, "leaf>=2");
    project.require(&old, "old");
    project.pin(&old, "old", &[]);
    project.keep_private(&old, private);
    project.join(&one, "old");
    project.lock();
    project.sync();
    project
}

#[test]
fn types_that_may_cross_are_shown_with_both_ways_and_a_remedy() {
    let project = two_leaves("leaf", SHOWS, &[]);
    let output = project.command(&["check", "--frozen"]).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), ""), "{}", said(&output));
    insta::assert_snapshot!("shareable", text(&project));
    insta::assert_snapshot!("not_shareable", text(&two_leaves("leaf<2", SHOWS, &[])));
}

#[test]
fn what_a_pin_keeps_private_is_not_said() {
    let project = two_leaves("leaf", SHOWS, &["leaf"]);
    assert_eq!(ask(&project, &[]).0, 0);
    assert_eq!(findings(&project), Vec::<String>::new());
    let project = two_leaves("leaf", SHOWS, &["laef"]);
    assert_eq!(
        findings(&project),
        [
            "PF101 warning: types of `leaf` may cross between root and old 1",
            "PF102 warning: `private` of [pins.old] names `laef`, of which that closure has no unit of its own",
        ]
    );
}

#[test]
fn a_tool_whose_types_stay_inside_is_a_note() {
    let inside = "import leaf\ndef works(): return leaf.Thing() is None\ndef _make(): return leaf.Thing()\n";
    let project = two_leaves("leaf", inside, &[]);
    assert_eq!(ask(&project, &[]).0, 0);
    assert_eq!(
        findings(&project),
        ["PF101 note: root and old 1 see different units of 1 distribution, and no type is seen to cross"]
    );
    assert_eq!(ask(&project, &["--no-notes"]).1["findings"], serde_json::json!([]));
    for shown in [
        "import leaf\nclass Mine(leaf.Thing): pass\n",
        "from leaf import Thing as T\ndef f(x: 'list[T]'): pass\n",
        "import leaf as l\nclass A:\n    async def f(self) -> l.Thing: ...\n",
        "import leaf\ndef f(): return 1, leaf.Thing()\n",
    ] {
        let project = two_leaves("leaf", shown, &[]);
        assert_eq!(findings(&project).len(), 1, "{shown}");
        assert_eq!(ask(&project, &[]).0, 1, "{shown}");
    }
}

/// Root on `user` with this code, which declares `declared`; root has `other` as well.
fn one_user(code: &[(&str, &str)]) -> Project {
    let mut project = Project::new();
    let declared = project.simple("declared", "1", &[]);
    project.simple("other", "1", &[]);
    let user = project.wheel("user", "1", code);
    let user = project.unit("user", &user, &[&declared], &["root"]);
    project.require(&user, "user");
    project.lock();
    project.sync();
    project
}

#[test]
fn an_import_is_judged_by_when_it_runs_and_who_would_answer() {
    let declared = "import declared\n";
    let cases: [(&str, &[&str]); 15] = [
        ("", &[]),
        ("import other", &["PF201 note: user 1 uses `other`, which it does not declare"]),
        ("import nowhere", &["PF201 warning: user 1 imports `nowhere`, which it does not declare"]),
        ("try:\n    import nowhere\nexcept ImportError:\n    nowhere = None", &[]),
        (
            "try:\n    import nowhere\nexcept ValueError:\n    nowhere = None",
            &["PF201 warning: user 1 imports `nowhere`, which it does not declare"],
        ),
        (
            "try:\n    import nowhere\nexcept ImportError as e:\n    raise ImportError('get it') from e",
            &["PF201 warning: user 1 imports `nowhere`, which it does not declare"],
        ),
        ("import contextlib\nwith contextlib.suppress(ImportError):\n    import nowhere", &[]),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import nowhere", &[]),
        ("import sys\nif sys.version_info < (3, 0):\n    import nowhere", &[]),
        (
            "import sys\nif sys.version_info >= (3, 0):\n    import nowhere",
            &["PF201 warning: user 1 imports `nowhere`, which it does not declare"],
        ),
        ("import sys\nif sys.platform == 'win32':\n    import nowhere", &[]),
        (
            "def f():\n    import nowhere",
            &["PF201 note: user 1 has code that imports `nowhere`, which it does not declare and nobody has"],
        ),
        ("import importlib\nimportlib.import_module('nowhere')", &[]),
        ("from . import sub", &["PF201 warning: user 1 imports `deeper`, which it does not declare"]),
        ("from ._vendor import copied", &[]),
    ];
    for (code, expected) in cases {
        let init = format!("{declared}{code}\n");
        let project = one_user(&[
            ("user/__init__.py", &init),
            ("user/sub.py", if code.contains("sub") { "import deeper\n" } else { "" }),
            ("user/tests/test_it.py", "import nowhere_but_in_tests\n"),
            ("user/_vendor/__init__.py", ""),
            ("user/_vendor/copied.py", "import json, copied\n"),
        ]);
        assert_eq!(findings(&project), expected, "{code}");
    }
}

#[test]
fn what_only_other_modules_need_is_a_note() {
    let project =
        one_user(&[("user/__init__.py", "import declared\n"), ("user/contrib.py", "import nowhere\n")]);
    insta::assert_snapshot!("later", text(&project));
}

#[test]
fn dependencies_that_are_never_imported_are_noted() {
    let project = one_user(&[("user/__init__.py", "")]);
    assert_eq!(findings(&project), ["PF202 note: user 1 declares `declared`, and its code never imports it"]);
    assert_eq!(ask(&project, &[]).0, 0);
    let in_tests =
        one_user(&[("user/__init__.py", ""), ("user/test_it.py", "from declared import version\n")]);
    assert_eq!(findings(&in_tests), Vec::<String>::new());
}

#[test]
fn code_that_is_not_of_this_python_is_a_finding_and_not_an_error() {
    let project = one_user(&[("user/__init__.py", "import declared\n"), ("user/old.py", "print 'hello'\n")]);
    let found = findings(&project);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("PF203 note: user 1 has 1 file that Python 3."), "{found:?}");
}

#[test]
fn what_a_pin_takes_from_root_is_a_warning_and_what_it_may_not_fails() {
    let mut project = Project::new();
    let base = ["1.0", "2.0"].map(|version| project.wheel("base", version, &[("base.py", "")]));
    let plain = project.wheel("plain", "1", &[("plain.py", "")]);
    let built = project.wheel("built", "1", &[("built.py", "import base\n")]);
    let code = "import base, plain\ntry:\n    import built\nexcept ImportError:\n    pass\nimport built.x\n";
    let old = project.wheel("old", "1", &[("old.py", code)]);
    let one = project.unit("base", &base[0], &[], &[]);
    let two = project.unit("base", &base[1], &[], &["root"]);
    let plain = project.unit("plain", &plain, &[], &["root"]);
    let built = project.unit("built", &built, &[&two], &["root"]);
    let old = project.unit("old", &old, &[&one], &["root"]);
    for (id, name) in [(&plain, "plain"), (&built, "built"), (&old, "old")] {
        project.require(id, name);
    }
    project.pin(&old, "old", &[]);
    project.join(&one, "old");
    project.lock();
    project.sync();
    insta::assert_snapshot!("from_root", text(&project));
}

#[test]
fn files_in_each_others_way_and_pth_files_are_listed() {
    let mut project = Project::new();
    for name in ["first", "second"] {
        let module = format!("{name}.py");
        let tests = format!("# {name}\n");
        let files = [(module.as_str(), ""), ("tests/__init__.py", &tests), ("tests/same.py", "")];
        let wheel = project.wheel(name, "1", &files);
        let unit = project.unit(name, &wheel, &[], &["root"]);
        project.require(&unit, name);
    }
    let pinned = project.wheel("pinned", "1", &[("pinned.py", "import helper\n")]);
    let helper = project.wheel("helper", "1", &[("helper.py", ""), ("helper.pth", "import helper\n")]);
    let helper = project.unit("helper", &helper, &[], &[]);
    let pinned = project.unit("pinned", &pinned, &[&helper], &["root"]);
    project.require(&pinned, "pinned");
    project.pin(&pinned, "pinned", &[]);
    project.join(&helper, "pinned");
    project.lock();
    project.sync();
    insta::assert_snapshot!("files", text(&project));
    assert_eq!(ask(&project, &[]).0, 1);
}

#[test]
fn what_was_read_once_is_kept_until_its_wheel_is_collected() {
    let project = one_user(&[("user/__init__.py", "import declared, nowhere\n")]);
    let first = text(&project);
    let kept = || {
        walkdir::WalkDir::new(project.store().join("reading"))
            .into_iter()
            .flatten()
            .filter(|e| e.file_name() == "imports.json")
            .count()
    };
    assert_eq!(kept(), 3);
    // Without an interpreter to ask, what was kept must do; damaged, it is read again.
    assert_eq!(text(&project), first);
    for entry in walkdir::WalkDir::new(project.store().join("reading")).into_iter().flatten() {
        if entry.file_type().is_file() {
            std::fs::write(entry.path(), "{\"imports\":").unwrap();
        }
    }
    assert_eq!(text(&project), first);
    std::fs::remove_dir_all(project.app()).unwrap();
    std::fs::create_dir_all(project.app()).unwrap();
    project.ok(&["gc"]);
    assert_eq!(kept(), 0);
}

#[test]
fn without_an_environment_it_says_how_to_get_one() {
    let project = Project::new();
    let output = project.command(&["check"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(stderr(&output).contains("hint: `pinfold sync`"), "{}", said(&output));
}
