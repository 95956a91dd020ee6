//! What the imports of an environment load: each file once, with who brings it and who loads it.
//!
//! Files that lie on disk and that no import loads are not among them. Deliberately not here: orders of imports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use elf_loader::{Found, Object};

use crate::analysis::{Analysis, PackageId};
use crate::environment::DistributionId;

/// A file that is loaded.
pub(super) struct Loaded<'a> {
    pub(super) object: &'a Arc<Object>,
    /// The distribution that has it; `None` for the system's and the interpreter's.
    pub(super) owner: Option<DistributionId>,
    /// The packages whose import loads it; none where it is there before any import.
    pub(super) packages: BTreeSet<PackageId>,
    /// Importing the modules at the top of a package loads it.
    pub(super) eager: bool,
    /// Some import that loads it is not below a `try`.
    pub(super) needed: bool,
    /// The module that is this file, where it is one.
    pub(super) module: Option<&'a str>,
}

impl Loaded<'_> {
    /// Its path, as it was found.
    pub(super) fn path(&self) -> PathBuf {
        self.object.path.as_path().to_owned()
    }

    /// The last part of its path.
    pub(super) fn file_name(&self) -> String {
        let path = self.object.path.as_path();
        path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The name of the distribution that has it. What a path or a list of folders leads to is not found for everyone, so that
    /// it is not the system's.
    pub(super) fn whose(&self, analysis: &Analysis<'_>) -> String {
        match (self.owner, self.object.found) {
            (Some(owner), _) => analysis.name(owner).to_owned(),
            (None, Found::Path | Found::Rpath(_) | Found::Runpath(_)) => "no distribution".to_owned(),
            (None, _) => "the system".to_owned(),
        }
    }

    /// The names of those whose import loads it.
    pub(super) fn loaders(&self, analysis: &Analysis<'_>) -> Vec<String> {
        self.packages.iter().map(|package| analysis.package_name(*package).to_owned()).collect()
    }
}

/// Everything that is loaded, in the order in which it is first met: what the interpreter has at its start, then what
/// each package loads alone. What a failed load brought is not there.
pub(super) fn loaded<'a>(analysis: &'a Analysis<'_>) -> Vec<Loaded<'a>> {
    let mut all: Vec<Loaded<'a>> = Vec::new();
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    let mut place = |object: &'a Arc<Object>, all: &mut Vec<Loaded<'a>>| {
        *places.entry(object.key()).or_insert_with(|| {
            let owner = analysis.owner(object);
            let packages = BTreeSet::new();
            all.push(Loaded { object, owner, packages, eager: false, needed: false, module: None });
            all.len() - 1
        })
    };
    for (_, object) in analysis.machine.start.objects() {
        let at = place(object, &mut all);
        (all[at].eager, all[at].needed) = (true, true);
    }
    for (package, run) in analysis.alone.iter().enumerate() {
        for opening in &run.openings {
            let Ok(opened) = opening.load.result else { continue };
            for (id, object) in opening.load.new_objects() {
                let at = place(object, &mut all);
                let loaded = &mut all[at];
                loaded.packages.insert(package);
                loaded.eager |= opening.eager;
                loaded.needed |= !opening.guarded;
                if id == opened {
                    loaded.module = loaded.module.or(opening.module.as_deref());
                }
            }
        }
    }
    all
}
