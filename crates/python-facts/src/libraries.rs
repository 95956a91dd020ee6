//! Calls that load shared libraries: `ctypes.CDLL` and its kin, `dlopen` of cffi and `_ctypes`.
//!
//! Deliberately not here: libraries that C code opens, and what an argument comes to (`evaluate.rs`).

use ruff_python_ast::Expr;

use crate::effects::{Flags, Library, Place};
use crate::text::{Base, Text};
use crate::values::{RTLD_GLOBAL, RTLD_LAZY, Value};

/// Functions that load the library that their first argument names.
pub(crate) const LOADS: [&str; 4] = ["CDLL", "PyDLL", "LoadLibrary", "dlopen"];
/// The function that sets the interpreter's flags.
pub(crate) const SETS_FLAGS: &str = "setdlopenflags";

/// `c` of `a.b.c`.
pub(crate) fn last_name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

/// Which expression of the source it is.
pub(crate) fn key(expression: &Expr) -> usize {
    std::ptr::from_ref(expression).addr()
}

/// The flags that a name stands for, whatever it is taken from.
pub(crate) fn flags_named(name: &str) -> Option<i64> {
    match name {
        "RTLD_GLOBAL" => Some(RTLD_GLOBAL),
        "RTLD_LAZY" => Some(RTLD_LAZY),
        "RTLD_NOW" => Some(2),
        flag if flag.starts_with("RTLD_") || flag == "DEFAULT_MODE" => Some(0),
        _ => None,
    }
}

/// The libraries that are loaded from `value`: each that it may be.
pub(crate) fn loaded(value: &Value, mode: Option<&Value>) -> Vec<Library> {
    let bits = mode.and_then(Value::flags).map_or(0, |(_, bits)| bits);
    let (global, lazy) = (bits & RTLD_GLOBAL != 0, bits & RTLD_LAZY != 0);
    let all = value.alternatives();
    // `None` beside something else is what was not found.
    let told = all.iter().filter(|one| all.len() == 1 || !matches!(one, Value::None | Value::Unknown));
    let places: Vec<Place> = told.map(place).collect();
    let places = if places.is_empty() { vec![Place::Unknown] } else { places };
    places.into_iter().map(|place| Library { place, global, lazy }).collect()
}

/// What becomes of the interpreter's flags when they are set to `value`.
pub(crate) fn flags_set(value: &Value) -> Flags {
    // What reading does not tell are the flags from before, in nearly all programs.
    let (before, bits) = value.flags().unwrap_or((true, 0));
    let has = |flag: i64| if bits & flag != 0 { Some(true) } else { (!before).then_some(false) };
    Flags { global: has(RTLD_GLOBAL), lazy: has(RTLD_LAZY) }
}

/// What is told of a library's place.
fn place(value: &Value) -> Place {
    match value {
        Value::None => Place::Program,
        Value::Stem(stem) => Place::Stem(stem.clone()),
        Value::Text(text) => match &text.base {
            None if text.text.is_empty() => Place::Unknown,
            None if text.text.contains('/') => Place::File(text.clone()),
            None => text.known().map_or(Place::Unknown, |name| Place::Name(name.to_owned())),
            Some(Base::Unknown) => match text.name() {
                // Without a folder, any name would do.
                Text { base: None, text: name } if !name.starts_with([Text::HOLE, Text::ANY]) => {
                    Place::File(text.clone())
                }
                _ => Place::Unknown,
            },
            Some(_) => Place::File(text.clone()),
        },
        Value::Global(global) => Place::File(Text::at(Base::Constant(global.clone()))),
        _ => Place::Unknown,
    }
}
