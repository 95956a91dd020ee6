//! Statements, read one after the other as they would run, with what names stand for on the way.
//!
//! Deliberately not here: branches (`branches.rs`), expressions (`evaluate.rs`) and calls (`calls.rs`).

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Expr, ExprContext, Operator, Stmt, StmtClassDef, StmtFunctionDef, StmtWith};

use crate::effects::{Call, Effect, Import};
use crate::libraries::{key, last_name};
use crate::scope::Scopes;
use crate::target::Target;
use crate::text::{Base, Dotted, Text};
use crate::values::Value;

/// How many statements and expressions are looked at in functions and loops, over all calls of a module: calls of calls
/// multiply.
const FOLLOWED: usize = 200_000;
/// How often a loop over known things is followed.
const ROUNDS: usize = 64;

/// How a statement leaves what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It runs.
    On,
    /// It does not, for an exception was raised, or the process ended.
    Raises,
    /// It does not, for a round of a loop has ended.
    Breaks,
    /// It does not, for a function has ended.
    Returns,
}

/// A function of the module's own, and in how many others it stands.
#[derive(Clone, Copy)]
pub(crate) struct Function<'a> {
    pub(crate) definition: &'a StmtFunctionDef,
    pub(crate) inside: usize,
}

/// A `with` whose context manager is being followed.
pub(crate) struct Managed<'a> {
    pub(crate) with: &'a StmtWith,
    pub(crate) item: usize,
    /// How many functions are being followed where it stands.
    pub(crate) depth: usize,
}

