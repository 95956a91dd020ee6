//! `pinfold add`: add requirements to the manifest.

use std::path::Path;
use std::time::Instant;

use pinfold_core::lock::is_sdist;
use pinfold_core::names::normalize;
use wheelsplit::{Store, WheelName};

use super::lock::report;
use crate::context::Context;
use crate::error::{Error, Hint, Outcome};
use crate::locking::requirement::{Requirement, Target};
use crate::locking::{Upgrade, Workspace};
use crate::manifests::{Editor, Place};
use crate::terminal;

/// Add requirements to the manifest, and lock.
///
/// The environment follows at the next `pinfold sync` or `pinfold run`.
#[derive(Clone, Debug, clap::Args)]
pub struct AddArgs {
    /// PEP 508 requirements, `name @ ./folder`, or the path of a folder or wheel
    #[arg(required = true, value_name = "REQUIREMENT")]
    requirements: Vec<String>,
    /// Add them to this pin instead
    #[arg(long, value_name = "NAME")]
    pin: Option<String>,
}

/// Why a path on the command line could not be made a requirement.
#[derive(Debug, thiserror::Error)]
#[error("could not tell which package {path} is")]
struct Unnamed {
    path: String,
}

impl Hint for Unnamed {
    fn hints(&self) -> Vec<String> {
        vec![format!("name it: `pinfold add 'NAME @ {}'`", self.path)]
    }
}

/// Runs the command.
///
/// # Errors
/// Says what could not be done; the manifest is as it was then.
pub fn run(args: &AddArgs, context: &Context) -> Result<Outcome, Error> {
    let mut editor = Editor::open(&context.manifest)?;
    let pin = args.pin.as_deref().map(normalize);
    let place = pin.as_deref().map_or(Place::Root, Place::Pin);
    for text in &args.requirements {
        let text = from_here(text, context)?;
        let requirement = Requirement::parse(&text, "the command's arguments")?;
        editor.add(place, &requirement.name, &text);
    }
    apply(&editor, context)
}

/// Locks with the changed manifest, and writes both if that has a solution.
pub(super) fn apply(editor: &Editor, context: &Context) -> Result<Outcome, Error> {
    let start = Instant::now();
    let manifest = editor.manifest()?;
    if context.frozen {
        editor.save()?;
        terminal::say("Changed", &format!("{} (not locked: `--frozen`)", file(context)));
        return Ok(Outcome::Fine);
    }
    let store = Store::from_env().map_err(anyhow::Error::from)?;
    let workspace = Workspace::of(context, &store, manifest)?;
    let lock = workspace.resolve(&Upgrade::Nothing)?;
    editor.save()?;
    terminal::say("Changed", &file(context));
    let changed = Some(&lock) != workspace.previous.as_ref();
    if changed {
        workspace.write(&lock)?;
    }
    report(workspace.previous.as_ref(), &lock, changed, start, context)?;
    Ok(Outcome::Fine)
}

fn file(context: &Context) -> String {
    context.manifest.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A requirement as the manifest should have it: paths are given relative to here, and kept relative to the manifest.
fn from_here(text: &str, context: &Context) -> Result<String, Error> {
    let here = std::env::current_dir().map_err(anyhow::Error::from)?;
    if let Ok(requirement) = Requirement::parse(text, "the command's arguments") {
        return Ok(match &requirement.target {
            Target::Local(path) if here != context.project => {
                let written = relative(&here.join(path), context);
                text.replacen(path.as_str(), &written, 1)
            }
            _ => text.to_owned(),
        });
    }
    let path = here.join(text);
    let is_file = text.ends_with(".whl") || is_sdist(text);
    if !text.contains('/') && !is_file || !path.exists() {
        return Ok(text.to_owned());
    }
    let name = if path.is_dir() { name_of_folder(&path) } else { name_of_file(&path) };
    let name = name.ok_or_else(|| Unnamed { path: text.to_owned() })?;
    Ok(format!("{name} @ {}", relative(&path, context)))
}

fn relative(path: &Path, context: &Context) -> String {
    let written = crate::locking::local::relative(&crate::locking::local::clean(path), &context.project);
    if written.starts_with('.') { written } else { format!("./{written}") }
}

fn name_of_folder(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("pyproject.toml")).ok()?;
    let table: toml::Table = text.parse().ok()?;
    Some(table.get("project")?.get("name")?.as_str()?.to_owned())
}

fn name_of_file(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    match WheelName::parse(file) {
        Ok(wheel) => Some(normalize(&wheel.name)),
        // NAME-VERSION.tar.gz: no version has a hyphen (PEP 625).
        Err(_) => file.rsplit_once('-').filter(|_| is_sdist(file)).map(|(name, _)| normalize(name)),
    }
}
