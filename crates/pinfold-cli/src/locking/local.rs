//! Packages that a manifest takes from this machine: folders and source distributions, built as wheels, and wheel files.
//!
//! Deliberately not here: building ([`crate::build`]) and checking what is inside a wheel (wheelsplit).

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use pinfold_core::lock::Wheel;
use pinfold_core::names::normalize;
use wheelsplit::WheelName;
use zip::ZipArchive;

use crate::build::engine::is_archive;
use crate::build::{BuildError, Builder};
use crate::error::Hint;
use crate::uv::fetch::sha256;
use crate::uv::tags::Tags;

/// A local package: its wheel file, built or given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// The wheel file, absolute.
    pub path: PathBuf,
    /// What the lock says of it.
    pub wheel: Wheel,
}

/// Why a local package could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// There is nothing at the path.
    #[error("`{name} @ {written}` in {place}: there is no {}", path.display())]
    Missing {
        /// The package.
        name: String,
        /// The path as written.
        written: String,
        /// The key it stands under.
        place: String,
        /// The path, absolute.
        path: PathBuf,
    },
    /// There is something at the path, but neither a folder nor a wheel, nor a source distribution.
    #[error("`{name} @ {written}` in {place}: {} is neither a folder nor a wheel (`.whl`), nor a source distribution (`.tar.gz`)", path.display())]
    NotAWheel {
        /// The package.
        name: String,
        /// The path as written.
        written: String,
        /// The key it stands under.
        place: String,
        /// The path, absolute.
        path: PathBuf,
    },
    /// The file cannot be read as a wheel.
    #[error("could not read the wheel {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It is another package than the requirement says.
    #[error("`{name} @ {written}` in {place} is not `{name}`: its metadata says `{found}`")]
    OtherName {
        /// The package as required.
        name: String,
        /// The path as written.
        written: String,
        /// The key it stands under.
        place: String,
        /// The package as it is.
        found: String,
    },
    /// A wheel file whose name says another version than its metadata.
    #[error("the name of the wheel {} does not say what its metadata says: {found} {version}", path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// The package as it is.
        found: String,
        /// Its version as it is.
        version: String,
    },
    /// A wheel for another platform or Python.
    #[error("{requirement} does not fit {target}: the wheel is for {tags}")]
    OtherPlatform {
        /// The requirement, and the key it stands under.
        requirement: String,
        /// This interpreter, in words.
        target: String,
        /// The wheel's tags.
        tags: String,
    },
    /// It could not be built.
    #[error("`{name}` in {place}: {source}")]
    Build {
        /// The package.
        name: String,
        /// The key it stands under.
        place: String,
        /// Why.
        source: Box<BuildError>,
    },
}

impl LocalError {
    /// Whether it is only that another package could not be built.
    pub(super) fn is_of_another(&self) -> bool {
        matches!(self, LocalError::Build { source, .. } if matches!(**source, BuildError::Before { .. }))
    }
}

impl Hint for LocalError {
    fn hints(&self) -> Vec<String> {
        match self {
            LocalError::Missing { .. } => vec!["paths are relative to the manifest's folder".to_owned()],
            LocalError::NotAWheel { .. } => vec!["unpack a source archive and name its folder".to_owned()],
            LocalError::OtherName { found, written, .. } => vec![format!("write `{found} @ {written}`")],
            LocalError::Build { source, .. } => source.hints(),
            LocalError::OtherVersion { .. } => {
                vec!["a wheel file keeps the name that it was built with: tools read it".to_owned()]
            }
            LocalError::Unreadable { .. } | LocalError::OtherPlatform { .. } => Vec::new(),
        }
    }
}

