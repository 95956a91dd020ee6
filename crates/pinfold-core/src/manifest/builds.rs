//! What a manifest says about building and checking: `[build-set]`, `[builds.NAME]`, `[checks.NAME]`.
//!
//! Deliberately not here: what a source's own `[build-system]` says, which stands in the source.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::de::DeTable;

use super::{Manifest, ManifestError, Read, Reader};

/// For everything that is built from source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BuildSet {
    /// Requirements that narrow what builds use, and local packages that they may use.
    pub requires: Vec<String>,
    /// Variables that builds see, and depend on.
    pub env: Vec<String>,
    /// Seconds after which a step of a build is ended.
    #[serde(skip)]
    pub timeout: Option<u64>,
}

/// For one package that is built from source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Build {
    /// Added to its own build requirements.
    pub requires: Vec<String>,
    /// Variables that its build sees, and depends on.
    pub env: Vec<String>,
    /// Seconds after which a step of its build is ended.
    #[serde(skip)]
    pub timeout: Option<u64>,
}

/// How one package is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The program and its arguments; empty for the default.
    pub command: Vec<String>,
    /// What of the source the command needs; `None` for the default.
    pub tests: Option<Vec<String>>,
    /// What the tests need beside the package; `None` for the default.
    pub requires: Option<Vec<String>>,
    /// Variables that the command sees, and its verdict depends on.
    pub env: Vec<String>,
    /// Seconds after which it is ended.
    pub timeout: Option<u64>,
}

impl BuildSet {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == BuildSet::default()
    }
}

const BUILD_KEYS: &[&str] = &["requires", "env", "timeout"];
const CHECK_KEYS: &[&str] = &["command", "tests", "requires", "env", "timeout"];

/// Reads the three tables; `prefix` is what stands before their names.
pub(super) fn read(
    reader: &Reader<'_>,
    table: &DeTable<'_>,
    prefix: &str,
    manifest: &mut Manifest,
) -> Read<()> {
    let path = format!("{prefix}build-set");
    if let Some(set) = reader.table(table, "build-set", &path)? {
        reader.only(set, BUILD_KEYS, &format!("[{path}]"))?;
        let requires = reader.strings(set, "requires", &format!("{path}.requires"))?;
        let timeout = reader.seconds(set, "timeout", &format!("{path}.timeout"))?;
        manifest.build_set = BuildSet { requires, env: variables(reader, set, &path)?, timeout };
    }
    manifest.builds = each(reader, table, &format!("{prefix}builds"), "builds", |build, path| {
        reader.only(build, BUILD_KEYS, &format!("[{path}]"))?;
        let requires = reader.strings(build, "requires", &format!("{path}.requires"))?;
        let timeout = reader.seconds(build, "timeout", &format!("{path}.timeout"))?;
        Ok(Build { requires, env: variables(reader, build, path)?, timeout })
    })?;
    manifest.checks = each(reader, table, &format!("{prefix}checks"), "checks", |check, path| {
        reader.only(check, CHECK_KEYS, &format!("[{path}]"))?;
        let list = |key: &str| reader.strings(check, key, &format!("{path}.{key}"));
        let given = |key: &str| check.contains_key(key).then(|| list(key)).transpose();
        Ok(Check {
            command: list("command")?,
            tests: given("tests")?,
            requires: given("requires")?,
            env: variables(reader, check, path)?,
            timeout: reader.seconds(check, "timeout", &format!("{path}.timeout"))?,
        })
    })?;
    Ok(())
}

/// The tables below `key`, by normalised name.
fn each<T>(
    reader: &Reader<'_>,
    table: &DeTable<'_>,
    path: &str,
    key: &str,
    read: impl Fn(&DeTable<'_>, &str) -> Read<T>,
) -> Read<BTreeMap<String, T>> {
    let mut found = BTreeMap::new();
    let Some(tables) = reader.table(table, key, path)? else { return Ok(found) };
    for key in tables.keys() {
        let inner = format!("{path}.{}", key.get_ref());
        let Some(one) = reader.table(tables, key.get_ref(), &inner)? else { continue };
        let line = reader.line(key.span().start);
        let bare = "the table is called by the package's name alone";
        let name = reader.name(key.get_ref(), || format!("[{path}]"), bare, line)?;
        if found.insert(name.clone(), read(one, &inner)?).is_some() {
            return Err(ManifestError::NamedTwice { name, table: path.to_owned(), line });
        }
    }
    Ok(found)
}

/// Names of variables; what no environment can hold is refused.
fn variables(reader: &Reader<'_>, table: &DeTable<'_>, path: &str) -> Read<Vec<String>> {
    let key = format!("{path}.env");
    let names = reader.strings(table, "env", &key)?;
    match (names.iter().any(|name| name.is_empty() || name.contains(['=', '\0'])), table.get("env")) {
        (true, Some(value)) => Err(reader.wrong(
            value,
            &key,
            "a list of names of variables (their values come from the environment)",
        )),
        _ => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    #[test]
    fn builds_and_checks_are_read_from_both_kinds_of_file() {
        let tables = "[build-set]\nrequires = ['setuptools<81']\nenv = ['CC']\n[builds.A_b]\nrequires = ['numpy==1.26.4']\n\
                      [checks.a-b]\ncommand = ['pytest', '-q']\ntests = []\ntimeout = 60\n";
        let own = Manifest::parse(tables, Kind::Pinfold).unwrap();
        let shared = tables.replace("[b", "[tool.pinfold.b").replace("[checks", "[tool.pinfold.checks");
        let shared = Manifest::parse(&shared, Kind::Pyproject).unwrap();
        assert_eq!(
            (&own.build_set, &own.builds, &own.checks),
            (&shared.build_set, &shared.builds, &shared.checks)
        );
        assert_eq!(own.builds["a-b"].requires, ["numpy==1.26.4"]);
        let check = &own.checks["a-b"];
        assert_eq!(
            (check.tests.as_deref(), check.requires.as_deref(), check.timeout),
            (Some(&[][..]), None, Some(60))
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, said) in [
            ("[builds.a]\nrequire = []", "line 2: unknown key `require` in [builds.a]"),
            ("[builds.a]\n[builds.A]", "line 1: `a` stands twice in [builds]"),
            ("[checks.a]\ntimeout = 0", "line 2: `checks.a.timeout` must be a number of seconds above 0"),
            ("[builds.'a>=1']", "line 1: `a>=1` in [builds] is not the name of a package"),
            ("[pins.'six>=1.16']", "line 1: `six>=1.16` in [pins] is not the name of a package"),
            ("[pins.x]\nshare = ['y<2']", "line 2: `y<2` in `pins.x.share` is not the name of a package"),
            ("[build-set]\nenv = ['CC=gcc']", "line 2: `build-set.env` must be a list of names of variables"),
            ("[checks.a]\ncommand = 'pytest'", "line 2: `checks.a.command` must be a list of strings"),
        ] {
            let error = Manifest::parse(text, Kind::Pinfold).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
