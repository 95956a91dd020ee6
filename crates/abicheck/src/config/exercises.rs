//! `exercises`: code of the user's that `--verify` runs for a package.
//!
//! Deliberately not here: running it, and the exercises that abicheck has itself (`verify`).

use std::path::Path;

use toml::Spanned;
use toml::de::DeValue;

use super::error::ConfigError;
use super::fingerprint::bare;
use super::read::Reader;

/// What `--verify` does with a package after it was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserExercise {
    /// The normalised name of the distribution.
    pub distribution: String,
    /// Python code; what it raises is what broke.
    pub code: String,
    /// Where it stands, such as `abicheck.toml:3`.
    pub place: String,
}

impl Reader<'_> {
    /// The table `value`: names of distributions, each with code or with a file beside the configuration.
    pub(super) fn exercises(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<UserExercise>, ConfigError> {
        let expected = "a table: a distribution's name = \"Python code\", or = \"file.py\"";
        let table = value.get_ref().as_table().ok_or_else(|| self.kind(value, "exercises", expected))?;
        let mut exercises: Vec<UserExercise> = Vec::new();
        for (key, value) in table {
            let (name, start) = (key.get_ref().as_ref(), key.span().start);
            let text: String = self.of(value, &format!("exercises.{name}"), "a string, code or a file")?;
            let distribution = bare(name);
            if exercises.iter().any(|known| known.distribution == distribution) {
                return Err(self.wrong(start, format!("`exercises` has {distribution} twice"), None));
            }
            let is_file = text.ends_with(".py") && !text.contains('\n');
            let code = if is_file { self.file(&text, value.span().start)? } else { text };
            if code.trim().is_empty() {
                let hint = "give a line that uses what the package has compiled".to_owned();
                return Err(self.wrong(start, format!("the exercise of {name} is empty"), Some(hint)));
            }
            let place = format!("{}:{}", self.path.display(), self.line(start));
            exercises.push(UserExercise { distribution, code, place });
        }
        Ok(exercises)
    }

    fn file(&self, name: &str, start: usize) -> Result<String, ConfigError> {
        let path = self.path.parent().unwrap_or(Path::new(".")).join(name);
        std::fs::read_to_string(&path).map_err(|error| {
            let hint = "a file is named from the folder of the configuration".to_owned();
            self.wrong(start, format!("could not read the exercise {}: {error}", path.display()), Some(hint))
        })
    }
}
