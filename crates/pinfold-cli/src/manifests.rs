//! The manifest as a file: reading it, and changing it without touching a person's comments and order.
//!
//! Deliberately not here: what its keys mean ([`pinfold_core::manifest`]).

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use pinfold_core::manifest::{FILE, Kind, Manifest, ManifestError};
use pinfold_core::names::{nearest, normalize};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::error::Hint;
use crate::locking::requirement::Requirement;

/// Why a manifest could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum ManifestFileError {
    /// There is none.
    #[error("there is no manifest: no pinfold.toml, and no pyproject.toml with [tool.pinfold], in {} or above", .0.display())]
    Missing(PathBuf),
    /// It could not be read or written.
    #[error("could not {what} {}: {source}", path.display())]
    Io {
        /// Verb.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is wrong.
    #[error("{} is wrong: {source}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: ManifestError,
    },
    /// A name to remove is not there.
    #[error("{place} of {} has no requirement `{name}`", path.display())]
    NotThere {
        /// The file.
        path: PathBuf,
        /// The key.
        place: String,
        /// The name.
        name: String,
        /// One that is called almost so.
        near: Option<String>,
    },
}

impl Hint for ManifestFileError {
    fn hints(&self) -> Vec<String> {
        match self {
            ManifestFileError::Missing(_) => {
                vec!["make one with `pinfold init`, or name the project with `--project`".to_owned()]
            }
            ManifestFileError::Wrong { source, .. } => source.hint().into_iter().collect(),
            ManifestFileError::NotThere { near: Some(near), .. } => vec![format!("did you mean `{near}`?")],
            ManifestFileError::Io { .. } | ManifestFileError::NotThere { .. } => Vec::new(),
        }
    }
}

/// Which kind of manifest a file is, by its name.
pub fn kind(path: &Path) -> Kind {
    if path.file_name().is_some_and(|name| name == FILE) { Kind::Pinfold } else { Kind::Pyproject }
}

/// Reads the manifest.
///
/// # Errors
/// When it is not there, cannot be read, or is wrong.
pub fn read(path: &Path) -> Result<Manifest, ManifestFileError> {
    let text = read_text(path)?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Manifest, ManifestFileError> {
    Manifest::parse(text, kind(path))
        .map_err(|source| ManifestFileError::Wrong { path: path.to_owned(), source })
}

fn read_text(path: &Path) -> Result<String, ManifestFileError> {
    std::fs::read_to_string(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ManifestFileError::Missing(path.parent().unwrap_or(path).to_owned()),
        _ => ManifestFileError::Io { what: "read", path: path.to_owned(), source },
    })
}

/// Writes a file whole: a reader sees the old content or the new, also after a crash.
///
/// # Errors
/// When it cannot be written.
pub fn replace(path: &Path, text: &str) -> Result<(), ManifestFileError> {
    let write = || -> io::Result<()> {
        // A link to a manifest stays a link.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".pinfold-").tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        let mode = path.metadata().map_or_else(|_| default_mode(), |metadata| Ok(metadata.permissions()))?;
        file.as_file().set_permissions(mode)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|e| e.error)?;
        Ok(())
    };
    write().map_err(|source| ManifestFileError::Io { what: "write", path: path.to_owned(), source })
}

/// What a new file would have: temporary files are for their owner alone.
fn default_mode() -> io::Result<std::fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::Permissions::from_mode(0o644))
}

/// A manifest being changed.
pub struct Editor {
    path: PathBuf,
    document: DocumentMut,
}

/// Where requirements stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// Root's.
    Root,
    /// Those of a pin, by normalised name.
    Pin(&'a str),
}

impl Editor {
    /// Opens the manifest at `path`.
    ///
    /// # Errors
    /// As for [`read`].
    pub fn open(path: &Path) -> Result<Self, ManifestFileError> {
        let text = read_text(path)?;
        parse(path, &text)?;
        let document = text.parse().map_err(|e: toml_edit::TomlError| ManifestFileError::Wrong {
            path: path.to_owned(),
            source: ManifestError::Syntax(e.to_string()),
        })?;
        Ok(Editor { path: path.to_owned(), document })
    }

    /// The manifest as it is now.
    ///
    /// # Errors
    /// When the change made it wrong.
    pub fn manifest(&self) -> Result<Manifest, ManifestFileError> {
        parse(&self.path, &self.document.to_string())
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self) -> Result<(), ManifestFileError> {
        replace(&self.path, &self.document.to_string())
    }

