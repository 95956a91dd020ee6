//! Instances: compiled files are real copies, everything else is shared.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use wheelsplit::Instance;

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
    let wanted = Instance { key: &unit, alone: false, links: &[] };
    let site = store.instance(&installed, &wanted).expect("an instance");
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
    let again = store.instance(&installed, &wanted).expect("the instance");
    assert_eq!(again, site);
    assert_eq!(inventory(&store), [format!("instances/{unit}"), format!("wheels/{}", installed.sha256)]);
    assert!(store.instance(&installed, &Instance { key: "../../evil", ..wanted }).is_err());
}

#[test]
fn an_instance_of_the_only_unit_has_the_same_files_and_links_to_others() {
    let (dir, store) = store();
    let forge = wheel();
    let installed = store.install_file(&forge.write(dir.path()), &forge.expected()).expect("installed");
    let libraries = dir.path().join("libraries");
    fs::create_dir(&libraries).expect("a folder");
    fs::write(libraries.join("liby.so"), "a library").expect("a file");
    let key = "c1".repeat(32);
    let links = [
        ("native/more/lib".into(), libraries.clone()),
        ("native.libs/liby.so".into(), libraries.join("liby.so")),
    ];
    let wanted = Instance { key: &key, alone: true, links: &links };
    let site = store.instance(&installed, &wanted).expect("an instance");
    assert_eq!(site, store.instance_site(&key));
    let library = "native.libs/libx-0a1b.so.1";
    assert_eq!(inode(&site.join(library)), inode(&installed.site().join(library)));
    assert_eq!(fs::read_to_string(site.join("native/more/lib/liby.so")).expect("the library"), "a library");
    assert_eq!(fs::read_link(site.join("native.libs/liby.so")).expect("a link"), libraries.join("liby.so"));
    assert!(!installed.site().join("native/more").exists(), "the wheel's own folder is as it was");
}
