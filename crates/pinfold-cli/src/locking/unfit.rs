//! Which requirements of a closure do not accept what it shares with root, in words.
//!
//! What the pin and its package require is compared here; what deeper packages require is taken from uv's explanation,
//! which says nothing of the pin's `share`. Deliberately not here: resolving, which has failed by then.

use std::collections::BTreeSet;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{ExtraName, MarkerEnvironment, Requirement, VerbatimUrl, VersionOrUrl};
use pinfold_core::names::normalize;

/// A requirement, and whose it is.
struct Asked {
    who: String,
    name: String,
    specifiers: VersionSpecifiers,
}

/// What a closure requires, as far as it is known without a solution.
#[derive(Default)]
pub(super) struct Required(Vec<Asked>);

impl Required {
    /// Adds requirements of `who`; those whose marker does not hold, or that name no versions, say nothing.
    pub(super) fn add(
        &mut self,
        who: &str,
        requirements: impl IntoIterator<Item = String>,
        markers: &MarkerEnvironment,
        extras: &BTreeSet<String>,
    ) {
        let extras: Vec<ExtraName> =
            extras.iter().filter_map(|extra| ExtraName::from_str(extra).ok()).collect();
        for text in requirements {
            let Ok(one) = Requirement::<VerbatimUrl>::from_str(&text) else { continue };
            if !one.evaluate_markers(markers, &extras) {
                continue;
            }
            if let Some(VersionOrUrl::VersionSpecifier(specifiers)) = one.version_or_url {
                self.0.push(Asked { who: who.to_owned(), name: normalize(one.name.as_ref()), specifiers });
            }
        }
    }

    /// Adds what uv's explanation tells: `A==1 depends on B<2`, `all versions of A depend on B<2`.
    pub(super) fn add_explained(&mut self, explanation: &str) {
        let words: Vec<&str> = explanation.split_whitespace().collect();
        for (at, pair) in words.windows(2).enumerate() {
            let (Some(&who), Some(what)) = (words[..at].last(), words.get(at + 2)) else { continue };
            let who = match (pair, who.split_once("==")) {
                (["depends", "on"], Some((name, version))) => format!("{} {version}", normalize(name)),
                (["depend", "on"], None) => format!("every version of {}", normalize(who)),
                // `your project` is the pin's own, which is known better.
                _ => continue,
            };
            let Ok(one) = Requirement::<VerbatimUrl>::from_str(what.trim_end_matches([',', '.'])) else {
                continue;
            };
            let name = normalize(one.name.as_ref());
            if self.0.iter().any(|asked| (&asked.who, &asked.name) == (&who, &name)) {
                continue;
            }
            if let Some(VersionOrUrl::VersionSpecifier(specifiers)) = one.version_or_url {
                self.0.push(Asked { who, name, specifiers });
            }
        }
    }

    /// Those that do not accept `version` of `name`, which root has for the reason `because`.
    pub(super) fn against(&self, name: &str, version: &str, because: &str) -> Vec<String> {
        let Ok(there) = Version::from_str(version) else { return Vec::new() };
        let against = self.0.iter().filter(|asked| asked.name == name && !asked.specifiers.contains(&there));
        let words = |asked: &Asked| {
            let specifiers: String = asked.specifiers.to_string().split_whitespace().collect();
            format!(
                "`{name}{specifiers}`, which {} requires, does not accept {name} {version}, which root has because {because}",
                asked.who
            )
        };
        against.map(words).collect()
    }
}
