//! What the effects of a module's code come to in an environment: modules that run, libraries at their places.
//!
//! Deliberately not here: finding modules (`graph.rs`), and what other modules have (`elsewhere.rs`).

use std::path::PathBuf;
use std::sync::Arc;

use python_facts::{Attempt, Call, Catches, Effect, Flags, Import, Library, Place};

use super::graph::{Graph, Module, ModuleId, absolute};

/// What one import statement, or another effect of a module's code, does.
#[derive(Debug)]
pub(super) enum Act {
    /// Modules are run, one after the other.
    Run(Box<[ModuleId]>),
    /// A module is not found that is there for another interpreter only.
    Miss { module: String },
    /// `sys.setdlopenflags`.
    Flags(Flags),
    /// `ctypes` opens a library, or several.
    Library(Located),
    /// `try`.
    Try(Box<Trial>),
    /// Code runs that is not read.
    Unread(PathBuf),
    /// What is done under a condition.
    Maybe(Vec<Act>),
}

/// A library and where it is.
#[derive(Debug)]
pub(super) struct Located {
    /// What the code says.
    pub(super) place: Place,
    /// The files, where there are some; all are opened.
    pub(super) paths: Vec<PathBuf>,
    /// The source that says it.
    pub(super) source: PathBuf,
    pub(super) global: bool,
    pub(super) lazy: bool,
}

/// A body, and what follows its failure.
#[derive(Debug)]
pub(super) struct Trial {
    /// What of the body may fail.
    pub(super) forgives: Catches,
    pub(super) body: Vec<Act>,
    /// What follows since one of its imports finds nothing.
    pub(super) handlers: Vec<Act>,
    /// What follows if the loader refuses what the body opens: libraries are opened at another place.
    pub(super) retry: Vec<Act>,
}

/// Where effects stand.
#[derive(Clone, Copy)]
struct At<'m> {
    module: &'m Module,
    /// What `with` does where the effects yield.
    around: Option<&'m Around<'m>>,
    /// How many calls of other modules' functions lead here.
    calls: usize,
}

struct Around<'m> {
    at: At<'m>,
    effects: &'m [Effect],
}

/// How deep calls of other modules' functions are followed.
const DEEPEST: usize = 4;

