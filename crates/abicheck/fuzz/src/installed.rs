//! `site-packages`: whatever METADATA, WHEEL, RECORD and `.pth` files say, an environment is read, and what it holds
//! is there.

use std::fs;
use std::path::Path;

use abicheck::environment::{Environment, Wishes};

/// What stands between two files of the data.
const SEPARATOR: u8 = 0x1e;

/// The data is METADATA, WHEEL, RECORD and a `.pth` file.
pub fn holds(data: &[u8]) {
    let folder = super::scratch();
    // Links would make another path of it.
    let root = folder.path().canonicalize().expect("it was just made");
    let python = interpreter(&root.join("python"));
    let site = root.join("site");
    fs::create_dir_all(site.join("a-1.dist-info")).expect("the folder can be written to");
    fs::create_dir(site.join("a")).expect("the folder can be written to");
    fs::create_dir(root.join("added")).expect("the folder can be written to");
    for file in ["site/a/x.so", "site/libz.so.1", "added/y.so"] {
        fs::write(root.join(file), "no ELF file, which this does not look into").expect("the same");
    }
    let mut parts = data.split(|byte| *byte == SEPARATOR);
    for file in ["a-1.dist-info/METADATA", "a-1.dist-info/WHEEL", "a-1.dist-info/RECORD"] {
        fs::write(site.join(file), parts.next().unwrap_or_default()).expect("the folder can be written to");
    }
    // A line that leads out of the temporary folder would have the whole disk looked at.
    let lines = parts.next().unwrap_or_default().split_inclusive(|byte| *byte == b'\n');
    let lines: Vec<&[u8]> =
        lines.filter(|line| !line.contains(&b'/') || line.starts_with(b"../added")).collect();
    fs::write(site.join("b.pth"), lines.concat()).expect("the folder can be written to");
    let wishes = Wishes { python: Some(python) };
    let environment = Environment::read(&[site], &wishes).unwrap_or_else(|error| panic!("{error}"));
    for (at, distribution) in environment.distributions.iter().enumerate() {
        assert!(distribution.native.is_sorted());
        for file in &distribution.native {
            assert!(file.is_file(), "{} is there", file.display());
            assert!(environment.owner(file).is_some_and(|owner| owner <= at));
        }
        let whole = |name: &String| !name.is_empty() && !name.contains(['/', '.', '\0']);
        assert!(distribution.modules.iter().all(whole), "{:?}", distribution.modules);
    }
    let all = &environment.distributions;
    for (top, file) in [("a", "x.so"), ("libz.so.1", "libz.so.1")] {
        let claimed = |record: &String| record.split('/').next() == Some(top);
        let is_claimed = all.iter().any(|one| one.recorded.iter().any(claimed));
        let is_there = all.iter().flat_map(|one| &one.native).any(|native| native.ends_with(file));
        assert!(is_claimed || is_there, "{file}, which nobody records, belongs to somebody");
    }
    assert!(environment.notes.iter().all(|note| !note.contains('\u{1b}')), "{:?}", environment.notes);
}

/// What looks like an interpreter; nothing is run.
fn interpreter(prefix: &Path) -> std::path::PathBuf {
    fs::create_dir_all(prefix.join("bin")).expect("the folder can be written to");
    fs::create_dir_all(prefix.join("lib/python3.11")).expect("the folder can be written to");
    fs::write(prefix.join("lib/python3.11/os.py"), "").expect("the folder can be written to");
    let program = prefix.join("bin/python3.11");
    fs::write(&program, b"\x7fELF").expect("the folder can be written to");
    program
}
