//! Which interpreter a command uses: `--python`, else the manifest's, else the lock's, else `python3` on PATH.
//!
//! An environment that is there keeps its interpreter as long as that is what was asked for: looking at it again
//! is cheaper than searching, and a newer patch release on PATH is no reason to build everything anew.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::{Interpreter, Request, find};
use crate::context::Context;
use crate::environment::generation::Stamp;
use crate::environment::layout::{Found, Layout};

/// Chooses the interpreter; `manifest` and `lock` are the versions that they name.
///
/// # Errors
/// When none that is supported can be found.
pub fn choose(
    context: &Context,
    store: &Path,
    manifest: Option<&str>,
    lock: Option<&str>,
    uv: Option<&Path>,
) -> Result<Interpreter> {
    let sources = [
        (context.python.as_deref(), "which `--python` asks for"),
        (manifest, "which the manifest asks for"),
        (lock, "which the lock was made for"),
    ];
    let asked = sources.into_iter().find_map(|(text, whose)| Some((text?, whose)));
    let request = asked.map_or(Request::Any, |(text, _)| Request::parse(text));
    if let Request::Any | Request::Version(_) = request
        && let Some(current) = current(context, store)
        && request.accepts(&current)
        && current.supported().is_ok()
    {
        return Ok(current);
    }
    let found = find(&request, store, uv);
    match asked {
        Some((text, whose)) => found.with_context(|| format!("could not use Python `{text}`, {whose}")),
        None => found,
    }
}

/// The interpreter of the environment that is there.
fn current(context: &Context, store: &Path) -> Option<Interpreter> {
    let layout = Layout::new(&context.environment).ok()?;
    let Ok(Found::Generation(number)) = layout.found() else { return None };
    let stamp = Stamp::read(&layout.generation(number))?;
    Interpreter::query(&stamp.interpreter, store).ok()
}
