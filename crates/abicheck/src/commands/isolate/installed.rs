//! Copies for an environment: what is installed, rebuilt with copies in it, and analysed again.
//!
//! Deliberately not here: single files (`files`).

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use elf_isolate::{Graph, Places, Plan, Record, Wanted, isolate};

use super::{Options, loader_of, nothing, say, target, trees};
use crate::analysis::{self, Analysis, AnalysisError};
use crate::commands::caches::Caches;
use crate::environment::{self, Environment};
use crate::failure::{Failure, Outcome};
use crate::finding::Severity;
use crate::isolation;
use crate::output::Output;
use crate::rules;

/// The file of an environment of pins.
const CLOSURE: &str = "closure.json";

pub(super) fn run(options: &Options, out: &Path, output: &mut dyn Output) -> Result<Outcome, Failure> {
    let wishes = environment::Wishes { python: options.python.clone() };
    let environment = Environment::read(&options.inputs, &wishes).map_err(Failure::new)?;
    let whole = options.inputs.iter().filter_map(|input| target::environment_of(input));
    target::refuse(out, &whole.chain(trees(&environment)).collect::<Vec<_>>())?;
    let caches = Caches::open(&environment, options.no_cache, &[]).map_err(Failure::new)?;
    let before = analyse(&environment, &caches).map_err(Failure::new)?;
    let closure = pinned(&options.inputs)?;
    // In an environment of pins, folders of units have links into others.
    let links = closure.as_ref().map(isolation::links).unwrap_or_default();
    let mut graph = isolation::graph(&before, &|package| package, &links, &|id| {
        closure.as_ref().map(|closure| closure.reached(id)).unwrap_or_default()
    });
    graph.read_strings();
    let places = Places::new(&trees(&environment)).with_links(links);
    let plan = Plan::of(&graph, &places, &Wanted::all());
    plan.check().map_err(Failure::new)?;
    if plan.is_empty() {
        return nothing(out, output, &plan.kept);
    }
    let loader = loader_of(&environment.interpreter, &caches.facts)?;
    let left: RefCell<Vec<String>> = RefCell::default();
    let holds = |staged: &Path| -> Result<(), String> {
        let record = Record::read(staged);
        let named = record.as_ref().map(|record| record.named(staged)).unwrap_or_default();
        for copy in record.iter().flat_map(|record| &record.copies) {
            let (original, copy) = (&copy.original, staged.join(&copy.path));
            if let Some(why) = isolation::refused_by_the_loader(&loader, original, &copy, &named) {
                return Err(why);
            }
        }
        // The description names the place that the copies will have; for now they are elsewhere.
        let inputs = match &closure {
            Some(closure) => {
                let place = staged.join(CLOSURE);
                let text = moved(closure, (&graph, &plan, &places), staged, staged).to_json();
                std::fs::write(&place, text).map_err(|error| error.to_string())?;
                vec![place]
            }
            None => places.trees().map(|(tree, place)| rebuilt(staged, tree, place)).collect(),
        };
        let python = Some(environment.interpreter.executable.clone());
        let copied = Environment::read(&inputs, &environment::Wishes { python });
        let copied = copied.map_err(|error| error.to_string())?;
        let after = analyse(&copied, &caches).map_err(|error| error.to_string())?;
        if let Some(broken) = isolation::breaks(&before, &after) {
            return Err(broken);
        }
        let findings = rules::check(&after);
        let errors = findings.into_iter().filter(|finding| finding.severity == Severity::Error);
        left.replace(errors.map(|finding| format!("{}: {}", finding.code, finding.title)).collect());
        if let Some(closure) = &closure {
            let text = moved(closure, (&graph, &plan, &places), staged, out).to_json();
            std::fs::write(staged.join(CLOSURE), text).map_err(|error| error.to_string())?;
        }
        Ok(())
    };
    let isolated = isolate(&graph, &plan, &places, out, &holds).map_err(Failure::new)?;
    // A cache that cannot be written costs time on the next run, and nothing now.
    drop(caches.finish());
    say(&isolated, out, output)?;
    let left = left.into_inner();
    for error in &left {
        output.note(&format!("left with the copies: {error}"));
    }
    Ok(if left.is_empty() { Outcome::Fine } else { Outcome::Findings })
}

fn analyse<'e>(environment: &'e Environment, caches: &Caches) -> Result<Analysis<'e>, AnalysisError> {
    let wishes = analysis::Wishes::default();
    Analysis::of(environment, caches.facts.clone(), &caches.sources, &wishes, &|_| {})
}

/// A tree as it is in the output, or where it was.
fn rebuilt(out: &Path, tree: &Path, place: &Path) -> PathBuf {
    Some(out.join(place)).filter(|place| place.is_dir()).unwrap_or_else(|| tree.to_owned())
}

/// The description of an environment of pins.
fn pinned(inputs: &[PathBuf]) -> Result<Option<pinfold_core::closure::Environment>, Failure> {
    let [input] = inputs else { return Ok(None) };
    let Some(path) = environment::closure_of(input) else { return Ok(None) };
    pinfold_core::closure::Environment::read(&path).map(Some).map_err(Failure::new)
}

/// The same with its units where their copies are, which are in `staged` now and will be in `out`.
fn moved(
    closure: &pinfold_core::closure::Environment,
    (graph, plan, places): (&Graph, &Plan, &Places),
    staged: &Path,
    out: &Path,
) -> pinfold_core::closure::Environment {
    let record = Record::of(graph, plan, places);
    let mut closure = closure.clone();
    for unit in closure.units.whole() {
        let known = places.trees().find(|(tree, place)| *tree == unit.path && staged.join(place).is_dir());
        let Some((_, place)) = known else { continue };
        unit.path = out.join(place);
        let own = record.below(place);
        // One that is rebuilt for a link into another one has no copies of its own.
        let mut isolated = unit.isolated.take().unwrap_or_default();
        isolated.libraries.extend(own.libraries());
        isolated.files.extend(plan.answered(graph, places, place));
        unit.isolated = Some(isolated);
    }
    closure
}
