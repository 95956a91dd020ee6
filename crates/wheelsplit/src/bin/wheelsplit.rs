//! The two steps on a wheel, as programs for whoever builds without pinfold (Nix): `wheelsplit normalise` and
//! `wheelsplit install`.
//!
//! A program of its own, and a small one: a build is done again when its tools change, and this is the one tool that
//! every wheel goes through. Deliberately not here: building a wheel, and anything about environments.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wheelsplit::{Expected, install_alone, pack};

const USAGE: &str = "usage: wheelsplit normalise WHEEL FOLDER
       wheelsplit install WHEEL FOLDER --name NAME --version VERSION [--sha256 HASH]

normalise  writes the wheel anew into FOLDER: entries sorted, times and modes fixed, so that equal content has equal
           bytes; prints its path
install    verifies the wheel and installs it into FOLDER, which it makes: {site-packages, data, modules.idx, facts.json}";

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::from(2)
        }
    }
}

fn run(mut arguments: VecDeque<String>) -> Result<(), String> {
    let usage = || USAGE.to_owned();
    let command = arguments.pop_front().ok_or_else(usage)?;
    if ["--help", "-h"].contains(&command.as_str()) {
        println!("{USAGE}");
        return Ok(());
    }
    let wheel = arguments.pop_front().map(PathBuf::from).ok_or_else(usage)?;
    let folder = arguments.pop_front().map(PathBuf::from).ok_or_else(usage)?;
    match command.as_str() {
        "normalise" if arguments.is_empty() => normalise(&wheel, &folder),
        "install" => install(&wheel, &folder, &expected(arguments)?),
        _ => Err(usage()),
    }
}

fn normalise(wheel: &Path, folder: &Path) -> Result<(), String> {
    let made = pack::normalise(wheel, folder)
        .map_err(|error| format!("error: could not normalise `{}`: {error}", wheel.display()))?;
    println!("{}", made.display());
    Ok(())
}

fn expected(mut flags: VecDeque<String>) -> Result<Expected, String> {
    let (mut name, mut version, mut sha256) = (None, None, None);
    while let Some(flag) = flags.pop_front() {
        let value = flags.pop_front().ok_or_else(|| USAGE.to_owned())?;
        match flag.as_str() {
            "--name" => name = Some(value),
            "--version" => version = Some(value),
            "--sha256" => sha256 = Some(value),
            _ => return Err(USAGE.to_owned()),
        }
    }
    match (name, version) {
        (Some(name), Some(version)) => Ok(Expected { name, version, sha256 }),
        _ => Err(USAGE.to_owned()),
    }
}

fn install(wheel: &Path, folder: &Path, expected: &Expected) -> Result<(), String> {
    install_alone(wheel, expected, folder).map(drop).map_err(|error| {
        let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        format!("error: {error}{hint}")
    })
}
