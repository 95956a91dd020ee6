//! `abicheck INPUT...`: what an environment's native libraries do to each other.
//!
//! A straight line: inputs, configuration, environment, analysis, rules, what is ignored, verification, report. An
//! error on the way is told and ends with 2; what is found is data.
//! Deliberately not here: every one of these steps.

mod inputs;
mod options;
mod phases;
mod show;

use std::path::Path;
use std::time::Duration;

use crate::analysis::{self, Analysis};
use crate::config::{Baseline, Config, ConfigError, Sorted, write_baseline};
use crate::environment::{Environment, Wishes};
use crate::failure::{Failure, Outcome};
use crate::finding::Severity;
use crate::output::Output;
use crate::report::{Graph, Report, base_of};
use crate::rules;
use crate::terminal::{Progress, count};
use crate::verify::Verifier;

use super::caches::Caches;
pub use options::{Format, Options};
use phases::Phases;

/// How much is said: `-v` and `-q`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    /// Notes in full.
    pub verbose: bool,
    /// Only what counts.
    pub quiet: bool,
}

/// Checks.
///
/// # Errors
/// When the inputs cannot be looked at, the configuration is wrong, or the report cannot be written.
pub fn run(options: &Options, talk: Talk, output: &mut dyn Output) -> Result<Outcome, Failure> {
    let working = std::env::current_dir()
        .map_err(|error| Failure::new(format!("could not find the working folder: {error}")))?;
    let inputs = inputs::given_or_near(&options.inputs, &working)?;
    let config = if options.no_config {
        Config::default()
    } else {
        Config::find(options.config.as_deref(), &inputs, &working, rules::ALL)
            .map_err(|error| advised(error, options))?
    };
    let baseline = match &config.baseline {
        // The old one is about to go: what it knows is of no interest.
        Some(path) if options.write_baseline.is_none() => Some(Baseline::read(path).map_err(Failure::new)?),
        _ => None,
    };
    let (mut report, verifier) = analyse(options, &inputs, talk, output)?;
    if let (Some(script), Some([])) = (&options.script, report.order.as_deref())
        && !talk.quiet
    {
        output.note(&format!(
            "{} imports no package of this environment that has native files",
            script.display()
        ));
    }
    let findings = std::mem::take(&mut report.findings);
    let mut sorted = config.sort(findings, baseline.as_ref());
    if let Some(path) = &options.write_baseline {
        let written = write_baseline(path, &sorted.findings)?;
        if !talk.quiet {
            let words = format!("{} in the baseline {}", count(written, "finding"), path.display());
            output.note(&words);
            if config.baseline.as_deref().is_none_or(|known| !same(known, path)) {
                output.note(&format!(
                    "it counts once the configuration names it: baseline = \"{}\"",
                    path.display()
                ));
            }
        }
        accept(&mut sorted, path);
    }
    if let Some(verifier) = verifier {
        let progress = Progress::new(output.watched() && !talk.quiet);
        let says = |phase: &str| progress.says(phase);
        let noticed = verifier.verify(&mut sorted.findings, &config.exercises, &says)?;
        drop(progress);
        sorted.notes.extend(noticed);
    }
    report.findings = sorted.findings;
    report.ignored = sorted.ignored;
    // What is odd about an environment is so on every run: it is in every report, and told here when asked.
    if talk.verbose {
        report.notes.iter().for_each(|note| output.note(note));
    }
    if !talk.quiet {
        sorted.notes.iter().for_each(|note| output.note(note));
    }
    report.notes.extend(sorted.notes);
    show::show(&report, options, talk, output)?;
    let strict = options.strict || config.strict;
    let least = if strict { Severity::Warning } else { Severity::Error };
    let counts = report.findings.iter().any(|finding| finding.severity >= least);
    Ok(if counts { Outcome::Findings } else { Outcome::Fine })
}

/// Reads, analyses and asks the rules, and returns what can run what was found, if that is asked for. What is ignored
/// is not known here.
fn analyse(
    options: &Options,
    inputs: &[std::path::PathBuf],
    talk: Talk,
    output: &mut dyn Output,
) -> Result<(Report, Option<Verifier>), Failure> {
    let phases = Phases::new(output.watched() && !talk.quiet);
    phases.says("reading the environment");
    let wishes = Wishes { python: options.python.clone() };
    let environment = Environment::read(inputs, &wishes).map_err(Failure::new)?;
    let caches = Caches::open(&environment, options.no_cache, &options.facts).map_err(Failure::new)?;
    let wishes = analysis::Wishes { order: options.order.clone(), script: options.script.clone() };
    let says = |phase: &str| phases.says(phase);
    let analysis = Analysis::of(&environment, caches.facts.clone(), &caches.sources, &wishes, &says)
        .map_err(Failure::new)?;
    let verifier = options.verify.then(|| {
        let names: Vec<String> =
            (0..environment.distributions.len()).map(|id| analysis.name(id).to_owned()).collect();
        Verifier::new(&environment, &names, Duration::from_secs(options.verify_timeout))
    });
    let verifier = verifier.transpose()?;
    phases.says("asking the rules");
    let mut report = Report {
        inputs: inputs.to_vec(),
        base: base_of(environment.distributions.iter().map(|one| one.folder.as_path())),
        findings: rules::check(&analysis),
        ignored: Vec::new(),
        notes: environment.notes.clone(),
        stats: analysis.stats(),
        order: analysis.order(),
        // Only the page shows it.
        graph: if options.format() == Format::Html { analysis.graph() } else { Graph::default() },
    };
    phases.says("writing what is new to the caches");
    report.notes.extend(caches.finish());
    // The process ends soon: to give back each of a million small things would take a tenth of the run.
    std::mem::forget(analysis);
    let phases = phases.end();
    if talk.verbose {
        output.note(&phases);
    }
    Ok((report, verifier))
}

/// What a new baseline knows does not count any more, in this run already.
fn accept(sorted: &mut Sorted, path: &Path) {
    let reason = format!("in the baseline {}", path.display());
    let known = std::mem::take(&mut sorted.findings);
    sorted.ignored.extend(known.into_iter().map(|finding| (finding, reason.clone())));
}

fn same(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(a) == real(b)
}

/// An error of the configuration, with the way round it where the user did not name the file.
fn advised(error: ConfigError, options: &Options) -> Failure {
    let failure = Failure::new(error);
    let hint = "`--no-config` runs without it".to_owned();
    failure.maybe(options.config.is_none().then_some(hint))
}
