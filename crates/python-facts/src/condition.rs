//! Whether a condition is known before anything runs.
//!
//! Decided: `TYPE_CHECKING`, constants, `sys.platform`, `os.name`, `platform.system()`, `sys.implementation.name` and
//! `sys.version_info`, compared with constants, and `not`, `and`, `or` of these. Deliberately not here: anything that
//! a module computes.

use std::cmp::Ordering;

use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprCall, Number, UnaryOp};

use crate::target::Target;

/// The value of `test`, where reading tells it.
pub(crate) fn decide(test: &Expr, target: &Target) -> Option<bool> {
    match test {
        Expr::BooleanLiteral(literal) => Some(literal.value),
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(number) => Some(number.as_u8() != Some(0)),
            _ => None,
        },
        Expr::NoneLiteral(_) => Some(false),
        Expr::UnaryOp(not) if not.op == UnaryOp::Not => decide(&not.operand, target).map(|value| !value),
        Expr::BoolOp(both) => {
            let values: Vec<Option<bool>> = both.values.iter().map(|value| decide(value, target)).collect();
            // One value decides the whole, whatever the others are.
            let deciding = both.op == BoolOp::Or;
            if values.contains(&Some(deciding)) {
                return Some(deciding);
            }
            values.iter().all(Option::is_some).then_some(!deciding)
        }
        Expr::Name(name) if name.id.as_str() == "TYPE_CHECKING" => Some(false),
        Expr::Attribute(attribute) if attribute.attr.as_str() == "TYPE_CHECKING" => Some(false),
        Expr::Compare(compare) => {
            let ([op], [right]) = (&*compare.ops, &*compare.comparators) else { return None };
            compare_values(&compare.left, *op, right, target)
        }
        // sys.platform.startswith("win")
        Expr::Call(call) if is_frozen(call) => Some(false),
        Expr::Call(call) => {
            let Expr::Attribute(method) = &*call.func else { return None };
            let text = string_of(&method.value)?;
            let [argument] = &*call.arguments.args else { return None };
            let starts = strings(argument)?;
            match method.attr.as_str() {
                "startswith" => Some(starts.iter().any(|start| text.starts_with(start.as_str()))),
                "endswith" => Some(starts.iter().any(|end| text.ends_with(end.as_str()))),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `getattr(sys, "frozen", False)`, which is true in programs that PyInstaller and its like have made.
fn is_frozen(call: &ExprCall) -> bool {
    let is = |one: &Expr, name: &str| matches!(one, Expr::Name(one) if one.id.as_str() == name);
    let [module, Expr::StringLiteral(name), default @ ..] = &*call.arguments.args else { return false };
    let is_false = match default {
        [] => is(&call.func, "hasattr"),
        [default] => {
            is(&call.func, "getattr") && matches!(default, Expr::NoneLiteral(_) | Expr::BooleanLiteral(_))
        }
        _ => false,
    };
    is_false && is(module, "sys") && matches!(name.value.to_str(), "frozen" | "_MEIPASS")
}

fn compare_values(left: &Expr, op: CmpOp, right: &Expr, target: &Target) -> Option<bool> {
    if let Some(order) = versions(left, right, target) {
        return ordered(op, order);
    }
    if let Some(order) = versions(right, left, target) {
        return ordered(op, order.reverse());
    }
    let (text, other) = match (string_of(left), string_of(right)) {
        (Some(text), _) => (text, right),
        (None, Some(text)) if matches!(op, CmpOp::Eq | CmpOp::NotEq) => (text, left),
        _ => return None,
    };
    let others = strings(other)?;
    match op {
        CmpOp::Eq => Some(others == [text]),
        CmpOp::NotEq => Some(others != [text]),
        CmpOp::In => Some(others.iter().any(|other| other == text)),
        CmpOp::NotIn => Some(!others.iter().any(|other| other == text)),
        _ => None,
    }
}

/// How `sys.version_info`, or a part of it, in `left` compares with a constant in `right`.
fn versions(left: &Expr, right: &Expr, target: &Target) -> Option<Ordering> {
    let ours = match left {
        Expr::Attribute(attribute) if is(left, "sys", "version_info") => {
            let _ = attribute;
            // A tuple of five; what follows the first two is never equal to the end of a shorter tuple.
            vec![target.version.0, target.version.1, u32::MAX]
        }
        Expr::Subscript(part) if is(&part.value, "sys", "version_info") => match &*part.slice {
            Expr::Slice(slice) => {
                let end = slice.upper.as_deref().and_then(number)?;
                [target.version.0, target.version.1].into_iter().take(end as usize).collect()
            }
            index => vec![*[target.version.0, target.version.1].get(number(index)? as usize)?],
        },
        // sys.version_info.major
        Expr::Attribute(attribute) if is(&attribute.value, "sys", "version_info") => {
            match attribute.attr.as_str() {
                "major" => vec![target.version.0],
                "minor" => vec![target.version.1],
                _ => return None,
            }
        }
        _ => return None,
    };
    let theirs = match right {
        Expr::Tuple(tuple) => tuple.elts.iter().map(number).collect::<Option<Vec<u32>>>()?,
        single => vec![number(single)?],
    };
    // The micro version is not known: (3, 11, 4) is as far as (3, 11).
    Some(ours.as_slice().cmp(&theirs[..theirs.len().min(2)]))
}

fn ordered(op: CmpOp, order: Ordering) -> Option<bool> {
    match op {
        CmpOp::Eq => Some(order.is_eq()),
        CmpOp::NotEq => Some(order.is_ne()),
        CmpOp::Lt => Some(order.is_lt()),
        CmpOp::LtE => Some(order.is_le()),
        CmpOp::Gt => Some(order.is_gt()),
        CmpOp::GtE => Some(order.is_ge()),
        _ => None,
    }
}

fn number(expression: &Expr) -> Option<u32> {
    match expression {
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(number) => number.as_u32(),
            _ => None,
        },
        _ => None,
    }
}

/// The text that a name of the interpreter's stands for.
fn string_of(expression: &Expr) -> Option<&'static str> {
    if is(expression, "sys", "platform") {
        return Some(Target::PLATFORM);
    }
    if is(expression, "os", "name") {
        return Some(Target::OS);
    }
    match expression {
        Expr::Call(call) if is(&call.func, "platform", "system") => Some(Target::SYSTEM),
        Expr::Call(call) if is(&call.func, "platform", "python_implementation") => Some("CPython"),
        Expr::Attribute(attribute)
            if attribute.attr.as_str() == "name" && is(&attribute.value, "sys", "implementation") =>
        {
            Some(Target::IMPLEMENTATION)
        }
        _ => None,
    }
}

/// One text, or a tuple, list or set of texts.
fn strings(expression: &Expr) -> Option<Vec<String>> {
    let one = |expression: &Expr| match expression {
        Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
        _ => None,
    };
    match expression {
        Expr::Tuple(tuple) => tuple.elts.iter().map(one).collect(),
        Expr::List(list) => list.elts.iter().map(one).collect(),
        Expr::Set(set) => set.elts.iter().map(one).collect(),
        single => one(single).map(|text| vec![text]),
    }
}

/// Whether `expression` is `module.name`, under whatever prefix of underscores the module was imported.
fn is(expression: &Expr, module: &str, name: &str) -> bool {
    match expression {
        Expr::Attribute(attribute) if attribute.attr.as_str() == name => match &*attribute.value {
            Expr::Name(base) => base.id.as_str().trim_start_matches('_') == module,
            _ => false,
        },
        _ => false,
    }
}
