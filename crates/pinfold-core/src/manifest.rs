//! The manifest: what a person asks for, in `pinfold.toml` or in `[tool.pinfold]` of a `pyproject.toml`.
//!
//! Every key is known here, and one that is not is an error that names its neighbour. Deliberately not
//! here: the meaning of requirement strings (PEP 508 is read where they are resolved), and edits of the file,
//! which keep a person's comments and so work on its text.

mod builds;
mod tracks;

use std::collections::BTreeMap;

use serde::Serialize;
use toml::de::{DeTable, DeValue};

use crate::closure::{Native, Undeclared};
use crate::names::{is_name, nearest, normalize};

pub use builds::{Build, BuildSet, Check};
pub use tracks::{MAIN, Track};

/// The file name of a manifest of its own.
pub const FILE: &str = "pinfold.toml";

/// Which of the two files a manifest stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `pinfold.toml`.
    Pinfold,
    /// `[tool.pinfold]` and `[project]` of a `pyproject.toml`.
    Pyproject,
}

/// What a person asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Manifest {
    /// What root imports, as written.
    pub requires: Vec<String>,
    /// The Python that is asked for, as written: `3.12`, or whatever else uv finds an interpreter by.
    pub python: Option<String>,
    /// Whether any unit may get libraries under names of its own.
    #[serde(skip_serializing_if = "Native::is_default")]
    pub native: Native,
    /// The pins, by normalised name.
    pub pins: BTreeMap<String, Pin>,
    /// The tracks by name; `main` is root's.
    pub tracks: BTreeMap<String, Track>,
    /// For everything that is built from source.
    #[serde(skip_serializing_if = "BuildSet::is_empty")]
    pub build_set: BuildSet,
    /// For one package that is built from source, by normalised name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub builds: BTreeMap<String, Build>,
    /// How a package that is built from source is checked, by normalised name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, Check>,
    /// Settings that are uv's own (indexes, prereleases, ...): `[uv]` here, `[tool.uv]` in a pyproject.toml.
    pub uv: toml::Table,
}

/// A package whose dependencies are resolved in a closure of their own.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pin {
    /// Requirements that count as if the package itself declared them.
    pub requires: Vec<String>,
    /// What its own imports may reach beyond what it declares.
    pub undeclared: Undeclared,
    /// Names that its closure takes from root.
    pub share: Vec<String>,
    /// Names whose types do not leave it; read by `pinfold check`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub private: Vec<String>,
    /// The track that moves it.
    pub track: Option<String>,
    /// Whether units of its closure may get libraries under names of their own.
    #[serde(skip_serializing_if = "Native::is_default")]
    pub native: Native,
}

/// What is wrong with the text of a manifest.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ManifestError {
    /// Not TOML.
    #[error("it is not TOML: {0}")]
    Syntax(String),
    /// A key that nobody reads.
    #[error("line {line}: unknown key `{key}` in {table}")]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The table, in words.
        table: String,
        /// Counted from 1.
        line: usize,
        /// The known key that looks most like it.
        near: Option<&'static str>,
        /// Every key that the table may have.
        known: Vec<&'static str>,
    },
    /// A value of the wrong kind.
    #[error("line {line}: `{key}` must be {expected}, but is {found}")]
    WrongType {
        /// The key with its table.
        key: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: String,
        /// Counted from 1.
        line: usize,
    },
    /// Something else where a package's name must stand.
    #[error("line {line}: `{written}` in {place} is not the name of a package")]
    NotAName {
        /// As written.
        written: String,
        /// The key or table, in words.
        place: String,
        /// What to do.
        hint: String,
        /// Counted from 1.
        line: usize,
    },
    /// Two pins of one package.
    #[error(
        "line {line}: `{name}` is pinned twice (`-`, `_`, `.` and upper case make no difference in a name)"
    )]
    PinnedTwice {
        /// The normalised name.
        name: String,
        /// Counted from 1.
        line: usize,
    },
    /// Two tables about one package.
    #[error(
        "line {line}: `{name}` stands twice in [{table}] (`-`, `_`, `.` and upper case make no difference in a name)"
    )]
    NamedTwice {
        /// The normalised name.
        name: String,
        /// The table above.
        table: String,
        /// Counted from 1.
        line: usize,
    },
    /// A package that two tracks would move.
    #[error("line {line}: `{name}` is in two tracks, `{first}` and `{second}`")]
    TwoTracks {
        /// The normalised name.
        name: String,
        /// A track.
        first: String,
        /// Another.
        second: String,
        /// Counted from 1.
        line: usize,
    },
    /// A track that cannot be.
    #[error("line {line}: [{table}] {reason}")]
    Track {
        /// The table.
        table: String,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        hint: String,
        /// Counted from 1.
        line: usize,
    },
    /// A pin on a track that nobody declares.
    #[error("line {line}: pin `{pin}` is on track `{track}`, but there is no [tracks.{track}]")]
    UnknownTrack {
        /// The pinned name.
        pin: String,
        /// The track it names.
        track: String,
        /// A track that is declared and looks almost so.
        near: Option<String>,
        /// Counted from 1.
        line: usize,
    },
    /// The file leaves its dependencies to a build backend.
    #[error(
        "[project] has `dependencies` in its `dynamic` list, so only a build could say what root requires"
    )]
    Dynamic,
}

