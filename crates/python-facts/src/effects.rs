//! The effects of importing one module, in the order in which they happen.
//!
//! Deliberately not here: conditions (`condition.rs`) and libraries (`libraries.rs`).

use std::collections::HashMap;

use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtFunctionDef};
use serde::{Deserialize, Serialize};

use crate::condition::decide;
use crate::libraries::{self, Call};
use crate::nesting;
use crate::target::Target;

/// One thing that happens when a module's code runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// An import statement, or `importlib.import_module` and `__import__` with a constant.
    Import(Import),
    /// `sys.setdlopenflags`: extension modules are loaded with RTLD_GLOBAL from now on, or no longer.
    Flags {
        /// Whether RTLD_GLOBAL is among the new flags.
        global: bool,
    },
    /// A library loaded by `ctypes`.
    Library(Library),
    /// `try`: what stands in the body, and what an `except` does if an import of the body fails.
    Try {
        /// The body and `else`.
        body: Vec<Effect>,
        /// All handlers.
        handlers: Vec<Effect>,
    },
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The dots in front: 0 for an absolute import.
    pub level: u32,
    /// The module, without the dots; empty in `from . import x`.
    pub module: String,
    /// What is taken from it: attributes, or modules of it. Empty for `import x`; `*` for all.
    pub names: Vec<String>,
    /// The line, counted from 1.
    pub line: u32,
}

/// A library that `ctypes` loads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// What is told of its place.
    pub place: Place,
    /// RTLD_GLOBAL.
    pub global: bool,
}

/// What reading tells of a library's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// A name without a slash, which the loader looks for.
    Name(String),
    /// What `ctypes.util.find_library` is asked for: `gomp` for `libgomp.so.1`.
    Stem(String),
    /// A path.
    Path(String),
    /// A file of this name, in a folder that the module computes.
    File(String),
    /// The program itself, `CDLL(None)`.
    Program,
    /// Not told.
    Unknown,
}

/// How deep calls of a module's own functions are followed.
const DEEPEST: usize = 4;
/// How many statements and expressions are looked at in functions, over all calls of a module: calls of calls multiply.
const FOLLOWED: usize = 200_000;

/// How deep [`Effect::Try`] nests: who walks effects recurses, through hundreds of modules that import one another.
const TRIES: usize = 8;

/// Sources of this depth fit any thread's stack; deeper ones get a thread with a stack of their own.
const SHALLOW: usize = 40;
/// Bytes of stack for the deepest source; memory is taken as it is touched.
const STACK: usize = 512 << 20;

/// The effects of a module whose source is `source`.
///
/// # Errors
/// What the parser says of a source that is none for any Python 3, or that no Python would read.
pub fn read(source: &str, target: &Target) -> Result<Vec<Effect>, String> {
    read_as(source, target, false)
}

/// The effects of running a source as a program, where `__name__` is `"__main__"`.
///
/// # Errors
/// As of [`read`].
pub fn read_program(source: &str, target: &Target) -> Result<Vec<Effect>, String> {
    read_as(source, target, true)
}

fn read_as(source: &str, target: &Target, program: bool) -> Result<Vec<Effect>, String> {
    if nesting::depth(source)? <= SHALLOW {
        return read_here(source, target, program);
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let reading = thread.spawn_scoped(scope, || read_here(source, target, program));
        let reading = reading.map_err(|error| format!("no thread to read it in: {error}"))?;
        reading.join().unwrap_or_else(|_| Err("the parser failed".to_owned()))
    })
}

fn read_here(source: &str, target: &Target, program: bool) -> Result<Vec<Effect>, String> {
    let parsed = ruff_python_parser::parse_module(source).map_err(|error| error.to_string())?;
    let body = &parsed.syntax().body;
    let newlines = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
    let mut reader = Reader {
        target,
        program,
        newlines,
        functions: HashMap::new(),
        inside: Vec::new(),
        left: FOLLOWED,
        tries: 0,
    };
    reader.learn(body);
    let mut effects = Vec::new();
    reader.statements(body, &mut effects);
    Ok(effects)
}

struct Reader<'a> {
    target: &'a Target,
    /// It runs as a program.
    program: bool,
    /// Where lines end.
    newlines: Vec<usize>,
    /// The module's own functions.
    functions: HashMap<&'a str, &'a StmtFunctionDef>,
    /// Those that are being followed, so that recursion ends.
    inside: Vec<&'a str>,
    /// What is left of [`FOLLOWED`].
    left: usize,
    /// How many `try` are open.
    tries: usize,
}

