//! What uv's settings say about builds, for the engine, which does the building that uv would do.
//!
//! `build-constraint-dependencies`, `config-settings`, `config-settings-package`, `extra-build-dependencies` and
//! `extra-build-variables`. Deliberately not here: `no-build-isolation`, which has no meaning where every build has an
//! environment of its own.

use std::collections::BTreeMap;

use pinfold_core::names::normalize;
use serde_json::json;
use toml::{Table, Value};

use super::settings::Settings;

impl Settings {
    /// The settings for resolving what builds need: what narrows the project's own packages does not narrow those.
    #[must_use]
    pub fn for_building(&self) -> Settings {
        let mut table = self.table();
        let constraints = table.remove("build-constraint-dependencies");
        table.retain(|key, _| !key.ends_with("-dependencies") && key != "dependency-metadata");
        table.extend(constraints.map(|list| ("constraint-dependencies".to_owned(), list)));
        self.with_table(table)
    }

    /// Requirements that a package's build has in addition.
    pub fn extra_build_dependencies(&self, name: &str) -> Vec<String> {
        let table = self.table();
        let list = of_package(&table, "extra-build-dependencies", name).and_then(Value::as_array).into_iter();
        // A requirement, or a table with one.
        list.flatten()
            .filter_map(|one| one.as_str().or_else(|| one.get("requirement")?.as_str()))
            .map(str::to_owned)
            .collect()
    }

    /// Variables that a package's build sees.
    pub fn build_variables(&self, name: &str) -> BTreeMap<String, String> {
        let table = self.table();
        let given = of_package(&table, "extra-build-variables", name).and_then(Value::as_table).into_iter();
        given.flatten().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    }

    /// The `config_settings` of a package's build (PEP 517); null when there are none.
    pub fn config_settings(&self, name: &str) -> serde_json::Value {
        let table = self.table();
        let mut all = table.get("config-settings").and_then(Value::as_table).cloned().unwrap_or_default();
        let own = of_package(&table, "config-settings-package", name).and_then(Value::as_table);
        all.extend(own.cloned().unwrap_or_default());
        if all.is_empty() { serde_json::Value::Null } else { json!(all) }
    }
}

fn of_package<'t>(table: &'t Table, key: &str, name: &str) -> Option<&'t Value> {
    let packages = table.get(key)?.as_table()?;
    packages.iter().find(|(package, _)| normalize(package) == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use pinfold_core::manifest::{Kind, Manifest};

    use super::*;

    #[test]
    fn what_is_said_about_builds_reaches_them_and_nothing_else_does() {
        let text = "[uv]\nconstraint-dependencies = ['numpy<2']\nbuild-constraint-dependencies = ['numpy<3']\n\
                    extra-build-dependencies = { A_b = ['cython', { requirement = 'numpy', match-runtime = true }] }\n\
                    extra-build-variables = { a-b = { CC = 'gcc' } }\nconfig-settings = { x = '1', y = '2' }\n\
                    config-settings-package = { a-b = { x = ['3'] } }\n";
        let manifest = Manifest::parse(text, Kind::Pinfold).unwrap();
        let settings = Settings::gather(&manifest, Path::new("/nowhere/pinfold.toml")).unwrap();
        let building = settings.for_building().table();
        assert_eq!(building["constraint-dependencies"].as_array().unwrap()[0].as_str(), Some("numpy<3"));
        assert_eq!(settings.extra_build_dependencies("a-b"), ["cython", "numpy"]);
        assert_eq!(settings.build_variables("a-b").get("CC").map(String::as_str), Some("gcc"));
        assert_eq!(settings.config_settings("a-b"), json!({"x": ["3"], "y": "2"}));
        assert_eq!(settings.config_settings("c"), json!({"x": "1", "y": "2"}));
        assert!(settings.build_variables("c").is_empty());
    }
}
