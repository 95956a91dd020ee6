//! `pinfold sync` and `run`: what they make, when they do nothing, and what they refuse.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use support::{Project, picture, python, said, stderr, stdout};

const SCRIPT: (&str, &str) =
    ("tool-1.dist-info/entry_points.txt", "[console_scripts]\ntool = tool.cli:App.main\n");

fn tool(project: &mut Project) {
    let files = [
        ("tool/__init__.py", ""),
        (
            "tool/cli.py",
            "import sys\nclass App:\n    def main():\n        print('tool', *sys.argv[1:])\n        return 3\n",
        ),
        ("tool-1.data/scripts/greet", "#!python\nimport sys; print('hello from', sys.prefix)\n"),
        ("tool-1.data/data/share/tool/note.txt", "a note"),
        ("tool-1.data/headers/tool.h", "/* tool */"),
        SCRIPT,
    ];
    let wheel = project.wheel("tool", "1", &files);
    let id = project.unit("tool", &wheel, &[], &["root"]);
    project.require(&id, "tool");
}

#[test]
fn an_environment_is_a_virtual_environment_of_root() {
    let mut project = Project::new();
    tool(&mut project);
    project.simple("six", "1.16", &[]);
    project.lock();
    let output = project.sync();
    assert!(stderr(&output).contains("Switched .venv to generation 1: 2 units"), "{}", said(&output));
    assert!(stderr(&output).contains(" + six==1.16\n + tool==1\n"), "{}", said(&output));
    assert_eq!(stdout(&output), "");
    let venv = project.venv();
    assert_eq!(project.python("import sys; print(sys.prefix)"), venv.to_str().unwrap());
    assert_eq!(project.python("import six; print(six.version)"), "1.16");
    let metadata =
        "import importlib.metadata as m; print(sorted((d.name, d.version) for d in m.distributions()))";
    assert_eq!(project.python(metadata), "[('six', '1.16'), ('tool', '1')]");
    let script = Command::new(venv.join("bin/tool")).arg("x").output().unwrap();
    assert_eq!((script.status.code(), stdout(&script).trim()), (Some(3), "tool x"));
    let greet = Command::new(venv.join("bin/greet")).output().unwrap();
    assert_eq!(stdout(&greet).trim(), format!("hello from {}", venv.display()));
    assert_eq!(fs::read_to_string(venv.join("share/tool/note.txt")).unwrap(), "a note");
    let header = format!("include/site/python{}/tool/tool.h", python().minor);
    assert_eq!(fs::read_to_string(venv.join(header)).unwrap(), "/* tool */");
    let config = fs::read_to_string(venv.join("pyvenv.cfg")).unwrap();
    assert!(config.contains("include-system-site-packages = false\n"), "{config}");
    assert!(!config.contains("//"), "{config}");
}

#[test]
fn a_second_sync_changes_nothing_and_says_so() {
    let mut project = Project::new();
    project.simple("six", "1.16", &[]);
    project.lock();
    project.sync();
    let before = picture(&project.app());
    let second = project.sync();
    assert!(stderr(&second).starts_with("Nothing to do: .venv is what the lock says"), "{}", said(&second));
    assert_eq!(picture(&project.app()), before);
}

#[test]
fn a_damaged_environment_is_built_anew() {
    let mut project = Project::new();
    project.simple("six", "1.16", &[]);
    project.lock();
    project.sync();
    let site = project.venv().join(format!("lib/python{}/site-packages", python().minor));
    fs::remove_file(site.join("six.py")).unwrap();
    project.sync();
    assert_eq!(project.generation(), 2);
    fs::remove_file(site.join("six.py")).unwrap();
    symlink("/nowhere", site.join("six.py")).unwrap();
    project.sync();
    assert_eq!(project.generation(), 3);
    assert_eq!(project.python("import six; print(six.version)"), "1.16");
}

