//! Which functions and classes of a module load libraries or set flags, or call one of its that does.
//!
//! By the words that stand in them, for only what is found is followed. Deliberately not here: what they load.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt};

use crate::branches::is_main;
use crate::condition::decide;
use crate::libraries::{LOADS, SETS_FLAGS, key, last_name};
use crate::target::Target;

/// Whether `source` has a word for it at all.
pub(crate) fn mentioned(source: &str) -> bool {
    // Parts of all of them: `CDLL` and `PyDLL`, `dlopen` and `setdlopenflags`.
    let words = ["DLL", "dlopen", "LoadLibrary", "cdll"];
    words.iter().any(|word| memchr::memmem::find(source.as_bytes(), word.as_bytes()).is_some())
}

/// Those that stand at the top of `body`, also under conditions.
pub(crate) fn of(body: &[Stmt]) -> Vec<String> {
    let mut found = HashMap::new();
    learn(body, &mut found);
    let mut loaders: Vec<&str> =
        found.iter().filter(|(_, words)| words.loads).map(|(name, _)| *name).collect();
    loop {
        let calls = |words: &Words<'_>| words.names.iter().any(|name| loaders.contains(name));
        let more = found.iter().filter(|(name, words)| !loaders.contains(name) && calls(words));
        let more: Vec<&str> = more.map(|(name, _)| *name).collect();
        if more.is_empty() {
            break;
        }
        loaders.extend(more);
    }
    loaders.sort_unstable();
    loaders.into_iter().map(str::to_owned).collect()
}

fn learn<'a>(statements: &'a [Stmt], found: &mut HashMap<&'a str, Words<'a>>) {
    for statement in statements {
        let (name, body) = match statement {
            Stmt::FunctionDef(function) => (function.name.as_str(), &function.body),
            Stmt::ClassDef(class) => (class.name.as_str(), &class.body),
            Stmt::If(branch) => {
                learn(&branch.body, found);
                branch.elif_else_clauses.iter().for_each(|clause| learn(&clause.body, found));
                continue;
            }
            Stmt::Try(attempt) => {
                learn(&attempt.body, found);
                learn(&attempt.orelse, found);
                for ruff_python_ast::ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    learn(&handler.body, found);
                }
                continue;
            }
            _ => continue,
        };
        let words = found.entry(name).or_default();
        body.iter().for_each(|statement| words.visit_stmt(statement));
    }
}

/// The words of a function.
#[derive(Default)]
struct Words<'a> {
    loads: bool,
    names: Vec<&'a str>,
}

impl<'a> Visitor<'a> for Words<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Some(name) = last_name(expression) {
            self.loads |= LOADS.contains(&name) || name == SETS_FLAGS || name == "cdll";
            if matches!(expression, Expr::Name(_)) {
                self.names.push(name);
            }
        }
        walk_expr(self, expression);
    }
}

/// The expressions that name a function that loads a library, but those that no import comes to: in branches that are
/// not taken, and in functions and classes of which nothing speaks that runs.
pub(crate) fn reached(body: &[Stmt], target: &Target, program: bool) -> Vec<usize> {
    let of = || Spoken { target, program, units: Vec::new(), names: Vec::new(), loads: Vec::new() };
    let mut top = of();
    body.iter().for_each(|statement| top.visit_stmt(statement));
    let (mut names, mut loads) = (top.names, top.loads);
    let mut waiting = top.units;
    loop {
        let known: HashSet<&str> = names.iter().copied().collect();
        let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|unit| unit.is_run(&known));
        if now.is_empty() {
            return loads;
        }
        for unit in now {
            let mut inside = of();
            unit.body.iter().for_each(|statement| inside.visit_stmt(statement));
            // What stands in a function or class that runs is taken to run.
            while let Some(unit) = inside.units.pop() {
                unit.body.iter().for_each(|statement| inside.visit_stmt(statement));
            }
            names.extend(inside.names);
            loads.extend(inside.loads);
        }
        waiting = later;
    }
}

/// A function or class at the top of a module.
struct Unit<'a> {
    name: &'a str,
    decorated: bool,
    body: &'a [Stmt],
}

impl Unit<'_> {
    /// A decorator may call it; the interpreter calls `__getattr__` of a module.
    fn is_run(&self, names: &HashSet<&str>) -> bool {
        self.decorated || self.name.starts_with("__") || names.contains(self.name)
    }
}

/// What code speaks of.
struct Spoken<'a, 't> {
    target: &'t Target,
    program: bool,
    units: Vec<Unit<'a>>,
    names: Vec<&'a str>,
    loads: Vec<usize>,
}

impl<'a> Visitor<'a> for Spoken<'a, '_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                let (name, decorated) = (function.name.as_str(), !function.decorator_list.is_empty());
                function.decorator_list.iter().for_each(|one| self.visit_expr(&one.expression));
                function
                    .parameters
                    .iter()
                    .filter_map(|one| one.default())
                    .for_each(|one| self.visit_expr(one));
                self.units.push(Unit { name, decorated, body: &function.body });
            }
            Stmt::ClassDef(class) => {
                let (name, decorated) = (class.name.as_str(), !class.decorator_list.is_empty());
                class.decorator_list.iter().for_each(|one| self.visit_expr(&one.expression));
                class.arguments.iter().flat_map(|all| &all.args).for_each(|one| self.visit_expr(one));
                self.units.push(Unit { name, decorated, body: &class.body });
            }
            Stmt::If(branch) => {
                let first = (Some(&*branch.test), &branch.body);
                let others = branch.elif_else_clauses.iter().map(|one| (one.test.as_ref(), &one.body));
                for (test, body) in std::iter::once(first).chain(others) {
                    let truth = test.map_or(Some(true), |test| match is_main(test) {
                        true => Some(self.program),
                        false => decide(test, self.target),
                    });
                    test.iter().for_each(|test| self.visit_expr(test));
                    if truth != Some(false) {
                        body.iter().for_each(|statement| self.visit_stmt(statement));
                    }
                    if truth == Some(true) {
                        break;
                    }
                }
            }
            other => walk_stmt(self, other),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Some(name) = last_name(expression) {
            self.names.push(name);
            if LOADS.contains(&name) {
                self.loads.push(key(expression));
            }
        }
        // getattr(module, "load")
        if let Expr::StringLiteral(literal) = expression {
            self.names.push(literal.value.to_str());
        }
        walk_expr(self, expression);
    }

    // What is only the kind of something loads nothing.
    fn visit_annotation(&mut self, _: &'a Expr) {}
}
