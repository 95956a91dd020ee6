//! What happens to the store and the environment when `pinfold sync` is killed, crowded, or out of room.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::process::Stdio;
use std::time::{Duration, Instant};

use support::{Project, said};

const PARTS: usize = 6;

/// Six distributions at `version`, which each say it.
fn parts(project: &mut Project, version: &str) {
    for part in 0..PARTS {
        let id = project.simple(&format!("part-{part}"), version, &[]);
        let _ = id;
    }
    project.lock();
}

/// Takes what [`parts`] added out of the lock again.
fn forget_all(project: &mut Project) {
    for id in project.units() {
        project.forget(&id);
    }
}

/// The version that all parts say, or a failed test: an environment is old or new, never both.
fn version(project: &Project) -> String {
    let code = format!(
        "import importlib\nfrom importlib.metadata import version\nnames = ['part_%d' % n for n in range({PARTS})]\n\
         found = {{importlib.import_module(n).version for n in names}} | {{version(n) for n in names}}\nprint(*found)"
    );
    project.python(&code)
}

/// A number below `limit`.
fn random(limit: u64) -> u64 {
    RandomState::new().build_hasher().finish() % limit.max(1)
}

#[test]
fn kill_9_at_fifty_random_moments_of_sync_loses_nothing() {
    let mut project = Project::new();
    parts(&mut project, "1.0");
    project.sync();
    // How long one takes that has wheels to install: the moments spread over that.
    forget_all(&mut project);
    parts(&mut project, "1.1");
    let start = Instant::now();
    project.sync();
    let whole = start.elapsed();
    let mut before = "1.1".to_owned();
    let mut killed = 0;
    for round in 0..50 {
        let after = format!("2.{round}");
        forget_all(&mut project);
        parts(&mut project, &after);
        let mut child = project
            .command(&["sync", "--frozen"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(random(whole.as_micros() as u64)));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        project.store_is_right();
        let found = version(&project);
        assert!(
            found == before || found == after,
            "round {round}: `{found}` is neither {before} nor {after}"
        );
        project.sync();
        assert_eq!(version(&project), after, "round {round}");
        assert_eq!(project.leftovers(), Vec::<String>::new(), "round {round}");
        before = after;
    }
    assert!(killed > 10, "only {killed} of 50 syncs were still running when they were killed");
    project.ok(&["gc"]);
    let tmp: Vec<_> =
        fs::read_dir(project.store().join("tmp")).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(tmp.is_empty(), "gc leaves nothing of killed processes: {tmp:?}");
    assert_eq!(version(&project), before);
}

#[test]
fn eight_syncs_of_one_project_make_one_generation() {
    let mut project = Project::new();
    parts(&mut project, "1.0");
    let start = || {
        project.command(&["sync", "--frozen"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..8).map(|_| start()).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
    project.store_is_right();
    assert_eq!((project.generation(), version(&project)), (1, "1.0".to_owned()));
    assert_eq!(project.leftovers(), Vec::<String>::new());
}

#[test]
fn eight_projects_sync_at_once_on_one_store() {
    let mut projects: Vec<Project> = (0..8).map(|_| Project::new()).collect();
    for project in &mut projects {
        parts(project, "1.0");
    }
    let store = projects[0].store();
    let start = |project: &Project| {
        let mut command = project.command(&["sync", "--frozen"]);
        command.env("PINFOLD_CACHE", &store).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = projects.iter().map(start).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
    projects[0].store_is_right();
    assert_eq!(fs::read_dir(store.join("wheels")).unwrap().count(), PARTS);
    assert_eq!(fs::read_dir(store.join("environments")).unwrap().count(), 8);
    for project in &projects {
        assert_eq!(version(project), "1.0");
    }
}

#[test]
fn a_full_disk_leaves_the_environment_whole() {
    let mut project = Project::new();
    parts(&mut project, "1.0");
    let old = fs::read_to_string(project.app().join("pinfold.lock")).unwrap();
    fs::write(project.app().join("old.lock"), old).unwrap();
    forget_all(&mut project);
    parts(&mut project, "2.0");
    let script = r#"
        new=$(mktemp); cp pinfold.lock "$new"
        mkdir -p .pinfold && mount -t tmpfs -o size=200k none .pinfold
        cp old.lock pinfold.lock; "$PINFOLD" sync --frozen
        cp "$new" pinfold.lock; rm "$new"
        dd if=/dev/zero of=.pinfold/filler bs=1k 2> /dev/null || true
        code=0; "$PINFOLD" sync --frozen || code=$?
        echo "full: $code, $(.venv/bin/python -c 'import part_3; print(part_3.version)'), $(readlink .venv), $(ls .pinfold/.venv)"
        rm .pinfold/filler; "$PINFOLD" sync --frozen
        echo "then: $(.venv/bin/python -c 'import part_3; print(part_3.version)')"
    "#;
    let Some(output) = project.in_namespace(script) else { return };
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("full: 2, 1.0, .pinfold/.venv/1, 1\nlock\nthen: 2.0"), "{text}");
    assert!(text.contains("No space left on device") && text.contains("hint: "), "{text}");
}

#[test]
fn a_read_only_store_leaves_the_environment_whole() {
    let mut project = Project::new();
    parts(&mut project, "1.0");
    project.sync();
    forget_all(&mut project);
    parts(&mut project, "2.0");
    let script = r#"
        mount --bind "$PINFOLD_CACHE" "$PINFOLD_CACHE" && mount -o remount,ro,bind "$PINFOLD_CACHE"
        code=0; "$PINFOLD" sync --frozen || code=$?
        echo "read-only: $code, $(.venv/bin/python -c 'import part_3; print(part_3.version)')"
    "#;
    let Some(output) = project.in_namespace(script) else { return };
    let text = said(&output);
    assert!(text.contains("read-only: 2, 1.0"), "{text}");
    assert!(text.contains("may not be written to") && text.contains("hint: "), "{text}");
    project.sync();
    assert_eq!(version(&project), "2.0");
}
