//! Instances: compiled files are real copies, everything else is shared.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::forge::{Forge, inventory, listing, store};

fn wheel() -> Forge {
    Forge::new("native", "1.0")
        .file("native/fast.abi3.so", b"\x7fELF\x02\x01\x01")
        .file("native.libs/libx-0a1b.so.1", b"\x7fELF\x02\x01\x02")
        .file("native/text.so", "a linker script is text")
}

fn inode(path: &Path) -> u64 {
    path.metadata().expect("metadata").ino()
}

#[test]
fn compiled_files_are_copied_and_the_rest_is_linked() {
    let (dir, store) = store();
    let forge = wheel();
    let installed = store.install_file(&forge.write(dir.path()), &forge.expected()).expect("installed");
    let unit = "c0".repeat(32);
    let site = store.instance(&installed, &unit).expect("an instance");
    assert_eq!(listing(&site), listing(&installed.site()));
    for (file, shared) in [
        ("native/fast.abi3.so", false),
        ("native.libs/libx-0a1b.so.1", false),
        ("native/text.so", true),
        ("native/__init__.py", true),
        ("native-1.0.dist-info/METADATA", true),
        ("native/__pycache__", true),
    ] {
        assert_eq!(inode(&site.join(file)) == inode(&installed.site().join(file)), shared, "{file}");
    }
    let table = |dir: &Path| fs::read(dir.join("modules.idx")).expect("a table");
    assert_eq!(table(site.parent().expect("a parent")), table(&installed.dir));
    let again = store.instance(&installed, &unit).expect("the instance");
    assert_eq!(again, site);
    assert_eq!(inventory(&store), [format!("instances/{unit}"), format!("wheels/{}", installed.sha256)]);
    assert!(store.instance(&installed, "../../evil").is_err());
}
