//! uv's own settings: where packages come from, and how one is chosen.
//!
//! They come from the `[uv]` table of a pinfold.toml, from `[tool.uv]` of a pyproject.toml, or from a uv.toml beside the
//! manifest, and are passed on to the projects that uv is asked about; uv reads its environment variables,
//! netrc and keyring by itself. Addresses and credentials stop here: the lock gets an index's name.

use std::path::{Path, PathBuf};

use pinfold_core::manifest::Manifest;
use pinfold_core::names::{nearest, normalize};
use sha2::{Digest, Sha256};
use toml::{Table, Value};

use super::moment;
use crate::digest::hex;
use crate::error::Hint;

/// The settings that are passed on. Others belong to projects that uv itself manages.
const PASSED: &[&str] = &[
    "allow-insecure-host",
    "build-constraint-dependencies",
    "config-settings",
    "config-settings-package",
    "constraint-dependencies",
    "dependency-metadata",
    "exclude-dependencies",
    "exclude-newer",
    "exclude-newer-package",
    "extra-build-dependencies",
    "extra-build-variables",
    "extra-index-url",
    "find-links",
    "index",
    "index-strategy",
    "index-url",
    "keyring-provider",
    "native-tls",
    "no-binary",
    "no-binary-package",
    "no-build",
    "no-build-isolation",
    "no-build-isolation-package",
    "no-build-package",
    "no-index",
    "override-dependencies",
    "prerelease",
    "resolution",
    "sources",
    "system-certs",
];

/// The name of the index that nobody named.
pub const DEFAULT: &str = "default";

/// uv's settings for one project.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// For `[tool.uv]`, with absolute paths.
    table: Table,
    /// Names and addresses of indexes, addresses without credentials.
    named: Vec<(String, String)>,
    /// Addresses that are neither named nor the default one.
    others: Vec<String>,
}

/// Why uv's settings could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A key of `[uv]` that is not passed on.
    #[error("unknown key `{key}` in [uv] of {}", manifest.display())]
    UnknownKey {
        /// As written.
        key: String,
        /// The file.
        manifest: PathBuf,
        /// The known key that looks most like it.
        near: Option<&'static str>,
    },
    /// uv.toml is not readable as TOML.
    #[error("could not read {}: {reason}", path.display())]
    UvToml {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A source that a lock could not name without an address.
    #[error(
        "uv's setting `sources` takes `{name}` from something other than a named index, which Pinfold does not pass on"
    )]
    Source {
        /// The package.
        name: String,
    },
}

impl Hint for SettingsError {
    fn hints(&self) -> Vec<String> {
        match self {
            SettingsError::UnknownKey { near: Some(near), .. } => vec![format!("did you mean `{near}`?")],
            SettingsError::UnknownKey { .. } => vec![format!("the keys here are {}", PASSED.join(", "))],
            SettingsError::Source { name } => {
                vec![format!("write the requirement as `{name} @ ./folder` or `{name} @ ./file.whl`")]
            }
            SettingsError::UvToml { .. } => Vec::new(),
        }
    }
}

