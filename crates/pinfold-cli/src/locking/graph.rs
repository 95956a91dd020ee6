//! From `uv.lock` to the graph of one closure on one platform: which packages are reached, over which edges.
//!
//! Deliberately not here: which file of a package is used ([`super::choose`]).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::str::FromStr;

use pep508_rs::{MarkerEnvironment, MarkerTree};

use crate::uv::UvError;
use crate::uv::lockfile::{Dependency, Package, UvLock};

/// A package that is reached.
#[derive(Clone, Debug)]
pub struct Reached<'a> {
    /// The package.
    pub package: &'a Package,
    /// Names of what it needs here, extras included.
    pub dependencies: BTreeSet<String>,
}

/// Every package that the project needs in this environment, by name.
///
/// # Errors
/// When a marker cannot be read, an edge leads nowhere, or one name is reached at two versions.
pub fn walk<'a>(
    lock: &'a UvLock,
    environment: &MarkerEnvironment,
) -> Result<BTreeMap<String, Reached<'a>>, UvError> {
    let project = lock.project().ok_or_else(|| UvError::Format("uv.lock has no project".to_owned()))?;
    let mut reached: BTreeMap<String, Reached<'a>> = BTreeMap::new();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut queue: VecDeque<(Option<&Package>, &Dependency)> = VecDeque::new();
    queue.extend(project.dependencies.iter().map(|edge| (None, edge)));
    while let Some((from, edge)) = queue.pop_front() {
        if !holds(edge, environment)? {
            continue;
        }
        let package = target(lock, edge)?;
        if let Some(from) = from.and_then(|from| reached.get_mut(&from.name))
            && from.package.name != package.name
        {
            from.dependencies.insert(package.name.clone());
        }
        let entry = reached
            .entry(package.name.clone())
            .or_insert_with(|| Reached { package, dependencies: BTreeSet::new() });
        if entry.package.version != package.version {
            return Err(UvError::Format(format!("{} is at two versions in one closure", package.name)));
        }
        if seen.insert((&package.name, "")) {
            queue.extend(package.dependencies.iter().map(|edge| (Some(package), edge)));
        }
        for extra in &edge.extra {
            if seen.insert((&package.name, extra)) {
                let more = package.optional_dependencies.get(extra).into_iter().flatten();
                queue.extend(more.map(|edge| (Some(package), edge)));
            }
        }
    }
    Ok(reached)
}

fn holds(edge: &Dependency, environment: &MarkerEnvironment) -> Result<bool, UvError> {
    let Some(marker) = &edge.marker else { return Ok(true) };
    let tree =
        MarkerTree::from_str(marker).map_err(|e| UvError::Format(format!("the marker `{marker}`: {e}")))?;
    Ok(tree.evaluate(environment, &[]))
}

fn target<'a>(lock: &'a UvLock, edge: &Dependency) -> Result<&'a Package, UvError> {
    let fits = |package: &&Package| {
        package.name == edge.name
            && (edge.version.is_none() || package.version == edge.version)
            && edge.source.as_ref().is_none_or(|source| *source == package.source)
    };
    let found = lock.packages.iter().find(fits);
    found.ok_or_else(|| UvError::Format(format!("an edge leads to {}, which is not there", edge.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
        version = 1
        [[package]]
        name = "root"
        source = { virtual = "." }
        dependencies = [{ name = "a", extra = ["x"] }, { name = "w", marker = "sys_platform == 'win32'" }]
        [[package]]
        name = "a"
        version = "1"
        source = { registry = "r" }
        dependencies = [{ name = "b" }, { name = "old", marker = "python_full_version < '3.11.4'" }]
        [package.optional-dependencies]
        x = [{ name = "c" }]
        y = [{ name = "d" }]
        [[package]]
        name = "b"
        version = "1"
        source = { registry = "r" }
        dependencies = [{ name = "a", extra = ["y"] }]
        [[package]]
        name = "c"
        version = "1"
        source = { registry = "r" }
        [[package]]
        name = "d"
        version = "1"
        source = { registry = "r" }
        [[package]]
        name = "old"
        version = "1"
        source = { registry = "r" }
    "#;

    pub(crate) fn environment() -> MarkerEnvironment {
        let text = r#"{"implementation_name":"cpython","implementation_version":"3.11.7","os_name":"posix",
            "platform_machine":"x86_64","platform_python_implementation":"CPython","platform_release":"6",
            "platform_system":"Linux","platform_version":"1","python_full_version":"3.11.7",
            "python_version":"3.11","sys_platform":"linux"}"#;
        serde_json::from_str(text).expect("a marker environment")
    }

    #[test]
    fn extras_count_where_somebody_asks_and_markers_where_they_hold() {
        let lock: UvLock = toml::from_str(LOCK).expect("a lock");
        let graph = walk(&lock, &environment()).expect("a graph");
        let names: Vec<&str> = graph.keys().map(String::as_str).collect();
        assert_eq!(names, ["a", "b", "c", "d"], "y is asked for by b; old is for older Pythons");
        let dependencies = &graph.get("a").expect("a").dependencies;
        assert_eq!(dependencies.iter().map(String::as_str).collect::<Vec<_>>(), ["b", "c", "d"]);
    }
}
