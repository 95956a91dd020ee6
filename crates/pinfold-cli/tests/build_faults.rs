//! Builds that go wrong: backends that fail, talk, hang, write where they must not or make the wrong thing, and `kill -9`.
//!
//! Deliberately not here: builds that go well (`build.rs`).

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::{Duration, Instant};

use support::folders::{folder, kept, steps, write};
use support::links::{fails, link, project, uv, write as manifest};
use support::{Project, picture, said, stderr};

/// A project with one local folder whose backend is as bad as `mode` says.
fn bad(mode: &str) -> Project {
    let project = project("requires = ['local @ ./local']\n");
    let local = folder(&project, "local", &[], "x = 1\n");
    write(&local, "mode", mode);
    project
}

fn nothing_is_kept(project: &Project) {
    assert_eq!(kept(project, "built"), Vec::<String>::new());
    assert!(!project.path("app/pinfold.lock").exists());
}

#[test]
fn what_a_backend_does_wrong_is_said_with_package_and_step() {
    if !uv() {
        return;
    }
    let mut story = String::new();
    for mode in [
        "fail",
        "exits",
        "exits-with 3",
        "nothing",
        "two",
        "other-name",
        "other-python",
        "other-file",
        "other-metadata",
        "climbs",
        "not-a-zip",
        "restless",
        "a-string",
    ] {
        let project = bad(mode);
        link(&project, "tool", "1", &[]);
        let said = fails(&project, &["build"]);
        story.push_str(&format!("# {mode}\n{said}\n"));
        nothing_is_kept(&project);
    }
    let project = bad("");
    write(
        &project.path("app/local"),
        "pyproject.toml",
        "[build-system]\nrequires = []\nbuild-backend = 'nowhere'\n",
    );
    story.push_str(&format!("# no such backend\n{}\n", fails(&project, &["build"])));
    let broken = "[build-system]\nrequires = []\nbuild-backend = 'broken'\nbackend-path = ['.']\n";
    write(&project.path("app/local"), "pyproject.toml", &broken.replace("'broken'", "'backend:other'"));
    story.push_str(&format!("# an object that is not there\n{}\n", fails(&project, &["build"])));
    fs::remove_file(project.path("app/local/pyproject.toml")).unwrap();
    story.push_str(&format!("# no source\n{}\n", fails(&project, &["build"])));
    write(&project.path("app/local"), "pyproject.toml", "[build-system\n");
    story.push_str(&format!("# no TOML\n{}\n", fails(&project, &["build"])));
    insta::with_settings!({ filters => vec![(r"tool>=\d\.\d+", "tool>=[TIME]"), (r"Python 3\.\d+ on \w+", "Python [MINOR] on [PLATFORM]")] }, {
        insta::assert_snapshot!(story);
    });
}

/// Not the same as a backend that is not there: the traceback says where it went wrong.
#[test]
fn an_import_that_fails_inside_a_backend_is_shown_with_its_traceback() {
    if !uv() {
        return;
    }
    let project = bad("imports");
    let late = fails(&project, &["build"]);
    assert!(late.contains("`backend` ended with exit code 1 in `build_wheel`"), "{late}");
    let broken = "[build-system]\nrequires = []\nbuild-backend = 'broken'\nbackend-path = ['.']\n";
    write(&project.path("app/local"), "pyproject.toml", broken);
    write(&project.path("app/local"), "broken.py", "import nowhere.at_all\n");
    let early = fails(&project, &["build"]);
    assert!(early.contains("`broken` ended with exit code 1 in `get_requires_for_build_wheel`"), "{early}");
    for said in [late, early] {
        assert!(said.contains("import nowhere.at_all\n"), "{said}");
        assert!(said.contains("ModuleNotFoundError: No module named 'nowhere'"), "{said}");
    }
}

