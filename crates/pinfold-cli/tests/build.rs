//! `pinfold build`: which steps run, why, and what they are done with. Backends are those of the sources themselves.
//!
//! Deliberately not here: backends that misbehave (`build_faults.rs`) and those of the index (`build_index.rs`).

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::fs;
use std::process::Command;

use pinfold_core::lock::Lock;
use support::folders::{folder, kept, steps, write};
use support::links::{fails, link, project, uv, write as manifest};
use support::{Project, said, stderr, stdout};

fn lock(project: &Project) -> Lock {
    Lock::parse(&fs::read_to_string(project.path("app/pinfold.lock")).unwrap()).unwrap()
}

/// Names and versions of what `name` is built with.
fn tools(project: &Project, name: &str) -> String {
    let set = lock(project).build_set;
    let package = set.package(name).unwrap();
    set.wheels_of(package).map(|wheel| format!("{}=={} ", wheel.name, wheel.version)).collect()
}

const CHECKED: &str =
    "requires = ['local @ ./local']\n[checks.local]\ncommand = ['python', 'tests/run.py']\nrequires = []\n";

#[test]
fn a_step_runs_when_its_own_inputs_change() {
    if !uv() {
        return;
    }
    let project = project(CHECKED);
    let local = folder(&project, "local", &[], "x = 1\n");
    write(&local, "tests/run.py", "import local\nassert local.x == 1\n");
    let mut story = String::new();
    let mut tell =
        |what: &str, args: &[&str]| story.push_str(&format!("# {what}\n{}", steps(&project, args)));
    tell("the first time", &[]);
    tell("again", &[]);
    write(&local, "name", "local\n");
    tell("a source that comes to the same wheel", &[]);
    write(&local, "tests/run.py", "import local\nassert local.x\n");
    tell("other tests, which no build of it reads", &[]);
    write(&local, "module.py", "x = 2\n");
    tell("another module, not checked", &["--no-check"]);
    tell("now checked", &[]);
    tell("asked for", &["--force"]);
    insta::assert_snapshot!(story, @r#"
    # the first time
    local build ran: never built here before
    local install ran: never installed here before
    local check ran: never checked here before
    # again
    local build not: nothing changed
    local install not: nothing changed
    local check not: nothing changed
    # a source that comes to the same wheel
    local build ran: changed: source
    local install not: nothing changed
    local check not: nothing changed
    # other tests, which no build of it reads
    local build not: nothing changed
    local install not: nothing changed
    local check ran: changed: tests
    # another module, not checked
    local build ran: changed: source
    local install ran: changed: wheel
    # now checked
    local build not: nothing changed
    local install not: nothing changed
    local check ran: changed: unit, wheel
    # asked for
    local build ran: `--force`
    local install not: nothing changed
    local check ran: `--force`
    "#);
    assert_eq!(project.command(&["sync", "--locked"]).output().unwrap().status.code(), Some(0));
    assert_eq!(project.python("import local; print(local.x)"), "2");
    assert!(!local.join("left-behind").exists(), "a build leaves nothing in the source");
}

#[test]
fn what_changed_is_explained() {
    if !uv() {
        return;
    }
    let project = project("requires = ['local @ ./local']\n[builds.local]\nenv = ['FLAVOUR']\n");
    folder(&project, "local", &[], "x = 1\n");
    let explain = |flavour: &str| {
        let mut command = project.command(&["build", "--explain"]);
        let output = command.env("FLAVOUR", flavour).env("UNNAMED", flavour).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        stdout(&output)
    };
    explain("sweet");
    let again = explain("sweet");
    let changed = explain("sour");
    insta::with_settings!({ filters => vec![("[0-9a-f]{12}", "[KEY]"), ("[0-9a-f]{8}", "[HASH]")] }, {
        insta::assert_snapshot!(format!("{again}\n{changed}"), @r#"
        local build [KEY] not run: nothing changed
        local install [KEY] not run: nothing changed
        local check [KEY] not run: there is no folder tests/ or test/; [checks.local] says what to run

        local build [KEY] ran: changed: env FLAVOUR
            env FLAVOUR: sweet -> sour
        local install [KEY] ran: changed: wheel
            wheel: [HASH] -> [HASH]
        local check [KEY] not run: there is no folder tests/ or test/; [checks.local] says what to run
            unit: [HASH] -> [HASH]
            wheel: [HASH] -> [HASH]
        "#);
    });
    project.ok(&["sync", "--frozen"]);
    assert_eq!(project.python("import local; print(local.flavour)"), "sour");
    // The lock has a wheel now that only that variable makes.
    let refused = project.command(&["build", "--locked"]).env("FLAVOUR", "sweet").output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(stderr(&refused).contains("and it must not change"), "{}", said(&refused));
}

#[test]
fn the_build_set_moves_only_when_it_is_told_to() {
    if !uv() {
        return;
    }
    let project = project("requires = ['local @ ./local', 'run']\n");
    folder(&project, "local", &["tool"], "x = 1\n");
    for name in ["tool", "run"] {
        link(&project, name, "1", &[]);
    }
    project.ok(&["lock"]);
    assert_eq!(tools(&project, "local"), "tool==1 ");
    for name in ["tool", "run"] {
        link(&project, name, "2", &[]);
    }
    project.ok(&["lock", "--upgrade"]);
    assert_eq!(tools(&project, "local"), "tool==1 ");
    assert!(lock(&project).wheels.iter().any(|wheel| wheel.name == "run" && wheel.version == "2"));
    assert!(steps(&project, &[]).contains("local build not: "));

    // One more source shares what is there.
    folder(&project, "other", &["tool>=1"], "x = 1\n");
    manifest(&project, "requires = ['local @ ./local', 'other @ ./other', 'run']\n");
    project.ok(&["sync"]);
    assert_eq!(tools(&project, "other"), "tool==1 ");

    let updated = project.ok(&["update", "--build-set"]);
    assert!(stderr(&updated).contains(" ~ tool 1 -> 2\n"), "{}", said(&updated));
    assert_eq!(
        (tools(&project, "local").as_str(), tools(&project, "other").as_str()),
        ("tool==2 ", "tool==2 ")
    );
    let again = project.ok(&["update", "--build-set"]);
    assert!(stderr(&again).starts_with("Nothing to do: "), "{}", said(&again));
    // The other tool made the same wheels: nothing to install.
    let synced = project.ok(&["sync"]);
    assert!(!stderr(&synced).contains("local"), "{}", said(&synced));
}

#[test]
fn a_tool_that_moves_back_for_the_sake_of_others_is_named() {
    if !uv() {
        return;
    }
    let project = project("requires = ['one @ ./one']\n");
    folder(&project, "one", &["tool<3"], "x = 1\n");
    link(&project, "tool", "1", &[]);
    project.ok(&["lock"]);
    for version in ["2", "10"] {
        link(&project, "tool", version, &[]);
    }
    folder(&project, "two", &["tool>=2"], "x = 1\n");
    manifest(&project, "requires = ['one @ ./one', 'two @ ./two']\n");
    project.ok(&["lock"]);
    assert_eq!((tools(&project, "one").as_str(), tools(&project, "two").as_str()), ("tool==1 ", "tool==10 "));
    let output = project.ok(&["update", "--build-set", "--output-format", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let older = serde_json::json!([{"name": "tool", "package": "two", "from": "10", "to": "2"}]);
    assert_eq!(document["older"], older, "{document}");
    let updated = stderr(&output);
    let expected =
        " ~ tool 1, 10 -> 2\n   two: 10 -> 2, an older one than before: it does for several packages\n";
    assert!(updated.ends_with(expected), "{updated}");
}

#[test]
fn a_package_may_have_a_tool_of_its_own_and_all_may_be_narrowed() {
    if !uv() {
        return;
    }
    let text = "requires = ['one @ ./one', 'two @ ./two']\n[builds.one]\nrequires = ['tool<2', 'more']\n";
    let project = project(text);
    for name in ["one", "two"] {
        folder(&project, name, &["tool"], "x = 1\n");
    }
    for version in ["1", "2", "3"] {
        link(&project, "tool", version, &[]);
    }
    link(&project, "more", "1", &[]);
    project.ok(&["lock"]);
    assert_eq!(
        (tools(&project, "one").as_str(), tools(&project, "two").as_str()),
        ("more==1 tool==1 ", "tool==3 ")
    );
    manifest(&project, &format!("{text}[build-set]\nrequires = ['tool<3']\n"));
    project.ok(&["lock"]);
    assert_eq!(
        (tools(&project, "one").as_str(), tools(&project, "two").as_str()),
        ("more==1 tool==1 ", "tool==2 ")
    );
    manifest(&project, &format!("{text}[build-set]\nrequires = ['tool<1']\n"));
    let said = fails(&project, &["lock"]);
    assert!(
        said.contains("could not resolve what one (from")
            && said.contains("is built with: more, tool, tool<2"),
        "{said}"
    );
    assert!(said.contains("[builds.one] and [build-set]"), "{said}");
}

#[test]
fn what_a_backend_requires_in_addition_is_frozen_too() {
    if !uv() {
        return;
    }
    let project = project("requires = ['local @ ./local']\n");
    let local = folder(&project, "local", &[], "x = 1\n");
    write(&local, "dynamic", "tool\n");
    link(&project, "tool", "1", &[]);
    project.ok(&["lock"]);
    assert_eq!(tools(&project, "local"), "tool==1 ");
    assert_eq!(lock(&project).build_set.package("local").unwrap().dynamic, ["tool"]);
    // On another machine, where the newer one is there, too.
    link(&project, "tool", "2", &[]);
    support::remove(&project.store());
    project.ok(&["sync", "--locked"]);
    assert_eq!(tools(&project, "local"), "tool==1 ");
    // A lock that cannot say it must not be added to.
    write(&local, "dynamic", "tool\nmore\n");
    link(&project, "more", "1", &[]);
    let refused = fails(&project, &["sync", "--locked"]);
    assert!(refused.contains("changed since pinfold.lock was written"), "{refused}");
    let mut without = lock(&project);
    without.build_set = Default::default();
    fs::write(project.path("app/pinfold.lock"), without.to_toml().unwrap()).unwrap();
    support::remove(&project.store());
    let refused = fails(&project, &["sync", "--frozen"]);
    assert!(refused.contains("pinfold.lock does not say what local (from [APP]/local) is built with, which asks for nothing; `--frozen`"), "{refused}");
}

#[test]
fn a_backend_may_ask_only_for_what_is_not_there() {
    if !uv() {
        return;
    }
    let project = project("requires = ['local @ ./local']\n");
    let local = folder(&project, "local", &[], "x = 1\n");
    // One after the other, and never again for what is there: meson-python asks for ninja so.
    write(&local, "mode", "only-missing tool more");
    for name in ["tool", "more"] {
        link(&project, name, "1", &[]);
    }
    project.ok(&["lock"]);
    assert_eq!(lock(&project).build_set.package("local").unwrap().dynamic, ["more", "tool"]);
    write(&local, "module.py", "x = 2\n");
    let before = tools(&project, "local");
    project.ok(&["build"]);
    assert_eq!((before.as_str(), tools(&project, "local")), ("more==1 tool==1 ", before.clone()));
    support::remove(&project.store());
    project.ok(&["sync", "--locked"]);
}

#[test]
fn a_command_of_other_words_is_another_check() {
    if !uv() {
        return;
    }
    let project = project("");
    folder(&project, "local", &[], "x = 1\n");
    let told = |command: &str| {
        let text =
            format!("requires = ['local @ ./local']\n[checks.local]\ncommand = {command}\nrequires = []\n");
        manifest(&project, &text);
        project.command(&["build"]).output().unwrap()
    };
    // As lines without quotes, both are `sh -c exit 0 1`.
    let passed = told("['sh', '-c', 'exit 0', '1']");
    assert!(passed.status.success(), "{}", said(&passed));
    let other = told("['sh', '-c', 'exit', '0 1']");
    assert!(stderr(&other).contains("1 checked"), "{}", said(&other));
}

#[test]
fn a_folder_is_built_with_another_one_and_follows_its_wheel() {
    if !uv() {
        return;
    }
    let project = project("requires = ['user @ ./user']\n[build-set]\nrequires = ['tool @ ./tool']\n");
    folder(&project, "user", &["tool"], "x = 1\n");
    let tool = folder(&project, "tool", &[], "output = 'first'\n");
    project.ok(&["sync"]);
    assert_eq!(project.python("import user; print(user.tool)"), "first");
    // A tool is no part of any closure.
    assert!(lock(&project).wheels.iter().all(|wheel| wheel.name != "tool"));
    steps(&project, &[]);
    write(&tool, "name", "tool\n");
    let same = steps(&project, &[]);
    assert!(same.contains("user build not: nothing changed"), "{same}");
    write(&tool, "module.py", "output = 'second'\n");
    let other = steps(&project, &[]);
    assert!(other.contains("user build ran: changed: tool tool"), "{other}");
    project.ok(&["sync", "--locked"]);
    assert_eq!(project.python("import user; print(user.tool)"), "second");

    folder(&project, "tool", &["user"], "output = 'third'\n");
    let said = fails(&project, &["build"]);
    assert!(said.contains("these builds need each other"), "{said}");
    assert!(said.contains("user -> tool -> user") || said.contains("tool -> user -> tool"), "{said}");
}

#[test]
fn a_check_sees_what_is_installed_and_nothing_of_the_source() {
    if !uv() {
        return;
    }
    let text = "requires = ['local @ ./local', 'low']\n[checks.local]\ncommand = ['python', 'tests/run.py']\nrequires = ['helper']\nenv = ['FLAVOUR']\n";
    let project = project(text);
    let local = folder(&project, "local", &[], "x = 1\n");
    write(&local, "requires", "Requires-Dist: low\n");
    link(&project, "low", "1", &[]);
    link(&project, "helper", "1", &["low"]);
    link(&project, "other", "1", &[]);
    let script = "import importlib.util, os, sys\nimport local, low, helper\n\
                  assert 'site-packages' in local.__file__, local.__file__\nassert os.listdir('.') == ['tests'], os.listdir('.')\n\
                  assert importlib.util.find_spec('other') is None\nassert os.environ['FLAVOUR'] == 'sweet'\n\
                  assert 'UNNAMED' not in os.environ\nprint('low', low.version)\n";
    write(&local, "tests/run.py", script);
    let build = |flavour: &str| {
        project.command(&["build"]).env("FLAVOUR", flavour).env("UNNAMED", "x").output().unwrap()
    };
    let output = build("sweet");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let set = lock(&project).check_set;
    assert_eq!(set.wheels.iter().map(|wheel| wheel.name.as_str()).collect::<Vec<_>>(), ["helper"]);

    // What it may depend on makes it run again, also when it failed: and then it is a finding.
    let failed = build("sour");
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    assert!(
        stderr(&failed).contains("failed: the check of local ended with exit code 1"),
        "{}",
        said(&failed)
    );
    assert!(stderr(&failed).contains("AssertionError"), "{}", said(&failed));
    assert_eq!(build("sour").status.code(), Some(1));
    assert_eq!(build("sweet").status.code(), Some(0));

    // Another version below it: neither built nor installed, but checked.
    link(&project, "low", "2", &[]);
    project.ok(&["lock", "--upgrade"]);
    let after =
        project.command(&["build", "--output-format", "json"]).env("FLAVOUR", "sweet").output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&after.stdout).unwrap();
    let ran: Vec<&str> = document["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["ran"] == true)
        .map(|step| step["step"].as_str().unwrap())
        .collect();
    assert_eq!(ran, ["check"], "{}", said(&after));

    // Another unit is checked with the same tools, also where a newer one is there.
    link(&project, "helper", "2", &["low"]);
    for version in ["2", "3"] {
        write(&local, "module.py", &format!("x = {version}\n"));
        project.ok(&["lock"]);
        assert_eq!(build("sweet").status.code(), Some(0));
        let set = lock(&project).check_set;
        let versions: Vec<&str> = set.wheels.iter().map(|wheel| wheel.version.as_str()).collect();
        assert_eq!((set.packages.len(), versions.as_slice()), (1, &["1"][..]));
    }
    project.ok(&["update", "--build-set"]);
    assert_eq!(build("sweet").status.code(), Some(0));
    assert_eq!(lock(&project).check_set.wheels[0].version, "2");

    // What it is checked with cannot be had any more: that is about the check.
    fs::remove_file(project.path("app/links/helper-2-py3-none-any.whl")).unwrap();
    support::remove(&project.store());
    let gone = build("sweet");
    assert_eq!(gone.status.code(), Some(2), "{}", said(&gone));
    assert!(stderr(&gone).contains("could not check local (installed) (step check): "), "{}", said(&gone));
}

#[test]
fn what_is_not_there_is_named() {
    if !uv() {
        return;
    }
    let project = project("requires = ['local @ ./local', 'low']\n");
    folder(&project, "local", &[], "x = 1\n");
    link(&project, "low", "1", &[]);
    let stranger = fails(&project, &["build", "low"]);
    assert!(
        stranger.contains("`low` is nothing that the manifest takes from source\nhint: these are: local"),
        "{stranger}"
    );
    let checks = "requires = ['local @ ./local']\n[checks.local]\n";
    for (text, expected) in [
        ("tests = ['nowhere']", "names `nowhere`, which is not in the source"),
        ("tests = ['../app']", "names `../app`, which is not in the source"),
        ("command = ['no-such-program']\nrequires = []", "there is no program `no-such-program`"),
        (
            "command = ['python']\nrequires = ['nothing-of-that-name']",
            "could not resolve what local (installed) is checked with: nothing-of-that-name",
        ),
    ] {
        manifest(&project, &format!("{checks}{text}\n"));
        let said = fails(&project, &["build"]);
        assert!(said.contains(expected) && said.contains("local"), "{text}: {said}");
    }
    let nothing = "requires = ['low']\n";
    manifest(&project, nothing);
    project.ok(&["build"]);
}

#[test]
fn results_are_shared_by_projects_and_collected() {
    if !uv() {
        return;
    }
    let project = project(CHECKED);
    let local = folder(&project, "local", &[], "x = 1\n");
    write(&local, "tests/run.py", "import local\n");
    project.ok(&["build"]);
    project.ok(&["sync"]);
    let other = project.path("other");
    fs::create_dir_all(other.join("links")).unwrap();
    let copied = Command::new("cp")
        .arg("-r")
        .args([local.clone(), project.path("app/pinfold.toml")])
        .arg(&other)
        .status();
    assert!(copied.unwrap().success());
    let there =
        project.command(&["build", "--project", other.to_str().unwrap(), "--explain"]).output().unwrap();
    assert!(stdout(&there).contains("not run: done before with these inputs"), "{}", said(&there));
    assert_eq!((kept(&project, "built").len(), kept(&project, "checked").len()), (1, 1));
    project.ok(&["gc"]);
    assert_eq!(kept(&project, "built").len(), 1, "an environment uses its wheel");
    write(&local, "module.py", "x = 2\n");
    project.ok(&["build"]);
    assert_eq!(kept(&project, "built").len(), 2);
    let collected = project.ok(&["gc"]);
    assert!(stderr(&collected).contains("1 build"), "{}", said(&collected));
    assert_eq!((kept(&project, "built").len(), kept(&project, "checked").len()), (1, 1));
}
