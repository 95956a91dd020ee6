//! A run of the real loader, replayed: the same names are opened in the same order, and all is compared.
//!
//! Deliberately not here: how an order came about. It is the real one.

use std::collections::BTreeSet;
use std::fmt;

use super::trace::{Event, Real};
use crate::error::Failure;
use crate::load::{Load, Mode};
use crate::object::{ObjectId, Scope};
use crate::process::Process;

/// What was compared.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// `dlopen`s whose outcome is equal, the start of the program included.
    pub opens: usize,
    /// Loaded files that are equal, in order.
    pub loads: usize,
    /// Scopes that are equal, in order.
    pub scopes: usize,
    /// Bindings that are equal: from, to, symbol and version.
    pub bindings: usize,
    /// Bindings that C code asked for at run time.
    pub apart: usize,
    /// What differs, one line each.
    pub differences: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { opens, loads, scopes, bindings, apart, differences } = self;
        write!(
            formatter,
            "{opens} opens, {loads} loads, {scopes} scopes, {bindings} bindings equal; {} differences; \
             {apart} bindings at run time apart",
            differences.len()
        )
    }
}

/// One `dlopen`, or the start.
struct Segment {
    load: Load,
    name: String,
    maps: Vec<String>,
    bindings: BTreeSet<Real>,
    scopes: Vec<(usize, Vec<String>)>,
    relocating: Option<String>,
    failures: Vec<String>,
    opened: bool,
}

/// Replays `events` in `process`, whose start was `start`.
pub fn replay(process: &mut Process, start: Load, events: Vec<Event>) -> Report {
    let mut replay = Replay {
        report: Report::default(),
        program: program_of(&events),
        segments: vec![segment(start, String::new())],
        process,
    };
    replay.segments[0].opened = true;
    for event in events {
        replay.event(event);
    }
    let Replay { mut report, program, segments, process } = replay;
    for segment in segments {
        compare(process, segment, &program, &mut report);
    }
    report
}

/// The name that the program is printed under: what it was called by. It is the first that is relocated last, and
/// the first of the first scope.
fn program_of(events: &[Event]) -> String {
    let first = events.iter().find_map(|event| match event {
        Event::Scope { list, .. } => list.first().cloned(),
        _ => None,
    });
    first.unwrap_or_default()
}

struct Replay<'a> {
    report: Report,
    program: String,
    segments: Vec<Segment>,
    process: &'a mut Process,
}

impl Replay<'_> {
    fn event(&mut self, event: Event) {
        let Some(last) = self.segments.last_mut() else { return };
        match event {
            Event::Opens { name, caller } => {
                last.relocating = None;
                let caller = self.id_of(&caller).unwrap_or(ObjectId::PROGRAM);
                let load = self.process.dlopen(name.as_bytes(), Mode::default(), caller);
                self.segments.push(segment(load, name));
            }
            Event::Maps { path } => last.maps.push(path),
            Event::Scope { object, number, list } => {
                let root = last.load.result.as_ref().ok().copied().unwrap_or(last.load.first);
                let is_root = last.load.object(self.process, root).path.to_string() == object;
                // Printed again where another root adds itself.
                if is_root && number == last.scopes.len() && last.bindings.is_empty() {
                    last.scopes.push((number, list));
                }
            }
            Event::Relocates { object } => last.relocating = Some(object),
            Event::Binds(real) => {
                if last.relocating.as_ref() == Some(&real.from) {
                    last.bindings.insert(real);
                } else {
                    self.report.apart += 1;
                }
            }
            Event::AddsToGlobal { object } => {
                // After constructors ran, which may have opened more: at the moment that it really was.
                if let Some(id) = self.id_of(&object) {
                    self.process.make_global(id);
                }
            }
            Event::Opened { path } => self.opened(&path),
            Event::Failed { message } => last.failures.push(message),
            Event::Initializes | Event::Starts => last.relocating = None,
        }
    }

    /// A `dlopen` succeeded: of the last name that is not done yet, or of something that was there.
    fn opened(&mut self, path: &str) {
        let Some(last) = self.segments.last_mut() else { return };
        last.relocating = None;
        let process = &*self.process;
        let is_it = |segment: &&mut Segment| match &segment.load.result {
            Ok(id) => segment.load.object(process, *id).path.to_string() == path,
            Err(_) => segment.name == path,
        };
        let pending = self.segments.iter_mut().rev().filter(|segment| !segment.opened).find(is_it);
        match pending {
            Some(segment) => segment.opened = true,
            None => {
                let load = self.process.dlopen(path.as_bytes(), Mode::default(), ObjectId::PROGRAM);
                let mut segment = segment(load, path.to_owned());
                segment.opened = true;
                self.segments.push(segment);
            }
        }
    }

    fn id_of(&self, path: &str) -> Option<ObjectId> {
        if path == self.program {
            return Some(ObjectId::PROGRAM);
        }
        self.process.objects().find(|(_, object)| object.path.to_string() == path).map(|(id, _)| id)
    }
}

