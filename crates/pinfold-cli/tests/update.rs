//! `pinfold update`: tracks that move, tracks that are held, and what is left when it is killed.
//!
//! Gates read `closure.json` of the environment that they run in: which version is where. Deliberately not here:
//! imports, which need the hook.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use pinfold_core::lock::Lock;
use serde_json::Value;
use support::index::Index;
use support::links::{fails, link, project, uv};
use support::{Project, index, said, stderr, stdout};

fn lock(project: &Project) -> Lock {
    Lock::parse(&fs::read_to_string(project.path("app/pinfold.lock")).unwrap()).unwrap()
}

/// Each closure's versions: `root: a 1, b 2`.
fn versions(project: &Project) -> Vec<String> {
    let lock = lock(project);
    let wheel = |id| lock.wheel(&lock.unit(id).unwrap().wheel).unwrap();
    let closures = lock.closures.iter().map(|closure| {
        let units = closure.units.iter().map(wheel).map(|wheel| format!("{} {}", wheel.name, wheel.version));
        format!("{}: {}", closure.name, units.collect::<Vec<_>>().join(", "))
    });
    closures.collect()
}

/// The current generation was made from the lock.
fn agree(project: &Project) {
    let generation = fs::read_to_string(project.venv().join("pinfold.lock")).unwrap();
    assert_eq!(fs::read_to_string(project.app().join("pinfold.lock")).unwrap(), generation);
}

/// A gate that fails where `name` is at `version`.
fn without(name: &str, version: &str) -> String {
    format!(
        "! python -c \"import json, os; e = json.load(open(os.environ['VIRTUAL_ENV'] + '/closure.json')); \
             exit(not any(u['name'] == '{name}' and u['version'] == '{version}' for u in e['units']))\""
    )
}

fn update(project: &Project, args: &[&str]) -> Output {
    let output = project.ok(&[&["update"], args].concat());
    agree(project);
    assert_eq!(fs::read_dir(project.app().join(".pinfold/candidate")).map(Iterator::count).unwrap_or(0), 0);
    output
}

/// `app` is in track `apps`, `tool` in track `tools`, `lib` is root's; all at 1, and 2 is there to move to.
fn three(manifest: impl Fn(&str) -> String) -> Project {
    let text = "requires = ['app', 'tool', 'lib']\n[tracks.apps]\npackages = ['app']\n#apps\n\
                [tracks.tools]\npackages = ['tool']\n#tools\n[tracks.main]\n#main\n";
    let project = project(&manifest(text));
    for name in ["app", "tool", "lib"] {
        link(&project, name, "1", &[]);
    }
    project.ok(&["sync"]);
    for name in ["app", "tool", "lib"] {
        link(&project, name, "2", &[]);
    }
    project
}

fn gate(command: &str) -> String {
    format!("gate = '''{command}'''\n")
}

#[test]
fn tracks_that_pass_move_together_and_one_that_fails_is_held_until_it_passes() {
    if !uv() {
        return;
    }
    let with = |fails: &str| move_gate(fails);
    let project = three(|text| text.replace("#apps\n", &with("app")));
    let output = update(&project, &[]);
    assert_eq!(
        versions(&project),
        ["root: app 1, lib 2, tool 2", "apps: app 1", "tools: tool 2"],
        "{}",
        said(&output)
    );
    assert!(stdout(&output).contains("main  moved\n  lib 1 -> 2\n"), "{}", said(&output));
    let first = lock(&project);
    let hold = &first.holds[0];
    assert_eq!((hold.track.as_str(), hold.candidate.as_slice()), ("apps", &["app 1 -> 2".to_owned()][..]));
    assert_eq!(hold.reason, "the gate of `apps` ended with exit code 1");
    let log = fs::read_to_string(project.app().join(hold.log.as_ref().unwrap())).unwrap();
    assert!(log.contains("gate says no"), "{log}");
    assert!(stderr(&project.ok(&["sync"])).contains("Nothing to do"), "the hold is no reason to lock again");
    // Another update finds the same, and the hold is as old as it is.
    let schema: Value =
        serde_json::from_str(include_str!("../src/commands/update/update.schema.json")).unwrap();
    let output = update(&project, &["apps", "--output-format", "json"]);
    let document: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let complaints: Vec<String> = jsonschema::draft202012::new(&schema)
        .unwrap()
        .iter_errors(&document)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(complaints, Vec::<String>::new(), "{document}");
    assert_eq!(document["tracks"][0]["outcome"], "held");
    assert_eq!(lock(&project).holds[0].since, hold.since);
    // The gate is mended: nothing else made the lock stale.
    let text = fs::read_to_string(project.app().join("pinfold.toml")).unwrap();
    fs::write(project.app().join("pinfold.toml"), text.replace(&with("app"), &gate("true"))).unwrap();
    update(&project, &[]);
    assert_eq!(versions(&project), ["root: app 2, lib 2, tool 2", "apps: app 2", "tools: tool 2"]);
    assert_eq!(lock(&project).holds, []);
    let output = update(&project, &[]);
    assert!(stderr(&output).contains("Nothing to do"), "{}", said(&output));
}

