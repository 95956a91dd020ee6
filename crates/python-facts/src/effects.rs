//! The effects of importing one module, in the order in which they happen: what they are, and how they are asked for.
//!
//! Deliberately not here: reading them off statements (`reader.rs`).

use serde::{Deserialize, Serialize};

use crate::later;
use crate::loaders;
use crate::nesting;
use crate::reader::Reader;
use crate::target::Target;
use crate::text::{Dotted, Text};
use crate::values::Value;

/// What reading a module tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What importing it does.
    pub effects: Vec<Effect>,
    /// Its functions and classes in which libraries are loaded or flags are set: those worth following from elsewhere.
    pub loaders: Vec<String>,
    /// Its texts that are paths or names of libraries.
    pub constants: Vec<(String, Text)>,
    /// Libraries are loaded in code that importing it does not come to, as far as reading tells, and that something at
    /// the top of it speaks of.
    pub dormant: bool,
    /// Bare names of libraries that its functions open when they are called, and importing it does not.
    pub named: Vec<String>,
}

/// One thing that happens when a module's code runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// An import statement, or `importlib.import_module` and `__import__` with a constant.
    Import(Import),
    /// `sys.setdlopenflags`: how extension modules are opened from now on.
    Flags(Flags),
    /// A library loaded by `ctypes`.
    Library(Library),
    /// `try`.
    Try(Attempt),
    /// What is done under a condition that reading does not decide.
    Maybe(Vec<Effect>),
    /// A function or class of another module is called.
    Call(Call),
    /// Code runs that is not read: `exec`, `runpy`, a module whose name or file is not told.
    Unread,
    /// Where a context manager runs the body of `with`; only in what [`call`] answers.
    Yield,
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
    /// Of `from . import x`: none of the names stands for anything in this module, so that, in a package, they are
    /// modules.
    pub fresh: bool,
    /// The line, counted from 1.
    pub line: u32,
}

/// What becomes of the interpreter's flags: whether each is among them, or, for `None`, is as it was before the module's
/// code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// RTLD_GLOBAL.
    pub global: Option<bool>,
    /// RTLD_LAZY.
    pub lazy: Option<bool>,
}

/// A library that `ctypes` loads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// What is told of its place.
    pub place: Place,
    /// RTLD_GLOBAL.
    pub global: bool,
    /// RTLD_LAZY.
    pub lazy: bool,
}

/// What reading tells of a library's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// A name without a slash, which the loader looks for.
    Name(String),
    /// What `ctypes.util.find_library` is asked for: `gomp` for `libgomp.so.1`.
    Stem(String),
    /// A path, or all that a pattern stands for.
    File(Text),
    /// The program itself, `CDLL(None)`.
    Program,
    /// Not told.
    Unknown,
}

/// `try`: a body, and what follows where it fails or does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What is tried.
    pub body: Vec<Effect>,
    /// What may follow a failure.
    pub handlers: Vec<Handler>,
    /// What follows success.
    pub otherwise: Vec<Effect>,
}

impl Attempt {
    /// What may fail in any way, as far as reading tells.
    pub fn forgiven(body: Vec<Effect>) -> Self {
        let handler = Handler { catches: Catches::ALL, raises: false, body: Vec::new() };
        Self { body, handlers: vec![handler], otherwise: Vec::new() }
    }

    /// What of the body may fail and be done without.
    pub fn forgives(&self) -> Catches {
        let quiet = self.handlers.iter().filter(|handler| !handler.raises);
        quiet.fold(Catches::default(), |all, handler| all.and(handler.catches))
    }
}

/// `except`, or `contextlib.suppress`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handler {
    /// What it is the first to catch.
    pub catches: Catches,
    /// It ends with an exception on every path.
    pub raises: bool,
    /// What it does.
    pub body: Vec<Effect>,
}

/// Failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catches {
    /// ImportError, as an extension module raises it that the loader refuses.
    pub import: bool,
    /// ModuleNotFoundError, which is an ImportError too.
    pub not_found: bool,
    /// OSError, as `ctypes` raises it.
    pub os: bool,
}

impl Catches {
    pub(crate) const ALL: Self = Self { import: true, not_found: true, os: true };

    /// Either's.
    pub(crate) fn and(self, other: Self) -> Self {
        let (import, not_found) = (self.import || other.import, self.not_found || other.not_found);
        Self { import, not_found, os: self.os || other.os }
    }

    /// Those that are not among `other`.
    pub(crate) fn without(self, other: Self) -> Self {
        let (import, not_found) = (self.import && !other.import, self.not_found && !other.not_found);
        Self { import, not_found, os: self.os && !other.os }
    }
}

/// A call of what another module has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The function or class.
    pub callee: Dotted,
    /// Its arguments by place.
    pub arguments: Vec<Value>,
    /// Those by name.
    pub keywords: Vec<(String, Value)>,
    /// What `with` does in it.
    pub around: Option<Vec<Effect>>,
}

/// Sources of this depth fit any thread's stack; deeper ones get a thread with a stack of their own.
const SHALLOW: usize = 40;
/// Bytes of stack for the deepest source; memory is taken as it is touched.
const STACK: usize = 512 << 20;

/// What importing a module does whose source is `source`.
///
/// # Errors
/// What the parser says of a source that is none for any Python 3, or that no Python would read.
pub fn read(source: &str, target: &Target) -> Result<Facts, String> {
    on_a_stack(source, || read_here(source, target, false))
}

/// The effects of running a source as a program, where `__name__` is `"__main__"`.
///
/// # Errors
/// As of [`read`].
pub fn read_program(source: &str, target: &Target) -> Result<Facts, String> {
    on_a_stack(source, || read_here(source, target, true))
}

/// What `called`, a function or class of the module whose source is `source`, does where `call` calls it; what a `with`
/// has in its body is [`Effect::Yield`].
///
/// # Errors
/// As of [`read`].
pub fn call(source: &str, target: &Target, called: &str, call: &Call) -> Result<Vec<Effect>, String> {
    on_a_stack(source, || {
        let parsed = ruff_python_parser::parse_module(source).map_err(|error| error.to_string())?;
        let body = &parsed.syntax().body;
        let mut reader = Reader::new(source, body, target, false);
        // What stands at the top ran when the module was imported; here it is for its names.
        reader.module(body);
        Ok(reader.called(called, call))
    })
}

fn on_a_stack<T: Send>(source: &str, read: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    if nesting::depth(source)? <= SHALLOW {
        return read();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let reading = thread.spawn_scoped(scope, read);
        let reading = reading.map_err(|error| format!("no thread to read it in: {error}"))?;
        reading.join().unwrap_or_else(|_| Err("the parser failed".to_owned()))
    })
}

fn read_here(source: &str, target: &Target, program: bool) -> Result<Facts, String> {
    let parsed = ruff_python_parser::parse_module(source).map_err(|error| error.to_string())?;
    let body = &parsed.syntax().body;
    let mut reader = Reader::new(source, body, target, program);
    let effects = reader.module(body);
    let constants = reader.constants();
    let (loaders, dormant, named) = match loaders::mentioned(source) {
        true => (
            loaders::of(body),
            loaders::reached(body, target, program).iter().any(|at| !reader.loaded.contains(at)),
            later::names(&mut reader, body),
        ),
        false => (Vec::new(), false, Vec::new()),
    };
    Ok(Facts { effects, loaders, constants, dormant, named })
}