/// As git, pip and Nix take them: a `result` whose target was collected, a link of Bazel's, test data.
#[test]
fn a_link_that_leads_nowhere_or_around_is_a_part_of_the_source() {
    if !uv() {
        return;
    }
    let project = bad("");
    let local = project.path("app/local");
    std::os::unix::fs::symlink(".", local.join("around")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", local.join("result")).unwrap();
    project.ok(&["sync"]);
    let not = steps(&project, &[]);
    assert!(not.contains("local build not: "), "{not}");
    fs::remove_file(local.join("result")).unwrap();
    std::os::unix::fs::symlink("/nowhere/else", local.join("result")).unwrap();
    let changed = steps(&project, &[]);
    assert!(changed.contains("local build ran: changed: source"), "{changed}");
}

#[test]
fn every_source_that_cannot_be_built_is_said_and_the_others_are_built() {
    if !uv() {
        return;
    }
    let project = project("requires = ['one @ ./one', 'two @ ./two', 'three @ ./three']\n");
    for (name, mode) in [("one", "fail"), ("two", "nothing"), ("three", "")] {
        write(&folder(&project, name, &[], "x = 1\n"), "mode", mode);
    }
    let said = fails(&project, &["build", "--jobs", "3"]);
    assert_eq!(said.matches("error: could not build").count(), 2, "{said}");
    assert!(said.contains("one (from") && said.contains("two (from"), "{said}");
    assert_eq!(kept(&project, "built").len(), 1);
}

#[test]
fn one_that_is_built_alone_is_shown_however_many_there_are() {
    if !uv() {
        return;
    }
    let project = project("requires = ['one @ ./one', 'two @ ./two']\n");
    for name in ["one", "two"] {
        folder(&project, name, &[], "x = 1\n");
    }
    project.ok(&["build"]);
    write(&project.path("app/two"), "module.py", "x = 2\n");
    let output = project.ok(&["build"]);
    let said = stderr(&output);
    assert!(said.contains("building two") && !said.contains("building one"), "{said}");
    write(&project.path("app/two"), "module.py", "x = 3\n");
    assert!(!stderr(&project.ok(&["build", "--quiet"])).contains("building two"));
}

#[test]
fn a_source_that_cannot_be_built_keeps_no_other_from_its_steps() {
    if !uv() {
        return;
    }
    let project = project("requires = ['one @ ./one', 'two @ ./two']\n");
    for name in ["one", "two"] {
        folder(&project, name, &[], "x = 1\n");
    }
    manifest(
        &project,
        "requires = ['one @ ./one', 'two @ ./two']\n[checks.two]\ncommand = ['python', '-c', 'import two']\nrequires = []\n",
    );
    project.ok(&["lock"]);
    write(&project.path("app/one"), "mode", "fail");
    let before = fs::read(project.path("app/pinfold.lock")).unwrap();
    let told = steps(&project, &[]).replace(&project.app().display().to_string(), "[APP]");
    insta::with_settings!({ filters => vec![("at 2.* UTC", "at [TIME]")] }, {
        insta::assert_snapshot!(told, @r"
        one build ran: changed: source; it ran before, in `pinfold lock` at [TIME]
        two build not: ran in `pinfold lock` at [TIME]; this is the first report of it
        two install ran: never installed here before
        two check ran: never checked here before
        ");
    });
    assert_eq!(fs::read(project.path("app/pinfold.lock")).unwrap(), before);
}

#[test]
fn megabytes_of_talk_stay_in_a_file() {
    if !uv() {
        return;
    }
    let project = bad("megabytes");
    let said = fails(&project, &["build", "--quiet"]);
    assert!(said.len() < 10_000, "{} bytes", said.len());
    assert!(said.contains("line 199999 of a backend that talks"), "{said}");
    let log = fs::metadata(project.path("app/.pinfold/logs/local-build.log")).unwrap();
    assert!(log.len() > 10_000_000, "{} bytes", log.len());
}

#[test]
fn a_backend_that_hangs_is_ended_with_all_that_it_started() {
    if !uv() {
        return;
    }
    let project = bad("hang");
    let begin = Instant::now();
    let said = fails(&project, &["build", "--timeout", "2"]);
    assert!(begin.elapsed() < Duration::from_secs(120), "it would have waited a thousand seconds");
    assert!(said.contains("could not build local (from [APP]/local) (step build)"), "{said}");
    assert!(
        said.contains(
            "did not end within 2 seconds in `build_wheel`, and was ended with all that it had started"
        ),
        "{said}"
    );
    assert!(said.contains("hint: `--timeout SECONDS` gives it more time"), "{said}");
    nothing_is_kept(&project);
    assert_eq!(running(&project), 0, "it started a daemon, which is not to stay");
}

/// How many processes name the folder of this project's builds in their command line.
fn running(project: &Project) -> usize {
    let place = format!("{}/pinfold-build", project.path("tmp").display());
    let all = fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(&place)).count()
}

#[test]
fn what_a_build_leaves_running_does_not_stay() {
    if !uv() {
        return;
    }
    let project = bad("leaves");
    project.ok(&["build"]);
    assert_eq!(running(&project), 0);
    // A test that dies of a signal is said to have, through the guard.
    let text =
        "requires = ['local @ ./local']\n[checks.local]\nrequires = []\ncommand = ['sh', '-c', 'kill -";
    for signal in ["11", "9"] {
        manifest(&project, &format!("{text}{signal} $$']\n"));
        let died = project.command(&["build"]).output().unwrap();
        assert!(
            stderr(&died).contains(&format!("the check of local was ended by signal {signal}")),
            "{}",
            said(&died)
        );
    }
}

/// Whether the kernel confines processes to folders (Landlock, since Linux 5.13).
fn confined() -> bool {
    let project = project("");
    let outside = project.path("outside");
    let args = ["confined", "--write", "/nonexistent", "--", "touch", outside.to_str().unwrap()];
    let confined = !project.command(&args).output().unwrap().status.success();
    if !confined {
        assert!(std::env::var_os("CI").is_none(), "these tests need a kernel with Landlock");
        eprintln!("SKIPPED: this kernel has no Landlock");
    }
    confined
}

#[test]
fn a_backend_writes_in_its_own_folder_only() {
    if !uv() || !confined() {
        return;
    }
    let project = bad("");
    let local = project.path("app/local");
    link(&project, "tool", "1", &[]);
    write(
        &local,
        "pyproject.toml",
        "[build-system]\nrequires = ['tool']\nbuild-backend = 'backend'\nbackend-path = ['.']\n",
    );
    project.ok(&["lock"]);
    let before = picture(&project.store().join("wheels"));
    let tool =
        before.iter().map(|(path, _)| path).find(|path| path.ends_with("site-packages/tool.py")).unwrap();
    let outside = project.path("outside");
    fs::write(&outside, "").unwrap();
    for target in [tool.as_path(), &outside, &local.join("module.py"), Path::new("../../../in-the-way")] {
        write(&local, "mode", &format!("writes {}", target.display()));
        let said = fails(&project, &["build"]);
        assert!(said.contains("could not build local (from [APP]/local) (step build)"), "{said}");
        assert!(said.contains("Permission denied"), "{said}");
        assert!(
            said.contains("hint: a build may write in its own folder, its HOME and its TMPDIR only"),
            "{said}"
        );
    }
    assert_eq!(picture(&project.store().join("wheels")), before);
    assert_eq!(fs::read_to_string(outside).unwrap(), "");
    assert_eq!(fs::read_to_string(local.join("module.py")).unwrap(), "x = 1\n");
    // Its HOME is its own.
    write(&local, "mode", "home");
    let home = project.path("home");
    fs::create_dir(&home).unwrap();
    let output = project.command(&["build"]).env("HOME", &home).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(!home.join(".written-by-a-backend").exists());
}

#[test]
fn a_source_that_changes_meanwhile_is_not_taken_for_what_it_was() {
    if !uv() {
        return;
    }
    let project = bad("slow 3");
    let local = project.path("app/local");
    let child = project.command(&["build"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    write(&local, "module.py", "x = 2\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(stderr(&output).contains("changed while it was built"), "{}", said(&output));
    nothing_is_kept(&project);
}

#[test]
fn a_kept_folder_does_it_again_by_hand() {
    if !uv() {
        return;
    }
    let project = bad("fail");
    let said = fails(&project, &["build", "--keep"]);
    let script =
        said.split('`').find_map(|part| part.strip_prefix("sh ")).unwrap_or_else(|| panic!("{said}"));
    let again = std::process::Command::new("sh").arg(script).output().unwrap();
    assert_eq!(again.status.code(), Some(7), "{}", support::said(&again));
    assert!(stderr(&again).contains("this is why"), "{}", support::said(&again));
    let folder = Path::new(script).parent().unwrap().to_owned();
    assert!(folder.join("local/module.py").is_file() && folder.join("env/bin/python").exists());
    // What it could not write to, it cannot by hand.
    if confined() {
        let outside = project.path("outside");
        write(&project.path("app/local"), "mode", &format!("writes {}", outside.display()));
        fails(&project, &["build", "--keep"]);
        let again = std::process::Command::new("sh").arg(folder.join("again")).output().unwrap();
        assert!(stderr(&again).contains("Permission denied"), "{}", support::said(&again));
        assert!(!outside.exists());
    }
    // The next build of that name clears it away, and says how to be called from elsewhere.
    let elsewhere = ["--project", project.app().to_str().unwrap(), "build"].map(str::to_owned);
    let mut command = project.command(&elsewhere.each_ref().map(String::as_str));
    let output = command.current_dir(project.path("tmp")).output().unwrap();
    let hint = format!("`pinfold build local --project '{}' --force --keep`", project.app().display());
    assert!(stderr(&output).contains(&hint), "{}", support::said(&output));
    assert!(!folder.exists());
}

#[test]
fn a_check_that_failed_is_done_again_by_hand() {
    if !uv() {
        return;
    }
    let text = "requires = ['local @ ./local']\n[checks.local]\ncommand = ['python', '-c', 'import local; exit(local.x)']\nrequires = []\n";
    let project = project(text);
    folder(&project, "local", &[], "x = 5\n");
    let told = |args: &[&str]| {
        let output = project.command(args).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        stderr(&output)
    };
    let first = told(&["build"]);
    assert!(first.contains("hint: `pinfold build local --force --keep` keeps the folder"), "{first}");
    let kept = told(&["build", "local", "--force", "--keep"]);
    let mut parts = kept.split('`').filter_map(|part| part.strip_prefix("sh "));
    let script = parts.find(|script| script.contains("local.check")).unwrap_or_else(|| panic!("{kept}"));
    let again = std::process::Command::new("sh").arg(script).output().unwrap();
    assert_eq!(again.status.code(), Some(5), "{}", support::said(&again));
}

/// The tests are copied, and nothing else of the source: what configures pytest beside them does not count.
#[test]
fn a_check_that_fails_without_its_configuration_says_how_to_bring_it() {
    if !uv() {
        return;
    }
    let text = "requires = ['local @ ./local']\n[checks.local]\nrequires = []\n";
    let project = project(text);
    let local = folder(&project, "local", &[], "x = 1\n");
    write(&local, "tests/check_it.py", "");
    write(&local, "pytest.ini", "[pytest]\npython_files = check_*.py\n");
    // Nothing is collected, as it would be.
    let bin = project.path("bin");
    write(&bin, "pytest", "#!/bin/sh\ntest -e pytest.ini || exit 5\n");
    fs::set_permissions(bin.join("pytest"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let build = || project.command(&["build"]).env("PATH", &path).output().unwrap();
    let failed = build();
    assert_eq!(failed.status.code(), Some(1), "{}", support::said(&failed));
    let hint = "what pytest.ini says about pytest did not count: the tests alone are copied; `tests = [\"tests\", \"pytest.ini\"]` in [checks.local]";
    assert!(stderr(&failed).contains(hint), "{}", support::said(&failed));
    manifest(&project, &format!("{text}tests = ['tests', 'pytest.ini']\n"));
    let passed = build();
    assert_eq!(passed.status.code(), Some(0), "{}", support::said(&passed));
}

#[test]
fn a_kill_at_any_moment_leaves_a_whole_result_or_none() {
    if !uv() {
        return;
    }
    let project = bad("slow 0.2");
    let local = project.path("app/local");
    let begun = Instant::now();
    project.ok(&["build"]);
    let whole = begun.elapsed();
    let (mut killed, mut without) = (0, 0);
    for round in 0..12u32 {
        write(&local, "module.py", &format!("x = {round}\n"));
        let before = kept(&project, "built");
        // Moments spread over the run by a sequence that hits no period: multiples of the golden section.
        let moment = whole.mul_f64((f64::from(round) * 0.618_034).fract() * 1.1);
        let mut child = project.command(&["build"]).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(moment);
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().signal() == Some(9));
        let new: Vec<String> =
            kept(&project, "built").into_iter().filter(|name| !before.contains(name)).collect();
        without += u32::from(new.is_empty());
        for key in new {
            let folder = project.store().join("built").join(&key);
            let record: serde_json::Value =
                serde_json::from_slice(&fs::read(folder.join("record.json")).unwrap()).unwrap();
            let wheel = fs::read(folder.join(record["file"].as_str().unwrap())).unwrap();
            assert_eq!(
                support::hex(&wheel),
                record["sha256"].as_str().unwrap(),
                "round {round}, after {moment:?}"
            );
        }
    }
    assert!(killed > 0 && without > 0, "no build was hit: {killed} killed, {without} without a result");
    write(&local, "module.py", "x = 'last'\n");
    project.ok(&["sync"]);
    assert_eq!(project.python("import local; print(local.x)"), "last");
    project.store_is_right();
    project.ok(&["gc"]);
    assert_eq!(kept(&project, "tmp"), Vec::<String>::new());
}

#[test]
fn a_backend_does_not_outlive_us() {
    if !uv() {
        return;
    }
    let project = bad("hang");
    let mut child = project.command(&["build"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    let waited = |wanted: &dyn Fn(usize) -> bool| {
        (0..600).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            wanted(running(&project))
        })
    };
    assert!(waited(&|count| count > 0), "no backend was started");
    std::thread::sleep(Duration::from_secs(1));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(waited(&|count| count == 0), "a backend runs on, or something that it started");
}

#[test]
fn a_check_that_hangs_is_a_finding_and_a_word_that_is_wrong_an_error() {
    if !uv() {
        return;
    }
    let project = bad("");
    let text = "requires = ['local @ ./local']\n[checks.local]\ncommand = ['sleep', '1000']\nrequires = []\ntimeout = 1\n";
    manifest(&project, text);
    let output = project.command(&["build"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        stderr(&output).contains("failed: the check of local did not end within 1 second"),
        "{}",
        said(&output)
    );
    manifest(&project, &format!("{text}tests = ['nope']\n"));
    let absent = fails(&project, &["build"]);
    assert!(
        absent.contains("could not check local (step check): could not find [APP]/local/nope"),
        "{absent}"
    );
    manifest(&project, &text.replace("command", "comand"));
    let typo = fails(&project, &["build"]);
    assert!(typo.contains("unknown key `comand` in [checks.local]\nhint: did you mean `command`?"), "{typo}");
}
