//! Commands that see file systems of their own: one that is full, or may not be written to.
//!
//! Deliberately not here: what they are to do there.

use std::process::{Command, Output};

use super::Project;

impl Project {
    /// Runs `script` in a mount namespace of its own; `None`, said aloud, where the system allows none.
    pub fn in_namespace(&self, script: &str) -> Option<Output> {
        let flags = if rustix::process::geteuid().is_root() { "-m" } else { "-Urm" };
        let works = Command::new("unshare").args([flags, "sh", "-c", "mount -t tmpfs none /mnt"]).output();
        if !works.is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: no mount namespaces here (unshare {flags})");
            assert!(std::env::var("CI").is_err(), "this test must not be skipped in CI");
            return None;
        }
        let like = self.command(&[]);
        let mut command = Command::new("unshare");
        command
            .args([flags, "bash", "-euc", script])
            .current_dir(self.app())
            .env("PINFOLD", env!("CARGO_BIN_EXE_pinfold"));
        for (name, value) in like.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Some(command.output().unwrap())
    }
}
