//! Calls that load shared libraries or change how extension modules are loaded.
//!
//! `ctypes.CDLL` and its kin, `sys.setdlopenflags`. A path that is put together from `__file__` and constants is
//! followed as far as its last name, which is what tells a file in a package. Deliberately not here: libraries that C
//! code opens.

use ruff_python_ast::{Expr, Operator};

use crate::effects::{Library, Place};

/// What a call does.
pub(crate) enum Call {
    /// `sys.setdlopenflags(...)`: whether extension modules go to the global scope from now on; `None` where the
    /// flags are not told by reading, such as the old ones put back.
    Flags(Option<bool>),
    /// `ctypes.CDLL(...)`.
    Load(Library),
}

/// What `call` does, if it is one of these.
pub(crate) fn of(function: &Expr, arguments: &[Expr], keywords: &[ruff_python_ast::Keyword]) -> Option<Call> {
    let name = last_name(function)?;
    match name {
        "setdlopenflags" => {
            let flags = arguments.first()?;
            Some(Call::Flags(flags_of(flags)))
        }
        "CDLL" | "PyDLL" | "LoadLibrary" => {
            let place = place(arguments.first()?);
            let keyword = keywords.iter().find(|keyword| keyword.arg.as_deref() == Some("mode"));
            let mode = keyword.map(|keyword| &keyword.value).or(arguments.get(1));
            let global = mode.and_then(flags_of).unwrap_or(false);
            Some(Call::Load(Library { place, global }))
        }
        _ => None,
    }
}

/// Whether flags have RTLD_GLOBAL; `None` where they are a variable.
fn flags_of(expression: &Expr) -> Option<bool> {
    match expression {
        Expr::BinOp(both) if both.op == Operator::BitOr => {
            match (flags_of(&both.left), flags_of(&both.right)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            }
        }
        Expr::Attribute(_) | Expr::Name(_) => match last_name(expression)? {
            "RTLD_GLOBAL" => Some(true),
            flag if flag.starts_with("RTLD_") => Some(false),
            "DEFAULT_MODE" => Some(false),
            _ => None,
        },
        // The value of RTLD_GLOBAL on Linux (bits/dlfcn.h).
        Expr::NumberLiteral(literal) => match &literal.value {
            ruff_python_ast::Number::Int(number) => number.as_u32().map(|flags| flags & 0x100 != 0),
            _ => None,
        },
        _ => None,
    }
}

/// `c` of `a.b.c`.
pub(crate) fn last_name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

/// What is told of a library's path.
fn place(expression: &Expr) -> Place {
    match expression {
        Expr::StringLiteral(literal) => {
            let text = literal.value.to_str();
            if text.contains('/') { Place::Path(text.to_owned()) } else { Place::Name(text.to_owned()) }
        }
        Expr::NoneLiteral(_) => Place::Program,
        // find_library("gomp") answers with a soname of the system.
        Expr::Call(call) if last_name(&call.func) == Some("find_library") => {
            match call.arguments.args.first() {
                Some(Expr::StringLiteral(stem)) => Place::Stem(stem.value.to_str().to_owned()),
                _ => Place::Unknown,
            }
        }
        other => match last_text(other) {
            Some(text) => Place::File(text.rsplit('/').next().unwrap_or_default().to_owned()),
            None => Place::Unknown,
        },
    }
}

/// The last constant of `os.path.join(a, "b")`, `a / "b"`, `a + "b"`, `str(a / "b")` or an f-string.
fn last_text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
        Expr::BinOp(both) if matches!(both.op, Operator::Div | Operator::Add) => last_text(&both.right),
        Expr::Call(call) => call.arguments.args.last().and_then(last_text),
        Expr::FString(text) => {
            let last = text.value.elements().last()?;
            last.as_literal().map(|literal| literal.value.to_string())
        }
        _ => None,
    }
}
