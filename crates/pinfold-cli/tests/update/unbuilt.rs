//! Newer releases that cannot be built: they hold their own track, and never the update.
//!
//! Deliberately not here: gates, which run on what could be built.

use std::fs;

use crate::support::folders::source;
use crate::support::links::{link, project, uv, write};
use crate::support::{Project, said, stderr};
use crate::{lock, versions};

/// How many processes name the project's folder in their command line.
fn running(project: &Project) -> usize {
    let place = project.path("tmp").display().to_string();
    let all = fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(&place)).count()
}

#[test]
fn a_release_whose_build_hangs_holds_its_track_and_leaves_nothing_running() {
    if !uv() {
        return;
    }
    // Built by uv, to be told what it requires, and by our own engine.
    for is_static in [false, true] {
        let text = "requires = ['app', 'lib']\n[tracks.apps]\npackages = ['app']\n";
        let project = project(text);
        for name in ["app", "lib"] {
            link(&project, name, "1", &[]);
        }
        project.ok(&["sync"]);
        let before = fs::read(project.path("app/pinfold.lock")).unwrap();
        source(&project, "app", "2", "hang", is_static);
        link(&project, "lib", "2", &[]);
        // The manifest's own limit; it makes no lock stale.
        write(&project, &format!("{text}[builds.app]\ntimeout = 2\n"));
        project.ok(&["lock", "--check"]);
        let command = |args: &[&str]| {
            let mut command = project.command(args);
            command.env("UV_CACHE_DIR", project.path("tmp/uv"));
            command.output().unwrap()
        };
        let output = command(&["update"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(stderr(&output).contains("track `apps` is held"), "{}", said(&output));
        assert_eq!(versions(&project), ["root: app 1, lib 2", "apps: app 1"]);
        let hold = lock(&project).holds[0].clone();
        assert_eq!(hold.candidate, ["app 1 -> 2"]);
        assert!(hold.reason.starts_with("app 2 did not "), "{}", hold.reason);
        assert!(hold.reason.contains("within 2 seconds"), "{}", hold.reason);
        let log = hold.log.unwrap();
        let log = fs::read_to_string(project.app().join(log)).unwrap();
        let (how, step) = match is_static {
            true => ("could not build app 2 (from its source distribution) (step build)", "in `build_wheel`"),
            false => (
                "could not resolve the closure of track `apps`",
                "asked app 2 what it requires (step metadata)",
            ),
        };
        assert!(log.contains(how) && log.contains(step) && log.contains("within 2 seconds"), "{log}");
        assert_eq!(running(&project), 0, "it started a daemon, which is not to stay");

        // Whoever asks for it alone is told the same, and what to do.
        fs::write(project.path("app/pinfold.lock"), &before).unwrap();
        write(&project, text);
        let output = command(&["lock", "-P", "app", "--timeout", "1"]);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(how) && told.contains("within 1 second"), "{told}");
        assert!(told.contains("hint: `--timeout SECONDS` gives it more time"), "{told}");
        assert!(told.contains("`timeout = SECONDS` in [builds.app]"), "{told}");
        assert_eq!(fs::read(project.path("app/pinfold.lock")).unwrap(), before);
        assert_eq!(running(&project), 0);
    }
}
