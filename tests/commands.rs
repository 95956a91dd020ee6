//! The commands as a user sees them: exit code, stdout and stderr, compared with snapshots.
//!
//! Deliberately not here: the network (what a test installs, it brings), and imports, which `tests/hook` tries
//! on every Python.

use pinfold_tests::project::{Project, filters};

/// Compares `$what` with `snapshots/commands__$name.snap`, what differs from run to run left out.
/// `INSTA_UPDATE=always cargo test -p pinfold-tests --test commands` writes them anew.
macro_rules! shows {
    ($name:literal, $what:expr) => {
        insta::with_settings!({ filters => filters(), omit_expression => true }, {
            insta::assert_snapshot!($name, $what)
        })
    };
}

#[test]
fn abicheck_says_what_it_cannot_do_yet() {
    shows!("abicheck_later", Project::empty().run("abicheck", &["closure.json"]));
    shows!("abicheck_version", Project::empty().run("abicheck", &["--version"]));
}

#[test]
fn a_command_that_does_not_exist_is_refused() {
    shows!("unknown_command", Project::empty().pinfold(&["snyc"]));
}