impl ManifestError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            ManifestError::UnknownKey { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            ManifestError::UnknownKey { known, .. } => Some(format!(
                "the keys here are {}",
                known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
            )),
            ManifestError::Track { hint, .. } | ManifestError::NotAName { hint, .. } => Some(hint.clone()),
            ManifestError::TwoTracks { .. } => {
                Some("a package moves with one track: take it out of the other".to_owned())
            }
            ManifestError::UnknownTrack { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            ManifestError::UnknownTrack { track, .. } => {
                Some(format!("add `[tracks.{track}]`, or remove the key `track`"))
            }
            ManifestError::Dynamic => {
                Some("write the dependencies into [project], or use a pinfold.toml".to_owned())
            }
            _ => None,
        }
    }
}

const ROOT_KEYS: &[&str] =
    &["requires", "python", "native", "pins", "tracks", "build-set", "builds", "checks", "uv"];
const PYPROJECT_KEYS: &[&str] = &["python", "native", "pins", "tracks", "build-set", "builds", "checks"];
const PIN_KEYS: &[&str] = &["requires", "undeclared", "share", "private", "track", "native"];
const NATIVE: &str = "\"isolate\" or \"shared\"";
const BARE: &str = "names alone stand here; bounds go into `requires`";
const UNDECLARED: &str = "\"allow\", \"deny\" or \"any\"";

impl Manifest {
    /// Reads the text of a manifest.
    ///
    /// # Errors
    /// Says which key is wrong, where it stands and what was expected.
    pub fn parse(text: &str, kind: Kind) -> Result<Self, ManifestError> {
        let document = DeTable::parse(text).map_err(|e| ManifestError::Syntax(e.to_string()))?;
        let plain = text.parse().map_err(|e: toml::de::Error| ManifestError::Syntax(e.to_string()))?;
        let reader = Reader { text, plain };
        let document = document.get_ref();
        let empty = DeTable::new();
        let mut manifest = Manifest::default();
        let (table, prefix) = match kind {
            Kind::Pinfold => {
                reader.only(document, ROOT_KEYS, "pinfold.toml")?;
                (document, "")
            }
            Kind::Pyproject => {
                let tool = reader.table(document, "tool", "tool")?.unwrap_or(&empty);
                reader.table(tool, "uv", "tool.uv")?;
                manifest.uv = reader.plain(&["tool", "uv"]);
                reader.project(document, &mut manifest)?;
                let table = reader.table(tool, "pinfold", "tool.pinfold")?.unwrap_or(&empty);
                reader.only(table, PYPROJECT_KEYS, "[tool.pinfold]")?;
                (table, "tool.pinfold.")
            }
        };
        if kind == Kind::Pinfold {
            manifest.requires = reader.strings(table, "requires", "requires")?;
            reader.table(table, "uv", "uv")?;
            manifest.uv = reader.plain(&["uv"]);
        }
        manifest.python = reader.string(table, "python", &format!("{prefix}python"))?.map(|(s, _)| s);
        manifest.native = reader.native(table, prefix.trim_end_matches('.'))?;
        let listed = tracks::read(&reader, table, prefix, &mut manifest)?;
        let pins = format!("{prefix}pins");
        let pinned = reader.table(table, "pins", &pins)?.unwrap_or(&empty);
        for key in pinned.keys() {
            let bounds = "a pin is called by a name alone; a bound of it goes where it is required, or into `requires` of a track";
            let line = reader.line(key.span().start);
            let name = reader.name(key.get_ref(), || format!("[{pins}]"), bounds, line)?;
            let pin = reader.pin(pinned, key.get_ref(), &pins, &manifest)?;
            if manifest.pins.insert(name.clone(), pin).is_some() {
                return Err(ManifestError::PinnedTwice { name, line: reader.line(key.span().start) });
            }
        }
        tracks::join(listed, prefix, &mut manifest)?;
        builds::read(&reader, table, prefix, &mut manifest)?;
        Ok(manifest)
    }
}