fn move_gate(name: &str) -> String {
    gate(&format!("echo gate says no; {}", without(name, "2")))
}

#[test]
fn a_gate_that_hangs_is_killed_or_talks_nonsense_fails_and_nothing_else_does() {
    if !uv() {
        return;
    }
    for (command, extra, reason) in [
        (
            "sleep 600",
            "timeout = 1\n",
            "did not end within 1 second, and was ended with all that it had started",
        ),
        ("kill -KILL $$", "", "was ended by signal 9"),
        (
            "head -c 300000 /dev/urandom; head -c 9000000 /dev/zero | tr '\\0' x; exit 7",
            "",
            "ended with exit code 7",
        ),
        ("no-such-program-here", "", "ended with exit code 127"),
    ] {
        let project = three(|text| text.replace("#tools\n", &format!("{}{extra}", gate(command))));
        update(&project, &[]);
        assert_eq!(versions(&project)[0], "root: app 2, lib 2, tool 1", "{command}");
        assert_eq!(lock(&project).holds[0].reason, format!("the gate of `tools` {reason}"));
    }
    let project = three(|text| text.replace("#tools\n", "gate = ['no-such-program-here']\n"));
    update(&project, &[]);
    let reason = &lock(&project).holds[0].reason;
    assert!(
        reason.starts_with("the gate of `tools` could not be started: `no-such-program-here`"),
        "{reason}"
    );
}

#[test]
fn where_only_the_whole_fails_as_little_as_possible_is_held() {
    if !uv() {
        return;
    }
    // `app` 2 and `tool` 2 pass alone, and not together.
    let both = format!("if {}; then exit 0; fi; {}", without("app", "2"), without("tool", "2"));
    let count = "echo run >> \"$PWD/runs\"; ";
    let project = three(|text| text.replace("#main\n", &gate(&format!("{count}{both}"))));
    let output = update(&project, &[]);
    assert_eq!(versions(&project)[0], "root: app 2, lib 2, tool 1", "{}", said(&output));
    let hold = &lock(&project).holds[0];
    assert_eq!(hold.track, "tools");
    let expected = "it passes alone, and not with the others: the gate of `main` ended with exit code 1";
    assert_eq!(hold.reason, expected);
    let runs = fs::read_to_string(project.app().join("runs")).unwrap().lines().count();
    assert!(runs <= 1 + 2 * 3, "{runs} runs: one for `main` alone, at most 2n for the whole");
}

#[test]
fn a_track_that_is_named_moves_alone() {
    if !uv() {
        return;
    }
    let project = three(str::to_owned);
    update(&project, &["tools"]);
    assert_eq!(versions(&project), ["root: app 1, lib 1, tool 2", "apps: app 1", "tools: tool 2"]);
    update(&project, &["main"]);
    assert_eq!(versions(&project), ["root: app 1, lib 2, tool 2", "apps: app 1", "tools: tool 2"]);
    let said = fails(&project, &["update", "tool"]);
    assert!(said.contains("there is no track `tool`\nhint: did you mean `tools`?"), "{said}");
    assert!(fails(&project, &["update", "--frozen"]).contains("leave the flag out"));
    assert!(
        fails(&project, &["update", "--exclude-newer", "yesterday"])
            .contains("neither a date nor a timestamp")
    );
}