#[test]
fn programs_can_read_what_was_done() {
    let mut project = Project::new();
    project.simple("six", "1.16", &[]);
    project.lock();
    let read = || -> serde_json::Value {
        serde_json::from_slice(&project.ok(&["sync", "--frozen", "--output-format", "json"]).stdout).unwrap()
    };
    let first = read();
    assert_eq!(
        (&first["version"], &first["changed"], &first["fetched"]),
        (&1.into(), &true.into(), &1.into())
    );
    assert_eq!(first["changes"][0]["name"], "six");
    assert_eq!(read()["changed"], false);
}

#[test]
fn a_changed_lock_makes_a_new_generation_and_keeps_the_old() {
    let mut project = Project::new();
    let old = project.simple("six", "1.16", &[]);
    project.lock();
    project.sync();
    project.forget(&old);
    project.simple("six", "1.17", &[]);
    project.lock();
    let output = project.sync();
    assert!(stderr(&output).contains(" - six==1.16\n + six==1.17\n"), "{}", said(&output));
    assert_eq!(project.generation(), 2);
    assert_eq!(project.python("import six; print(six.version)"), "1.17");
    let first = project.app().join(".pinfold/.venv/1/bin/python");
    let output = Command::new(first).args(["-c", "import six; print(six.version)"]).output().unwrap();
    assert_eq!(stdout(&output).trim(), "1.16");
}

