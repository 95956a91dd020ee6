//! `uv.lock`, as far as it is read here: packages, their edges and their files.
//!
//! Deliberately not here: keys that have no meaning for one platform and one Python, and any choice.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::UvError;

/// The parts of `uv.lock` that are read.
#[derive(Clone, Debug, Deserialize)]
pub struct UvLock {
    /// Every package that any environment of the resolution needs.
    #[serde(default, rename = "package")]
    pub packages: Vec<Package>,
}

/// A package at one version.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Package {
    /// Normalised.
    pub name: String,
    /// Absent for what has none yet (dynamic versions of source trees).
    pub version: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// What it needs.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
    /// What it needs in addition, by extra.
    #[serde(default)]
    pub optional_dependencies: BTreeMap<String, Vec<Dependency>>,
    /// Its wheels.
    #[serde(default)]
    pub wheels: Vec<File>,
    /// Its source distribution.
    pub sdist: Option<File>,
}

/// Where a package comes from; one of these is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Source {
    /// The address of an index or find-links page, or a folder of wheels.
    pub registry: Option<String>,
    /// A wheel file.
    pub path: Option<String>,
    /// The project itself.
    #[serde(rename = "virtual")]
    pub project: Option<String>,
}

/// An edge.
#[derive(Clone, Debug, Deserialize)]
pub struct Dependency {
    /// Normalised.
    pub name: String,
    /// Set where several versions of `name` are in the lock.
    pub version: Option<String>,
    /// Set where several sources of `name` are in the lock.
    pub source: Option<Source>,
    /// Extras of `name` that this edge asks for.
    #[serde(default)]
    pub extra: Vec<String>,
    /// When the edge holds; absent for always.
    pub marker: Option<String>,
}

/// A file of a package.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct File {
    /// Its address.
    pub url: Option<String>,
    /// Its path, for a folder of wheels.
    pub path: Option<String>,
    /// Its name, where there is neither.
    pub filename: Option<String>,
    /// `sha256:...`.
    pub hash: Option<String>,
    /// In bytes.
    pub size: Option<u64>,
    /// RFC 3339.
    pub upload_time: Option<toml::Value>,
}

impl File {
    /// The file's name, from whatever says it.
    pub fn name(&self) -> Option<String> {
        if let Some(name) = &self.filename {
            return Some(name.clone());
        }
        let whole = self
            .url
            .as_deref()
            .map(|url| url.split(['#', '?']).next().unwrap_or(url))
            .or(self.path.as_deref())?;
        let last = whole.rsplit(['/', '\\']).next().unwrap_or(whole);
        Some(percent_decode(last))
    }

    /// The SHA-256, where the index says one.
    pub fn sha256(&self) -> Option<&str> {
        self.hash.as_deref()?.strip_prefix("sha256:")
    }

    /// The upload time as text; TOML may hold it as a date or as a string.
    pub fn uploaded(&self) -> Option<String> {
        match self.upload_time.as_ref()? {
            toml::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// `%2B` and the like, as in addresses of wheels with a local version.
fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let byte = tail.get(..2).filter(|_| first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl UvLock {
    /// Reads the file that `uv lock` wrote.
    ///
    /// # Errors
    /// When it is not there or not of this shape.
    pub fn read(path: &Path) -> Result<Self, UvError> {
        let text = std::fs::read_to_string(path).map_err(UvError::io("read", path))?;
        toml::from_str(&text).map_err(|e| UvError::Format(e.to_string()))
    }

    /// The project itself.
    pub fn project(&self) -> Option<&Package> {
        self.packages.iter().find(|package| package.source.project.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_whatever_says_it() {
        let file = |text: &str| toml::from_str::<File>(text).expect("a file").name();
        assert_eq!(
            file("url = 'a/b/x-1%2Bcu12-py3-none-any.whl#sha256=0'").as_deref(),
            Some("x-1+cu12-py3-none-any.whl")
        );
        assert_eq!(file("path = 'links/x.whl'").as_deref(), Some("x.whl"));
        assert_eq!(file("filename = 'x.whl'").as_deref(), Some("x.whl"));
        assert_eq!(file("hash = 'sha256:0'"), None);
    }

    #[test]
    fn edges_keep_extras_and_markers() {
        let lock: UvLock = toml::from_str(
            "version = 1\n[[package]]\nname = 'a'\nversion = '1'\nsource = { virtual = '.' }\n\
             dependencies = [{ name = 'b', extra = ['x'], marker = \"os_name == 'nt'\" }]\n",
        )
        .expect("a lock");
        let edge = &lock.project().expect("the project").dependencies[0];
        assert_eq!((edge.name.as_str(), edge.extra.as_slice()), ("b", &["x".to_owned()][..]));
        assert_eq!(edge.marker.as_deref(), Some("os_name == 'nt'"));
    }
}
