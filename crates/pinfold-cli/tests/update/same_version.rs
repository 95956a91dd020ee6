//! An index that has something else under a version that is locked: other bytes, a file that fits better, or nothing.
//!
//! Deliberately not here: wheels that we build, whose bytes are a build's affair.

use std::fs;

use crate::support::folders::{pack, source};
use crate::support::links::{link, project, uv, write};
use crate::support::{Project, fitting, said, stderr, stdout, wheel_bytes};
use crate::{lock, update};

const TEXT: &str = "requires = ['good', 'demo']\n[tracks.d]\npackages = ['demo']\n";

/// Another file under the same version: `tag` is what it is for.
fn replace(project: &Project, name: &str, tag: &str) {
    let bytes = wheel_bytes(name, "1", &[], &[(&format!("{name}.py"), "version = 'other'\n")]);
    fs::write(project.path("app/links").join(format!("{name}-1-{tag}.whl")), bytes).unwrap();
}

fn text(project: &Project) -> String {
    fs::read_to_string(project.app().join("pinfold.lock")).unwrap()
}

#[test]
fn what_does_not_move_keeps_its_files_and_other_bytes_are_said() {
    if !uv() {
        return;
    }
    let project = project(TEXT);
    for name in ["good", "demo"] {
        link(&project, name, "1", &[]);
    }
    project.ok(&["sync"]);
    let before = text(&project);
    replace(&project, "good", "py3-none-any");

    let output = update(&project, &["d", "--output-format", "json"]);
    let document = fitting(&output.stdout, include_str!("../../src/commands/update/update.schema.json"));
    assert_eq!(document["tracks"][0]["outcome"], "current", "{}", stdout(&output));
    assert!(
        stderr(&output).contains(
            "other bytes of good 1 than pinfold.lock (good-1-py3-none-any.whl): those in the lock stay"
        ),
        "{}",
        said(&output)
    );
    update(&project, &[]);
    // A newer one of its own track moves, and takes nothing along.
    link(&project, "demo", "2", &[]);
    update(&project, &["d"]);
    assert_eq!(project.python("import good, demo; print(good.version, demo.version)"), "1 2");
    let good = |text: &str| {
        let of_it = text.split("\n[[").find(|part| part.contains("name = \"good\"")).unwrap().to_owned();
        assert!(of_it.contains("sha256"), "{of_it}");
        of_it
    };
    assert_eq!(good(&text(&project)), good(&before));

    // Neither a changed manifest, nor a file that would fit better or none at all, is a reason.
    replace(&project, "good", "cp311.cp312.cp313-none-any");
    write(&project, &TEXT.replace("'good'", "'good>0'"));
    project.ok(&["sync"]);
    assert_eq!(good(&text(&project)), good(&before));
    fs::remove_file(project.path("app/links/good-1-py3-none-any.whl")).unwrap();
    write(&project, TEXT);
    project.ok(&["sync"]);
    assert_eq!(good(&text(&project)), good(&before));

    // Whoever wants it gets it, and is told.
    replace(&project, "good", "py3-none-any");
    fs::remove_file(project.path("app/links/good-1-cp311.cp312.cp313-none-any.whl")).unwrap();
    let output = project.ok(&["lock", "-P", "good"]);
    assert!(stderr(&output).contains("they were asked for, and are taken"), "{}", said(&output));
    assert_ne!(good(&text(&project)), good(&before));
}

#[test]
fn a_source_distribution_with_other_bytes_stays_what_it_was() {
    if !uv() {
        return;
    }
    let project = project(TEXT);
    source(&project, "good", "1", "", true);
    link(&project, "demo", "1", &[]);
    project.ok(&["sync"]);
    let before = lock(&project).wheels;
    // The same version, packed again; and then a wheel of it.
    let folder = crate::support::folders::folder(&project, "good", &[], "x = 'another'\n");
    crate::support::folders::write(&folder, "PKG-INFO", "Metadata-Version: 2.2\nName: good\nVersion: 1\n");
    pack(&project, "good", "1", &project.path("app/links"));
    fs::remove_dir_all(folder).unwrap();
    update(&project, &[]);
    assert_eq!(lock(&project).wheels, before);
    link(&project, "good", "1", &[]);
    update(&project, &[]);
    assert_eq!(lock(&project).wheels, before);
    assert_eq!(project.python("import good; print(good.x)"), "from source");
}
