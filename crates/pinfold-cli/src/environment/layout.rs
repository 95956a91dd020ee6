//! Where an environment lies: the link that users know (`.venv`), and the generations behind it.
//!
//! ```text
//! .venv -> .pinfold/.venv/3        one rename switches it
//! .pinfold/.venv/lock              held by whoever changes the environment
//! .pinfold/.venv/3/                a generation, never edited after it has its number
//! .pinfold/.venv/tmp-x1y2/         one being built
//! ```
//! Deliberately not here: what is inside a generation ([`super::generation`]).

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use rustix::fs::{FlockOperation, flock};

use crate::failure::{WithHint, hinted};
use crate::terminal;

/// How many generations [`super::gc`] keeps, the current one included.
pub const KEPT: usize = 5;

/// Where an update makes the environments of candidates, below the project.
pub const CANDIDATES: &str = ".pinfold/candidate";

/// Paths of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The environment as users name it, absolute: `/project/.venv`.
    pub link: PathBuf,
    /// The folder of its generations: `/project/.pinfold/.venv`.
    pub home: PathBuf,
}

/// What stands where the environment should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// Our link, to this generation (which may be gone).
    Generation(u64),
    /// Something else, in words.
    Foreign(String),
}

/// The environment's lock; released when dropped, or when the process ends.
#[derive(Debug)]
pub struct Guard {
    _file: File,
}

impl Layout {
    /// The layout of the environment at `link`.
    ///
    /// # Errors
    /// When the path has no last component or the current folder is gone.
    pub fn new(link: &Path) -> Result<Self> {
        let absolute = std::path::absolute(link)
            .with_context(|| format!("could not make `{}` an absolute path", link.display()))?;
        let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
            return Err(anyhow!("`{}` cannot be an environment: it has no name", link.display()));
        };
        // Folders above may be links; scripts name the place that will not change with them.
        let parent = parent.canonicalize().unwrap_or_else(|_| parent.to_owned());
        Ok(Layout { link: parent.join(name), home: parent.join(".pinfold").join(name) })
    }

    /// Whether it is a candidate's, which is what its own lock says and no other.
    pub fn is_candidate(&self) -> bool {
        self.link.parent().is_some_and(|parent| parent.ends_with(CANDIDATES))
    }

    /// The folder of generation `number`.
    pub fn generation(&self, number: u64) -> PathBuf {
        self.home.join(number.to_string())
    }

    /// The link's text for generation `number`, relative so that a project can be moved.
    pub fn target(&self, number: u64) -> PathBuf {
        Path::new(".pinfold").join(self.home.file_name().unwrap_or_default()).join(number.to_string())
    }

    /// What stands at [`Self::link`].
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn found(&self) -> Result<Found> {
        let kind = match fs::symlink_metadata(&self.link) {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => {
                return Err(error).with_context(|| format!("could not look at {}", self.link.display()));
            }
        };
        if kind.is_symlink() {
            let target = fs::read_link(&self.link)?;
            let number = target.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
            return Ok(match number {
                Some(number) if self.target(number) == target => Found::Generation(number),
                _ => Found::Foreign(format!("a link to {}", target.display())),
            });
        }
        let what = if !kind.is_dir() {
            "a file"
        } else if self.link.join("pyvenv.cfg").is_file() {
            "a virtual environment that another tool made"
        } else {
            "a folder that is not an environment"
        };
        Ok(Found::Foreign(what.to_owned()))
    }

    /// The numbers of complete generations, ascending.
    pub fn generations(&self) -> Vec<u64> {
        let Ok(entries) = fs::read_dir(&self.home) else { return Vec::new() };
        let mut numbers: Vec<u64> =
            entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Waits for the environment's lock, saying so if another process has it.
    ///
    /// # Errors
    /// When the folder cannot be made or the lock cannot be taken.
    pub fn guard(&self) -> Result<Guard> {
        let made =
            fs::create_dir_all(&self.home).with_context(|| format!("could not make {}", self.home.display()));
        made.hint("the project's folder must be writable; `--env PATH` puts the environment elsewhere")?;
        if let Some(above) = self.home.parent() {
            crate::ignore::whole(above);
        }
        let path = self.home.join("lock");
        let file = File::options().create(true).append(true).open(&path);
        let file = file.with_context(|| format!("could not open {}", path.display()))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let _waiting = terminal::spinner(format!(
                "Waiting for another pinfold to finish with {}",
                self.link.display()
            ));
            flock(&file, FlockOperation::LockExclusive)
                .with_context(|| format!("could not lock {}", path.display()))?;
        }
        Ok(Guard { _file: file })
    }

    /// The environment's lock, if nobody else has it.
    pub fn try_guard(&self) -> Option<Guard> {
        let file = File::options().append(true).open(self.home.join("lock")).ok()?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(Guard { _file: file })
    }

    /// Makes sure that the link can be ours: nothing there, ours, or, with `force`, moved aside.
    ///
    /// # Errors
    /// When something else stands there and `force` is not given, or it cannot be moved.
    pub fn claim(&self, force: bool) -> Result<()> {
        let Found::Foreign(what) = self.found()? else { return Ok(()) };
        if !force {
            return Err(hinted(
                anyhow!("{} is {what}, and Pinfold did not make it", self.link.display()),
                "`--force` moves it aside (nothing is deleted); `--env PATH` makes the environment elsewhere",
            ));
        }
        let aside = self.aside();
        fs::rename(&self.link, &aside)
            .with_context(|| format!("could not move {} to {}", self.link.display(), aside.display()))?;
        terminal::warn(&format!("{} was {what}; it is now {}", self.link.display(), aside.display()));
        Ok(())
    }

    fn aside(&self) -> PathBuf {
        let name = self.link.file_name().unwrap_or_default().to_string_lossy();
        let plain = self.link.with_file_name(format!("{name}.before-pinfold"));
        let numbered = (2..).map(|n| self.link.with_file_name(format!("{name}.before-pinfold-{n}")));
        std::iter::once(plain)
            .chain(numbered)
            .find(|path| fs::symlink_metadata(path).is_err())
            .unwrap_or_else(|| self.link.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_link_is_ours() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(&folder.path().join(".venv")).unwrap();
        assert_eq!(layout.found().unwrap(), Found::Nothing);
        std::os::unix::fs::symlink(".pinfold/.venv/7", &layout.link).unwrap();
        assert_eq!(layout.found().unwrap(), Found::Generation(7));
        fs::remove_file(&layout.link).unwrap();
        std::os::unix::fs::symlink("/elsewhere/7", &layout.link).unwrap();
        assert!(matches!(layout.found().unwrap(), Found::Foreign(_)));
    }

    #[test]
    fn what_is_not_ours_is_moved_aside_only_when_forced() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(&folder.path().join(".venv")).unwrap();
        fs::create_dir(&layout.link).unwrap();
        fs::write(layout.link.join("mine"), "x").unwrap();
        assert!(layout.claim(false).is_err());
        layout.claim(true).unwrap();
        assert_eq!(layout.found().unwrap(), Found::Nothing);
        assert_eq!(fs::read_to_string(folder.path().join(".venv.before-pinfold/mine")).unwrap(), "x");
    }
}
