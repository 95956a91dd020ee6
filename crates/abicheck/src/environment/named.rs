//! The interpreter that `--python` names.
//!
//! Version managers put scripts under the names of interpreters: such a one is run, and asked what it starts. Nothing else
//! is.
//! Deliberately not here: reading an interpreter (`interpreter.rs`), and the environment's own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::error::InputError;
use super::interpreter::{Interpreter, start_of, version_in};
use super::reading::shown;

const GIVE: &str = "give the path of one: `--python /path/to/python3`";

impl Interpreter {
    /// The interpreter that the user names: by a path, or by a name that PATH leads to, as in a shell. Version managers
    /// put scripts there that start one: such a script is run, and asked for it.
    ///
    /// # Errors
    /// As [`Self::at`], or when PATH has none.
    pub fn named(name: &Path) -> Result<Self, InputError> {
        if name.as_os_str().as_encoded_bytes().contains(&b'/') {
            return Self::at_or_behind(name);
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut failed = None;
        for program in std::env::split_paths(&path).map(|bin| bin.join(name)).filter(|place| place.is_file())
        {
            match Self::at_or_behind(&program) {
                Ok(interpreter) => return Ok(interpreter),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        Err(failed.unwrap_or_else(|| {
            let text = name.to_string_lossy();
            let hint = match () {
                () if name.exists() => format!("for the one in this folder: `--python ./{text}`"),
                () if version_in(&format!("python{text}")).is_some() => format!("`--python python{text}`"),
                () => GIVE.to_owned(),
            };
            let why = "no folder of PATH has a program of this name".to_owned();
            InputError::NotPython { path: name.to_owned(), why, hint }
        }))
    }

    fn at_or_behind(program: &Path) -> Result<Self, InputError> {
        match program {
            _ if is_script(program) => Self::at(&started_by(program)?),
            _ if program.exists() => Self::at(program),
            _ => {
                let (why, hint) = ("it is not there".to_owned(), GIVE.to_owned());
                Err(InputError::NotPython { path: program.to_owned(), why, hint })
            }
        }
    }
}

fn is_script(program: &Path) -> bool {
    program.is_file() && start_of(program).is_ok_and(|start| start.starts_with(b"#!"))
}

/// How long a script that starts an interpreter may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The interpreter that the script at `script` starts, by what that says of itself.
fn started_by(script: &Path) -> Result<PathBuf, InputError> {
    let mut command = Command::new(script);
    command.args(["-I", "-S", "-c", "import sys; sys.stderr.write('\\n' + sys.executable)"]);
    let ended = crate::process::run(&mut command, PATIENCE).map_err(InputError::io(script))?;
    let program = PathBuf::from(ended.said.lines().next_back().unwrap_or_default());
    if !ended.late && program.is_absolute() && program.is_file() && !is_script(&program) {
        return Ok(program);
    }
    let said = ended.said.lines().find(|line| !line.trim().is_empty()).map(shown);
    let said = said.map_or_else(|| "it says nothing".to_owned(), |said| format!("it says: {said}"));
    let why = format!("it is a script that starts none; asked for `sys.executable`, {said}");
    Err(InputError::NotPython { path: script.to_owned(), why, hint: GIVE.to_owned() })
}
