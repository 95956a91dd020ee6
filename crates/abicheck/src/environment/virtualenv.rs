//! A virtual environment (PEP 405): `pyvenv.cfg`, the interpreter it was made from, its `site-packages`.
//!
//! Deliberately not here: what `activate` does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::InputError;
use super::interpreter::Interpreter;
use super::pinned::Views;
use super::site::Site;
use super::start::Start;
use super::{Environment, Wishes, reading};

const FILE: &str = "pyvenv.cfg";
/// Bytes of it.
const LONGEST: u64 = 1 << 20;

/// `pyvenv.cfg`.
struct Settings(String);

impl Settings {
    /// Those of the environment in `folder`.
    fn read(folder: &Path) -> Result<Self, InputError> {
        let path = folder.join(FILE);
        let text = reading::read(&path, LONGEST).map_err(InputError::io(&path))?;
        Ok(Self(String::from_utf8_lossy(&text).into_owned()))
    }

    fn value(&self, wanted: &str) -> Option<&str> {
        let pairs = self.0.lines().filter_map(|line| line.split_once('='));
        let mut pairs = pairs.map(|(key, value)| (key.trim(), value.trim()));
        pairs.find(|(key, _)| *key == wanted).map(|(_, value)| value)
    }
}

/// Whether `folder` is a virtual environment.
pub(super) fn is_one(folder: &Path) -> bool {
    folder.join(FILE).is_file()
}

/// The folder of the program that the environment in `folder` was made from.
pub(super) fn home(folder: &Path) -> Option<PathBuf> {
    if !is_one(folder) {
        return None;
    }
    Settings::read(folder).ok()?.value("home").map(PathBuf::from)
}

/// Reads the environment in `folder`.
pub(super) fn read(folder: &Path, wishes: &Wishes) -> Result<Environment, InputError> {
    let settings = Settings::read(folder)?;
    let own = ["python", "python3"]
        .map(|name| folder.join("bin").join(name))
        .into_iter()
        .find(|link| link.exists());
    let home = settings.value("home").map(|home| Path::new(home).join("python3"));
    let program = own.or(home);
    let (interpreter, own) = match (&wishes.python, program) {
        (Some(named), _) => (Interpreter::named(named)?, None),
        (None, Some(program)) => {
            let gone = || InputError::NoInterpreter {
                path: folder.to_owned(),
                why: format!("{}, which it was made from, is not there", program.display()),
            };
            let interpreter = Interpreter::at(&program);
            (interpreter.map_err(|error| if program.exists() { error } else { gone() })?, Some(program))
        }
        (None, None) => {
            let why = "it has no bin/python, and its pyvenv.cfg no `home`".to_owned();
            return Err(InputError::NoInterpreter { path: folder.to_owned(), why });
        }
    };
    let mut site = Site::default();
    let sites: Vec<PathBuf> = ["lib", "lib64"]
        .map(|lib| folder.join(lib).join(format!("python{}", interpreter.minor())).join("site-packages"))
        .into_iter()
        .filter(|site| site.is_dir())
        .collect();
    if sites.is_empty() {
        return Err(InputError::NoEnvironment {
            path: folder.to_owned(),
            what: format!("a virtual environment without lib/python{}/site-packages", interpreter.minor()),
            hint: "was it made for another Python? make it again, or name the Python: `--python`".to_owned(),
        });
    }
    sites.iter().try_for_each(|folder| site.add(folder))?;
    if settings.value("include-system-site-packages").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        for system in [interpreter.stdlib.join("site-packages"), interpreter.stdlib.join("dist-packages")] {
            if system.is_dir() {
                site.add(&system)?;
            }
        }
    }
    let Site { folders, distributions, notes, .. } = site;
    // An interpreter that the user names does not know the environment.
    let start = own.map_or_else(|| Start::told(&interpreter, &folders), Start::Own);
    let views = Views::same(&interpreter, folders);
    Ok(Environment { interpreter, distributions, views, answers: Arc::default(), start, notes })
}