    /// Adds a requirement; one of the same name is replaced.
    pub fn add(&mut self, place: Place<'_>, name: &str, text: &str) {
        let array = self.requires(place);
        if let Some(at) = position(array, name) {
            array.replace(at, text);
            return;
        }
        let mut value = Value::from(text);
        let last = array.iter().last().map(|last| last.decor().clone());
        let multiline = last
            .as_ref()
            .and_then(|decor| decor.prefix()?.as_str())
            .is_some_and(|prefix| prefix.contains('\n'));
        if multiline {
            // The new line is indented as the last one is, without that one's comment.
            let prefix = last.as_ref().and_then(|decor| decor.prefix()?.as_str()).unwrap_or_default();
            let indent = prefix.rsplit('\n').next().unwrap_or_default();
            let mut after = array.trailing().as_str().unwrap_or_default().to_owned();
            // Without a trailing comma, what stands behind the last value is that value's.
            if let Some(value) = array.len().checked_sub(1).and_then(|at| array.get_mut(at)) {
                let suffix = value.decor().suffix().and_then(|suffix| suffix.as_str()).unwrap_or_default();
                after.insert_str(0, suffix);
                value.decor_mut().set_suffix("");
            }
            // A comment behind the last requirement belongs to it and stays on its line.
            let (comment, close) = after.split_once('\n').unwrap_or(("", &after));
            value.decor_mut().set_prefix(format!("{comment}\n{indent}"));
            let close = format!("\n{close}");
            array.set_trailing(close);
            array.set_trailing_comma(true);
            array.push_formatted(value);
        } else {
            array.push(value);
        }
    }

    /// Removes every requirement of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn remove(&mut self, place: Place<'_>, name: &str) -> Result<(), ManifestFileError> {
        let path = self.path.clone();
        let array = self.requires(place);
        let mut found = false;
        while let Some(at) = position(array, name) {
            take_out(array, at);
            found = true;
            // On one line, the space before a value separates it from the one that went.
            if let Some(first) = array.get_mut(0).filter(|_| at == 0)
                && first.decor().prefix().and_then(|prefix| prefix.as_str()) == Some(" ")
            {
                first.decor_mut().set_prefix("");
            }
        }
        if found {
            return Ok(());
        }
        let names = array.iter().filter_map(|value| name_of(value.as_str()?));
        let near = nearest(name, names);
        let place = match (place, kind(&path)) {
            (Place::Pin(pin), _) => format!("[pins.{pin}]"),
            (Place::Root, Kind::Pinfold) => "`requires`".to_owned(),
            (Place::Root, Kind::Pyproject) => "`project.dependencies`".to_owned(),
        };
        Err(ManifestFileError::NotThere { path, place, name: name.to_owned(), near })
    }

    /// The table of a pin, made if it is not there.
    pub fn pin(&mut self, name: &str) -> &mut dyn TableLike {
        let key = self.pin_key(name).unwrap_or_else(|| name.to_owned());
        let pins = self.pins();
        if pins.get(&key).is_none() {
            pins.insert(&key, Item::Table(Table::new()));
        }
        table_like(pins.entry(&key).or_insert(Item::Table(Table::new())))
    }

    /// Removes a pin; whether there was one.
    pub fn unpin(&mut self, name: &str) -> bool {
        self.pin_key(name).is_some_and(|key| self.pins().remove(&key).is_some())
    }

    /// A pin's key as the person wrote it.
    fn pin_key(&mut self, name: &str) -> Option<String> {
        self.pins().iter().map(|(key, _)| key.to_owned()).find(|key| normalize(key) == name)
    }

    fn pins(&mut self) -> &mut dyn TableLike {
        let root: &mut dyn TableLike = match kind(&self.path) {
            Kind::Pinfold => self.document.as_table_mut(),
            Kind::Pyproject => {
                let tool = implicit(self.document.as_table_mut(), "tool");
                table_like(tool.entry("pinfold").or_insert(Item::Table(Table::new())))
            }
        };
        implicit(root, "pins")
    }

    fn requires(&mut self, place: Place<'_>) -> &mut Array {
        let (table, key): (&mut dyn TableLike, &str) = match (place, kind(&self.path)) {
            (Place::Pin(name), _) => (self.pin(name), "requires"),
            (Place::Root, Kind::Pinfold) => (self.document.as_table_mut(), "requires"),
            (Place::Root, Kind::Pyproject) => {
                let folder =
                    self.path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
                let name = normalize(&folder);
                let project = self.document.as_table_mut();
                if project.get("project").is_none() {
                    let mut table = Table::new();
                    // The standard asks for both.
                    table.insert("name", toml_edit::value(name));
                    table.insert("version", toml_edit::value("0"));
                    project.insert("project", Item::Table(table));
                }
                (table_like(project.entry("project").or_insert(Item::Table(Table::new()))), "dependencies")
            }
        };
        let item = table.entry(key).or_insert(toml_edit::value(Array::new()));
        if !item.is_array() {
            *item = toml_edit::value(Array::new());
        }
        match item {
            Item::Value(Value::Array(array)) => array,
            _ => unreachable!("it was made an array above"),
        }
    }
}

/// A table that shows only by its children: `[pins.x]` without `[pins]`.
fn implicit<'a>(table: &'a mut dyn TableLike, key: &str) -> &'a mut dyn TableLike {
    let item = table.entry(key).or_insert_with(|| {
        let mut fresh = Table::new();
        fresh.set_implicit(true);
        Item::Table(fresh)
    });
    table_like(item)
}