#[test]
fn what_is_not_ours_is_refused_and_moved_aside_when_forced() {
    let mut project = Project::new();
    project.simple("six", "1.16", &[]);
    project.lock();
    fs::create_dir(project.venv()).unwrap();
    fs::write(project.venv().join("pyvenv.cfg"), "home = /usr/bin\n").unwrap();
    let refused = project.command(&["sync", "--frozen"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(stderr(&refused).contains("hint: `--force` moves it aside"), "{}", said(&refused));
    assert!(!project.app().join(".pinfold").exists(), "a refusal leaves nothing behind");
    let forced = project.ok(&["sync", "--frozen", "--force"]);
    assert!(stderr(&forced).contains(".venv.before-pinfold"), "{}", said(&forced));
    assert_eq!(
        fs::read_to_string(project.app().join(".venv.before-pinfold/pyvenv.cfg")).unwrap(),
        "home = /usr/bin\n"
    );
    assert_eq!(project.generation(), 1);
}

#[test]
fn another_python_than_the_lock_s_is_refused() {
    let mut project = Project::new();
    project.simple("six", "1.16", &[]);
    project.lock();
    let path = project.app().join("pinfold.lock");
    let lock = fs::read_to_string(&path)
        .unwrap()
        .replace(&format!("python = \"{}\"", python().minor), "python = \"3.99\"");
    fs::write(&path, lock).unwrap();
    let output = project.command(&["sync", "--frozen"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(stderr(&output).contains("3.99") && stderr(&output).contains("hint: "), "{}", said(&output));
}

#[test]
fn a_store_that_cannot_be_used_leaves_the_environment_whole() {
    let mut project = Project::new();
    let old = project.simple("six", "1.16", &[]);
    project.lock();
    project.sync();
    project.forget(&old);
    project.simple("six", "1.17", &[]);
    project.lock();
    let before = picture(&project.venv().canonicalize().unwrap());
    let not_a_folder = project.path("file");
    fs::write(&not_a_folder, "").unwrap();
    let output = project.command(&["sync", "--frozen"]).env("PINFOLD_CACHE", &not_a_folder).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(picture(&project.venv().canonicalize().unwrap()), before);
    assert_eq!(project.generation(), 1);
    assert_eq!(project.python("import six; print(six.version)"), "1.16");
}

#[test]
fn run_gives_the_command_the_environment_and_its_exit_code_to_us() {
    let mut project = Project::new();
    tool(&mut project);
    project.lock();
    let output = project.command(&["run", "--frozen", "tool", "--flag"]).output().unwrap();
    assert_eq!((output.status.code(), stdout(&output).trim()), (Some(3), "tool --flag"), "{}", said(&output));
    fs::write(
        project.app().join("app.py"),
        "import os, sys; print(os.environ['VIRTUAL_ENV'], *sys.argv[1:]); sys.exit(7)",
    )
    .unwrap();
    for command in [&["python", "app.py", "-x"][..], &["app.py", "-x"], &["-m", "app", "-x"]] {
        let output = project.command(&[&["run", "--frozen"], command].concat()).output().unwrap();
        let expected = format!("{} -x", project.venv().display());
        assert_eq!(
            (output.status.code(), stdout(&output).trim()),
            (Some(7), expected.as_str()),
            "{}",
            said(&output)
        );
        assert_eq!(stderr(&output), "", "nothing is said when nothing changed");
    }
    let output = project.command(&["run", "--frozen", "no-such-program"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(stderr(&output).contains("no program `no-such-program`"), "{}", said(&output));
}

#[test]
fn run_without_sync_uses_what_is_there() {
    let mut project = Project::new();
    project.simple("six", "1.16", &[]);
    project.lock();
    let missing = project.command(&["run", "--no-sync", "python", "-c", "0"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2), "{}", said(&missing));
    project.sync();
    fs::remove_file(project.app().join("pinfold.lock")).unwrap();
    project.ok(&["run", "--no-sync", "python", "-c", "import six"]);
}

#[test]
fn a_path_with_spaces_works_too() {
    let mut project = Project::new();
    tool(&mut project);
    project.lock();
    let env = project.path("app/my envs/it's one");
    fs::create_dir_all(env.parent().unwrap()).unwrap();
    project.ok(&["sync", "--frozen", "--env", env.to_str().unwrap()]);
    let script = Command::new(env.join("bin/tool")).output().unwrap();
    assert_eq!(script.status.code(), Some(3), "{}", said(&script));
}

#[test]
fn a_lock_that_was_edited_by_hand_is_refused() {
    let mut project = Project::new();
    let low = project.simple("low", "1", &[]);
    project.simple("six", "1.16", &[&low]);
    project.lock();
    project.sync();
    let path = project.app().join("pinfold.lock");
    let lock = fs::read_to_string(&path).unwrap();
    let wheel = |text: &str| text.replace("six-1.16-py3-none-any", "six-1.16-cp39-cp39-win_amd64");
    let edits = [
        (
            lock.replace("version = \"1.16\"", "version = \"1.17\""),
            "says that six-1.16-py3-none-any.whl is six 1.17",
        ),
        (
            lock.replace(&format!("dependencies = [\"{low}\"]"), "dependencies = []"),
            "is not that of its wheel and",
        ),
        (wheel(&lock), "cp39-cp39-win_amd64"),
    ];
    let before = picture(&project.venv().canonicalize().unwrap());
    for (edited, said_so) in edits {
        assert_ne!(edited, lock);
        fs::write(&path, edited).unwrap();
        let output = project.command(&["sync", "--frozen"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(stderr(&output).contains(said_so) && stderr(&output).contains("hint: "), "{}", said(&output));
        assert_eq!(
            (picture(&project.venv().canonicalize().unwrap()), project.generation()),
            (before.clone(), 1)
        );
    }
}

#[test]
fn two_distributions_with_one_file_are_named_once() {
    let mut project = Project::new();
    let license = ("LICENSE.txt", "the same");
    for (name, files) in [
        ("one", &[("both/x.py", "x = 1\n"), ("both/y.py", "y = 1\n"), ("both/__init__.py", ""), license][..]),
        ("two", &[("both/x.py", "x = 2\n"), ("both/y.py", "y = 2\n"), ("both/__init__.py", ""), license]),
    ] {
        let wheel = project.wheel(name, "1", files);
        let id = project.unit(name, &wheel, &[], &["root"]);
        project.require(&id, name);
    }
    project.lock();
    let output = project.sync();
    let warning = "warning: one 1 and two 1 both have `both/x.py` and 1 other file; site-packages shows those of one 1\n";
    assert_eq!(stderr(&output).matches("warning: ").count(), 1, "{}", said(&output));
    assert!(stderr(&output).contains(warning), "{}", said(&output));
    assert_eq!(project.python("import both.x; print(both.x.x)"), "1");
    assert!(!stderr(&project.sync()).contains("warning"), "nothing is built, nothing is said");
}
