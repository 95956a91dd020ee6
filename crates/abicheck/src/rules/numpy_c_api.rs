//! # numpy-c-api
//!
//! ## What it does
//! Compares the generation of NumPy's C API that a module was built for with the NumPy that its package sees: in an
//! environment of pins, each package may see another one. A module that was built for NumPy 1 alone refers to
//! `numpy.core._multiarray_umath` and not to `numpy._core._multiarray_umath`; one that was built with the headers of
//! NumPy 2 works with both, and its file says the oldest release that it needs. Which NumPy 1 a module was built for no
//! file says; a package that uses the C API and requires another release than it sees is told too.
//!
//! ## Why is this bad?
//! The layout of arrays' types changed with NumPy 2, which refuses modules that were not built for it: `ImportError:
//! numpy.core.multiarray failed to import`. It is an error where the package requires or imports NumPy, a warning where
//! it may do without or only its requirements are not met, and a note where other modules of the package fit and importing the package does not open this
//! one.
//!
//! ## Example
//! ```text
//! error[AB402]: pkg was built for NumPy 1, and finds numpy 2.0.2
//!   pkg/_core.so   refers to numpy.core._multiarray_umath, not to numpy._core._multiarray_umath
//! ```
//!
//! ## Fix
//! Take a release of the package that was built for NumPy 2, or a NumPy before 2: `numpy<2` among the requirements, or
//! a pin of it for this package.

use std::collections::{BTreeMap, BTreeSet};

use elf_facts::Head;

use super::loaded::Loaded;
use super::numpy_seen::{self, Seen};
use super::{Gathered, Rule};
use crate::analysis::Analysis;
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding, Probe, Severity, SymbolName};

pub(super) const RULE: Rule = Rule {
    code: "AB402",
    name: "numpy-c-api",
    severity: Severity::Error,
    summary: "a module was built for another generation of NumPy's C API",
    source: include_str!("numpy_c_api.rs"),
    check,
};

const OLD: &str = "numpy.core._multiarray_umath";
const NEW: &str = "numpy._core._multiarray_umath";
/// What modules that were built before NumPy 1.16 import; pybind11 imports it too, and copes with both generations.
const OLDEST: &str = "numpy.core.multiarray";
const PYBIND11: &str = "__pybind11_internals_v";
/// What the headers of NumPy 2 leave in a file, up to the release.
const NEEDS: &str = "module was compiled against NumPy C-API version 0x%x (NumPy ";

