//! Conditions on names that a folder decides, `name.endswith(".so")`: they narrow what the name stands for.
//!
//! Deliberately not here: branches themselves (`branches.rs`), and regular expressions.

use ruff_python_ast::{BoolOp, CmpOp, Expr, UnaryOp};

use crate::libraries::last_name;
use crate::reader::Reader;
use crate::values::Value;

/// A name, and what a condition makes of what it stands for.
type Narrowing<'a> = (&'a str, Box<dyn Fn(&Value) -> Value>);

impl<'a> Reader<'a> {
    /// The name that `test` is about, and what it stands for where `test` holds, if it stands for what a folder has.
    pub(crate) fn narrowed(&mut self, test: &'a Expr) -> Option<(&'a str, Value)> {
        let (name, narrow): Narrowing<'a> = match test {
            Expr::BoolOp(both) if both.op == BoolOp::And => {
                let mut found: Option<(&'a str, Value)> = None;
                for test in &both.values {
                    if let Some((name, value)) = self.narrowed(test) {
                        // Each narrows what the one before left.
                        let before = self.scopes.get(name).cloned();
                        self.scopes.set(name, value.clone());
                        found = Some((name, value)).filter(|_| before.is_some());
                    }
                }
                return found;
            }
            Expr::Call(call) => {
                let Expr::Attribute(method) = &*call.func else { return None };
                let ends = call.arguments.args.first()?;
                let mut unused = Vec::new();
                let told = self.value(ends, &mut unused);
                let told: Vec<Value> = match told {
                    Value::Items(items) => items,
                    one => vec![one],
                };
                match method.attr.as_str() {
                    which @ ("endswith" | "startswith") => {
                        let ends = which == "endswith";
                        let narrow = move |name: &Value| of_each(name, &told, ends);
                        (base_name(&method.value)?, Box::new(narrow))
                    }
                    "match" => {
                        let pattern = told.into_iter().next()?.as_text();
                        let narrow = move |name: &Value| Value::Text(name.as_text().like(&pattern));
                        (base_name(&method.value)?, Box::new(narrow))
                    }
                    "fnmatch" | "fnmatchcase" => {
                        let pattern = call.arguments.args.get(1)?;
                        let pattern = self.value(pattern, &mut unused).as_text();
                        let narrow = move |name: &Value| Value::Text(name.as_text().like(&pattern));
                        (base_name(ends)?, Box::new(narrow))
                    }
                    _ => return None,
                }
            }
            Expr::Compare(compare) => {
                let ([op], [right]) = (&*compare.ops, &*compare.comparators) else { return None };
                let mut unused = Vec::new();
                match op {
                    CmpOp::In if matches!(right, Expr::Name(_) | Expr::Attribute(_)) => {
                        let part = self.value(&compare.left, &mut unused).as_text();
                        let part = part.known()?.to_owned();
                        let narrow = move |name: &Value| Value::Text(name.as_text().having(&part));
                        (base_name(right)?, Box::new(narrow))
                    }
                    CmpOp::Eq if last_name(&compare.left) == Some("suffix") => {
                        let end = self.value(right, &mut unused);
                        let narrow = move |name: &Value| of_each(name, std::slice::from_ref(&end), true);
                        (base_name(&compare.left)?, Box::new(narrow))
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        let value = self.scopes.get(name).filter(|value| value.is_pattern())?;
        Some((name, value.each(narrow)))
    }

    /// The same behind `if not test: continue`.
    pub(crate) fn excluded(&mut self, test: Option<&'a Expr>) -> Option<(&'a str, Value)> {
        match test? {
            Expr::UnaryOp(not) if not.op == UnaryOp::Not => self.narrowed(&not.operand),
            _ => None,
        }
    }
}

/// The names of `name` that end, or start, with one of `told`.
fn of_each(name: &Value, told: &[Value], ends: bool) -> Value {
    let text = name.as_text();
    let one = |told: &Value| match told.as_text().known() {
        Some(known) if ends => text.ending(known),
        Some(known) => text.starting(known),
        None => text.clone(),
    };
    Value::one_of(told.iter().map(|told| Value::Text(one(told))))
}

/// `p` of `p`, `p.name`, `str(p)` and `os.path.basename(p)`.
fn base_name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => base_name(&attribute.value),
        Expr::Call(call) => match call.arguments.args.first() {
            Some(first) => base_name(first),
            None => base_name(&call.func),
        },
        _ => None,
    }
}
