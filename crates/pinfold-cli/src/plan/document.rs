//! A cost as text and as JSON (`plan.schema.json`).
//!
//! Deliberately not here: how it is counted.

use serde::Serialize;
use wheelsplit::plan::{Cost, Step};

use crate::terminal::{Style, count, styled};

/// A cost as JSON.
#[derive(Debug, Serialize)]
pub struct Document<'c> {
    version: u32,
    wheels: usize,
    installs: usize,
    checks: usize,
    merged_rebuilds: usize,
    paths: Vec<Path<'c>>,
}

/// Why a package takes a step.
#[derive(Debug, Serialize)]
struct Path<'c> {
    package: &'c str,
    step: &'static str,
    path: &'c [String],
}

fn word(step: Step) -> &'static str {
    match step {
        Step::Wheel => "wheel",
        Step::Install => "install",
        Step::Check => "check",
        Step::Merged => "merged",
    }
}

impl<'c> Document<'c> {
    /// The document of a cost.
    pub fn new(cost: &'c Cost) -> Self {
        let path = |reason: &'c wheelsplit::plan::Reason| Path {
            package: &reason.package,
            step: word(reason.step),
            path: &reason.path,
        };
        Document {
            version: 1,
            wheels: cost.wheels,
            installs: cost.installs,
            checks: cost.checks,
            merged_rebuilds: cost.merged_rebuilds,
            paths: cost.reasons.iter().map(path).collect(),
        }
    }
}

/// A cost for people: the counts, then each path.
pub fn text(cost: &Cost, what: &str, all: bool, colour: bool) -> String {
    let strong = |text: String| styled(&text, Style::Strong, colour);
    let mut text = format!(
        "{what}: {}, {}, {} here; {} in the merged model\n",
        strong(count(cost.wheels, "wheel")),
        strong(count(cost.installs, "install")),
        strong(count(cost.checks, "check")),
        strong(count(cost.merged_rebuilds, "whole rebuild")),
    );
    for (step, title) in [(Step::Wheel, "wheel"), (Step::Check, "check"), (Step::Merged, "merged")] {
        let reasons: Vec<_> = cost.reasons.iter().filter(|reason| reason.step == step).collect();
        let shown = if all { reasons.len() } else { reasons.len().min(MOST) };
        for reason in &reasons[..shown] {
            let path = match reason.path.len() {
                0 | 1 => "it changed itself".to_owned(),
                _ => reason.path.join(" → "),
            };
            let path = styled(&path, Style::Dim, colour);
            text.push_str(&format!("  {title:<7} {:<24} {path}\n", reason.package));
        }
        if shown < reasons.len() {
            text.push_str(&format!("  {title:<7} … and {} more (`-v` shows all)\n", reasons.len() - shown));
        }
    }
    text
}

/// How many reasons of a step are shown unasked.
const MOST: usize = 12;