#[test]
fn a_day_of_the_past_is_played_as_it_was() {
    if !uv() {
        return;
    }
    let packages = Index::start();
    let project = project("");
    let manifest = "requires = ['app', 'lib']\n[tracks.apps]\npackages = ['app']\n";
    index::write(&project.app(), manifest, &packages);
    packages.add("app", "1", &["lib<2"], Some("2024-05-01"));
    packages.add("lib", "1", &[], Some("2024-05-01"));
    packages.add("lib", "2", &[], Some("2024-06-16"));
    packages.add("app", "2", &["lib>=2"], Some("2024-06-20"));
    let cache = project.path("uv-cache");
    let day = |day: &str| {
        // uv keeps pages of an index for a while; the index of that day is another one.
        let _ = fs::remove_dir_all(&cache);
        let mut command = project.command(&["update", "--exclude-newer", day]);
        let output = command.env("UV_CACHE_DIR", &cache).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        agree(&project);
        versions(&project)
    };
    assert_eq!(day("2024-06-15"), ["root: app 1, lib 1", "apps: app 1, lib 1"]);
    assert_eq!(day("2024-06-16"), ["root: app 1, lib 2", "apps: app 1, lib 1"]);
    assert_eq!(day("2024-06-21"), ["root: app 2, lib 2", "apps: app 2, lib 2"]);
    let said = fails(&project, &["update", "--exclude-newer", "2024-06-01"]);
    assert!(said.contains("but pinfold.lock has app 2, uploaded 2024-06-20T12:00:00Z"), "{said}");
}

