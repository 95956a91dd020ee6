//! Packages that get a track while a lock is there already: they move through its gate, as everything does.
//!
//! Deliberately not here: which versions a new closure has without an update (`tracks.rs`).

use crate::support::folders::source;
use crate::support::links::{link, project, uv, write};
use crate::support::stdout;
use crate::{gate, lock, update, versions, without};

const ROOT: &str = "requires = ['web', 'tool']\n";

#[test]
fn what_gets_a_track_moves_through_its_gate_and_not_before() {
    if !uv() {
        return;
    }
    let project = project(ROOT);
    let offer = |version: &str| {
        link(&project, "web", version, &["base"]);
        for name in ["base", "tool"] {
            link(&project, name, version, &[]);
        }
    };
    offer("1");
    project.ok(&["sync"]);
    offer("2");
    let track =
        |name: &str| format!("{ROOT}[tracks.{name}]\npackages = ['web']\n{}", gate(&without("web", "2")));
    write(&project, &track("net"));
    project.ok(&["sync"]);
    assert_eq!(versions(&project), ["root: tool 1, web 1", "net: base 1, web 1"]);
    write(&project, &track("web2"));
    let said = stdout(&update(&project, &[]));
    assert_eq!(versions(&project), ["root: tool 2, web 1", "web2: base 2, web 1"], "{said}");
    let holds = lock(&project).holds;
    assert_eq!(
        (holds[0].track.as_str(), holds[0].candidate.as_slice()),
        ("web2", &["web 1 -> 2".to_owned()][..])
    );
}

/// The newest is not even tried before there is something to come back to.
#[test]
fn a_newest_release_that_does_not_build_is_no_reason_not_to_adopt_a_track() {
    if !uv() {
        return;
    }
    let project = project(ROOT);
    for name in ["web", "tool"] {
        link(&project, name, "1", &[]);
    }
    project.ok(&["sync"]);
    source(&project, "web", "2", "fail", false);
    write(&project, &format!("{ROOT}[tracks.net]\npackages = ['web']\n"));
    update(&project, &[]);
    assert_eq!(versions(&project), ["root: tool 1, web 1", "net: web 1"]);
    let hold = lock(&project).holds.remove(0);
    assert_eq!(hold.track, "net");
    let log = std::fs::read_to_string(project.app().join(hold.log.unwrap())).unwrap();
    // What uv is asked with has a name that is nobody's affair.
    assert!(log.contains("because your project depends on `web`") && !log.contains("pinfold-root"), "{log}");
}
