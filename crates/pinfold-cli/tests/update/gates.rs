//! Gates: ones that fail in every way there is, ones that pass with a noise, and what runs in them.
//!
//! Deliberately not here: what is held when one fails.

use std::fs;
use std::process::Command;

use crate::support::links::{fails, link, project, uv};
use crate::support::said;
use crate::{gate, lock, three, update, versions};

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
fn a_manifest_that_changes_meanwhile_is_not_passed_by() {
    if !uv() {
        return;
    }
    let narrow = gate("sed -i 's/^requires = .*/requires = [\"lib<2\"]/' pinfold.toml; true");
    let project = project(&format!("requires = ['lib']\n[tracks.main]\n{narrow}"));
    link(&project, "lib", "1", &[]);
    project.ok(&["sync"]);
    link(&project, "lib", "2", &[]);
    let said = fails(&project, &["update"]);
    assert!(
        said.contains("pinfold.toml was changed while candidates were tried; nothing was moved"),
        "{said}"
    );
    assert_eq!(versions(&project), ["root: lib 1"]);
}
