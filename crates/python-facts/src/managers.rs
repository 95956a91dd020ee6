//! Context managers, and calls that come from another module.
//!
//! The body of `with` runs where the context manager yields, so that flags set around it hold in it.
//! Deliberately not here: `contextlib.suppress`, which is a `try` (`branches.rs`).

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt};

use crate::branches::NESTED;
use crate::calls::{Arguments, Callee, has};
use crate::effects::{Attempt, Call, Catches, Effect};
use crate::libraries::last_name;
use crate::reader::{Flow, Managed, Reader};
use crate::standard;
use crate::values::Value;

impl<'a> Reader<'a> {
    /// Follows a `with` whose context manager is the module's own, or another module's; how it leaves what follows.
    pub(crate) fn managed(
        &mut self,
        manager: &'a Expr,
        managed: Managed<'a>,
        effects: &mut Vec<Effect>,
    ) -> Option<Flow> {
        let Expr::Call(call) = manager else {
            let Expr::Name(name) = manager else { return None };
            let Some(Value::Object(class)) = self.scopes.get(name.id.as_str()).cloned() else { return None };
            return self.entered(&class, managed, effects);
        };
        // What a method's receiver is, is worked out once.
        if !matches!(&*call.func, Expr::Name(_) | Expr::Attribute(_)) {
            return None;
        }
        match self.callee(&call.func, &mut Vec::new()) {
            Callee::Own(function, receiver) if has(function.definition, "contextmanager") => {
                let arguments = self.arguments(call, effects);
                let (with, item) = (managed.with, managed.item);
                self.managed.push(managed);
                let waiting = self.managed.len();
                let (_, missed) = self.follow_as(function, receiver, arguments, true, effects);
                if missed && self.managed.len() == waiting {
                    self.managed.pop();
                    return Some(self.with(with, item + 1, effects));
                }
                Some(Flow::On)
            }
            Callee::Class(class) if self.method_of(class, "__enter__").is_some() => {
                let arguments = self.arguments(call, effects);
                self.object(class, arguments, effects);
                self.entered(class, managed, effects)
            }
            Callee::Global(global) if global.level > 0 || global.name.contains('.') => {
                if standard::is_standard(&global.name) || self.nested >= NESTED {
                    return None;
                }
                let arguments = self.arguments(call, effects);
                let mut around = Vec::new();
                self.nested += 1;
                let flow = self.with(managed.with, managed.item + 1, &mut around);
                self.nested -= 1;
                self.elsewhere(&global, arguments, Some(around), effects);
                Some(flow)
            }
            _ => None,
        }
    }

    /// A `with` of an instance.
    fn entered(&mut self, class: &str, managed: Managed<'a>, effects: &mut Vec<Effect>) -> Option<Flow> {
        let enter = self.method_of(class, "__enter__")?;
        let object = || Some(Value::Object(class.to_owned()));
        let nothing = || Arguments { places: Vec::new(), names: Vec::new() };
        let value = self.follow(enter, object(), nothing(), effects);
        if let Some(target) = &managed.with.items[managed.item].optional_vars {
            self.assign(target, value);
        }
        let exit = self.method_of(class, "__exit__");
        let flow = match exit.is_some_and(|exit| may_forgive(&exit.definition.body)) {
            true => self.forgiving((managed.with, managed.item), Catches::ALL, effects),
            false => self.with(managed.with, managed.item + 1, effects),
        };
        if let Some(exit) = exit {
            self.follow(exit, object(), nothing(), effects);
        }
        Some(flow)
    }