fn segment(load: Load, name: String) -> Segment {
    Segment {
        load,
        name,
        maps: Vec::new(),
        bindings: BTreeSet::new(),
        scopes: Vec::new(),
        relocating: None,
        failures: Vec::new(),
        opened: false,
    }
}

fn compare(process: &Process, segment: Segment, program: &str, report: &mut Report) {
    let Segment { load, name, maps, bindings, scopes, failures, opened, .. } = segment;
    let of = |id: ObjectId| match id {
        ObjectId::PROGRAM => program.to_owned(),
        id => load.object(process, id).path.to_string(),
    };
    let what = if name.is_empty() { "the start".to_owned() } else { format!("opening {name}") };
    match (&load.result, opened) {
        (Ok(_), true) => report.opens += 1,
        (Err(error), false) => {
            // Without an error in a binding or a version, LD_DEBUG says nothing of a failure.
            if failures.is_empty() || failures.iter().any(|failure| error.messages().contains(failure)) {
                report.opens += 1;
            } else {
                report.differences.push(format!("{what}: fails with {failures:?}, not with {error}"));
            }
        }
        (Ok(_), false) => report.differences.push(format!("{what}: failed: {failures:?}")),
        (Err(error), true) => report.differences.push(format!("{what}: succeeded, not: {error}")),
    }
    let loaded = load.new_objects().filter(|(id, _)| id.index() > 1 || load.first.index() > 1);
    let simulated: Vec<String> = loaded.map(|(id, _)| of(id)).collect();
    // A program that is refused is mapped first.
    let refused = matches!(
        load.result.as_ref().map_err(|error| &error.failure),
        Err(Failure::Executable | Failure::PieExecutable | Failure::NotOpenable)
    );
    if simulated == maps || (refused && maps.strip_prefix(&simulated[..]).is_some_and(|rest| rest.len() == 1))
    {
        report.loads += maps.len();
    } else {
        report.differences.push(format!("{what}: loads {maps:?}, not {simulated:?}"));
    }
    if let Ok(root) = &load.result {
        let root_scopes = &load.object(process, *root).scopes;
        for ((number, real), scope) in scopes.iter().zip(root_scopes) {
            let list = process.scope(*root, *scope).into_iter().map(of).collect::<Vec<_>>();
            // The global scope may have grown since.
            if list == *real || (*scope == Scope::Global && list.starts_with(real)) {
                report.scopes += 1;
            } else {
                report.differences.push(format!("{what}: scope {number} is {real:?}, not {list:?}"));
            }
        }
    }
    let simulated: BTreeSet<Real> = load
        .bindings
        .iter()
        .filter_map(|binding| {
            let symbol = load.symbol(process, binding)?;
            let version = symbol.version.map(|version| version.to_string()).unwrap_or_default();
            Some(Real {
                from: of(binding.from),
                to: of(binding.to),
                symbol: symbol.name.to_string(),
                version,
            })
        })
        .collect();
    report.bindings += simulated.intersection(&bindings).count();
    let shown = |real: &Real| format!("{} {} [{}] -> {}", real.from, real.symbol, real.version, real.to);
    for real in bindings.difference(&simulated) {
        // In the program's name, the loader looks malloc up for itself once all is relocated
        // (`__rtld_malloc_init_real`).
        if real.from == program && matches!(&*real.symbol, "malloc" | "calloc" | "realloc" | "free") {
            report.apart += 1;
        } else {
            report.differences.push(format!("{what}: only real: {}", shown(real)));
        }
    }
    // A relocation that failed stopped at the first missing symbol; here all others are bound.
    if load.result.is_ok() {
        let extra = simulated.difference(&bindings);
        report.differences.extend(extra.map(|real| format!("{what}: only simulated: {}", shown(real))));
    }
}
