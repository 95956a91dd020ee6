//! Libraries that code of a module opens by bare names when it is called, not when the module is imported.
//!
//! Deliberately not here: paths, which lead where they lead whoever asks, and arguments of such functions.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt, StmtClassDef, StmtFunctionDef};

use crate::calls::Arguments;
use crate::effects::{Effect, Place};
use crate::libraries::{LOADS, key, last_name, loaded};
use crate::reader::{Function, Reader};
use crate::values::Value;

/// The names, as far as constants of the module and of the function tell; of a module that was read.
pub(crate) fn names<'a>(reader: &mut Reader<'a>, body: &'a [Stmt]) -> Vec<String> {
    let mut found = Found::default();
    body.iter().for_each(|statement| found.visit_stmt(statement));
    let mut effects = Vec::new();
    for (class, definition) in found.functions {
        let receiver = class.map(|class| Value::Object(class.to_owned()));
        let arguments = Arguments { places: Vec::new(), names: Vec::new() };
        reader.follow(Function { definition, inside: 0 }, receiver, arguments, &mut effects);
    }
    let called = found.calls.into_iter().filter(|(function, _)| !reader.loaded.contains(function));
    // Those of functions in functions.
    let called: Vec<&Expr> = called.map(|(_, library)| library).collect();
    for library in called {
        let value = reader.value(library, &mut Vec::new());
        effects.extend(loaded(&value, None).into_iter().map(Effect::Library));
    }
    let mut names = BTreeSet::new();
    gather(&effects, &mut names);
    names.into_iter().collect()
}

fn gather(effects: &[Effect], names: &mut BTreeSet<String>) {
    for effect in effects {
        match effect {
            Effect::Library(library) => {
                if let Place::Name(name) = &library.place {
                    names.insert(name.clone());
                }
            }
            Effect::Maybe(body) => gather(body, names),
            Effect::Try(attempt) => {
                gather(&attempt.body, names);
                attempt.handlers.iter().for_each(|handler| gather(&handler.body, names));
                gather(&attempt.otherwise, names);
            }
            Effect::Call(call) => gather(call.around.as_deref().unwrap_or_default(), names),
            Effect::Import(_) | Effect::Flags(_) | Effect::Unread | Effect::Yield => {}
        }
    }
}

/// Functions of a module and of its classes in which libraries are opened, and all calls that open one.
#[derive(Default)]
struct Found<'a> {
    class: Option<&'a str>,
    functions: Vec<(Option<&'a str>, &'a StmtFunctionDef)>,
    calls: Vec<(usize, &'a Expr)>,
    inside: bool,
}

impl<'a> Visitor<'a> for Found<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                let (before, inside) = (self.calls.len(), std::mem::replace(&mut self.inside, true));
                walk_stmt(self, statement);
                self.inside = inside;
                if !inside && self.calls.len() > before {
                    self.functions.push((self.class, function));
                }
            }
            Stmt::ClassDef(StmtClassDef { name, .. }) if !self.inside => {
                let class = self.class.replace(name.as_str());
                walk_stmt(self, statement);
                self.class = class;
            }
            other => walk_stmt(self, other),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression
            && last_name(&call.func).is_some_and(|name| LOADS.contains(&name))
        {
            let named = call.arguments.keywords.iter().find(|one| one.arg.as_deref() == Some("name"));
            let library = call.arguments.args.first().or(named.map(|one| &one.value));
            self.calls.extend(library.map(|library| (key(&call.func), library)));
        }
        walk_expr(self, expression);
    }
}
