//! Steps: a heading, the command line as one would type it, the command itself, and a clear end when it fails.
//!
//! Deliberately not here: hiding output. What a command prints is shown as it prints it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Announces a step on stderr.
pub(crate) fn heading(text: &str) {
    let plain =
        std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()) || !std::io::stderr().is_terminal();
    if plain {
        eprintln!("\n==> {text}");
    } else {
        eprintln!("\n\x1b[1;36m==>\x1b[0m \x1b[1m{text}\x1b[0m");
    }
}

/// A command that prints itself before it runs.
pub(crate) struct Step(Command);

impl Step {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.current_dir(crate::places::root()).stdin(Stdio::null());
        Step(command)
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.0.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Runs it; an exit code other than 0 is an error.
    pub(crate) fn run(self) -> Result<()> {
        let line = self.line();
        match self.code()? {
            Some(0) => Ok(()),
            code => bail!("`{line}` {}", ended(code)),
        }
    }

    /// Runs it and returns its exit code, `None` when a signal ended it.
    pub(crate) fn code(mut self) -> Result<Option<i32>> {
        eprintln!("+ {}", self.line());
        let status = self.0.status().with_context(|| format!("could not start `{}`", self.line()))?;
        Ok(status.code())
    }

    /// As [`Step::code`]; every line of stdout is passed on and shown to `see`.
    pub(crate) fn code_seeing(mut self, mut see: impl FnMut(&str)) -> Result<Option<i32>> {
        eprintln!("+ {}", self.line());
        let line = self.line();
        let context = || format!("could not start `{line}`");
        let mut child = self.0.stdout(Stdio::piped()).spawn().with_context(context)?;
        if let Some(stdout) = child.stdout.take() {
            for text in BufReader::new(stdout).split(b'\n') {
                let text = text.with_context(|| format!("could not read what `{line}` prints"))?;
                let text = String::from_utf8_lossy(&text);
                println!("{text}");
                see(&text);
            }
        }
        Ok(child.wait().with_context(|| format!("could not wait for `{line}`"))?.code())
    }

    /// The command as one would type it, with paths below the checkout shortened.
    fn line(&self) -> String {
        let root = crate::places::root();
        let variables = self.0.get_envs().filter_map(|(name, value)| {
            value.map(|value| format!("{}={}", name.to_string_lossy(), shown(value, &root)))
        });
        let words = std::iter::once(self.0.get_program()).chain(self.0.get_args());
        variables.chain(words.map(|word| shown(word, &root))).collect::<Vec<_>>().join(" ")
    }
}

/// How a command ended, in words.
pub(crate) fn ended(code: Option<i32>) -> String {
    code.map_or_else(|| "was ended by a signal".to_owned(), |code| format!("ended with exit code {code}"))
}

fn shown(word: &OsStr, root: &Path) -> String {
    let text = match Path::new(word).strip_prefix(root) {
        Ok(below) if below.as_os_str().is_empty() => ".".into(),
        Ok(below) => below.to_string_lossy(),
        Err(_) => word.to_string_lossy(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