/// What a file needs of NumPy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    /// NumPy 1.
    One(&'static str),
    /// This release or a later one.
    AtLeast(u32, u32),
}

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    let all = gathered.loaded();
    let mut seen: BTreeMap<DistributionId, Option<Seen>> = BTreeMap::new();
    let needing =
        all.iter().filter_map(|loaded| Some((loaded.owner?, loaded, needs(&loaded.object.facts().head)?)));
    let needing: Vec<(DistributionId, &Loaded<'_>, Needs)> = needing.collect();
    let mut wrong: BTreeMap<(DistributionId, Severity, Needs), Vec<&Loaded<'_>>> = BTreeMap::new();
    for (owner, loaded, needs) in &needing {
        let seen = seen.entry(*owner).or_insert_with(|| numpy_seen::by(analysis, *owner));
        let Some(seen) = seen.as_ref().filter(|seen| seen.distribution != Some(*owner)) else { continue };
        if !needs.fits(seen) {
            let fits = |other: &(DistributionId, &Loaded<'_>, Needs)| other.0 == *owner && other.2.fits(seen);
            let partly = needing.iter().any(fits);
            let severity = severity(analysis, *owner, loaded, seen, partly);
            wrong.entry((*owner, severity, needs.clone())).or_default().push(loaded);
        }
    }
    let told: BTreeSet<DistributionId> = wrong.keys().map(|(owner, _, _)| *owner).collect();
    for ((owner, severity, needs), files) in wrong {
        if let Some(Some(seen)) = seen.get(&owner) {
            findings.push(finding(analysis, owner, severity, &needs, &files, seen));
        }
    }
    // Within NumPy 1 no file says the release that it was built for, and the package may.
    let mut unmet: BTreeMap<DistributionId, Vec<&Loaded<'_>>> = BTreeMap::new();
    for (owner, loaded, _) in needing.iter().filter(|(owner, ..)| !told.contains(owner)) {
        unmet.entry(*owner).or_default().push(loaded);
    }
    for (owner, files) in unmet {
        let seen = seen.get(&owner).and_then(Option::as_ref);
        let excluded = seen.and_then(|seen| Some((seen, numpy_seen::excluded(analysis, owner, seen)?)));
        if let Some((seen, required)) = excluded {
            findings.push(requires_another(analysis, owner, &required, &files, seen));
        }
    }
}

/// The package uses NumPy's C API and says that it is not for the NumPy that it sees.
fn requires_another(
    analysis: &Analysis<'_>,
    owner: DistributionId,
    required: &str,
    files: &[&Loaded<'_>],
    seen: &Seen,
) -> Finding {
    let mut finding = Finding { severity: Severity::Warning, ..Finding::of(&RULE) };
    let package = analysis.name(owner);
    let (major, minor) = seen.release;
    finding.title = format!("{package} requires numpy{required}, and finds numpy {major}.{minor}");
    finding.message = format!(
        "{}. Its modules use NumPy's C API, of which an older release lacks parts and a newer one may have others.",
        finding.title
    );
    finding.packages = seen.packages(analysis, package);
    finding.libraries = files.iter().map(|file| file.path()).collect();
    let shown = files.iter().take(Finding::MOST_SYMBOLS);
    finding.evidence =
        shown.map(|file| Evidence { path: file.path(), text: "uses NumPy's C API".to_owned() }).collect();
    finding.evidence.push(Evidence {
        path: seen.folder.clone(),
        text: format!("is the numpy {major}.{minor} that {package} sees"),
    });
    finding.hint = format!("take a numpy{required} for {package}");
    let module = files.iter().find_map(|file| file.module);
    finding.probe =
        module.map(|module| Probe { imports: vec![(package.to_owned(), vec![module.to_owned()])] });
    finding
}

fn needs(head: &Head) -> Option<Needs> {
    let has = |wanted: &str| head.markers.iter().any(|marker| marker.as_bytes() == wanted.as_bytes());
    let starts = |wanted: &str| {
        head.markers.iter().find_map(|marker| marker.to_text().strip_prefix(wanted).map(str::to_owned))
    };
    if has(NEW) {
        let stated = starts(NEEDS)?;
        let (major, minor) = numpy_seen::release(stated.trim_end_matches(')'))?;
        return Some(Needs::AtLeast(major, minor));
    }
    if has(OLD) {
        return Some(Needs::One(OLD));
    }
    (has(OLDEST) && starts(PYBIND11).is_none()).then_some(Needs::One(OLDEST))
}

impl Needs {
    fn fits(&self, seen: &Seen) -> bool {
        match self {
            Self::One(_) => seen.release.0 < 2,
            Self::AtLeast(major, minor) => seen.release >= (*major, *minor),
        }
    }
}

/// An error where the package says or shows that it needs NumPy, or where importing it imports the module: code of
/// libraries may look for NumPy and do without.
///
/// `partly`: other files of the package fit. A module below that does not is there for other releases of NumPy then.
fn severity(
    analysis: &Analysis<'_>,
    owner: DistributionId,
    loaded: &Loaded<'_>,
    seen: &Seen,
    partly: bool,
) -> Severity {
    let wants = numpy_seen::required(analysis, owner) || numpy_seen::imported(analysis, owner, seen);
    // A module asks for NumPy when it is imported; a library's code may wait until it is called.
    let asks = wants || (loaded.module.is_some() && loaded.eager);
    match (partly && !loaded.eager, asks && loaded.needed) {
        (true, _) => Severity::Note,
        (false, true) => Severity::Error,
        (false, false) => Severity::Warning,
    }
}

fn finding(
    analysis: &Analysis<'_>,
    owner: DistributionId,
    severity: Severity,
    needs: &Needs,
    files: &[&Loaded<'_>],
    seen: &Seen,
) -> Finding {
    let mut finding = Finding { severity, ..Finding::of(&RULE) };
    let package = analysis.name(owner);
    let (major, minor) = seen.release;
    let (built, says, module) = match needs {
        Needs::One(old) => ("NumPy 1".to_owned(), format!("refers to {old}, not to {NEW}"), *old),
        Needs::AtLeast(major, minor) => {
            let release = format!("NumPy {major}.{minor}");
            (format!("{release} or later"), format!("says that it needs {release}"), NEW)
        }
    };
    let what = match severity {
        Severity::Error => package.to_owned(),
        Severity::Warning | Severity::Note => match files {
            [one] => format!("{} of {package}", one.module.map_or_else(|| one.file_name(), str::to_owned)),
            _ => format!("{} modules of {package}", files.len()),
        },
    };
    finding.title = format!("{what} was built for {built}, and finds numpy {major}.{minor}");
    finding.message = match severity {
        Severity::Error => format!("{}: NumPy refuses it, and its import fails.", finding.title),
        _ => format!("{}: what asks NumPy there fails, unless the package does without.", finding.title),
    };
    finding.packages = seen.packages(analysis, package);
    finding.libraries = files.iter().map(|file| file.path()).collect();
    finding.symbols = vec![SymbolName { name: Some(module.to_owned()), version: None }];
    finding.evidence = files
        .iter()
        .take(Finding::MOST_SYMBOLS)
        .map(|file| Evidence { path: file.path(), text: says.clone() })
        .collect();
    finding.evidence.push(Evidence {
        path: seen.folder.clone(),
        text: format!("is the numpy {major}.{minor} that {package} sees"),
    });
    finding.hint = match needs {
        Needs::One(_) => {
            format!("take a release of {package} that was built for NumPy 2, or a numpy before 2 for it")
        }
        Needs::AtLeast(major, minor) => format!("take numpy {major}.{minor} or later for {package}"),
    };
    let module = files.iter().find_map(|file| file.module);
    finding.probe =
        module.map(|module| Probe { imports: vec![(package.to_owned(), vec![module.to_owned()])] });
    finding
}
