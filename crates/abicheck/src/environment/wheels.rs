//! Wheels, unpacked by the code that installs them: every entry checked before it is written, with limits, so that a
//! bomb is refused before it goes off.
//!
//! They go to pinfold's store, where a wheel is unpacked once and `pinfold gc` removes what nothing uses.
//! Deliberately not here: resolving what they require.

use std::path::PathBuf;

use wheelsplit::{Expected, Store, WheelName};

use super::error::InputError;

/// Wheels as folders.
#[derive(Default)]
pub(super) struct Unpacked {
    /// Each wheel's modules.
    pub(super) folders: Vec<PathBuf>,
    /// The Python that a tag of theirs is for.
    pub(super) python: Option<(u32, u32)>,
}

/// Unpacks `wheels`.
pub(super) fn unpack(wheels: &[&PathBuf]) -> Result<Unpacked, InputError> {
    let mut unpacked = Unpacked::default();
    for path in wheels {
        let wrong = |error: &dyn std::fmt::Display| InputError::Wheel {
            path: (*path).clone(),
            why: error.to_string(),
        };
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if !file.ends_with(".whl") {
            return Err(InputError::NoEnvironment {
                path: (*path).clone(),
                what: "a file that is no wheel".to_owned(),
                hint: "one library alone: `abicheck ldd FILE`, `abicheck bindings FILE`".to_owned(),
            });
        }
        let name = WheelName::parse(&file).map_err(|error| wrong(&error))?;
        let expected = Expected { name: name.name.clone(), version: name.version.clone(), sha256: None };
        let store = Store::from_env().map_err(|error| wrong(&error))?;
        let installed = store.install_file(path, &expected).map_err(|error| wrong(&error))?;
        unpacked.folders.push(installed.site());
        unpacked.python =
            unpacked.python.or(name.tags.iter().find_map(|tag| python_of(&tag.python, &tag.abi)));
    }
    Ok(unpacked)
}

/// 3 and 11 of `cp311`, unless any later one fits too.
fn python_of(python: &str, abi: &str) -> Option<(u32, u32)> {
    if abi == "abi3" {
        return None;
    }
    let digits = python.strip_prefix("cp3")?;
    Some((3, digits.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::python_of;

    #[test]
    fn tags_that_name_one_python() {
        assert_eq!(python_of("cp311", "cp311"), Some((3, 11)));
        assert_eq!(python_of("cp38", "abi3"), None);
        assert_eq!(python_of("py3", "none"), None);
    }
}