/// The local package at the path `written` in the manifest, under the key `place`.
///
/// # Errors
/// See [`LocalError`].
pub fn find(
    builder: &Builder<'_>,
    tags: &Tags,
    name: &str,
    written: &str,
    place: &str,
) -> Result<Local, LocalError> {
    let path = clean(&builder.project.join(written));
    let strings = || (name.to_owned(), written.to_owned(), place.to_owned());
    let is_wheel = path.extension().is_some_and(|extension| extension == "whl");
    let file = if path.is_dir() || is_archive(&path) {
        let source =
            |e| LocalError::Build { name: name.to_owned(), place: place.to_owned(), source: Box::new(e) };
        builder.local(name, &path).map_err(source)?
    } else if !path.exists() {
        let (name, written, place) = strings();
        return Err(LocalError::Missing { name, written, place, path });
    } else if is_wheel {
        path.clone()
    } else {
        let (name, written, place) = strings();
        return Err(LocalError::NotAWheel { name, written, place, path });
    };
    let unreadable = |reason: String| LocalError::Unreadable { path: file.clone(), reason };
    let file_name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let parsed = WheelName::parse(&file_name).map_err(|e| unreadable(e.to_string()))?;
    if tags.rank(&parsed).is_none() {
        let requirement = format!("`{name} @ {written}` in {place}");
        return Err(LocalError::OtherPlatform { requirement, target: target(builder), tags: list(&parsed) });
    }
    let (found, version) = metadata(&file).map_err(|e| unreadable(e.to_string()))?;
    if normalize(&found) != name {
        let (name, written, place) = strings();
        return Err(LocalError::OtherName { name, written, place, found });
    }
    if !parsed.is_of(&found, &version) {
        return Err(LocalError::OtherVersion { path: file, found, version });
    }
    let sha256 = sha256(&file).map_err(|e| unreadable(e.to_string()))?;
    let size = file.metadata().ok().map(|metadata| metadata.len());
    let wheel = Wheel {
        name: name.to_owned(),
        version,
        file: file_name,
        sha256,
        size,
        index: None,
        path: Some(relative(&path, builder.project)),
        uploaded: None,
        source: None,
    };
    Ok(Local { path: file, wheel })
}

fn list(name: &WheelName) -> String {
    name.tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// An interpreter, in words.
pub(super) fn target(builder: &Builder<'_>) -> String {
    let python = builder.interpreter;
    match python.libc.as_str() {
        "" => format!("Python {} on {}", python.minor, python.platform),
        libc => format!("Python {} on {} ({libc} {})", python.minor, python.platform, python.libc_version),
    }
}

/// `Name` and `Version` of a wheel's METADATA.
fn metadata(file: &Path) -> io::Result<(String, String)> {
    let mut archive = ZipArchive::new(File::open(file)?)?;
    let name = archive.file_names().flatten().map(|name| name.into_owned()).find(|name| is_metadata(name));
    let name = name.ok_or_else(|| io::Error::other("it has no .dist-info/METADATA"))?;
    let mut text = String::new();
    archive.by_name(&name)?.read_to_string(&mut text)?;
    // The headers end at the first empty line; a description below may say `Name:` too.
    let head = text.split("\n\n").next().unwrap_or(&text);
    let field =
        |key: &str| head.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim().to_owned());
    match (field("Name:"), field("Version:")) {
        (Some(name), Some(version)) => Ok((name, version)),
        _ => Err(io::Error::other("its METADATA has no Name and Version")),
    }
}

fn is_metadata(name: &str) -> bool {
    name.strip_suffix(".dist-info/METADATA").is_some_and(|stem| !stem.contains('/'))
}

/// Without `.` and `..`, where that can be told from the text alone.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// How the lock writes a path: relative to the project, with `..` where it must.
pub(crate) fn relative(path: &Path, project: &Path) -> String {
    let project = clean(project);
    let shared = path.components().zip(project.components()).take_while(|(a, b)| a == b).count();
    let up = project.components().skip(shared).map(|_| Component::ParentDir);
    let down = path.components().skip(shared);
    let text = up.chain(down).collect::<PathBuf>().display().to_string();
    if text.is_empty() { ".".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_the_lock_are_relative() {
        let project = Path::new("/srv/app");
        let written = |text: &str| relative(&clean(&project.join(text)), project);
        assert_eq!(written("./libs/a"), "libs/a");
        assert_eq!(written("../b"), "../b");
        assert_eq!(written("/srv/app/x.whl"), "x.whl");
        assert_eq!(written("."), ".");
    }
}