fn table_like(item: &mut Item) -> &mut dyn TableLike {
    if !item.is_table_like() {
        *item = toml_edit::value(InlineTable::new());
    }
    match item {
        Item::Table(table) => table,
        Item::Value(Value::InlineTable(table)) => table,
        _ => unreachable!("it was made a table above"),
    }
}

/// Removes a value and the comment behind it on its line; comments on lines of their own stay.
fn take_out(array: &mut Array, at: usize) {
    let before = |value: Option<&Value>| Some(value?.decor().prefix()?.as_str()?.to_owned());
    let own = before(array.get(at)).unwrap_or_default();
    let trailing = || array.trailing().as_str().unwrap_or_default().to_owned();
    let behind = before(array.get(at + 1)).unwrap_or_else(trailing);
    array.remove(at);
    // Up to the end of its line, what stands behind a comma is about the value before it.
    let (Some((above, _)), Some((_, below))) = (own.rsplit_once('\n'), behind.split_once('\n')) else {
        return;
    };
    let joined = format!("{above}\n{below}");
    match array.get_mut(at) {
        Some(next) => next.decor_mut().set_prefix(joined),
        None => array.set_trailing(joined),
    }
}

fn position(array: &Array, name: &str) -> Option<usize> {
    array.iter().position(|value| value.as_str().and_then(name_of).as_deref() == Some(name))
}

fn name_of(text: &str) -> Option<String> {
    Requirement::parse(text, "").ok().map(|requirement| requirement.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(file: &str, text: &str, change: impl FnOnce(&mut Editor)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        std::fs::write(&path, text).unwrap();
        let mut editor = Editor::open(&path).unwrap();
        change(&mut editor);
        editor.manifest().unwrap();
        editor.save().unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    const COMMENTED: &str = "# mine\nrequires = [\n  \"a>=1\", # why\n  # between\n  \"b\" # last\n]\n\n[pins.B]   # hm\nundeclared = \"deny\"\n";

    #[test]
    fn comments_and_layout_stay() {
        insta::assert_snapshot!(edited(FILE, COMMENTED, |editor| editor.add(Place::Root, "c", "c<3")), @r#"
        # mine
        requires = [
          "a>=1", # why
          # between
          "b", # last
          "c<3",
        ]

        [pins.B]   # hm
        undeclared = "deny"
        "#);
        insta::assert_snapshot!(edited(FILE, COMMENTED, |editor| {
            editor.add(Place::Root, "a", "a>=2");
            editor.add(Place::Pin("b"), "x", "x");
            editor.add(Place::Pin("new"), "y", "y");
        }), @r#"
        # mine
        requires = [
          "a>=2", # why
          # between
          "b" # last
        ]

        [pins.B]   # hm
        undeclared = "deny"
        requires = ["x"]

        [pins.new]
        requires = ["y"]
        "#);
    }

    #[test]
    fn a_comment_goes_with_its_requirement() {
        let text = "requires = [\n  \"a\", # of a\n  # above b\n  \"b\", # of b\n  \"c\", # of c\n]\n";
        let without = |names: &[&str]| {
            edited(FILE, text, |editor| {
                names.iter().for_each(|name| editor.remove(Place::Root, name).unwrap())
            })
        };
        assert_eq!(without(&["a"]), "requires = [\n  # above b\n  \"b\", # of b\n  \"c\", # of c\n]\n");
        assert_eq!(without(&["b"]), "requires = [\n  \"a\", # of a\n  # above b\n  \"c\", # of c\n]\n");
        assert_eq!(without(&["c"]), "requires = [\n  \"a\", # of a\n  # above b\n  \"b\", # of b\n]\n");
        assert_eq!(without(&["a", "b", "c"]), "requires = [\n  # above b\n]\n");
    }

    #[test]
    fn a_pyproject_is_edited_in_its_own_tables() {
        let text =
            "[project]\nname = \"x\"\ndependencies = [\"a\"]\n\n[tool.pinfold]\n\n[tool.other]\nz = 1\n";
        insta::assert_snapshot!(edited("pyproject.toml", text, |editor| {
            editor.add(Place::Root, "b", "b");
            editor.add(Place::Pin("a"), "n", "n<2");
        }), @r#"
        [project]
        name = "x"
        dependencies = ["a", "b"]

        [tool.pinfold]

        [tool.pinfold.pins.a]
        requires = ["n<2"]

        [tool.other]
        z = 1
        "#);
    }

    #[test]
    fn what_is_not_there_is_not_removed() {
        let text = edited(FILE, COMMENTED, |editor| {
            let error = editor.remove(Place::Root, "aa").unwrap_err();
            assert!(
                matches!(&error, ManifestFileError::NotThere { near: Some(near), .. } if near == "a"),
                "{error}"
            );
            editor.remove(Place::Root, "b").unwrap();
            assert!(editor.unpin("b"));
            assert!(!editor.unpin("b"));
        });
        assert!(text.starts_with("# mine\nrequires = [\n  \"a>=1\""), "{text}");
        assert!(!text.contains("\"b\"") && !text.contains("pins"), "{text}");
    }
}