#[test]
fn of_two_updates_at_once_the_second_waits_also_with_another_environment() {
    if !uv() {
        return;
    }
    for other in [".venv", "other"] {
        let project = three(|text| text.replace("#main\n", &gate("sleep 2")));
        let start = |environment: &str| {
            let mut command = project.command(&["update", "--env", environment]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let (first, second) = (start(".venv"), start(other));
        let outputs = [first.wait_with_output().unwrap(), second.wait_with_output().unwrap()];
        assert!(outputs.iter().all(|output| output.status.success()), "{outputs:?}");
        let waited =
            outputs.iter().filter(|o| stderr(o).contains("Waiting for another `pinfold update`")).count();
        assert_eq!(waited, 1, "{outputs:?}");
        project.ok(&["sync"]);
        agree(&project);
        assert_eq!(versions(&project)[0], "root: app 2, lib 2, tool 2");
    }
}

#[test]
fn a_clock_that_was_turned_back_is_said_and_the_hold_keeps_its_date() {
    if !uv() {
        return;
    }
    let project = three(|text| text.replace("#apps\n", &gate("exit 3")));
    update(&project, &["apps"]);
    let path = project.app().join("pinfold.lock");
    let text = fs::read_to_string(&path).unwrap();
    let since = lock(&project).holds[0].since.clone();
    fs::write(&path, text.replace(&since, "2999-01-01T00:00:00Z")).unwrap();
    let output = update(&project, &["apps"]);
    let warning = "warning: track `apps` is held since 2999-01-01T00:00:00Z, and the clock says ";
    assert!(stderr(&output).contains(warning), "{}", said(&output));
    assert_eq!(lock(&project).holds[0].since, "2999-01-01T00:00:00Z");
}

/// Numbers without a pattern, the same for the same seed (splitmix64).
struct Random(u64);

impl Random {
    /// From `PINFOLD_TEST_SEED`, else from the system; a failed test shows it.
    fn new() -> Self {
        let given = std::env::var("PINFOLD_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        eprintln!("PINFOLD_TEST_SEED={seed}");
        Random(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }
}

#[test]
fn kill_9_at_fifty_random_moments_of_an_update_leaves_lock_and_environment_in_agreement() {
    if !uv() {
        return;
    }
    // One package in one track: a round is cheap, and passes through every step that a large one has.
    let project = project("requires = ['lib']\n[tracks.main]\ngate = 'true'\n");
    link(&project, "lib", "1", &[]);
    project.ok(&["sync"]);
    link(&project, "lib", "2", &[]);
    let start = Instant::now();
    update(&project, &[]);
    let whole = start.elapsed();
    let mut random = Random::new();
    let (mut killed, mut in_the_switch) = (0, 0);
    let generations = || fs::read_dir(project.app().join(".pinfold/.venv")).unwrap().flatten();
    let half_built = || generations().any(|entry| entry.file_name().to_string_lossy().starts_with("tmp-"));
    for round in 3..53 {
        link(&project, "lib", &round.to_string(), &[]);
        let mut command = project.command(&["update"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if round % 2 == 0 {
            std::thread::sleep(Duration::from_micros(random.below(whole.as_micros() as u64)));
        } else {
            // The switch is short: half of the moments lie around it.
            while !half_built() && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_micros(200));
            }
            std::thread::sleep(Duration::from_micros(random.below(whole.as_micros() as u64 / 8)));
        }
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        in_the_switch += usize::from(project.app().join(".pinfold/.venv/switch.json").exists());
        let version = project.python("import lib; print(lib.version)");
        assert!(version.parse::<u64>().is_ok_and(|version| version <= round), "round {round}: {version}");
        project.ok(&["generations"]);
        agree(&project);
        assert_eq!(project.python("import lib; print(lib.version)"), version, "round {round}");
    }
    eprintln!("{killed} were still running when they were killed, {in_the_switch} in the switch itself");
    assert!(killed > 10, "only {killed} of 50 updates were still running when they were killed");
    update(&project, &[]);
    assert_eq!(versions(&project), ["root: lib 52"]);
    assert!(
        generations().filter(|entry| entry.file_name().to_string_lossy().parse::<u64>().is_ok()).count() <= 5
    );
}

#[test]
fn an_error_that_abicheck_finds_in_the_candidate_alone_holds_it() {
    if !uv() {
        return;
    }
    let project = three(str::to_owned);
    let finds = |where_: &str| {
        let script = format!(
            "#!/bin/sh\nif grep -q '{where_}' \"$1/closure.json\"; then echo '{{\"findings\": [{{\"code\": \"AB102\", \
             \"severity\": \"error\"}}]}}'; exit 1; fi\necho '{{\"findings\": []}}'\n"
        );
        fs::write(project.path("abicheck"), script).unwrap();
    };
    fs::write(project.path("abicheck"), "#!/bin/sh\necho broken >&2; exit 2\n").unwrap();
    let said = fails(&project, &["update"]);
    assert!(said.contains("abicheck could not look at") && said.contains("broken"), "{said}");
    assert_eq!(versions(&project)[0], "root: app 1, lib 1, tool 1");
    finds("\"version\": \"2\"");
    update(&project, &["tools"]);
    assert_eq!(lock(&project).holds[0].reason, "abicheck finds an error AB102 that is not there now");
    // What the current environment has as well is no reason.
    finds("\"version\": \"1\"");
    update(&project, &["tools"]);
    assert_eq!(
        (versions(&project)[0].as_str(), lock(&project).holds),
        ("root: app 1, lib 1, tool 2", Vec::new())
    );
}

#[test]
fn packages_of_a_held_track_that_pass_without_the_rest_still_move() {
    if !uv() {
        return;
    }
    let names = ["one", "two", "three", "four", "five"];
    let list = names.map(|name| format!("'{name}'")).join(", ");
    let manifest =
        format!("requires = [{list}]\n[tracks.all]\npackages = [{list}]\n{}", gate(&without("three", "2")));
    let project = project(&manifest);
    names.iter().for_each(|name| link(&project, name, "1", &[]));
    project.ok(&["sync"]);
    names.iter().for_each(|name| link(&project, name, "2", &[]));
    let output = update(&project, &[]);
    assert_eq!(versions(&project)[1], "all: five 2, four 2, one 2, three 1, two 2", "{}", said(&output));
    let hold = &lock(&project).holds[0];
    assert_eq!((hold.track.as_str(), hold.candidate.as_slice()), ("all", &["three 1 -> 2".to_owned()][..]));
    assert!(stdout(&output).contains("  moved without it: four 1 -> 2\n"), "{}", said(&output));
    let again = update(&project, &[]);
    assert!(stderr(&again).contains("Nothing to do"), "{}", said(&again));
}

#[test]
fn a_gate_that_says_megabytes_and_one_that_leaves_a_daemon_behind_pass() {
    if !uv() {
        return;
    }
    let much = gate("head -c 9000000 /dev/zero | tr '\\0' x; head -c 300000 /dev/urandom >&2");
    let daemon = gate("setsid sleep 30 & echo $! > daemon");
    let project = three(|text| text.replace("#apps\n", &much).replace("#tools\n", &daemon));
    let output = update(&project, &[]);
    assert_eq!(versions(&project)[0], "root: app 2, lib 2, tool 2", "{}", said(&output));
    let daemon = fs::read_to_string(project.app().join("daemon")).unwrap();
    Command::new("kill").arg(daemon.trim()).status().unwrap();
}

#[test]
fn commands_in_a_gate_are_about_the_candidate_and_leave_it_as_it_is() {
    if !uv() {
        return;
    }
    let pinfold = env!("CARGO_BIN_EXE_pinfold");
    let check = "import lib; assert lib.version == \"2\"";
    let command = format!(
        "{pinfold} run python -c '{check}' && {pinfold} sync && {pinfold} sync --force && python -c '{check}' && \
         {pinfold} check && ! {pinfold} update && ! {pinfold} rollback && ! {pinfold} run python -c 'exit(3)'"
    );
    let project = project(&format!("requires = ['lib']\n[tracks.main]\ngate = \"\"\"{command}\"\"\"\n"));
    link(&project, "lib", "1", &[]);
    project.ok(&["sync"]);
    link(&project, "lib", "2", &[]);
    let output = project.ok(&["update", "-v"]);
    let log = fs::read_dir(project.app().join(".pinfold/logs")).unwrap().flatten().next().unwrap();
    let log = fs::read_to_string(log.path()).unwrap();
    assert_eq!(versions(&project), ["root: lib 2"], "{}\n{log}", said(&output));
    assert!(!log.contains("warning"), "{log}");
    for refused in ["update", "rollback"] {
        assert!(log.contains(&format!("error: `pinfold {refused}` runs in ")), "{log}");
    }
}

#[test]
fn of_many_tracks_that_do_not_all_go_together_none_is_held_that_could_move() {
    if !uv() {
        return;
    }
    let names = ["one", "two", "three", "four", "five"];
    let list = names.map(|name| format!("'{name}'")).join(", ");
    let tracks: String =
        names.iter().map(|name| format!("[tracks.t-{name}]\npackages = ['{name}']\n")).collect();
    // `one` with `three` fails, and so do any three of the others; the runs over the whole are those with all gates.
    let code = "import json, os; e = json.load(open(os.environ['VIRTUAL_ENV'] + '/closure.json')); \
                m = {u['name'] for u in e['units'] if u['version'] == '2'}; \
                exit({'one', 'three'} <= m or len(m - {'one', 'three'}) > 2)";
    let command = format!("echo run >> \"$PWD/runs\"; python -c \"{code}\"");
    let manifest = format!("requires = [{list}]\n{tracks}[tracks.main]\n{}", gate(&command));
    let project = project(&manifest);
    names.iter().for_each(|name| link(&project, name, "1", &[]));
    project.ok(&["sync"]);
    names.iter().for_each(|name| link(&project, name, "2", &[]));
    let output = update(&project, &[]);
    let moved = |name: &str| versions(&project)[0].contains(&format!("{name} 2"));
    let here: Vec<&str> = names.into_iter().filter(|name| moved(name)).collect();
    // By name: `t-five`, `t-four`, `t-one`, then `t-three` and `t-two` do not go with what there is.
    assert_eq!(here, ["one", "four", "five"], "{}", said(&output));
    let held: Vec<String> = lock(&project).holds.into_iter().map(|hold| hold.track).collect();
    assert_eq!(held, ["t-three", "t-two"]);
    let runs = fs::read_to_string(project.app().join("runs")).unwrap().lines().count();
    assert!(runs <= 2 * names.len(), "{runs} runs over the whole");
}

#[test]
fn what_needs_the_package_that_fails_stays_with_it_and_the_others_move() {
    if !uv() {
        return;
    }
    let packages = Index::start();
    let project = project("");
    let list = "['bound', 'free', 'other', 'user']";
    let gate = gate(&without("base", "2"));
    let manifest = format!("requires = {list}\n[tracks.all]\npackages = {list}\n{gate}");
    index::write(&project.app(), &manifest, &packages);
    let day = |day| Some(day);
    for (name, requires) in [
        ("base", vec![]),
        ("bound", vec!["base<2"]),
        ("user", vec!["bound<2"]),
        ("free", vec![]),
        ("other", vec!["base"]),
    ] {
        packages.add(name, "1", &requires, day("2024-05-01"));
    }
    project.ok(&["sync"]);
    // `bound` 2 takes `base` along, `user` 2 takes `bound`; `other` 2 needs something new, which goes with any `base`.
    packages.add("base", "2", &[], day("2024-06-01"));
    packages.add("bound", "2", &["base>=2"], day("2024-06-01"));
    packages.add("user", "2", &["bound>=2"], day("2024-06-01"));
    packages.add("free", "2", &[], day("2024-06-01"));
    packages.add("fresh", "1", &[], day("2024-06-01"));
    packages.add("other", "2", &["base", "fresh"], day("2024-06-01"));
    let output = update(&project, &["--exclude-newer", "2024-06-02"]);
    let all = versions(&project)[1].clone();
    assert_eq!(all, "all: base 1, bound 1, free 2, fresh 1, other 2, user 1", "{}", said(&output));
    let hold = lock(&project).holds[0].clone();
    assert_eq!(
        (hold.track.as_str(), hold.candidate),
        ("all", ["base 1 -> 2", "bound 1 -> 2", "user 1 -> 2"].map(str::to_owned).to_vec())
    );
}

#[test]
fn a_hold_is_as_old_as_the_packages_that_it_is_about() {
    if !uv() {
        return;
    }
    let packages = Index::start();
    let project = project("");
    let write = |fails: &str, version: &str| {
        let gate = gate(&without(fails, version));
        let manifest = format!("requires = ['one', 'two']\n[tracks.all]\npackages = ['one', 'two']\n{gate}");
        index::write(&project.app(), &manifest, &packages);
    };
    for name in ["one", "two"] {
        packages.add(name, "1", &[], Some("2024-05-01"));
    }
    packages.add("one", "2", &[], Some("2024-06-01"));
    packages.add("two", "2", &[], Some("2024-06-05"));
    write("one", "2");
    let day = |day: &str| {
        update(&project, &["--exclude-newer", day]);
        let lock = lock(&project);
        let hold = lock.holds.first().map(|hold| (hold.since.clone(), hold.candidate.join(", ")));
        (versions(&project)[1].clone(), hold)
    };
    let held = |since: &str, candidate: &str| Some((format!("{since}T00:00:00Z"), candidate.to_owned()));
    assert_eq!(day("2024-05-02"), ("all: one 1, two 1".to_owned(), None));
    assert_eq!(day("2024-06-01"), ("all: one 1, two 1".to_owned(), held("2024-06-02", "one 1 -> 2")));
    // `two` moves without the rest; the hold is about `one` as before.
    assert_eq!(day("2024-06-05"), ("all: one 1, two 2".to_owned(), held("2024-06-02", "one 1 -> 2")));
    packages.add("two", "3", &[], Some("2024-06-08"));
    write("two", "3");
    // What was held moves, and with it what had moved fails: that is another hold.
    assert_eq!(day("2024-06-09"), ("all: one 2, two 2".to_owned(), held("2024-06-10", "two 2 -> 3")));
}