/// A module that is being read.
pub(crate) struct Reader<'a> {
    pub(crate) target: &'a Target,
    /// It runs as a program.
    pub(crate) program: bool,
    /// Where lines end.
    newlines: Vec<usize>,
    /// The module's own functions.
    pub(crate) functions: HashMap<&'a str, Function<'a>>,
    pub(crate) classes: HashMap<&'a str, &'a StmtClassDef>,
    /// What classes and their instances have.
    pub(crate) attributes: HashMap<(String, &'a str), Value>,
    pub(crate) scopes: Scopes<'a>,
    /// What defaults of functions came to where those are defined.
    pub(crate) defaults: HashMap<usize, Value>,
    /// Functions that are being followed, so that recursion ends.
    pub(crate) inside: Vec<(&'a str, usize)>,
    pub(crate) managed: Vec<Managed<'a>>,
    /// The flags of `dlopen` as they are.
    pub(crate) flags: Value,
    /// A call that was followed ends with an exception.
    pub(crate) raised: bool,
    /// What is left of [`FOLLOWED`].
    left: usize,
    /// How many loops are open.
    loops: usize,
    /// How many `try` and conditions are open.
    pub(crate) nested: usize,
    /// How often functions of other modules were called.
    pub(crate) calls: HashMap<(u32, String), usize>,
    /// It may have names that are not told: `import *`, `__getattr__`.
    has_any: bool,
    /// `sys.path` has the folder that the module stands in.
    pub(crate) beside: bool,
    /// Expressions that name a function that loads a library, and that were come to.
    pub(crate) loaded: HashSet<usize>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: &str, body: &'a [Stmt], target: &'a Target, program: bool) -> Self {
        let newlines = memchr::memchr_iter(b'\n', source.as_bytes());
        let mut reader = Reader {
            target,
            program,
            newlines: newlines.collect(),
            functions: HashMap::new(),
            classes: HashMap::new(),
            attributes: HashMap::new(),
            scopes: Scopes::new(),
            defaults: HashMap::new(),
            inside: Vec::new(),
            managed: Vec::new(),
            flags: Value::Flags { before: true, bits: 0 },
            raised: false,
            left: FOLLOWED,
            loops: 0,
            nested: 0,
            calls: HashMap::new(),
            has_any: false,
            beside: false,
            loaded: HashSet::new(),
        };
        reader.learn(body);
        reader.has_any = reader.functions.contains_key("__getattr__");
        reader
    }

    /// What importing the module does.
    pub(crate) fn module(&mut self, body: &'a [Stmt]) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.statements(body, &mut effects);
        effects
    }

    /// What `called` does, called from elsewhere.
    pub(crate) fn called(&mut self, called: &str, call: &Call) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.flags = Value::Flags { before: true, bits: 0 };
        self.call_from_elsewhere(called, call, &mut effects);
        effects
    }

    /// Texts of the module that are paths, or names of libraries.
    pub(crate) fn constants(&self) -> Vec<(String, Text)> {
        let is_library = |text: &Text| text.base.is_some() || text.text.contains(".so");
        let texts = self.scopes.module().filter_map(|(name, value)| match value {
            Value::Text(text) if is_library(text) && text.base != Some(Base::Unknown) => {
                Some((name.to_owned(), text.clone()))
            }
            _ => None,
        });
        let mut texts: Vec<(String, Text)> = texts.collect();
        texts.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        texts
    }

    /// Notes the functions and classes that statements define, also under conditions.
    fn learn(&mut self, statements: &'a [Stmt]) {
        for statement in statements {
            match statement {
                Stmt::FunctionDef(function) => {
                    let known = Function { definition: function, inside: self.scopes.depth() };
                    self.functions.insert(function.name.as_str(), known);
                }
                Stmt::ClassDef(class) => {
                    self.classes.insert(class.name.as_str(), class);
                }
                Stmt::If(branch) => {
                    self.learn(&branch.body);
                    branch.elif_else_clauses.iter().for_each(|clause| self.learn(&clause.body));
                }
                Stmt::Try(attempt) => self.learn(&attempt.body),
                Stmt::With(with) => self.learn(&with.body),
                _ => {}
            }
        }
    }

    pub(crate) fn statements(&mut self, statements: &'a [Stmt], effects: &mut Vec<Effect>) -> Flow {
        for statement in statements {
            match self.statement(statement, effects) {
                Flow::On => {}
                ended => return ended,
            }
        }
        Flow::On
    }

    /// Whether what stands in a function or a loop is no longer looked at; counts one more otherwise.
    pub(crate) fn is_spent(&mut self) -> bool {
        if self.inside.is_empty() && self.loops == 0 {
            return false;
        }
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    fn statement(&mut self, statement: &'a Stmt, effects: &mut Vec<Effect>) -> Flow {
        if self.is_spent() {
            return Flow::On;
        }
        match statement {
            Stmt::If(branch) => return self.branches(branch, effects),
            Stmt::Try(attempt) => return self.attempt(attempt, effects),
            Stmt::With(with) => return self.with(with, 0, effects),
            Stmt::Match(choice) => return self.matched(choice, effects),
            Stmt::Return(returned) => {
                let value = returned.value.as_ref().map(|value| self.value(value, effects));
                if let Some(frame) = self.scopes.top() {
                    frame.returns.push(value.unwrap_or(Value::None));
                }
                return Flow::Returns;
            }
            Stmt::Raise(raise) => {
                raise.exc.iter().for_each(|raised| drop(self.value(raised, effects)));
                return Flow::Raises;
            }
            Stmt::Break(_) | Stmt::Continue(_) => return Flow::Breaks,
            Stmt::Expr(expression) => {
                self.raised = false;
                self.value(&expression.value, effects);
                if self.raised || is_exit(&expression.value) {
                    return Flow::Raises;
                }
            }
            other => self.plain(other, effects),
        }
        Flow::On
    }

    /// A statement behind which the next one runs.
    fn plain(&mut self, statement: &'a Stmt, effects: &mut Vec<Effect>) {
        match statement {
            Stmt::Import(import) => {
                let line = self.line(import.range.start().to_usize());
                for alias in &import.names {
                    let module = alias.name.as_str();
                    let (name, bound) = match &alias.asname {
                        Some(name) => (name.as_str(), module),
                        None => (top(module), top(module)),
                    };
                    self.scopes.set(name, Value::Global(Dotted::absolute(bound)));
                    self.found_beside(module, line, effects);
                    let (module, names) = (module.to_owned(), Vec::new());
                    effects.push(Effect::Import(Import { level: 0, module, names, fresh: false, line }));
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map(|module| module.as_str()).unwrap_or_default();
                let from = Dotted { level: import.level, name: module.to_owned() };
                let is_new = |name: &str| {
                    !self.has_any && self.scopes.get(name).is_none() && !self.functions.contains_key(name)
                };
                let fresh = module.is_empty() && import.names.iter().all(|alias| is_new(alias.name.as_str()));
                self.has_any |= import.names.iter().any(|alias| alias.name.as_str() == "*");
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    self.scopes.set(name, Value::Global(from.then(alias.name.as_str())));
                }
                let names = import.names.iter().map(|alias| alias.name.as_str().to_owned()).collect();
                let line = self.line(import.range.start().to_usize());
                if import.level == 0 {
                    self.found_beside(module, line, effects);
                }
                let (level, module) = (import.level, module.to_owned());
                effects.push(Effect::Import(Import { level, module, names, fresh, line }));
            }
            Stmt::For(each) => {
                let items = self.value(&each.iter, effects);
                self.each(&each.target, items, effects, |reader, effects| {
                    reader.statements(&each.body, effects);
                });
                self.statements(&each.orelse, effects);
            }
            Stmt::While(each) => {
                let test = self.value(&each.test, effects);
                if test.truth() != Some(false) {
                    self.statements(&each.body, effects);
                }
                self.statements(&each.orelse, effects);
            }
            Stmt::FunctionDef(function) => {
                let known = Function { definition: function, inside: self.scopes.depth() };
                self.functions.insert(function.name.as_str(), known);
                for default in function.parameters.iter().filter_map(|parameter| parameter.default()) {
                    if !default.is_literal_expr() {
                        let value = self.value(default, effects);
                        self.defaults.insert(key(default), value);
                    }
                }
            }
            Stmt::ClassDef(class) => self.class(class, effects),
            Stmt::Assign(assign) => {
                let value = self.value(&assign.value, effects);
                for target in &assign.targets {
                    self.assign(target, value.clone());
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.value(value, effects);
                    self.assign(&assign.target, value);
                }
            }
            Stmt::AugAssign(assign) => {
                let old = self.value(&assign.target, effects);
                let more = self.value(&assign.value, effects);
                let value = self.operated(&old, assign.op, &more);
                self.assign(&assign.target, value);
            }
            Stmt::Nonlocal(outer) => outer.names.iter().for_each(|name| self.scopes.forget(name.as_str())),
            Stmt::Global(global) => {
                if let Some(frame) = self.scopes.top() {
                    frame.globals.extend(global.names.iter().map(|name| name.as_str()));
                }
            }
            _ => {}
        }
    }

    /// A module at the top stands in the module's own folder, if that is in `sys.path` and has one of that name.
    fn found_beside(&self, module: &str, line: u32, effects: &mut Vec<Effect>) {
        if self.beside {
            let names = vec![top(module).to_owned()];
            effects.push(Effect::Import(Import {
                level: 1,
                module: String::new(),
                names,
                fresh: false,
                line,
            }));
        }
    }

    /// Follows a class's body; what it assigns are attributes.
    fn class(&mut self, class: &'a StmtClassDef, effects: &mut Vec<Effect>) {
        let name = class.name.as_str();
        self.classes.insert(name, class);
        for statement in &class.body {
            if let Stmt::Assign(assign) = statement
                && let [Expr::Name(attribute)] = &*assign.targets
            {
                let value = self.value(&assign.value, effects);
                self.attributes.insert((name.to_owned(), attribute.id.as_str()), value);
            } else if !matches!(statement, Stmt::FunctionDef(_)) {
                self.statement(statement, effects);
            }
        }
    }

    /// Runs `body` with `target` as each of `items`.
    pub(crate) fn each(
        &mut self,
        target: &'a Expr,
        items: Value,
        effects: &mut Vec<Effect>,
        mut body: impl FnMut(&mut Self, &mut Vec<Effect>),
    ) {
        let rounds = match items {
            Value::Items(items) => items,
            Value::Table(pairs) => pairs.into_iter().map(|(key, _)| key).collect(),
            Value::OneOf(all) if all.iter().all(|one| matches!(one, Value::Items(_) | Value::None)) => {
                let lists = all.into_iter().filter_map(|one| match one {
                    Value::Items(items) => Some(items),
                    _ => None,
                });
                lists.flatten().collect()
            }
            // What a folder has, `Path.iterdir()` for one.
            _ => vec![Value::Unknown],
        };
        self.loops += 1;
        for item in rounds.into_iter().take(ROUNDS) {
            self.assign(target, item);
            body(self, effects);
            if self.left == 0 {
                break;
            }
        }
        self.loops -= 1;
    }

    pub(crate) fn assign(&mut self, target: &'a Expr, value: Value) {
        match target {
            Expr::Name(name) => self.scopes.set(name.id.as_str(), value),
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, &value),
            Expr::List(list) => self.unpack(&list.elts, &value),
            Expr::Starred(rest) => self.assign(&rest.value, Value::Unknown),
            Expr::Attribute(attribute) => {
                if let Expr::Name(name) = &*attribute.value
                    && let Some(Value::Object(class)) = self.scopes.get(name.id.as_str())
                {
                    self.attributes.insert((class.clone(), attribute.attr.as_str()), value);
                }
            }
            Expr::Subscript(part) => {
                if let Expr::Name(name) = &*part.value
                    && name.ctx == ExprContext::Load
                    && let Some(Value::Items(_) | Value::Table(_)) = self.scopes.get(name.id.as_str())
                {
                    self.scopes.set(name.id.as_str(), Value::Unknown);
                }
            }
            _ => {}
        }
    }

    fn unpack(&mut self, targets: &'a [Expr], value: &Value) {
        for (at, target) in targets.iter().enumerate() {
            let part = match value {
                Value::Items(items) if items.len() == targets.len() => items[at].clone(),
                _ => Value::Unknown,
            };
            self.assign(target, part);
        }
    }

    /// `old op more`.
    pub(crate) fn operated(&self, old: &Value, op: Operator, more: &Value) -> Value {
        match op {
            Operator::Add => old.plus(more),
            Operator::Div => match old {
                Value::Text(_) | Value::Global(_) | Value::OneOf(_) | Value::Unknown => {
                    old.both(more, |folder, name| Value::Text(folder.as_text().join(&name.as_text())))
                }
                _ => Value::Unknown,
            },
            Operator::BitOr => match (old.flags(), more.flags()) {
                (Some((one, bits)), Some((two, more))) => {
                    Value::Flags { before: one || two, bits: bits | more }
                }
                // RTLD_GLOBAL is what counts, and what is added to it takes nothing away.
                (Some((_, bits)), None) | (None, Some((_, bits))) => Value::Flags { before: true, bits },
                (None, None) => Value::Unknown,
            },
            Operator::Mod => match old {
                Value::Text(form) => crate::standard::formatted(form, more),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// The line of a byte of the source, counted from 1.
    pub(crate) fn line(&self, at: usize) -> u32 {
        self.newlines.partition_point(|newline| *newline < at) as u32 + 1
    }
}

fn top(module: &str) -> &str {
    module.split('.').next().unwrap_or(module)
}

/// Calls behind which nothing runs.
fn is_exit(expression: &Expr) -> bool {
    let Expr::Call(call) = expression else { return false };
    match &*call.func {
        Expr::Name(name) => matches!(name.id.as_str(), "exit" | "quit"),
        function => matches!(last_name(function), Some("exit" | "_exit" | "abort")),
    }
}
