//! Which functions and classes of a module load libraries or set flags, or call one of its that does.
//!
//! By the words that stand in them, for only what is found is followed. Deliberately not here: what they load.

use std::collections::HashMap;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, Stmt};

use crate::libraries::{LOADS, SETS_FLAGS, key, last_name};

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

/// The expressions that name a function that loads a library.
pub(crate) fn named(body: &[Stmt]) -> Vec<usize> {
    let mut named = Named(Vec::new());
    body.iter().for_each(|statement| named.visit_stmt(statement));
    named.0
}

struct Named(Vec<usize>);

impl<'a> Visitor<'a> for Named {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if last_name(expression).is_some_and(|name| LOADS.contains(&name)) {
            self.0.push(key(expression));
        }
        walk_expr(self, expression);
    }

    // What is only the kind of something loads nothing.
    fn visit_annotation(&mut self, _: &'a Expr) {}
}
