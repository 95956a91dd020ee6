//! `if`, `try`, `with` and `match`: what is run under which condition.
//!
//! A branch whose condition reading decides is taken or not; of others all are, as [`Effect::Maybe`].
//! Deliberately not here: deciding (`condition.rs`, `evaluate.rs`), and conditions on the names in a folder
//! (`narrowing.rs`).

use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtIf, StmtMatch, StmtTry, StmtWith};

use crate::condition::decide;
use crate::effects::{Attempt, Catches, Effect, Handler};
use crate::libraries::last_name;
use crate::managers;
use crate::reader::{Flow, Managed, Reader};
use crate::scope::Branch;
use crate::standard;
use crate::values::Value;

/// How deep [`Effect::Try`] and [`Effect::Maybe`] nest: who walks effects recurses, through hundreds of modules that
/// import one another.
pub(crate) const NESTED: usize = 8;

impl<'a> Reader<'a> {
    pub(crate) fn branches(&mut self, branch: &'a StmtIf, effects: &mut Vec<Effect>) -> Flow {
        let first = (Some(&*branch.test), branch.body.as_slice());
        let others =
            branch.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), clause.body.as_slice()));
        let (mut taken, mut flows, mut open, mut decided) = (Vec::new(), Vec::new(), true, true);
        for (test, body) in std::iter::once(first).chain(others) {
            let value = match test {
                None => Some(true),
                // `__name__ == "__main__"` is of the program, not of an import.
                Some(test) if is_main(test) => Some(self.program),
                Some(test) => self.value(test, effects).truth(),
            };
            if value == Some(false) {
                continue;
            }
            if value == Some(true) && decided {
                let flow = self.statements(body, effects);
                // What values tell may be wrong, and would end the module: only the interpreter decides that.
                let is_sure = test.is_none_or(|test| is_main(test) || decide(test, self.target).is_some());
                return if flow == Flow::Raises && !is_sure { Flow::On } else { flow };
            }
            let mark = self.scopes.branch();
            if let ([Stmt::Continue(_)], Some((name, rest))) = (body, self.excluded(test)) {
                self.scopes.undo(mark);
                self.scopes.set(name, rest);
                continue;
            }
            let narrowed = test.filter(|_| value.is_none()).and_then(|test| self.narrowed(test));
            let is_filter = narrowed.is_some();
            if let Some((name, value)) = narrowed {
                self.scopes.set(name, value);
            }
            let flow = self.maybe(!is_filter, effects, |reader, effects| reader.statements(body, effects));
            let ended = self.scopes.undo(mark);
            flows.push(flow);
            if goes_on(flow) {
                taken.push(ended);
            }
            decided = false;
            if value == Some(true) {
                open = false;
                break;
            }
        }
        self.scopes.join(&taken, open);
        end_of(&flows, open)
    }

    /// What `body` does, under a condition, if `conditional`.
    fn maybe(
        &mut self,
        conditional: bool,
        effects: &mut Vec<Effect>,
        body: impl FnOnce(&mut Self, &mut Vec<Effect>) -> Flow,
    ) -> Flow {
        if !conditional || self.nested >= NESTED {
            return body(self, effects);
        }
        self.nested += 1;
        let mut inside = Vec::new();
        let flow = body(self, &mut inside);
        self.nested -= 1;
        if !inside.is_empty() {
            effects.push(Effect::Maybe(inside));
        }
        flow
    }

    pub(crate) fn attempt(&mut self, attempt: &'a StmtTry, effects: &mut Vec<Effect>) -> Flow {
        if self.nested >= NESTED {
            return self.both_sides(attempt, effects);
        }
        self.nested += 1;
        let mut made = Attempt::default();
        let mut flows = Vec::new();
        let mark = self.scopes.branch();
        let body = self.statements(&attempt.body, &mut made.body);
        let tried = self.scopes.undo(mark);
        let mark = self.scopes.branch();
        self.scopes.redo(&tried);
        let flow = match body {
            Flow::On => self.statements(&attempt.orelse, &mut made.otherwise),
            ended => ended,
        };
        flows.push(flow);
        let mut taken: Vec<Branch<'a>> = Vec::new();
        let whole = self.scopes.undo(mark);
        if goes_on(flow) {
            taken.push(whole);
        }
        let mut caught = Catches::default();
        for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
            let (all, sure) = match &handler.type_ {
                Some(kind) => self.caught_by(kind),
                None => (Catches::ALL, Catches::ALL),
            };
            let mut made_handler = Handler { catches: all.without(caught), raises: false, body: Vec::new() };
            caught = caught.and(sure);
            let mark = self.scopes.branch();
            // The body has come to any place of it.
            self.scopes.join(std::slice::from_ref(&tried), true);
            let flow = self.statements(&handler.body, &mut made_handler.body);
            let ended = self.scopes.undo(mark);
            if goes_on(flow) {
                taken.push(ended);
            }
            made_handler.raises = flow == Flow::Raises;
            flows.push(flow);
            made.handlers.push(made_handler);
        }
        self.nested -= 1;
        self.scopes.join(&taken, false);
        // Without a handler it is a body, and then what stands in `finally`; so it is where nothing may fail.
        if made.handlers.is_empty() || made.body.is_empty() {
            effects.append(&mut made.body);
            effects.append(&mut made.otherwise);
        } else {
            effects.push(Effect::Try(made));
        }
        match self.statements(&attempt.finalbody, effects) {
            Flow::On => end_of(&flows, false),
            ended => ended,
        }
    }

    /// A `try` that is nested too deeply to be kept as one.
    fn both_sides(&mut self, attempt: &'a StmtTry, effects: &mut Vec<Effect>) -> Flow {
        self.statements(&attempt.body, effects);
        self.statements(&attempt.orelse, effects);
        for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
            self.statements(&handler.body, effects);
        }
        self.statements(&attempt.finalbody, effects)
    }

    /// What `except kind` may catch of what matters, and what it does for sure.
    fn caught_by(&mut self, kind: &'a Expr) -> (Catches, Catches) {
        let none = Catches::default();
        let sure = |catches: Catches| (catches, catches);
        match kind {
            Expr::Tuple(tuple) => tuple.elts.iter().fold((none, none), |all, kind| {
                let more = self.caught_by(kind);
                (all.0.and(more.0), all.1.and(more.1))
            }),
            Expr::Name(_) | Expr::Attribute(_) => match last_name(kind).unwrap_or_default() {
                "BaseException" | "Exception" => sure(Catches::ALL),
                "ImportError" => sure(Catches { import: true, not_found: true, os: false }),
                "ModuleNotFoundError" => sure(Catches { not_found: true, ..none }),
                "OSError" | "EnvironmentError" | "IOError" | "error" => sure(Catches { os: true, ..none }),
                _ if self.is_other_exception(kind) => sure(none),
                _ => (Catches::ALL, none),
            },
            // Put together when it is needed.
            _ => (Catches::ALL, none),
        }
    }

    /// Whether a class is known to be none of those that matter: built in, of the standard library, or of the module's
    /// own. A name from elsewhere may stand for any, or for a tuple of them.
    fn is_other_exception(&mut self, kind: &'a Expr) -> bool {
        match kind {
            Expr::Name(name) => {
                let name = name.id.as_str();
                match self.scopes.get(name) {
                    Some(Value::Global(global)) => global.level == 0 && standard::is_standard(&global.name),
                    Some(_) => false,
                    None => {
                        self.classes.contains_key(name)
                            || name.ends_with("Error")
                            || ["Warning", "Exit", "Interrupt", "Iteration"]
                                .iter()
                                .any(|end| name.ends_with(end))
                    }
                }
            }
            Expr::Attribute(attribute) => match self.value(&attribute.value, &mut Vec::new()) {
                Value::Global(global) => global.level == 0 && standard::is_standard(&global.name),
                _ => false,
            },
            _ => false,
        }
    }

    /// `with`, from one of its items on.
    pub(crate) fn with(&mut self, with: &'a StmtWith, item: usize, effects: &mut Vec<Effect>) -> Flow {
        let Some(one) = with.items.get(item) else { return self.statements(&with.body, effects) };
        if let Expr::Call(call) = &one.context_expr
            && last_name(&call.func) == Some("suppress")
        {
            let kinds = call.arguments.args.iter();
            let catches = kinds.fold(Catches::default(), |all, kind| all.and(self.caught_by(kind).0));
            return self.forgiving((with, item), catches, effects);
        }
        // What it is given later may forgive; nothing else of it does.
        if let Expr::Call(call) = &one.context_expr
            && last_name(&call.func) == Some("ExitStack")
            && managers::is_given_more(&with.body)
        {
            return self.forgiving((with, item), Catches::ALL, effects);
        }
        let managed = Managed { with, item, depth: self.scopes.depth() };
        if let Some(flow) = self.managed(&one.context_expr, managed, effects) {
            return flow;
        }
        let value = self.value(&one.context_expr, effects);
        if let Some(target) = &one.optional_vars {
            self.assign(target, value);
        }
        self.with(with, item + 1, effects)
    }

    /// What stands in `with` behind its item, which forgives `catches`.
    pub(crate) fn forgiving(
        &mut self,
        (with, item): (&'a StmtWith, usize),
        catches: Catches,
        effects: &mut Vec<Effect>,
    ) -> Flow {
        let mut made = Attempt::default();
        self.nested += 1;
        let whole = self.nested <= NESTED;
        let mark = self.scopes.branch();
        let flow = match whole {
            true => self.with(with, item + 1, &mut made.body),
            false => self.with(with, item + 1, effects),
        };
        let tried = self.scopes.undo(mark);
        self.scopes.join(&[tried], true);
        self.nested -= 1;
        made.handlers.push(Handler { catches, raises: false, body: Vec::new() });
        if whole && !made.body.is_empty() {
            effects.push(Effect::Try(made));
        }
        if flow == Flow::Raises { Flow::On } else { flow }
    }

    /// `match`: a case with a constant is decided, others are not.
    pub(crate) fn matched(&mut self, choice: &'a StmtMatch, effects: &mut Vec<Effect>) -> Flow {
        use ruff_python_ast::Pattern;
        let subject = self.value(&choice.subject, effects);
        let (mut taken, mut flows, mut open) = (Vec::new(), Vec::new(), true);
        for case in &choice.cases {
            let value = match &case.pattern {
                Pattern::MatchValue(constant) => {
                    let constant = self.value(&constant.value, effects);
                    subject.equals(&constant)
                }
                Pattern::MatchAs(any) if any.pattern.is_none() => Some(true),
                _ => None,
            };
            let value = if case.guard.is_some() { value.filter(|is| !is) } else { value };
            if value == Some(false) {
                continue;
            }
            if value == Some(true) && flows.is_empty() {
                return self.statements(&case.body, effects);
            }
            let mark = self.scopes.branch();
            let flow = self.maybe(true, effects, |reader, effects| reader.statements(&case.body, effects));
            let ended = self.scopes.undo(mark);
            flows.push(flow);
            if goes_on(flow) {
                taken.push(ended);
            }
            if value == Some(true) {
                open = false;
                break;
            }
        }
        self.scopes.join(&taken, open);
        end_of(&flows, open)
    }
}

/// What follows several branches, one of which is taken, or none if `open`.
fn end_of(flows: &[Flow], open: bool) -> Flow {
    if open || flows.is_empty() || flows.contains(&Flow::On) {
        return Flow::On;
    }
    let softer = [Flow::Breaks, Flow::Returns].into_iter().find(|flow| flows.contains(flow));
    softer.unwrap_or(Flow::Raises)
}

/// Whether what a branch assigned is there behind it: a loop that a branch leaves is followed by what follows it.
fn goes_on(flow: Flow) -> bool {
    matches!(flow, Flow::On | Flow::Breaks)
}

pub(crate) fn is_main(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else { return false };
    let is_name = |side: &Expr| matches!(side, Expr::Name(name) if name.id.as_str() == "__name__");
    is_name(&compare.left) || compare.comparators.iter().any(is_name)
}
