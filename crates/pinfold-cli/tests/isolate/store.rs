//! Copies in the store: named by what they are, and looked for before anything is written.
//!
//! Deliberately not here: when copies are made (`breaking`).

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::native::compiled;
use crate::support::{Project, said};

/// What is in the copies below `store`: by path, the text of files that say something, the size of others.
fn content(store: &Path) -> BTreeMap<String, String> {
    let files = walkdir::WalkDir::new(store.join("isolated")).into_iter().map(Result::unwrap);
    let file = |entry: walkdir::DirEntry| {
        let path = entry.path().strip_prefix(store).unwrap().display().to_string();
        let bytes = fs::read(entry.path()).unwrap();
        let text = String::from_utf8(bytes).unwrap_or_else(|error| error.as_bytes().len().to_string());
        (path, text)
    };
    files.filter(|entry| entry.file_type().is_file()).map(file).collect()
}

#[test]
fn the_name_of_copies_says_nothing_of_where_the_store_is() {
    for scenario in ["05", "13", "24"] {
        let (project, _) = Project::two_pins(&compiled(scenario));
        project.sync();
        let other = project.path("a longer name of a store");
        let output =
            project.command(&["sync", "--frozen", "--force"]).env("PINFOLD_CACHE", &other).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let (one, two) = (content(&project.store()), content(&other));
        assert!(one.keys().any(|path| path.ends_with("/isolated.json")), "{one:?}");
        assert_eq!(one, two, "{scenario}");
        for path in one.keys() {
            let mode = fs::metadata(project.store().join(path)).unwrap().permissions().mode();
            assert_eq!(mode & 0o222, 0, "{path} may be written to");
        }
        let record = one.iter().find(|(path, _)| path.ends_with("/isolated.json")).unwrap().1;
        assert!(record.contains("\"original\": \"wheels/"), "{record}");
    }
}

#[test]
fn a_store_that_has_the_copies_may_stay_read_only() {
    let (mut project, _) = Project::two_pins(&compiled("05"));
    let six = project.simple("six", "1.0", &[]);
    project.lock();
    project.sync();
    // Nobody looked at an environment without `six`.
    project.forget(&six);
    project.lock();
    let script = r#"
        chmod -R u+w "$PINFOLD_CACHE/isolated" && cp -r "$PINFOLD_CACHE" empty && rm -r empty/isolated empty/verdicts
        read_only() { mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"; }
        read_only "$PINFOLD_CACHE" && read_only empty
        "$PINFOLD" sync --frozen; .venv/bin/python -c 'import one, two; print("it works")'
        code=0; PINFOLD_CACHE=$PWD/empty "$PINFOLD" sync --frozen --force || code=$?
        echo "without copies: $code"
    "#;
    let Some(output) = project.in_namespace(script) else { return };
    let text = said(&output);
    assert!(text.contains("Isolated one 1.0 and two 1.0") && text.contains("it works"), "{text}");
    assert!(text.contains("without copies: 2") && text.contains("may not be written to"), "{text}");
    let hint = text.lines().find(|line| line.starts_with("hint: ")).unwrap_or_default();
    assert!(hint.contains("PINFOLD_CACHE") && hint.contains("native = \"shared\""), "{text}");
}