impl Settings {
    /// Gathers the settings of the project in `folder`.
    ///
    /// # Errors
    /// When a key is not known, or uv.toml cannot be read.
    pub fn gather(manifest: &Manifest, path: &Path) -> Result<Self, SettingsError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let own = path.file_name().is_some_and(|name| name == pinfold_core::manifest::FILE);
        if own && let Some(key) = manifest.uv.keys().find(|key| !PASSED.contains(&key.as_str())) {
            let near = nearest(key, PASSED.iter().copied());
            return Err(SettingsError::UnknownKey { key: key.clone(), manifest: path.to_owned(), near });
        }
        let beside = folder.join("uv.toml");
        let mut table = match std::fs::read_to_string(&beside) {
            Ok(text) => text
                .parse::<Table>()
                .map_err(|e| SettingsError::UvToml { path: beside.clone(), reason: e.to_string() })?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Table::new(),
            Err(e) => return Err(SettingsError::UvToml { path: beside, reason: e.to_string() }),
        };
        // uv itself ignores [tool.uv] where there is a uv.toml; our own table is nearer than both.
        if own || table.is_empty() {
            table.extend(manifest.uv.clone());
        }
        table.retain(|key, _| PASSED.contains(&key));
        for (name, source) in table.get("sources").and_then(Value::as_table).into_iter().flatten() {
            let mut each: Box<dyn Iterator<Item = &Value>> = match source {
                Value::Array(many) => Box::new(many.iter()),
                one => Box::new(std::iter::once(one)),
            };
            if !each.all(|one| one.get("index").is_some()) {
                return Err(SettingsError::Source { name: name.clone() });
            }
        }
        make_absolute(&mut table, folder);
        let mut settings = Settings { table, named: Vec::new(), others: Vec::new() };
        settings.learn_names();
        Ok(settings)
    }

    /// From now on, nothing that was uploaded later than `moment` is there; what the project leaves out itself stays out.
    pub fn limit(&mut self, moment: &str) {
        let own =
            |value: Option<&Value>| value.and_then(Value::as_str).map(|own| moment::earlier(moment, own));
        let all = own(self.table.get("exclude-newer")).unwrap_or_else(|| moment.to_owned());
        self.table.insert("exclude-newer".to_owned(), all.into());
        // A package's own limit may be later than the project's, or none at all.
        if let Some(packages) = self.table.get_mut("exclude-newer-package").and_then(Value::as_table_mut) {
            for (_, limit) in packages.iter_mut() {
                *limit = own(Some(limit)).unwrap_or_else(|| moment.to_owned()).into();
            }
        }
    }

    /// The table for `[tool.uv]` of a project that uv is asked about.
    pub fn table(&self) -> Table {
        let mut table = self.table.clone();
        // What is built is our affair: uv would build it, too, for its metadata.
        table.retain(|key, _| !key.starts_with("no-binary"));
        table
    }

    /// Whether a package is built although its index has a wheel: `no-binary`, `no-binary-package`; of what builds are
    /// done with, only where it is named.
    pub fn is_from_source(&self, name: &str, tool: bool) -> bool {
        let all = !tool && self.table.get("no-binary").and_then(Value::as_bool) == Some(true);
        let named = self.table.get("no-binary-package").and_then(Value::as_array).into_iter().flatten();
        all || named.filter_map(Value::as_str).any(|named| normalize(named) == name)
    }

    /// The table for fetching by hash, where an index that is otherwise reserved for some packages may serve all.
    pub fn table_for_fetching(&self) -> Table {
        let mut table = self.table();
        for index in table.get_mut("index").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(index) = index.as_table_mut() {
                index.remove("explicit");
            }
        }
        for key in ["sources", "exclude-newer", "exclude-newer-package", "no-build", "no-build-package"] {
            table.remove(key);
        }
        table
    }

    /// The same indexes, with another table.
    pub(super) fn with_table(&self, table: Table) -> Settings {
        Settings { table, ..self.clone() }
    }

    /// What the lock calls the index at `address`.
    pub fn index_name(&self, address: &str) -> String {
        let bare = without_credentials(address);
        if let Some((name, _)) = self.named.iter().find(|(_, known)| *known == bare) {
            return name.clone();
        }
        // A folder has no address that another machine could know; its last component says enough.
        let folder = !bare.contains("://");
        if folder || self.others.contains(&bare) {
            let known = if folder { bare.rsplit('/').next().unwrap_or(&bare) } else { &bare };
            let digest = hex(&Sha256::digest(known.as_bytes()));
            return format!("index-{}", digest.get(..8).unwrap_or(&digest));
        }
        DEFAULT.to_owned()
    }

    /// Whether there is an index of that name now.
    pub fn has_index(&self, name: &str) -> bool {
        name == DEFAULT
            || self.named.iter().any(|(known, _)| known == name)
            || self.others.iter().any(|address| self.index_name(address) == name)
    }

    fn learn_names(&mut self) {
        for index in self.table.get("index").and_then(Value::as_array).into_iter().flatten() {
            let Some(url) = index.get("url").and_then(Value::as_str) else { continue };
            let default = index.get("default").and_then(Value::as_bool) == Some(true);
            match index.get("name").and_then(Value::as_str) {
                Some(name) => self.named.push((name.to_owned(), without_credentials(url))),
                None if default => {}
                None => self.others.push(without_credentials(url)),
            }
        }
        for key in ["extra-index-url", "find-links"] {
            let list = self.table.get(key).and_then(Value::as_array).into_iter().flatten();
            self.others.extend(list.filter_map(Value::as_str).map(without_credentials));
        }
        for name in ["UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"] {
            let value = std::env::var(name).unwrap_or_default();
            for entry in value.split([' ', ',', '\n']).filter(|entry| !entry.is_empty()) {
                match entry.split_once('=').filter(|(name, _)| !name.contains(['/', ':'])) {
                    Some((name, url)) => self.named.push((name.to_owned(), without_credentials(url))),
                    None => self.others.push(without_credentials(entry)),
                }
            }
        }
    }
}

/// Makes relative paths of indexes and link folders absolute: uv is asked from another folder.
fn make_absolute(table: &mut Table, folder: &Path) {
    let fix = |value: &mut Value| {
        if let Value::String(text) = value
            && !text.contains("://")
            && !text.starts_with('/')
        {
            *text = folder.join(text.as_str()).display().to_string();
        }
    };
    for index in table.get_mut("index").and_then(Value::as_array_mut).into_iter().flatten() {
        index.get_mut("url").into_iter().for_each(fix);
    }
    for key in ["find-links", "extra-index-url"] {
        table.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().for_each(fix);
    }
    table.get_mut("index-url").into_iter().for_each(fix);
}

/// An address as the same index has it for everybody: no user, no password, no closing slash.
fn without_credentials(address: &str) -> String {
    let bare = match address.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
            let host = host.rsplit('@').next().unwrap_or(host);
            path.map_or(format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
        }
        None => address.to_owned(),
    };
    bare.strip_prefix("file://").unwrap_or(&bare).trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_its_credentials_and_nothing_else() {
        assert_eq!(
            without_credentials("https://me:p%40ss@corp.invalid:8/simple/"),
            "https://corp.invalid:8/simple"
        );
        assert_eq!(without_credentials("file:///srv/links"), "/srv/links");
        assert_eq!(without_credentials("https://corp.invalid/@scope"), "https://corp.invalid/@scope");
    }

    #[test]
    fn indexes_are_called_by_their_names() {
        let text = "[uv]\nextra-index-url = ['https://u:p@other.invalid/simple']\n\
                    index = [{ name = 'corp', url = 'https://u:p@corp.invalid/simple/' }]\n";
        let manifest = Manifest::parse(text, pinfold_core::manifest::Kind::Pinfold).expect("a manifest");
        let settings = Settings::gather(&manifest, Path::new("/nowhere/pinfold.toml")).expect("settings");
        assert_eq!(settings.index_name("https://corp.invalid/simple"), "corp");
        assert_eq!(settings.index_name("https://elsewhere.invalid/simple"), DEFAULT);
        let other = settings.index_name("https://other.invalid/simple");
        assert!(other.starts_with("index-") && other.len() == 14, "{other}");
    }
}