    /// `yield`: of a context manager, the body of `with` runs; of another function, its values are those of a list.
    pub(crate) fn yields(&mut self, value: Value, effects: &mut Vec<Effect>) -> Value {
        let Some(frame) = self.scopes.top() else { return Value::Unknown };
        if !std::mem::take(&mut frame.manages) {
            frame.yields.get_or_insert_default().push(value);
            return Value::Unknown;
        }
        match self.managed.pop() {
            Some(managed) => {
                let above = self.scopes.above(managed.depth);
                if let Some(target) = &managed.with.items[managed.item].optional_vars {
                    self.assign(target, value);
                }
                self.with(managed.with, managed.item + 1, effects);
                self.scopes.restore(above);
            }
            None => effects.push(Effect::Yield),
        }
        Value::Unknown
    }

    /// What a function or class does that another module calls.
    pub(crate) fn call_from_elsewhere(&mut self, called: &str, call: &Call, effects: &mut Vec<Effect>) {
        let (class, method) = called.rsplit_once('.').unwrap_or(("", called));
        let function = match class {
            "" => self.functions.get(called).copied(),
            class => self.method_of(class, method),
        };
        let names: Vec<(&'a str, Value)> = call
            .keywords
            .iter()
            .filter_map(|(name, value)| {
                // A name lives as long as the source where a parameter has it.
                let definition = function?.definition;
                let all = definition.parameters.iter().map(|one| one.name().as_str());
                all.into_iter()
                    .find(|parameter| *parameter == name.as_str())
                    .map(|name| (name, value.clone()))
            })
            .collect();
        let arguments = Arguments { places: call.arguments.clone(), names };
        let with = call.around.is_some();
        if let Some(function) = function {
            let receiver = has(function.definition, "classmethod").then(|| Value::Object(class.to_owned()));
            let manages = with && has(function.definition, "contextmanager");
            let (_, missed) = self.follow_as(function, receiver, arguments, manages, effects);
            if missed || (with && !manages) {
                effects.push(Effect::Yield);
            }
            return;
        }
        let known = self.classes.get_key_value(called).map(|(name, _)| *name);
        if let Some(class) = known {
            let object = self.object(class, arguments, effects);
            let nothing = || Arguments { places: Vec::new(), names: Vec::new() };
            if let (true, Some(enter)) = (with, self.method_of(class, "__enter__")) {
                self.follow(enter, Some(object.clone()), nothing(), effects);
            }
            if with {
                let exit = self.method_of(class, "__exit__");
                effects.push(match exit.is_some_and(|exit| may_forgive(&exit.definition.body)) {
                    true => Effect::Try(Attempt::forgiven(vec![Effect::Yield])),
                    false => Effect::Yield,
                });
            }
            if let (true, Some(exit)) = (with, self.method_of(class, "__exit__")) {
                self.follow(exit, Some(object), nothing(), effects);
            }
        } else if with {
            effects.push(Effect::Yield);
        }
    }
}

/// Whether `__exit__` with this body may swallow what was raised: it returns something other than nothing or a constant
/// that is false.
fn may_forgive(body: &[Stmt]) -> bool {
    struct Returns(bool);
    impl<'a> Visitor<'a> for Returns {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            if let Stmt::Return(returned) = statement {
                let is_false = returned.value.as_deref().is_none_or(|value| match value {
                    Expr::NoneLiteral(_) => true,
                    Expr::BooleanLiteral(literal) => !literal.value,
                    _ => false,
                });
                self.0 |= !is_false;
            }
            if !matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
                walk_stmt(self, statement);
            }
        }
    }
    let mut returns = Returns(false);
    body.iter().for_each(|statement| returns.visit_stmt(statement));
    returns.0
}

/// Whether a body gives context managers, or functions that work as such, to an `ExitStack`.
pub(crate) fn is_given_more(body: &[Stmt]) -> bool {
    struct Gives(bool);
    impl<'a> Visitor<'a> for Gives {
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Call(call) = expression
                && let Some("enter_context" | "push") = last_name(&call.func)
            {
                self.0 = true;
            }
            walk_expr(self, expression);
        }
    }
    let mut gives = Gives(false);
    body.iter().for_each(|statement| gives.visit_stmt(statement));
    gives.0
}
