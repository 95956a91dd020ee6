//! `abicheck isolate`, as a user calls it.
//!
//! Deliberately not here: what must come of it.

use std::path::Path;
use std::process::Command;

/// Isolates `inputs` into `out`; what it says, if it ends with anything but 0.
pub(crate) fn isolate(inputs: &[&Path], out: &Path) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_abicheck"));
    let output = command.args(["isolate", "--no-cache", "--out"]).arg(out).args(inputs).output();
    let output = output.expect("abicheck runs");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(said.into_owned()) } else { Err(format!("{}: {said}", output.status)) }
}
