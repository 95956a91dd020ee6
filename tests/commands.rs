//! The commands as a user sees them: exit code, stdout and stderr, compared with snapshots.
//!
//! Deliberately not here: the network (what a test installs, it brings), and imports, which `tests/hook` tries
//! on every Python.

use pinfold_tests::project::{Project, filters};
use pinfold_tests::wheel::Wheel;

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
fn abicheck_is_there_and_says_what_it_needs() {
    shows!("abicheck_nothing", Project::empty().run("abicheck", &[]));
    shows!("abicheck_version", Project::empty().run("abicheck", &["--version"]));
}

#[test]
fn a_command_that_does_not_exist_is_refused() {
    shows!("unknown_command", Project::empty().pinfold(&["snyc"]));
}

/// A wheel of one module, without requirements.
fn wheel(name: &'static str, version: &'static str, requires: &'static [&'static str]) -> Wheel<'static> {
    Wheel { name, version, requires, ..Wheel::default() }
}

#[test]
fn without_a_manifest_the_way_to_one_is_shown() {
    shows!("no_manifest", Project::empty().pinfold(&["lock"]));
}

#[test]
fn a_typo_in_a_key_names_the_key_and_the_near_one() {
    let project = Project::new("requires = []\n\n[pins.stem]\nrequire = [\"leaf\"]\n");
    shows!("typo_in_a_key", project.pinfold(&["lock"]));
}

#[test]
fn requirements_that_are_wrong_are_explained() {
    let unknown = Project::new("requires = [\"nowhere>=1\"]\n").with(wheel("leaf", "1.0", &[]));
    shows!("unknown_requirement", unknown.pinfold(&["lock"]));
    let malformed = Project::new("requires = [\"leaf >= \"]\n");
    shows!("malformed_requirement", malformed.pinfold(&["lock"]));
}

#[test]
fn no_solution_names_the_closure_that_has_none() {
    let manifest = "requires = [\"stem\"]\n\n[pins.stem]\nrequires = [\"leaf==3\"]\n";
    let project =
        Project::new(manifest).with(wheel("leaf", "1.0", &[])).with(wheel("stem", "1.0", &["leaf"]));
    shows!("no_solution_in_a_pin", project.pinfold(&["lock"]));
}

#[test]
fn pins_that_cannot_be_are_refused() {
    let idle = Project::new("requires = [\"leaf\"]\n\n[pins.nobody]\n").with(wheel("leaf", "1.0", &[]));
    shows!("pin_that_nobody_needs", idle.pinfold(&["lock"]));
    let manifest = "requires = [\"ann\"]\n\n[pins.ann]\n\n[pins.bob]\n";
    let cycle =
        Project::new(manifest).with(wheel("ann", "1.0", &["bob"])).with(wheel("bob", "1.0", &["ann"]));
    shows!("cycle_of_pins", cycle.pinfold(&["lock"]));
}

#[test]
fn a_manifest_is_made_changed_and_locked_by_commands() {
    let project = Project::empty().with(wheel("leaf", "1.0", &[])).with(wheel("leaf", "2.0", &[]));
    let project = project.with(wheel("stem", "1.0", &["leaf"]));
    let said: Vec<String> = [
        &["init"][..],
        &["init"],
        &["add", "stem"],
        &["pin", "stem", "leaf<2"],
        &["add", "leaf>=2"],
        &["lock"],
        &["remove", "leaf"],
        &["remove", "leaf"],
    ]
    .iter()
    .map(|arguments| format!("$ pinfold {}\n{}", arguments.join(" "), project.pinfold(arguments)))
    .collect();
    shows!("manifest_by_commands", said.join("\n"));
    shows!("manifest_by_commands_file", project.read("pinfold.toml"));
}

#[test]
fn the_lock_is_made_to_be_reviewed_and_shown() {
    let manifest = "requires = [\"stem\", \"leaf>=2\"]\n\n[pins.stem]\nrequires = [\"leaf<2\"]\n";
    let project = Project::new(manifest).with(wheel("leaf", "1.0", &[])).with(wheel("leaf", "2.0", &[]));
    let project = project.with(wheel("stem", "1.0", &["leaf"]));
    shows!("lock", project.pinfold(&["lock"]));
    shows!("lock_file", project.read("pinfold.lock"));
    shows!("tree_text", project.pinfold(&["tree"]));
    shows!("lock_that_fits", project.pinfold(&["lock", "--check"]));
    project.write("project/pinfold.toml", &manifest.replace("<2", "<=2"));
    shows!("lock_that_does_not_fit", project.pinfold(&["lock", "--check"]));
    shows!("lock_frozen", project.pinfold(&["lock", "--frozen"]));
}
