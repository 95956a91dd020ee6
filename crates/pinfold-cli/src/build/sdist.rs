//! Source distributions of an index, unpacked, with their hash verified.
//!
//! uv fetches them, with its indexes, credentials and hashes; what it unpacks them into is its cache, so that it is given
//! a cache of its own to look into. uv would go on and build: a requirement that nobody can satisfy, added to the
//! build of this one package, stops it before it runs any of the package's code. Deliberately not here: building.

use std::path::{Path, PathBuf};

use toml::{Table, Value};
use walkdir::WalkDir;
use wheelsplit::WheelName;

use super::engine::Engine;
use super::error::{BuildError, io_error};
use crate::uv::project::{document, folder as temporary, write};
use crate::uv::said;

/// The files of a source distribution; in the store from the first time on.
pub(super) fn unpacked(
    engine: &Engine<'_>,
    name: &str,
    version: &str,
    sha256: &str,
) -> Result<PathBuf, BuildError> {
    engine.store.source(sha256, |to| fetch(engine, name, version, sha256, to))
}

fn fetch(engine: &Engine<'_>, name: &str, version: &str, sha256: &str, to: &Path) -> Result<(), BuildError> {
    let _line = engine.lines.begin(name, &format!("Fetching {name} {version}"));
    let temporary = temporary()?;
    let mut settings = engine.settings.table_for_fetching();
    let nowhere = format!(
        "pinfold-never @ file://{}",
        temporary.path().join("pinfold_never-0-py3-none-any.whl").display()
    );
    let never = Value::Table(Table::from_iter([(name.to_owned(), Value::Array(vec![nowhere.into()]))]));
    settings.insert("extra-build-dependencies".to_owned(), never);
    let uv = Table::from_iter([("uv".to_owned(), settings.into())]);
    write(&temporary.path().join("pyproject.toml"), &document([("tool", uv)])?)?;
    write(
        &temporary.path().join("requirements.txt"),
        &format!("{name}=={version} --hash=sha256:{sha256}\n"),
    )?;
    let cache = temporary.path().join("cache");
    let target = temporary.path().join("target");
    let python = engine.interpreter.executable.as_os_str();
    let mut args = vec!["pip".as_ref(), "install".as_ref(), "--python".as_ref(), python];
    args.extend(["--target".as_ref(), target.as_os_str(), "--cache-dir".as_ref(), cache.as_os_str()]);
    args.extend(FROM_SOURCE.iter().map(std::ffi::OsStr::new));
    let output = engine.uv.run(temporary.path(), args)?;
    match find(&cache, name, version) {
        Some(source) => super::source::copy_all(&source, to),
        None => {
            let what = format!("{name} {version}");
            Err(BuildError::Source { what, said: said(&output), offline: engine.uv.is_offline() })
        }
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

/// The unpacked source in a cache that has no other: the topmost folder whose PKG-INFO is that of the distribution.
fn find(cache: &Path, name: &str, version: &str) -> Option<PathBuf> {
    let walk = WalkDir::new(cache).sort_by_file_name().into_iter().flatten();
    let mut found: Vec<walkdir::DirEntry> = walk
        .filter(|entry| entry.file_name() == "PKG-INFO" && entry.file_type().is_file())
        .filter(|entry| is_of(entry.path(), name, version))
        .collect();
    found.sort_by_key(walkdir::DirEntry::depth);
    found.first().and_then(|entry| entry.path().parent()).map(Path::to_owned)
}

fn is_of(metadata: &Path, name: &str, version: &str) -> bool {
    let Ok(text) = std::fs::read(metadata) else { return false };
    let text = String::from_utf8_lossy(&text);
    let field =
        |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim).unwrap_or_default();
    let file = format!("{}-{version}-py3-none-any.whl", name.replace('-', "_"));
    WheelName::parse(&file).is_ok_and(|expected| expected.is_of(field("Name:"), field("Version:")))
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
