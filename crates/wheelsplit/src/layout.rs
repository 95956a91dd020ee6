//! Where each file of a wheel goes (binary distribution format, "The .data directory").
//!
//! What would go to purelib or platlib goes to `site-packages`, the rest of `.data` to `data`. Bytecode caches
//! are verified and then left out: Python writes its own where it may, and in the store it may not.
//! Deliberately not here: writing.

use std::collections::{BTreeSet, HashSet};

use crate::error::Defect;
use crate::filename::{same_name, same_version};
use crate::source::Entry;

/// The folder of a wheel that importers would have on `sys.path`.
pub(crate) const SITE: &str = "site-packages";

/// The folder of a wheel's other files: scripts, headers, data.
pub(crate) const DATA: &str = "data";

/// The name that Python gives to folders of bytecode (PEP 3147).
pub(crate) const PYCACHE: &str = "__pycache__";

/// One file on its way.
#[derive(Debug)]
pub(crate) struct Placed {
    /// Its index in the source.
    pub(crate) index: usize,
    /// Its path in the wheel's folder of the store; `None` if it is verified and left out.
    pub(crate) to: Option<String>,
    /// Whether it gets the executable bits.
    pub(crate) executable: bool,
}

/// Where everything goes.
///
/// Invariant: no two files have one path, and no file stands where another needs a folder.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) files: Vec<Placed>,
    /// Every folder, parents first.
    pub(crate) folders: BTreeSet<String>,
    /// Folders in which an empty file stands in the place of Python's bytecode folder.
    pub(crate) barred: BTreeSet<String>,
}

impl Layout {
    /// Lays out `entries` of the wheel whose metadata folder is `stem.dist-info`, with at most `most` folders.
    pub(crate) fn new(entries: &[Entry], stem: &str, most: usize) -> Result<Self, Defect> {
        let mut layout = Layout {
            files: Vec::with_capacity(entries.len()),
            folders: BTreeSet::new(),
            barred: BTreeSet::new(),
        };
        layout.folders.insert(SITE.to_owned());
        let mut taken = HashSet::new();
        for (index, entry) in entries.iter().enumerate() {
            let (to, script) = destination(&entry.path, stem)?;
            let to = (!entry.path.split('/').any(|part| part == PYCACHE)).then_some(to);
            if let Some(to) = &to {
                if !taken.insert(to.clone()) {
                    let reason = "both would be installed as one file";
                    return Err(Defect::Duplicate { entry: entry.path.clone(), reason });
                }
                layout.add_parents(to);
                if layout.folders.len() > most {
                    let reason = format!("its files lie in more than {most} folders");
                    return Err(Defect::Bomb { reason });
                }
            }
            layout.files.push(Placed { index, to, executable: entry.executable || script });
        }
        for placed in &layout.files {
            if let Some(to) = &placed.to
                && layout.folders.contains(to)
            {
                let entry = entries[placed.index].path.clone();
                return Err(Defect::Duplicate {
                    entry,
                    reason: "it is a file where another entry needs a folder",
                });
            }
        }
        Ok(layout)
    }

    fn add_parents(&mut self, to: &str) {
        let mut rest = to;
        let source = to.ends_with(".py") && to.starts_with(SITE);
        while let Some((parent, _)) = rest.rsplit_once('/') {
            if source && rest.len() == to.len() {
                self.barred.insert(parent.to_owned());
            }
            if !self.folders.insert(parent.to_owned()) {
                break;
            }
            rest = parent;
        }
    }
}

/// Whether `top` is the wheel's `.data` folder; old build tools normalised its name and that of `.dist-info`
/// differently.
fn is_data(top: &str, stem: &str) -> bool {
    let Some(top) = top.strip_suffix(".data") else { return false };
    match (top.split_once('-'), stem.split_once('-')) {
        (Some((name, version)), Some((own_name, own_version))) => {
            same_name(name, own_name) && same_version(version, own_version)
        }
        _ => false,
    }
}

/// The destination of one file, and whether it is a script.
fn destination(path: &str, stem: &str) -> Result<(String, bool), Defect> {
    let rest = path.split_once('/').filter(|(top, _)| is_data(top, stem));
    let Some((_, rest)) = rest else {
        return Ok((format!("{SITE}/{path}"), false));
    };
    match rest.split_once('/') {
        Some(("purelib" | "platlib", rest)) => Ok((format!("{SITE}/{rest}"), false)),
        Some((key @ ("scripts" | "headers" | "data"), rest)) => {
            Ok((format!("{DATA}/{key}/{rest}"), key == "scripts"))
        }
        _ => Err(Defect::Shape(format!(
            "its file `{path}` is in none of the folders that `.data` may have (purelib, platlib, scripts, headers, data)"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lay(paths: &[&str]) -> Result<Layout, String> {
        let entry = |p: &&str| Entry { path: (*p).to_owned(), size: 0, executable: false };
        let entries: Vec<Entry> = paths.iter().map(entry).collect();
        Layout::new(&entries, "x-1", 100).map_err(|e| e.to_string())
    }

    #[test]
    fn data_goes_where_its_key_says() {
        let layout = lay(&[
            "x/a.py",
            "x-1.data/purelib/p.py",
            "x-1.data/platlib/x/b.so",
            "x-1.data/scripts/run",
            "x-1.data/headers/x.h",
            "X-1.0.data/data/share/x",
            "y-1.data/file",
            "x/__pycache__/a.cpython-311.pyc",
        ])
        .unwrap_or_else(|e| panic!("{e}"));
        let to: Vec<_> = layout.files.iter().map(|f| f.to.as_deref().unwrap_or("-")).collect();
        assert_eq!(
            to,
            [
                "site-packages/x/a.py",
                "site-packages/p.py",
                "site-packages/x/b.so",
                "data/scripts/run",
                "data/headers/x.h",
                "data/data/share/x",
                "site-packages/y-1.data/file",
                "-"
            ]
        );
        assert!(layout.files[3].executable && !layout.files[0].executable);
        assert_eq!(layout.barred.iter().collect::<Vec<_>>(), ["site-packages", "site-packages/x"]);
        assert!(layout.folders.contains("data/data/share") && layout.folders.contains("data"));
    }

    #[test]
    fn two_files_never_meet() {
        for bad in [
            &["p.py", "x-1.data/purelib/p.py"][..],
            &["a", "a/b"],
            &["a/b", "x-1.data/platlib/a"],
            &["x-1.data/other/f"],
            &["x-1.data/f"],
        ] {
            assert!(lay(bad).is_err(), "{bad:?}");
        }
    }
}
