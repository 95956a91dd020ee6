//! `--verify`: runs what findings say, in processes of the environment's interpreter, and marks each with what came.
//!
//! In order: `exercises` what packages are tried with, `isolation` how the network is kept away, `run` one order of imports, `judge` what that says about a finding.
//! This is the one part of abicheck that runs the environment's code, and only where it is asked to. What comes of it
//! changes no severity. Deliberately not here: what is a finding.

mod exercises;
mod isolation;
mod judge;
mod run;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rayon::prelude::*;

use crate::config::UserExercise;
use crate::environment::{Environment, Start};
use crate::failure::{Failure, did_you_mean};
use crate::finding::{Finding, Probe};

use exercises::Exercises;
use isolation::Isolation;
use judge::{Seen, judge};
use run::{Imports, Runner};

/// What can be run in an environment, when it is not there any more.
pub struct Verifier {
    start: Start,
    names: Vec<String>,
    prefixes: HashMap<String, String>,
    limit: Duration,
}

impl Verifier {
    /// For `environment`, whose distributions findings call by `names`; one run may take `limit`.
    ///
    /// # Errors
    /// When nothing can be started that sees the environment.
    pub fn new(environment: &Environment, names: &[String], limit: Duration) -> Result<Self, Failure> {
        let start = environment.start.clone();
        let prefixes = match &start {
            Start::Pinned { units, .. } => {
                let prefix = |unit: &String| format!("{unit}:");
                names.iter().cloned().zip(units.iter().map(prefix)).collect()
            }
            Start::Own(_) | Start::Told { .. } => HashMap::new(),
            Start::Nothing => {
                let what = "`--verify` has nothing to run: there is no program with the import hook beside the closure.json";
                let hint = "name the environment that it belongs to, without `--python`";
                return Err(Failure::new(what).hint(hint));
            }
        };
        Ok(Self { start, names: names.to_vec(), prefixes, limit })
    }

    /// Marks every finding that can be tried. `says` is told how far it is. Returns what the user should know.
    ///
    /// # Errors
    /// When a process cannot be started.
    pub fn verify(
        self,
        findings: &mut [Finding],
        user: &[UserExercise],
        says: &(dyn Fn(&str) + Sync),
    ) -> Result<Vec<String>, Failure> {
        let exercises = Exercises::new(user);
        let mut notes = self.unknown(user);
        let asked: Vec<Option<(Imports, Option<Imports>)>> =
            findings.iter().map(|finding| finding.probe.as_ref().map(|probe| runs(finding, probe))).collect();
        let unique: BTreeSet<&Imports> =
            asked.iter().flatten().flat_map(|(so, reverse)| [Some(so), reverse.as_ref()]).flatten().collect();
        if unique.is_empty() {
            return Ok(notes);
        }
        let isolation = Isolation::find();
        notes.extend(isolation.note());
        let (start, prefixes, limit) = (&self.start, self.prefixes, self.limit);
        let runner = Runner { start, prefixes, exercises: &exercises, isolation, limit };
        let (begun, all) = (AtomicUsize::new(0), unique.len());
        let ran = unique.into_par_iter().map(|imports| {
            let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
            let packages: Vec<&str> = imports.iter().map(|(package, _)| package.as_str()).collect();
            says(&format!("run {number} of {all}: {}", packages.join(", then ")));
            Ok((imports, runner.run(imports)?))
        });
        let ran: HashMap<&Imports, Vec<run::Failed>> = ran
            .collect::<std::io::Result<_>>()
            .map_err(|error| Failure::new(format!("`--verify` could not run the interpreter: {error}")))?;
        for (finding, asked) in findings.iter_mut().zip(&asked) {
            let Some((so, reverse)) = asked else { continue };
            let failed = |imports: &Imports| ran.get(imports).map_or(&[][..], Vec::as_slice);
            let seen = Seen { so: failed(so), reverse: reverse.as_ref().map(failed) };
            finding.verified = Some(judge(&seen, so, &exercises));
        }
        Ok(notes)
    }

    /// Exercises for packages that are not there.
    fn unknown(&self, user: &[UserExercise]) -> Vec<String> {
        let here: BTreeSet<String> = self.names.iter().map(|name| crate::config::bare(name)).collect();
        let unknown = user.iter().filter(|exercise| !here.contains(&exercise.distribution));
        let told = unknown.map(|exercise| {
            let near = did_you_mean(&exercise.distribution, here.iter().map(String::as_str));
            let near = near.map(|near| format!("; {near}")).unwrap_or_default();
            format!("{}: there is no package `{}` here{near}", exercise.place, exercise.distribution)
        });
        told.collect()
    }
}

/// The orders that a finding asks for: its own, and the reverse one where it names an order of several.
fn runs(finding: &Finding, probe: &Probe) -> (Imports, Option<Imports>) {
    let mut so: Imports = Vec::new();
    for (package, modules) in &probe.imports {
        let mut seen = BTreeSet::new();
        let modules = modules.iter().filter(|module| seen.insert(module.as_str())).cloned().collect();
        so.push((package.clone(), modules));
    }
    let reverse = (finding.order.is_some() && so.len() > 1).then(|| so.iter().rev().cloned().collect());
    (so, reverse)
}
