//! Whose fault an error is: that of the package that was tried, or of what it was tried with.
//!
//! A package that does not build, that no store takes, or that its index has not, is refused; a full disk, a network that
//! is away and a broken uv say nothing of it. Told by the kinds of errors, never by their words. Deliberately not here:
//! what becomes of a refused package.

use std::error::Error;

use crate::build::BuildError;
use crate::failure::find;
use crate::locking::choose::ChooseError;
use crate::locking::{Culprit, LockingError};
use crate::uv::fetch::FetchError;

/// A package that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Name and version, where they are known.
    pub package: Option<(String, String)>,
    /// What is wrong with it: `does not build: ...`, in one line that is the same the next time.
    pub what: String,
}

impl Refusal {
    /// One sentence.
    pub fn sentence(&self) -> String {
        let (name, version) = match &self.package {
            Some((name, version)) => (name.as_str(), version.as_str()),
            None => ("a package", "of it"),
        };
        format!("{name} {version} {}", self.what)
    }
}

impl From<Culprit> for Refusal {
    fn from(culprit: Culprit) -> Self {
        let Culprit { name, version, what, .. } = culprit;
        Refusal { package: version.map(|version| (name, version)), what }
    }
}

/// What package an error refuses; `None` where it is no package's fault.
pub fn of(error: &(dyn Error + 'static)) -> Option<Refusal> {
    find(error, &known).flatten()
}

/// Of an error of a known kind, what it refuses.
fn known(error: &(dyn Error + 'static)) -> Option<Option<Refusal>> {
    if let Some(error) = error.downcast_ref::<LockingError>() {
        let refusal = match error.culprit() {
            Some(culprit) => Refusal::from(culprit),
            None => said(None, "has no solution".to_owned()),
        };
        return Some(error.is_refusal().then_some(refusal));
    }
    if let Some(error) = error.downcast_ref::<ChooseError>() {
        return Some(error.is_refusal().then(|| Culprit::of_choice(error).into()));
    }
    if let Some(error) = error.downcast_ref::<FetchError>() {
        let refusal = match error {
            FetchError::Install { name, version, source } => {
                said(Some((name, version)), not_installed(source))
            }
            FetchError::Download { package: Some((name, version)), .. } => {
                said(Some((name, version)), "cannot be fetched, or is not what its index says".to_owned())
            }
            FetchError::Build(source) => said(None, not_built(source)),
            other => said(None, format!("cannot be fetched: {}", line(other))),
        };
        return Some(error.is_refusal().then_some(refusal));
    }
    if let Some(error) = error.downcast_ref::<BuildError>() {
        return Some(error.is_refusal().then(|| said(None, not_built(error))));
    }
    let error = error.downcast_ref::<wheelsplit::Error>()?;
    Some(error.is_of_the_wheel().then(|| said(None, not_installed(error))))
}

fn said(package: Option<(&String, &String)>, what: String) -> Refusal {
    Refusal { package: package.map(|(name, version)| (name.clone(), version.clone())), what }
}

fn not_built(error: &BuildError) -> String {
    Culprit::of_build("", None, error).what
}

fn not_installed(error: &wheelsplit::Error) -> String {
    match error {
        wheelsplit::Error::Wheel { defect, .. } => format!("cannot be installed: {defect}"),
        other => format!("cannot be installed: {}", line(other)),
    }
}

/// The first line of an error: more of it stands in the log.
pub(crate) fn line(error: &dyn Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use anyhow::Context as _;
    use wheelsplit::Defect;

    use super::*;
    use crate::failure::{carried, hinted};

    fn full() -> wheelsplit::Error {
        let source = io::Error::from(io::ErrorKind::StorageFull);
        wheelsplit::Error::Full { doing: "write", path: PathBuf::from("x"), source }
    }

    fn bad() -> wheelsplit::Error {
        let (entry, reason) = ("demo.py".to_owned(), "it is longer".to_owned());
        wheelsplit::Error::Wheel { wheel: PathBuf::from("x"), defect: Defect::Record { entry, reason } }
    }

    /// As an environment that could not be made says it.
    fn making(error: impl Into<crate::error::Error>) -> Option<String> {
        let error = hinted(carried(error.into()), "free some space");
        let error = Err::<(), _>(error).context("could not make the environment").unwrap_err();
        of(error.as_ref()).map(|refusal| refusal.sentence())
    }

    fn demo() -> (String, String) {
        ("demo".to_owned(), "2".to_owned())
    }

    #[test]
    fn a_wheel_that_no_store_takes_is_refused_and_a_full_disk_refuses_nothing() {
        let install = |source| {
            let (name, version) = demo();
            making(FetchError::Install { name, version, source: Box::new(source) })
        };
        let wrong = "demo 2 cannot be installed: its RECORD is wrong about `demo.py`: it is longer";
        assert_eq!(install(bad()).as_deref(), Some(wrong));
        assert_eq!(install(full()), None);
        assert_eq!(making(anyhow::Error::from(full())), None);
        assert!(making(anyhow::Error::from(bad())).is_some());
        let download = |refused| {
            let (what, said) = ("demo 2".to_owned(), "404".to_owned());
            making(FetchError::Download { what, package: Some(demo()), said, offline: false, refused })
        };
        assert!(download(true).is_some_and(|sentence| sentence.starts_with("demo 2 cannot be fetched")));
        assert_eq!(download(false), None);
    }

    #[test]
    fn a_build_that_fails_is_refused_and_not_one_that_has_no_room() {
        let build = |source| {
            let ((name, version), lack, closure) = (demo(), "has no wheel".to_owned(), "root".to_owned());
            let error = LockingError::from(ChooseError::Build {
                name,
                version,
                lack,
                closure,
                source: Box::new(source),
            });
            assert_eq!(error.is_refusal(), of(&error).is_some());
            of(&error).map(|refusal| refusal.sentence())
        };
        let (what, how) = ("demo".to_owned(), "its build backend says no".to_owned());
        let (last, hints) = (Vec::new(), Vec::new());
        let backend = BuildError::Backend { what: what.clone(), how, last, hints, late: None };
        assert_eq!(build(backend).as_deref(), Some("demo 2 does not build: its build backend says no"));
        assert_eq!(build(BuildError::Store(full())), None);
        let reason = || Box::new(crate::error::Error::from(anyhow::Error::from(full())));
        assert_eq!(build(BuildError::Prepare { what, reason: reason() }), None);
        let away = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(build(BuildError::Io { doing: "read", path: PathBuf::from("x"), source: away }), None);
    }
}
