//! A virtual environment (PEP 405): `pyvenv.cfg`, the interpreter it was made from, its `site-packages`.
//!
//! Deliberately not here: what `activate` does.

use std::path::{Path, PathBuf};

use super::error::InputError;
use super::interpreter::Interpreter;
use super::pinned::Views;
use super::site::Site;
use super::start::Start;
use super::{Environment, Wishes, reading};

/// Bytes of `pyvenv.cfg`.
const LONGEST: u64 = 1 << 20;

/// Reads the environment in `folder`.
pub(super) fn read(folder: &Path, wishes: &Wishes) -> Result<Environment, InputError> {
    let path = folder.join("pyvenv.cfg");
    let text = reading::read(&path, LONGEST).map_err(InputError::io(&path))?;
    let text = String::from_utf8_lossy(&text);
    let value = |wanted: &str| {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs
            .map(|(key, value)| (key.trim(), value.trim()))
            .find(|(key, _)| *key == wanted)
            .map(|(_, value)| value)
    };
    let own = ["python", "python3"]
        .map(|name| folder.join("bin").join(name))
        .into_iter()
        .find(|link| link.exists());
    let home = value("home").map(|home| Path::new(home).join("python3"));
    let program = wishes.python.clone().or(own).or(home);
    let program = program.ok_or_else(|| InputError::NoInterpreter {
        path: folder.to_owned(),
        why: "it has no bin/python, and its pyvenv.cfg no `home`".to_owned(),
    })?;
    let interpreter = Interpreter::at(&program)?;
    let mut site = Site::default();
    let own: Vec<PathBuf> = ["lib", "lib64"]
        .map(|lib| folder.join(lib).join(format!("python{}", interpreter.minor())).join("site-packages"))
        .into_iter()
        .filter(|site| site.is_dir())
        .collect();
    if own.is_empty() {
        return Err(InputError::NoEnvironment {
            path: folder.to_owned(),
            what: format!("a virtual environment without lib/python{}/site-packages", interpreter.minor()),
            hint: "was it made for another Python? make it again, or name the Python: `--python`".to_owned(),
        });
    }
    own.iter().try_for_each(|folder| site.add(folder))?;
    if value("include-system-site-packages").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        for system in [interpreter.stdlib.join("site-packages"), interpreter.stdlib.join("dist-packages")] {
            if system.is_dir() {
                site.add(&system)?;
            }
        }
    }
    let Site { folders, distributions, notes, .. } = site;
    let start = Start::own(&program, wishes.python.is_some(), &interpreter, &folders);
    let views = Views::same(&interpreter, folders);
    Ok(Environment { interpreter, distributions, views, start, notes })
}
