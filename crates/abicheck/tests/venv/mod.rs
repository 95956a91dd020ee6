//! A virtual environment with what a script makes, in the words of `tests/abicheck/prelude.sh`.
//!
//! Deliberately not here: what it shows.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::python::Python;

/// Makes `root/venv` and returns its `site-packages`; what the compiler says, if it says something.
pub(crate) fn build(python: &Python, root: &Path, script: &str) -> Result<PathBuf, String> {
    let site = root.join(format!("venv/lib/python{}/site-packages", python.minor));
    let bin = root.join("venv/bin");
    for folder in [&site, &bin] {
        std::fs::create_dir_all(folder).expect("folders can be made");
    }
    let home = python.executable.parent().unwrap_or(Path::new("/"));
    std::fs::write(root.join("venv/pyvenv.cfg"), format!("home = {}\n", home.display()))
        .expect("pyvenv.cfg can be written");
    std::os::unix::fs::symlink(&python.executable, bin.join("python")).expect("links can be made");
    let prelude = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/abicheck/prelude.sh");
    let abi = format!("cp{}", python.minor.replace('.', ""));
    let output = Command::new("sh")
        .args(["-euc", &format!(". {prelude}\n{script}")])
        .env("SITE", &site)
        .env("SUFFIX", suffix(python))
        .env("TAG", format!("{abi}-{abi}-linux_{}", std::env::consts::ARCH))
        .current_dir(root)
        .output()
        .expect("a shell can be run");
    if output.status.success() {
        return Ok(site);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("was not built:\n{said}\nhint: on Debian: apt-get install g++"))
}

/// What extension modules of `python` end with.
fn suffix(python: &Python) -> String {
    let asked = "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))";
    let output = Command::new(&python.executable).args(["-I", "-c", asked]).output().expect("Python runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
