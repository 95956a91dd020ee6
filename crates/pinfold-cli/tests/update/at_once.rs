//! Updates that meet another one, or power cuts: kill -9 at random moments.
//!
//! Deliberately not here: rollbacks and syncs that are killed.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::links::{link, project, uv};
use crate::support::stderr;
use crate::{agree, gate, three, update, versions};

#[test]
fn of_two_updates_at_once_the_second_waits_also_with_another_environment() {
    if !uv() {
        return;
    }
    for other in [".venv", "other"] {
        let project = three(|text| text.replace("#main\n", &gate("sleep 2")));
        let start = |environment: &str| {
            let mut command = project.command(&["update", "--env", environment]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let (first, second) = (start(".venv"), start(other));
        let outputs = [first.wait_with_output().unwrap(), second.wait_with_output().unwrap()];
        assert!(outputs.iter().all(|output| output.status.success()), "{outputs:?}");
        let waited =
            outputs.iter().filter(|o| stderr(o).contains("Waiting for another `pinfold update`")).count();
        assert_eq!(waited, 1, "{outputs:?}");
        project.ok(&["sync"]);
        agree(&project);
        assert_eq!(versions(&project)[0], "root: app 2, lib 2, tool 2");
    }
}

/// Numbers without a pattern, the same for the same seed (splitmix64).
struct Random(u64);

impl Random {
    /// From `PINFOLD_TEST_SEED`, else from the system; a failed test shows it.
    fn new() -> Self {
        let given = std::env::var("PINFOLD_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        eprintln!("PINFOLD_TEST_SEED={seed}");
        Random(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }
}

#[test]
fn kill_9_at_fifty_random_moments_of_an_update_leaves_lock_and_environment_in_agreement() {
    if !uv() {
        return;
    }
    // One package in one track: a round is cheap, and passes through every step that a large one has.
    let project = project("requires = ['lib']\n[tracks.main]\ngate = 'true'\n");
    link(&project, "lib", "1", &[]);
    project.ok(&["sync"]);
    link(&project, "lib", "2", &[]);
    let start = Instant::now();
    update(&project, &[]);
    let whole = start.elapsed();
    let mut random = Random::new();
    let (mut killed, mut in_the_switch) = (0, 0);
    let generations = || fs::read_dir(project.app().join(".pinfold/.venv")).unwrap().flatten();
    let half_built = || generations().any(|entry| entry.file_name().to_string_lossy().starts_with("tmp-"));
    for round in 3..53 {
        link(&project, "lib", &round.to_string(), &[]);
        let mut command = project.command(&["update"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if round % 2 == 0 {
            std::thread::sleep(Duration::from_micros(random.below(whole.as_micros() as u64)));
        } else {
            // The switch is short: half of the moments lie around it.
            while !half_built() && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_micros(200));
            }
            std::thread::sleep(Duration::from_micros(random.below(whole.as_micros() as u64 / 8)));
        }
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        in_the_switch += usize::from(project.app().join(".pinfold/.venv/switch.json").exists());
        let version = project.python("import lib; print(lib.version)");
        assert!(version.parse::<u64>().is_ok_and(|version| version <= round), "round {round}: {version}");
        project.ok(&["generations"]);
        agree(&project);
        assert_eq!(project.python("import lib; print(lib.version)"), version, "round {round}");
    }
    eprintln!("{killed} were still running when they were killed, {in_the_switch} in the switch itself");
    assert!(killed > 10, "only {killed} of 50 updates were still running when they were killed");
    update(&project, &[]);
    assert_eq!(versions(&project), ["root: lib 52"]);
    assert!(
        generations().filter(|entry| entry.file_name().to_string_lossy().parse::<u64>().is_ok()).count() <= 5
    );
}
