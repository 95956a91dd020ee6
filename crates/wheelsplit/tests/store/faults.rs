//! Faults: no room, no permission, `kill -9`, and eight processes at once. Each in processes of their own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use sha2::{Digest, Sha256};
use wheelsplit::{Live, Store};

use crate::forge::{Forge, inventory, listing, sha256, store};

const PROGRAM: &str = env!("CARGO_BIN_EXE_wheelsplit-install");

/// A wheel that takes a while: many files whose bytes do not compress.
fn heavy() -> Forge {
    let noise = |seed: u32| -> Vec<u8> {
        (0..500u32).flat_map(|i| Sha256::digest(format!("{seed} {i}")).to_vec()).collect()
    };
    (0..200).fold(Forge::new("heavy", "1.0"), |forge, i| {
        let forge = forge.file(&format!("heavy/part{}/m{i}.py", i % 10), format!("x = {i}\n"));
        if i % 4 == 0 { forge.file(&format!("heavy/d{i}.bin"), noise(i)) } else { forge }
    })
}

fn command(program: &Path, store: &Path, wheel: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg(store).args(["heavy", "1.0"]).arg(wheel);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_kill_at_any_moment_leaves_all_or_nothing() {
    let (dir, store) = store();
    let wheel = heavy().write(dir.path());
    let hash = sha256(&wheel);
    let (_reference_dir, reference_store) = crate::forge::store();
    let begun = Instant::now();
    let output = command(Path::new(PROGRAM), reference_store.root(), &wheel).output().expect("a run");
    assert!(output.status.success(), "{}", stderr(&output));
    let whole = begun.elapsed();
    let reference = listing(&reference_store.root().join("wheels").join(&hash));

    let (mut absent, mut killed) = (0, 0);
    for round in 0..50u32 {
        // Moments spread over the run by a sequence that hits no period: multiples of the golden section.
        let moment = whole.mul_f64((f64::from(round) * 0.618_034).fract() * 1.1);
        let mut child = command(Path::new(PROGRAM), store.root(), &wheel).spawn().expect("a child");
        std::thread::sleep(moment);
        child.kill().expect("SIGKILL");
        killed += u32::from(child.wait().expect("its end").signal() == Some(9));
        let folder = store.root().join("wheels").join(&hash);
        if folder.exists() {
            assert_eq!(listing(&folder), reference, "round {round}, killed after {moment:?}");
            // The next round begins without it.
            let held = store.exclusive().expect("the lock");
            store.collect(&held, &Live::default(), false).expect("a collection");
            assert_eq!(inventory(&store), [] as [&str; 0]);
        } else {
            absent += 1;
        }
    }
    assert!(killed > 0 && absent > 0, "no run was hit: {killed} killed, {absent} without a folder");
    // What the dead left does not stand in the way, and is collected.
    let output = command(Path::new(PROGRAM), store.root(), &wheel).output().expect("a run");
    assert!(output.status.success(), "{}", stderr(&output));
    let held = store.exclusive().expect("the lock");
    let live = Live { wheels: [hash.clone()].into(), ..Live::default() };
    store.collect(&held, &live, false).expect("a collection");
    assert_eq!(inventory(&store), [format!("wheels/{hash}")]);
}

#[test]
fn eight_at_once_make_one() {
    let (dir, store) = store();
    let wheel = heavy().write(dir.path());
    let children: Vec<_> =
        (0..8).map(|_| command(Path::new(PROGRAM), store.root(), &wheel).spawn().expect("a child")).collect();
    let folder = store.root().join("wheels").join(sha256(&wheel));
    for child in children {
        let output = child.wait_with_output().expect("its end");
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), folder.display().to_string());
    }
    assert_eq!(inventory(&store), [format!("wheels/{}", sha256(&wheel))]);
}

/// A child that may not write: as another user if we are root, whom permissions do not stop.
fn powerless(dir: &Path, store: &Path, wheel: &Path) -> Command {
    let program = dir.join("program");
    fs::copy(PROGRAM, &program).expect("a copy that everyone may run");
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).expect("its folder is for everyone");
    let mut command = command(&program, store, wheel);
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    command
}

#[test]
fn a_store_that_may_not_be_written_says_so() {
    let (dir, store) = store();
    let wheel = heavy().write(dir.path());
    fs::create_dir(store.root()).expect("the store");
    fs::set_permissions(store.root(), fs::Permissions::from_mode(0o555)).expect("read-only");
    let output = powerless(dir.path(), store.root(), &wheel).output().expect("a run");
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output).replace(&dir.path().display().to_string(), "DIR");
    insta::assert_snapshot!(text);
    assert_eq!(fs::read_dir(store.root()).expect("a folder").count(), 0);
    fs::set_permissions(store.root(), fs::Permissions::from_mode(0o755)).expect("as before");
}

#[test]
fn a_warm_store_can_be_read_only() {
    let (dir, store) = store();
    let forge = heavy();
    let wheel = forge.write(dir.path());
    store.install_file(&wheel, &forge.expected()).expect("installed");
    for folder in ["tmp", "wheels", "."] {
        fs::set_permissions(store.root().join(folder), fs::Permissions::from_mode(0o555)).expect("read-only");
    }
    let output = powerless(dir.path(), store.root(), &wheel).output().expect("a run");
    assert!(output.status.success(), "{}", stderr(&output));
    for folder in [".", "wheels", "tmp"] {
        fs::set_permissions(store.root().join(folder), fs::Permissions::from_mode(0o755)).expect("as before");
    }
}

/// Runs the program where files may have at most `blocks` of 512 bytes: EFBIG stands for ENOSPC.
fn starved(blocks: u32, store: &Path, wheel: &Path) -> Output {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, PROGRAM]).arg(store).args(["heavy", "1.0"]).arg(wheel).output().expect("a run")
}

#[test]
fn a_file_too_many_leaves_nothing() {
    let (dir, store) = store();
    let wheel = heavy().write(dir.path());
    let output = starved(8, store.root(), &wheel);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let text = stderr(&output);
    assert!(
        text.contains("there is no room in the store") && text.contains("hint: free some space"),
        "{text}"
    );
    assert_eq!(inventory(&store), [] as [&str; 0]);
}

/// A tmpfs of one megabyte; unmounted when dropped. `None` where mounting is not allowed.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf) -> Option<Self> {
        fs::create_dir(&at).expect("a mount point");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(&at).output().ok()?;
        mount.status.success().then(|| SmallDisk(at))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "could not unmount {}", self.0.display());
    }
}

/// On a disk of its own where that can be had (root may mount), else with the limit above at other sizes.
#[test]
fn a_full_disk_says_so_and_leaves_nothing() {
    let (dir, _) = store();
    let wheel = heavy().write(dir.path());
    let disk = SmallDisk::mount(dir.path().join("disk"));
    let store = Store::open(dir.path().join("disk/store")).expect("a store");
    let outputs = match &disk {
        Some(_) => vec![command(Path::new(PROGRAM), store.root(), &wheel).output().expect("a run")],
        None => (1..16).map(|blocks| starved(blocks, store.root(), &wheel)).collect(),
    };
    for output in outputs {
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("there is no room in the store") && text.contains("`pinfold gc`"), "{text}");
        assert_eq!(inventory(&store), [] as [&str; 0]);
    }
}