impl Graph<'_> {
    pub(super) fn acts(&self, module: &Module, effects: &[Effect]) -> Vec<Act> {
        let mut acts = Vec::with_capacity(effects.len());
        self.follow(At { module, around: None, calls: 0 }, effects, &mut acts);
        acts
    }

    /// What effects do, in order; whether every import among them finds something.
    fn follow(&self, at: At<'_>, effects: &[Effect], acts: &mut Vec<Act>) -> bool {
        let mut whole = true;
        for effect in effects {
            match effect {
                Effect::Import(import) => whole &= self.statement(at.module, import, acts),
                Effect::Flags(flags) => acts.push(Act::Flags(*flags)),
                Effect::Library(library) => acts.push(Act::Library(self.located(at.module, library))),
                Effect::Try(attempt) => whole &= self.attempt(at, attempt, acts),
                Effect::Maybe(body) => {
                    let mut inside = Vec::new();
                    whole &= self.follow(at, body, &mut inside);
                    if !inside.is_empty() {
                        acts.push(Act::Maybe(inside));
                    }
                }
                Effect::Unread => acts.push(Act::Unread(at.module.found.path.clone())),
                Effect::Call(call) => whole &= self.call(at, call, acts),
                Effect::Yield => {
                    if let Some(around) = at.around {
                        whole &= self.follow(around.at, around.effects, acts);
                    }
                }
            }
        }
        whole
    }

    /// What `try` does; whether no import that finds nothing gets out of it.
    fn attempt(&self, at: At<'_>, attempt: &Attempt, acts: &mut Vec<Act>) -> bool {
        let (mut body, mut handlers, mut retry) = (Vec::new(), Vec::new(), Vec::new());
        let forgives = attempt.forgives();
        let whole = self.follow(at, &attempt.body, &mut body);
        let mut otherwise = Vec::new();
        if whole {
            self.follow(at, &attempt.otherwise, &mut otherwise);
        }
        for handler in &attempt.handlers {
            if !whole && handler.catches.not_found {
                self.follow(at, &handler.body, &mut handlers);
            } else if (handler.catches.os || handler.catches.import) && handler.body.iter().any(may_open) {
                let mut second = Vec::new();
                self.follow(at, &handler.body, &mut second);
                if second.iter().any(opens) {
                    retry.append(&mut second);
                }
            }
        }
        if !(body.is_empty() && handlers.is_empty()) {
            acts.push(Act::Try(Box::new(Trial { forgives, body, handlers, retry })));
        }
        acts.append(&mut otherwise);
        whole || forgives.not_found
    }

    /// What a call of another module's function does. Those that load nothing are not followed.
    fn call(&self, at: At<'_>, call: &Call, acts: &mut Vec<Act>) -> bool {
        let around = call.around.as_deref().map(|effects| Around { at, effects });
        let known = if at.calls < DEEPEST { self.loader(at.module, &call.callee) } else { None };
        let Some(loader) = known else {
            let Some(around) = around else { return true };
            // Whether it swallows what its body raises is not told.
            let (mut body, forgives) = (Vec::new(), Catches { import: true, not_found: true, os: true });
            self.follow(at, around.effects, &mut body);
            if !body.is_empty() {
                let (handlers, retry) = Default::default();
                acts.push(Act::Try(Box::new(Trial { forgives, body, handlers, retry })));
            }
            return true;
        };
        let told = Call {
            callee: call.callee.clone(),
            arguments: call.arguments.iter().map(|value| self.here(at.module, value)).collect(),
            keywords: call
                .keywords
                .iter()
                .map(|(name, value)| (name.clone(), self.here(at.module, value)))
                .collect(),
            // Only whether there is one counts.
            around: call.around.as_ref().map(|_| Vec::new()),
        };
        let effects = self.sources.called(&loader.module.found.path, &loader.name, &told);
        let inside = At { module: &loader.module, around: around.as_ref(), calls: at.calls + 1 };
        self.follow(inside, &effects, acts)
    }

    /// What an import statement does; whether what it names is there.
    fn statement(&self, module: &Module, import: &Import, acts: &mut Vec<Act>) -> bool {
        let Some(name) = absolute(module, import.level, &import.module) else { return false };
        if name.is_empty() {
            return true;
        }
        let mut run = Vec::new();
        let source: Arc<Module> = match self.descend(module.owner, &name, &mut run) {
            Ok(source) => source,
            Err(missed) => {
                self.done(run, Some(&missed), acts);
                return false;
            }
        };
        // What is taken may be a module; an attribute of that name comes first, and is not looked for here.
        let mut missed = Vec::new();
        // A package has no other names yet than those of its modules, where its own code is the one that asks.
        let is_own = import.fresh && source.id == module.id;
        let mut whole = true;
        for taken in import.names.iter().filter(|taken| *taken != "*") {
            match self.below(&source, taken) {
                Some(below) => run.push(below.id),
                None => {
                    whole &= !is_own;
                    if !self.foreign.is_empty() {
                        missed.push(format!("{name}.{taken}"));
                    }
                }
            }
        }
        self.done(run, None, acts);
        missed.iter().for_each(|missed| self.done(Vec::new(), Some(missed), acts));
        whole
    }

    fn located(&self, module: &Module, library: &Library) -> Located {
        let paths = match &library.place {
            Place::File(text) => self.files(module, text),
            _ => Vec::new(),
        };
        let (place, source) = (library.place.clone(), module.found.path.clone());
        Located { place, paths, source, global: library.global, lazy: library.lazy }
    }
}

/// Whether an effect, or one in it, may open a library.
fn may_open(effect: &Effect) -> bool {
    match effect {
        Effect::Library(_) | Effect::Call(_) => true,
        Effect::Maybe(body) => body.iter().any(may_open),
        Effect::Try(attempt) => {
            let handlers = attempt.handlers.iter().flat_map(|handler| &handler.body);
            attempt.body.iter().chain(&attempt.otherwise).chain(handlers).any(may_open)
        }
        Effect::Import(_) | Effect::Flags(_) | Effect::Unread | Effect::Yield => false,
    }
}

/// Whether an act, or one in it, opens a library.
fn opens(act: &Act) -> bool {
    match act {
        Act::Library(_) => true,
        Act::Maybe(body) => body.iter().any(opens),
        Act::Try(trial) => trial.body.iter().chain(&trial.handlers).any(opens),
        Act::Run(_) | Act::Miss { .. } | Act::Flags(_) | Act::Unread(_) => false,
    }
}
