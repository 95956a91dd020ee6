//! PF301: files that two distributions would overwrite in a merged site-packages. PF302: `.pth` files.
//!
//! Deliberately not here: what a clash is, which `pinfold sync` warns of as well ([`crate::environment::clash`]).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use pinfold_core::names::ROOT;
use pinfold_core::resolve::UnitIndex;

use super::{Case, Finding, Severity, list};
use crate::environment::clash::{Site, overlaps};
use crate::environment::links::Tree;

impl Case<'_> {
    /// Files of the same name and different content, closure by closure: only one of the two could be installed.
    ///
    /// # Errors
    /// When a unit's folder cannot be listed.
    pub(super) fn overwritten(&self) -> Result<Vec<Finding>> {
        let env = self.env();
        let mut findings = Vec::new();
        let mut said: BTreeSet<(UnitIndex, UnitIndex)> = BTreeSet::new();
        for closure in env.closures.iter() {
            let units: Vec<UnitIndex> = closure.units.iter().filter_map(|id| env.find(id)).collect();
            let mut tree = Tree::default();
            for &unit in &units {
                tree.add_contents(Path::new(""), &env.units[unit].path)
                    .with_context(|| format!("could not list the files of {}", self.show(unit)))?;
            }
            let sites: Vec<Site> = units
                .iter()
                .map(|&u| Site { label: u.to_string(), path: env.units[u].path.clone() })
                .collect();
            for overlap in overlaps(&tree.clashes(), &sites) {
                let (Ok(used), Ok(hidden)) = (overlap.used.parse(), overlap.hidden.parse()) else { continue };
                if said.insert((used, hidden)) {
                    findings.push(self.overlap(used, hidden, &overlap.files, closure.name == ROOT));
                }
            }
        }
        Ok(findings)
    }

    fn overlap(
        &self,
        used: UnitIndex,
        hidden: UnitIndex,
        files: &BTreeSet<std::path::PathBuf>,
        root: bool,
    ) -> Finding {
        let (first, second) = (self.show(used), self.show(hidden));
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let mut evidence = vec![list(&names, 4)];
        evidence.push(if root {
            format!("an ordinary virtual environment has those of whichever is installed last; here site-packages shows those of {first}")
        } else {
            format!("both are there; an import that both could answer gets those of {first}")
        });
        Finding {
            code: "PF301",
            // In a pin nothing is overwritten.
            severity: if root { Severity::Warning } else { Severity::Note },
            message: format!(
                "{first} and {second} both have {}",
                crate::terminal::count(files.len(), "file") + " of the same name"
            ),
            evidence,
            hints: if root {
                vec!["require one of the two only; or pin the package that needs the other, so that each has its own".to_owned()]
            } else {
                Vec::new()
            },
            units: vec![self.id(used), self.id(hidden)],
        }
    }

    /// `.pth` files, which run at every start of Python in a virtual environment.
    ///
    /// # Errors
    /// When a unit's folder cannot be listed.
    pub(super) fn pth(&self) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for (index, unit) in self.env().units.iter().enumerate() {
            let folder = fs::read_dir(&unit.path)
                .with_context(|| format!("could not list {}", unit.path.display()))?;
            let names = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            let mut files: Vec<String> = names.filter(|name| name.ends_with(".pth")).collect();
            files.sort();
            if files.is_empty() {
                continue;
            }
            let runs = self.resolver.in_root(index);
            findings.push(Finding {
                code: "PF302",
                severity: Severity::Note,
                message: format!(
                    "{} has {}, which {} when Python starts",
                    self.show(index),
                    list(&files, 4),
                    if runs { "runs" } else { "does not run" }
                ),
                evidence: vec![if runs {
                    "it is in root's closure, as in a virtual environment".to_owned()
                } else {
                    format!("only {} sees it, and `.pth` files of pins do not run", unit.closures.join(", "))
                }],
                hints: if runs {
                    Vec::new()
                } else {
                    vec![format!(
                        "if the package is of no use without it, let root have it: `pinfold add {}`",
                        unit.name
                    )]
                },
                units: vec![unit.id.clone()],
            });
        }
        Ok(findings)
    }
}
