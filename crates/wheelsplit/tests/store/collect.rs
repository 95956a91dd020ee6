//! Collections: what is live stays, what is not goes, and whoever uses the store is waited for.

use std::fs;

use wheelsplit::{Instance, Live};

use crate::forge::{Forge, inventory, store};

#[test]
fn what_is_live_stays_and_the_rest_goes() {
    let (dir, store) = store();
    let install = |name: &str| {
        let forge = Forge::new(name, "1.0").file(&format!("{name}/x.so"), b"\x7fELF");
        store.install_file(&forge.write(dir.path()), &forge.expected()).expect("installed")
    };
    let (kept, gone) = (install("kept"), install("gone"));
    let hook = |hash: &str| {
        let fill = |dir: &std::path::Path| fs::write(dir.join("hook.py"), "");
        store.hook(hash, fill).expect("a copy of the hook")
    };
    let (kept_hook, gone_hook) = (hook(&"11".repeat(32)), hook(&"22".repeat(32)));
    assert_eq!(hook(&"11".repeat(32)), kept_hook, "made once");
    fs::write(store.root().join("tmp/stray"), "").expect("a file that nobody knows");
    let (kept_unit, gone_unit) = ("aa".repeat(32), "bb".repeat(32));
    for (wheel, key) in [(&kept, &kept_unit), (&gone, &gone_unit)] {
        store.instance(wheel, &Instance { key, alone: false, links: &[] }).expect("an instance");
    }
    fs::create_dir_all(store.root().join("tmp/wheel-dead/site-packages")).expect("a leftover");
    fs::write(store.root().join("tmp/wheel-dead.lock"), "").expect("its lock");
    fs::write(store.root().join("tmp/wheel-young.lock"), "").expect("a lock without its folder");
    let bytecode = |sha256: &str| store.root().join("bytecode/cpython-312").join(sha256);
    for wheel in [&kept, &gone] {
        fs::create_dir_all(bytecode(&wheel.sha256).join("pkg")).expect("bytecode");
        fs::write(bytecode(&wheel.sha256).join("pkg/__init__.pyc"), "code").expect("bytecode");
    }
    let live = Live {
        wheels: [kept.sha256.clone()].into(),
        instances: [kept_unit.clone()].into(),
        isolated: Default::default(),
        hooks: ["11".repeat(32)].into(),
    };
    let before = inventory(&store);
    let held = store.exclusive().expect("the lock");
    let planned = store.collect(&held, &live, true).expect("a plan");
    assert_eq!(inventory(&store), before, "a dry run removes nothing");
    let done = store.collect(&held, &live, false).expect("a collection");
    assert_eq!(planned, done);
    assert_eq!(done.bytecode, [bytecode(&gone.sha256)]);
    assert!(bytecode(&kept.sha256).exists() && !bytecode(&gone.sha256).exists());
    assert_eq!(done.wheels, [gone.dir]);
    assert_eq!(done.leftovers.len(), 3);
    assert!(kept_hook.exists() && !gone_hook.exists());
    assert!(done.bytes > 0);
    assert_eq!(inventory(&store), [format!("instances/{kept_unit}"), format!("wheels/{}", kept.sha256)]);
    assert_eq!(store.wheel(&kept.sha256).expect("a look"), Some(kept));
    assert_eq!(store.collect(&held, &live, false).expect("again").folders(), 0);
}

#[test]
fn a_collection_waits_for_whoever_uses_the_store() {
    let (_dir, store) = store();
    let (one, two) = (store.share().expect("a share"), store.share().expect("a share"));
    assert!(store.try_exclusive().expect("a look").is_none());
    drop(one);
    assert!(store.try_exclusive().expect("a look").is_none());
    drop(two);
    let held = store.try_exclusive().expect("a look").expect("nobody else");
    assert!(store.try_share().expect("a look").is_none());
    assert!(store.try_exclusive().expect("a look").is_none());
    drop(held);
    assert!(store.try_share().expect("a look").is_some());
}

#[test]
fn a_folder_in_the_making_is_left_alone() {
    let (_dir, store) = store();
    fs::create_dir_all(store.root().join("tmp/wheel-busy")).expect("a folder");
    let lock = fs::File::create(store.root().join("tmp/wheel-busy.lock")).expect("its lock");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("locked");
    let held = store.exclusive().expect("the lock");
    let done = store.collect(&held, &Live::default(), false).expect("a collection");
    assert_eq!(done.folders(), 0);
    assert_eq!(inventory(&store), ["tmp/wheel-busy", "tmp/wheel-busy.lock"]);
}
