//! The two steps on a wheel, as programs for whoever builds without pinfold (Nix): `wheelsplit normalise` and
//! `wheelsplit install`; and `wheelsplit unmet`, what of a build's requirements is not there.
//!
//! A program of its own, and a small one: a build is done again when its tools change, and this is the one tool that
//! every wheel goes through. Deliberately not here: building a wheel, and anything about environments.

use std::collections::{BTreeMap, VecDeque};
use std::io::stdin;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wheelsplit::{Defect, Error, Expected, install_alone, pack};

const USAGE: &str = "usage: wheelsplit normalise WHEEL FOLDER [--name NAME --version VERSION]
       wheelsplit install WHEEL FOLDER --name NAME --version VERSION [--sha256 HASH]
       wheelsplit unmet

normalise  writes the wheel anew into FOLDER: entries sorted, times and modes fixed, so that equal content has equal
           bytes; prints its path. With a name and a version, it must be a proper wheel of these
install    verifies the wheel and installs it into FOLDER, which it makes: {site-packages, data, modules.idx, facts.json}
unmet      reads {\"requires\": [REQUIREMENT], \"there\": {NAME: VERSION}, \"markers\": {MARKER: VALUE}} from stdin and prints
           what is not met, one in a line";

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
    if command == "unmet" && arguments.is_empty() {
        return unmet();
    }
    let wheel = arguments.pop_front().map(PathBuf::from).ok_or_else(usage)?;
    let folder = arguments.pop_front().map(PathBuf::from).ok_or_else(usage)?;
    match command.as_str() {
        "normalise" if arguments.is_empty() => normalise(&wheel, &folder),
        "normalise" => proper(&wheel, &folder, &expected(arguments)?),
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

/// The same for the wheel that a build made: it must be one that can be installed.
fn proper(wheel: &Path, folder: &Path, expected: &Expected) -> Result<(), String> {
    let Expected { name, version, .. } = expected;
    let file = wheel.file_name().unwrap_or_default().to_string_lossy();
    let wrong = |how: &str, hint: &str| {
        format!(
            "error: could not build the wheel of {name} {version}: its backend made {file}, which {how}\nhint: {hint}"
        )
    };
    let anew = "it is the backend's to make a proper one: see whether another release of it does";
    let made = pack::normalise(wheel, folder)
        .map_err(|error| wrong(&format!("is no proper wheel, and cannot be normalised: {error}"), anew))?;
    let tried = tempfile::tempdir().map_err(|error| format!("error: could not make a folder: {error}"))?;
    install_alone(&made, expected, &tried.path().join("installed")).map_err(|error| match error {
        Error::Wheel { defect: Defect::Identity { what, expected, found, .. }, .. } if what != "tag" => {
            let how = format!("has the {what} {found}, and `buildWheel` was told {expected}");
            wrong(
                &how,
                &format!(
                    "`{}` is what the package says of itself",
                    if what == "name" { "pname" } else { what }
                ),
            )
        }
        Error::Wheel { defect, .. } => wrong(&format!("is no proper wheel: {defect}"), anew),
        other => wrong(&format!("cannot be installed: {other}"), &other.hint().unwrap_or_default()),
    })?;
    println!("{}", made.display());
    Ok(())
}

fn unmet() -> Result<(), String> {
    let wrong = |error: serde_json::Error| format!("error: could not read the question on stdin: {error}");
    let mut question: BTreeMap<String, serde_json::Value> =
        serde_json::from_reader(stdin().lock()).map_err(wrong)?;
    let mut take = |key: &str| question.remove(key).unwrap_or_default();
    let requires: Vec<String> = serde_json::from_value(take("requires")).map_err(wrong)?;
    let there: BTreeMap<String, String> = serde_json::from_value(take("there")).map_err(wrong)?;
    let markers = serde_json::from_value(take("markers")).map_err(wrong)?;
    for one in pinfold_core::requires::unmet(&requires, &there, &markers) {
        println!("{one}");
    }
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