impl<'a> Reader<'a> {
    /// Notes the functions that statements define, also under conditions.
    fn learn(&mut self, statements: &'a [Stmt]) {
        for statement in statements {
            match statement {
                Stmt::FunctionDef(function) => {
                    self.functions.insert(function.name.as_str(), function);
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

    fn statements(&mut self, statements: &'a [Stmt], effects: &mut Vec<Effect>) {
        for statement in statements {
            self.statement(statement, effects);
        }
    }

    /// Whether what stands in a function is no longer looked at; counts one more otherwise.
    fn is_spent(&mut self) -> bool {
        if self.inside.is_empty() {
            return false;
        }
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    fn statement(&mut self, statement: &'a Stmt, effects: &mut Vec<Effect>) {
        if self.is_spent() {
            return;
        }
        match statement {
            Stmt::Import(import) => {
                let line = self.line(import.range.start().to_usize());
                effects.extend(import.names.iter().map(|alias| {
                    let module = alias.name.as_str().to_owned();
                    Effect::Import(Import { level: 0, module, names: Vec::new(), line })
                }));
            }
            Stmt::ImportFrom(import) => effects.push(Effect::Import(Import {
                level: import.level,
                module: import.module.as_ref().map(|module| module.as_str().to_owned()).unwrap_or_default(),
                names: import.names.iter().map(|alias| alias.name.as_str().to_owned()).collect(),
                line: self.line(import.range.start().to_usize()),
            })),
            Stmt::If(branch) => self.branches(branch, effects),
            Stmt::Try(attempt) => {
                if self.tries == TRIES {
                    self.both_sides(attempt, effects);
                    return;
                }
                self.tries += 1;
                let (mut body, mut handlers) = (Vec::new(), Vec::new());
                self.statements(&attempt.body, &mut body);
                self.statements(&attempt.orelse, &mut body);
                for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    self.statements(&handler.body, &mut handlers);
                }
                self.tries -= 1;
                effects.push(Effect::Try { body, handlers });
                self.statements(&attempt.finalbody, effects);
            }
            Stmt::With(with) => {
                with.items.iter().for_each(|item| self.expression(&item.context_expr, effects));
                self.statements(&with.body, effects);
            }
            Stmt::For(each) => {
                self.statements(&each.body, effects);
                self.statements(&each.orelse, effects);
            }
            Stmt::While(each) => self.statements(&each.body, effects),
            Stmt::ClassDef(class) => self.statements(&class.body, effects),
            Stmt::Expr(expression) => self.expression(&expression.value, effects),
            Stmt::Assign(assign) => self.expression(&assign.value, effects),
            Stmt::AnnAssign(assign) => {
                assign.value.iter().for_each(|value| self.expression(value, effects));
            }
            Stmt::Return(returned) => {
                returned.value.iter().for_each(|value| self.expression(value, effects));
            }
            _ => {}
        }
    }

    /// A `try` that is nested too deeply to be kept as one.
    fn both_sides(&mut self, attempt: &'a ruff_python_ast::StmtTry, effects: &mut Vec<Effect>) {
        self.statements(&attempt.body, effects);
        self.statements(&attempt.orelse, effects);
        for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
            self.statements(&handler.body, effects);
        }
        self.statements(&attempt.finalbody, effects);
    }

    fn branches(&mut self, branch: &'a ruff_python_ast::StmtIf, effects: &mut Vec<Effect>) {
        let first = (Some(&*branch.test), branch.body.as_slice());
        let others =
            branch.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), clause.body.as_slice()));
        for (test, body) in std::iter::once(first).chain(others) {
            // `__name__ == "__main__"` is of the program, not of an import.
            let value = match test {
                None => Some(true),
                Some(test) if is_main(test) => Some(self.program),
                Some(test) => decide(test, self.target),
            };
            if value != Some(false) {
                self.statements(body, effects);
            }
            if value == Some(true) {
                return;
            }
        }
    }

    /// The calls of an expression: those in its arguments first.
    fn expression(&mut self, expression: &'a Expr, effects: &mut Vec<Effect>) {
        if self.is_spent() {
            return;
        }
        match expression {
            Expr::Call(call) => {
                call.arguments.args.iter().for_each(|argument| self.expression(argument, effects));
                call.arguments.keywords.iter().for_each(|keyword| self.expression(&keyword.value, effects));
                self.call(call, effects);
            }
            Expr::BoolOp(both) => both.values.iter().for_each(|value| self.expression(value, effects)),
            Expr::BinOp(both) => {
                self.expression(&both.left, effects);
                self.expression(&both.right, effects);
            }
            Expr::UnaryOp(one) => self.expression(&one.operand, effects),
            Expr::Attribute(attribute) => self.expression(&attribute.value, effects),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|value| self.expression(value, effects)),
            Expr::List(list) => list.elts.iter().for_each(|value| self.expression(value, effects)),
            Expr::ListComp(list) => self.expression(&list.elt, effects),
            Expr::If(choice) => {
                self.expression(&choice.body, effects);
                self.expression(&choice.orelse, effects);
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &'a ruff_python_ast::ExprCall, effects: &mut Vec<Effect>) {
        match libraries::of(&call.func, &call.arguments.args, &call.arguments.keywords) {
            Some(Call::Flags(global)) => {
                // What reading does not tell are the flags from before, in nearly all programs.
                effects.push(Effect::Flags { global: global.unwrap_or(false) });
                return;
            }
            Some(Call::Load(library)) => {
                effects.push(Effect::Library(library));
                return;
            }
            None => {}
        }
        let name = libraries::last_name(&call.func);
        if let (Some("import_module" | "__import__"), Some(Expr::StringLiteral(module))) =
            (name, call.arguments.args.first())
        {
            let text = module.value.to_str();
            let plain = text.trim_start_matches('.');
            effects.push(Effect::Import(Import {
                level: (text.len() - plain.len()) as u32,
                module: plain.to_owned(),
                names: Vec::new(),
                line: self.line(call.range.start().to_usize()),
            }));
            return;
        }
        let Expr::Name(function) = &*call.func else { return };
        if let Some(definition) = self.functions.get(function.id.as_str()).copied()
            && self.inside.len() < DEEPEST
            && self.left > 0
            && !self.inside.contains(&definition.name.as_str())
        {
            self.inside.push(definition.name.as_str());
            self.statements(&definition.body, effects);
            self.inside.pop();
        }
    }

    /// The line of a byte of the source, counted from 1.
    fn line(&self, at: usize) -> u32 {
        self.newlines.partition_point(|newline| *newline < at) as u32 + 1
    }
}

fn is_main(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else { return false };
    let is_name = |side: &Expr| matches!(side, Expr::Name(name) if name.id.as_str() == "__name__");
    is_name(&compare.left) || compare.comparators.iter().any(is_name)
}
