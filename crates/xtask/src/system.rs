//! What the tests and the benchmarks need from the system: looked for, installed as root on Debian, else asked for
//! exactly.
//!
//! Deliberately not here: anything that pip or cargo bring, and what the programs themselves need.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::pythons::Python;
use crate::step::Step;

/// Machines whose C library Debian has for every other one, by the name in its package and in its folder.
const OTHER_MACHINES: [(&str, &str); 5] = [
    ("arm64", "aarch64-linux-gnu"),
    ("armhf", "arm-linux-gnueabihf"),
    ("i386", "i686-linux-gnu"),
    ("powerpc", "powerpc-linux-gnu"),
    ("s390x", "s390x-linux-gnu"),
];

/// A need that is not met: what for, and the Debian package that has it.
#[derive(Debug, PartialEq, Eq)]
struct Missing {
    what: String,
    package: String,
}

/// Makes sure that all needs of the tests are met.
pub(crate) fn prepare(pythons: &[Python]) -> Result<()> {
    install("tests", &missing(pythons))
}

/// Makes sure that there is Nix.
pub(crate) fn prepare_nix() -> Result<()> {
    let need = Missing { what: "Nix, which evaluates what nix/ says".into(), package: "nix-bin".into() };
    install("counts", if runs("nix-instantiate") { &[] } else { std::slice::from_ref(&need) })
}

/// Makes sure that all needs of the benchmarks are met.
pub(crate) fn prepare_benches() -> Result<()> {
    let needs = [
        ("cc", "a C compiler, for packages that are made", "gcc"),
        ("libtree", "a peer", "libtree"),
        ("nix-build", "Nix, which builds what nix/ says", "nix-bin"),
    ];
    let missing = needs.into_iter().filter(|(program, ..)| !runs(program));
    let missing = missing.map(|(_, what, package)| Missing { what: what.into(), package: package.into() });
    install("benchmarks", &missing.collect::<Vec<_>>())
}

/// Installs what is missing for `what`.
fn install(what: &str, missing: &[Missing]) -> Result<()> {
    if missing.is_empty() {
        eprintln!("everything that the {what} need from the system is there");
        return Ok(());
    }
    for Missing { what, package } in missing {
        eprintln!("missing: {what} (Debian package {package})");
    }
    let packages: Vec<&str> = missing.iter().map(|missing| missing.package.as_str()).collect();
    let command = format!("apt-get install --yes --no-install-recommends {}", packages.join(" "));
    if !(rustix::process::geteuid().is_root() && runs("apt-get")) {
        bail!("the {what} need {}\nhint: as root, on Debian: {command}", packages.join(", "));
    }
    Step::new("apt-get").args(["update", "--quiet"]).run()?;
    let install = Step::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
    install.args(command.split(' ').skip(1)).run()
}

fn missing(pythons: &[Python]) -> Vec<Missing> {
    let mut missing = Vec::new();
    let mut need = |met: bool, what: &str, package: &str| {
        if !met {
            missing.push(Missing { what: what.to_owned(), package: package.to_owned() });
        }
    };
    need(runs("cc"), "a C compiler, for the extension modules of the tests", "gcc");
    need(runs("readelf"), "readelf, which the facts of ELF files are compared with", "binutils");
    need(runs("nix-build"), "Nix, which builds what nix/ says", "nix-bin");
    for (module, package) in [("setuptools", "python3-setuptools"), ("wheel", "python3-wheel")] {
        need(imports(module), "what Nix builds wheels with, from the system's Python", package);
    }
    need(has_headers(), "the C headers of the system's Python, which Nix builds for", "python3-dev");
    need(runs("chromium"), "a browser, for the page that abicheck writes", "chromium");
    for (machine, folder) in OTHER_MACHINES {
        let met = Path::new("/usr").join(folder).join("lib/libc.so.6").is_file();
        need(met, "ELF files of other machines, 32 bit and big endian", &format!("libc6-{machine}-cross"));
    }
    for python in pythons {
        let met = python.include.join("Python.h").is_file();
        let what = format!("the C headers of Python {}, {}", python.minor, python.include.display());
        // Only Debian's own interpreter can get them from Debian; for any other, the hint at least names it.
        need(met, &what, &format!("python{}-dev", python.minor));
    }
    missing
}

/// The system's interpreter: Nix' sandbox shows it, and no other.
const SYSTEM_PYTHON: &str = "/usr/bin/python3";

/// Whether the system's Python has a module.
fn imports(module: &str) -> bool {
    system_python(&format!("import {module}"))
}

fn has_headers() -> bool {
    system_python("import os, sysconfig; open(os.path.join(sysconfig.get_paths()['include'], 'Python.h'))")
}

fn system_python(code: &str) -> bool {
    let mut command = Command::new(SYSTEM_PYTHON);
    command.args(["-I", "-c", code]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn runs(program: impl AsRef<Path>) -> bool {
    let mut command = Command::new(program.as_ref());
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_looked_for_where_the_interpreter_says() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let python = Python {
            minor: "3.12".into(),
            version: "3.12.1".into(),
            include: folder.path().into(),
            executable: "python3".into(),
        };
        let asked = |python: &Python| {
            let missing = missing(std::slice::from_ref(python));
            missing.iter().any(|missing| missing.package == "python3.12-dev")
        };
        assert!(asked(&python));
        std::fs::write(folder.path().join("Python.h"), "").expect("a header");
        assert!(!asked(&python));
    }
}