/// Reads values out of a parsed document, and knows where they stood.
struct Reader<'t> {
    text: &'t str,
    plain: toml::Table,
}

type Read<T> = Result<T, ManifestError>;

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.get(..offset).unwrap_or_default().matches('\n').count() + 1
    }

    fn only(&self, table: &DeTable<'_>, known: &'static [&'static str], name: &str) -> Read<()> {
        let Some(key) = table.keys().find(|key| !known.contains(&key.get_ref().as_ref())) else {
            return Ok(());
        };
        let near = nearest(key.get_ref(), known.iter().copied());
        Err(ManifestError::UnknownKey {
            key: key.get_ref().to_string(),
            table: name.to_owned(),
            line: self.line(key.span().start),
            near,
            known: known.to_vec(),
        })
    }

    fn wrong(&self, value: &toml::Spanned<DeValue<'_>>, key: &str, expected: &'static str) -> ManifestError {
        let found = match value.get_ref() {
            DeValue::String(text) => format!("the string \"{text}\""),
            other => format!("a value of type {}", other.type_str()),
        };
        ManifestError::WrongType { key: key.to_owned(), expected, found, line: self.line(value.span().start) }
    }

    fn table<'a, 'i>(&self, table: &'a DeTable<'i>, key: &str, path: &str) -> Read<Option<&'a DeTable<'i>>> {
        let Some(value) = table.get(key) else { return Ok(None) };
        value.get_ref().as_table().map(Some).ok_or_else(|| self.wrong(value, path, "a table"))
    }

    fn string(&self, table: &DeTable<'_>, key: &str, path: &str) -> Read<Option<(String, usize)>> {
        let Some(value) = table.get(key) else { return Ok(None) };
        let text = value.get_ref().as_str().ok_or_else(|| self.wrong(value, path, "a string"))?;
        Ok(Some((text.to_owned(), self.line(value.span().start))))
    }

    fn strings(&self, table: &DeTable<'_>, key: &str, path: &str) -> Read<Vec<String>> {
        let Some(value) = table.get(key) else { return Ok(Vec::new()) };
        let wrong = |v| self.wrong(v, path, "a list of strings");
        let array = value.get_ref().as_array().ok_or_else(|| wrong(value))?;
        array.iter().map(|v| v.get_ref().as_str().map(str::to_owned).ok_or_else(|| wrong(v))).collect()
    }

    fn seconds(&self, table: &DeTable<'_>, key: &str, path: &str) -> Read<Option<u64>> {
        let Some(value) = table.get(key) else { return Ok(None) };
        let wrong = || self.wrong(value, path, "a number of seconds above 0");
        let DeValue::Integer(number) = value.get_ref() else { return Err(wrong()) };
        let seconds =
            u64::from_str_radix(number.as_str(), number.radix()).ok().filter(|seconds| *seconds > 0);
        seconds.map(Some).ok_or_else(wrong)
    }

    /// Names of distributions, normalised; `bounds` says where to write what is more than a name.
    fn names(&self, table: &DeTable<'_>, key: &str, path: &str, bounds: &str) -> Read<Vec<String>> {
        let path = format!("{path}.{key}");
        let line = table.get(key).map(|value| self.line(value.span().start)).unwrap_or_default();
        let names = self.strings(table, key, &path)?;
        names.iter().map(|name| self.name(name, || format!("`{path}`"), bounds, line)).collect()
    }

    /// The name of a distribution, normalised.
    fn name(&self, written: &str, place: impl Fn() -> String, bounds: &str, line: usize) -> Read<String> {
        if is_name(written) {
            return Ok(normalize(written));
        }
        let (written, hint) = (written.to_owned(), bounds.to_owned());
        Err(ManifestError::NotAName { written, place: place(), hint, line })
    }

    /// A table that is passed on as it is, from the same document without positions.
    fn plain(&self, path: &[&str]) -> toml::Table {
        let mut here = Some(&self.plain);
        for key in path {
            here = here.and_then(|table| table.get(*key)).and_then(toml::Value::as_table);
        }
        here.cloned().unwrap_or_default()
    }

    fn project(&self, document: &DeTable<'_>, manifest: &mut Manifest) -> Read<()> {
        let Some(project) = self.table(document, "project", "project")? else { return Ok(()) };
        if self.strings(project, "dynamic", "project.dynamic")?.iter().any(|key| key == "dependencies") {
            return Err(ManifestError::Dynamic);
        }
        manifest.requires = self.strings(project, "dependencies", "project.dependencies")?;
        Ok(())
    }

    /// The key `native` of the table at `path`.
    fn native(&self, table: &DeTable<'_>, path: &str) -> Read<Native> {
        let key = if path.is_empty() { "native".to_owned() } else { format!("{path}.native") };
        match self.string(table, "native", &key)? {
            None => Ok(Native::Isolate),
            Some((word, line)) => match word.as_str() {
                "isolate" => Ok(Native::Isolate),
                "shared" => Ok(Native::Shared),
                _ => {
                    let found = format!("the string \"{word}\"");
                    Err(ManifestError::WrongType { key, expected: NATIVE, found, line })
                }
            },
        }
    }

    fn pin(&self, pins: &DeTable<'_>, name: &str, prefix: &str, manifest: &Manifest) -> Read<Pin> {
        let path = format!("{prefix}.{name}");
        let Some(table) = self.table(pins, name, &path)? else { return Ok(Pin::default()) };
        self.only(table, PIN_KEYS, &format!("[{path}]"))?;
        let undeclared = match self.string(table, "undeclared", &format!("{path}.undeclared"))? {
            None => Undeclared::Allow,
            Some((word, line)) => match word.as_str() {
                "allow" => Undeclared::Allow,
                "deny" => Undeclared::Deny,
                "any" => Undeclared::Any,
                _ => {
                    let (key, found) = (format!("{path}.undeclared"), format!("the string \"{word}\""));
                    return Err(ManifestError::WrongType { key, expected: UNDECLARED, found, line });
                }
            },
        };
        let track = self.string(table, "track", &format!("{path}.track"))?;
        let track = track.map(|(track, line)| tracks::known(name, track, line, manifest)).transpose()?;
        Ok(Pin {
            requires: self.strings(table, "requires", &format!("{path}.requires"))?,
            undeclared,
            share: self.names(table, "share", &path, BARE)?,
            private: self.names(table, "private", &path, BARE)?,
            track,
            native: self.native(table, &path)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_is_said_of_all_or_of_a_pin() {
        let of_all = Manifest::parse("native = \"shared\"\n[pins.a]", Kind::Pinfold).unwrap();
        assert_eq!((of_all.native, of_all.pins["a"].native), (Native::Shared, Native::Isolate));
        let text = "[tool.pinfold]\nnative = \"shared\"";
        assert_eq!(Manifest::parse(text, Kind::Pyproject).unwrap().native, Native::Shared);
        for (text, line, key) in
            [("native = \"own\"", 1, "native"), ("[pins.a]\nnative = \"own\"", 2, "pins.a.native")]
        {
            let error = Manifest::parse(text, Kind::Pinfold).unwrap_err().to_string();
            let what =
                format!("line {line}: `{key}` must be \"isolate\" or \"shared\", but is the string \"own\"");
            assert_eq!(error, what);
        }
        assert!(Manifest::parse("native = 1", Kind::Pinfold).is_err());
    }
}
