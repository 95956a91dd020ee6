//! One finding for each distribution whose loaded files have something in their headers.
//!
//! Deliberately not here: what that is, and why it is bad.

use std::collections::BTreeMap;

use elf_facts::Head;

use super::loaded::Loaded;
use super::{Gathered, Rule};
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding};

/// A finding of `rule` for each distribution with files of which `says` says something; `title` is told the package and
/// the number of its files.
pub(super) fn findings(
    gathered: &Gathered<'_>,
    rule: &Rule,
    says: impl Fn(&Head) -> Option<&'static str>,
    title: impl Fn(&str, &str) -> String,
    why: &str,
    hint: impl Fn(&str) -> String,
) -> Vec<Finding> {
    let mut by_owner: BTreeMap<DistributionId, Vec<(&Loaded<'_>, &'static str)>> = BTreeMap::new();
    for loaded in gathered.loaded() {
        if let Some(owner) = loaded.owner
            && let Some(text) = says(&loaded.object.facts().head)
        {
            by_owner.entry(owner).or_default().push((loaded, text));
        }
    }
    let finding = |(owner, files): (DistributionId, Vec<(&Loaded<'_>, &'static str)>)| {
        let package = gathered.analysis.name(owner);
        let what = match files.as_slice() {
            [(one, _)] => one.file_name(),
            more => format!("{} files", more.len()),
        };
        let title = title(package, &what);
        Finding {
            message: format!("{title}: {why}."),
            title,
            packages: vec![package.to_owned()],
            libraries: files.iter().map(|(file, _)| file.path()).collect(),
            evidence: files
                .iter()
                .take(Finding::MOST_SYMBOLS)
                .map(|(file, text)| Evidence { path: file.path(), text: (*text).to_owned() })
                .collect(),
            hint: hint(package),
            ..Finding::of(rule)
        }
    };
    by_owner.into_iter().map(finding).collect()
}
