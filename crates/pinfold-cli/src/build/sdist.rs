//! Source distributions of an index, or of this machine, unpacked, with their hash verified.
//!
//! uv fetches them, with its indexes, credentials and hashes; what it unpacks them into is its cache, so that it is given
//! a cache of its own to look into. uv would go on and build: a requirement that nobody can satisfy, added to the
//! build of this one package, stops it before it runs any of the package's code. Deliberately not here: building.

use std::path::{Path, PathBuf};

use pinfold_core::names::normalize;
use toml::{Table, Value};
use walkdir::WalkDir;
use wheelsplit::WheelName;

use super::engine::Engine;
use super::error::{BuildError, io_error};
use crate::locking::wanted::address;
use crate::uv::project::{document, folder as temporary, write};
use crate::uv::{is_refusal, said};

/// The metadata at the top of a source distribution (PEP 643).
pub(crate) const METADATA: &str = "PKG-INFO";

/// What nobody can satisfy.
const NEVER: &str = "pinfold_never";

/// What a source distribution says it is.
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// The files of a source distribution; in the store from the first time on.
pub(super) fn unpacked(
    engine: &Engine<'_>,
    name: &str,
    version: &str,
    sha256: &str,
) -> Result<PathBuf, BuildError> {
    let what = format!("{name} {version}");
    let file = format!("{}-{version}-py3-none-any.whl", name.replace('-', "_"));
    let is_it = |metadata: &Identity| {
        WheelName::parse(&file).is_ok_and(|expected| expected.is_of(&metadata.name, &metadata.version))
    };
    engine.store.source(sha256, |to| {
        let required = format!("{name}=={version} --hash=sha256:{sha256}");
        let fetched = fetch(engine, name, &what, &required, &is_it, to)?;
        let offline = engine.uv.is_offline();
        let source =
            |(said, refused)| BuildError::Source { what: what.clone(), said: reason(said), offline, refused };
        fetched.map_err(source)
    })
}

/// The files of the source distribution `file`, and the version that they say they are.
pub(super) fn unpacked_file(
    engine: &Engine<'_>,
    name: &str,
    file: &Path,
    sha256: &str,
) -> Result<(PathBuf, String), BuildError> {
    let what = format!("{name} (from {})", file.display());
    let line = format!("{name} @ {} --hash=sha256:{sha256}", address(file));
    let source = engine.store.source(sha256, |to| {
        let wrong = |(said, _)| BuildError::NotASdist {
            path: file.to_owned(),
            reason: reason(said).trim().to_owned(),
        };
        fetch(engine, name, &what, &line, &|_| true, to)?.map_err(wrong)
    })?;
    let found = identity(&source.join(METADATA));
    match normalize(&found.name) == name {
        true => Ok((source, found.version)),
        false => Err(BuildError::OtherSource { what, found: found.name }),
    }
}

/// uv's words, where it is not our own doing that it stopped: then it has the file, and not what was looked for in it.
fn reason(said: String) -> String {
    if said.contains(NEVER) {
        format!("  there is no {METADATA} in it that names this package and version")
    } else {
        said
    }
}

/// Unpacks what a line of requirements names into `to`; else uv's words, and whether it is that line which cannot be had.
fn fetch(
    engine: &Engine<'_>,
    name: &str,
    what: &str,
    required: &str,
    is_it: &dyn Fn(&Identity) -> bool,
    to: &Path,
) -> Result<Result<(), (String, bool)>, BuildError> {
    let _line = engine.lines.begin(name, &format!("Fetching {what}"));
    let temporary = temporary()?;
    let mut settings = engine.settings.table_for_fetching();
    let nowhere = format!(
        "{NEVER} @ file://{}",
        temporary.path().join(format!("{NEVER}-0-py3-none-any.whl")).display()
    );
    let never = Value::Table(Table::from_iter([(name.to_owned(), Value::Array(vec![nowhere.into()]))]));
    settings.insert("extra-build-dependencies".to_owned(), never);
    let uv = Table::from_iter([("uv".to_owned(), settings.into())]);
    write(&temporary.path().join("pyproject.toml"), &document([("tool", uv)])?)?;
    write(&temporary.path().join("requirements.txt"), &format!("{required}\n"))?;
    let cache = temporary.path().join("cache");
    let target = temporary.path().join("target");
    let python = engine.interpreter.executable.as_os_str();
    let mut args = vec!["pip".as_ref(), "install".as_ref(), "--python".as_ref(), python];
    args.extend(["--target".as_ref(), target.as_os_str(), "--cache-dir".as_ref(), cache.as_os_str()]);
    args.extend(FROM_SOURCE.iter().map(std::ffi::OsStr::new));
    let output = engine.uv.run(temporary.path(), args)?;
    match find(&cache, is_it) {
        Some(source) => super::source::copy_all(&source, to).map(Ok),
        None => Ok(Err((said(&output), is_refusal(&output)))),
    }
}

const FROM_SOURCE: &[&str] = &[
    "--no-deps",
    "--require-hashes",
    "--no-binary",
    ":all:",
    "--index-strategy",
    "unsafe-best-match",
    "-r",
    "requirements.txt",
];

/// The unpacked source in a cache that has no other: the topmost folder whose metadata is as it should be.
fn find(cache: &Path, is_it: &dyn Fn(&Identity) -> bool) -> Option<PathBuf> {
    let walk = WalkDir::new(cache).sort_by_file_name().into_iter().flatten();
    let found = walk.filter(|entry| entry.file_name() == METADATA && entry.file_type().is_file());
    let found = found.filter(|entry| is_it(&identity(entry.path())));
    found.min_by_key(walkdir::DirEntry::depth).and_then(|entry| entry.path().parent().map(Path::to_owned))
}

/// What cannot be read says nothing.
pub(crate) fn identity(metadata: &Path) -> Identity {
    let bytes = std::fs::read(metadata).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let field = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    let field = |key: &str| field(key).unwrap_or_default().to_owned();
    Identity { name: field("Name:"), version: field("Version:") }
}

/// Everything in a folder of the store, as files that may be changed.
pub(super) fn copy(source: &Path, to: &Path) -> Result<(), BuildError> {
    super::source::copy_all(source, to)?;
    for entry in WalkDir::new(to).into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
        use std::os::unix::fs::PermissionsExt;
        let path = entry.path();
        let mode = entry.metadata().map_or(0o644, |metadata| metadata.permissions().mode()) | 0o200;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
            .map_err(io_error("write", path))?;
    }
    Ok(())
}
