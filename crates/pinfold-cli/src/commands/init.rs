//! `pinfold init`: write a new manifest.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use pinfold_core::manifest;
use toml_edit::{DocumentMut, Item, Table};

use crate::context::Context;
use crate::error::{Error, Outcome};
use crate::failure::hinted;
use crate::project::PYPROJECT_TOML;
use crate::{ignore, manifests, terminal};

/// Write a new manifest.
#[derive(Clone, Debug, clap::Args)]
pub struct InitArgs {
    /// The project's folder, made if it is not there [default: the current one]
    folder: Option<PathBuf>,
    /// Add [tool.pinfold] to the pyproject.toml instead of writing a pinfold.toml
    #[arg(long)]
    pyproject: bool,
}

const TEMPLATE: &str = "\
# What your own code imports: PEP 508 requirements, `name @ ./folder`, `name @ ./file.whl`.
requires = []

# A package whose dependencies are its own affair (`pinfold pin NAME`):
# [pins.NAME]
# requires = [\"numpy<2\"]
";

/// Runs the command.
///
/// # Errors
/// When there is a manifest already, or it cannot be written.
pub fn run(args: &InitArgs, context: &Context) -> Result<Outcome, Error> {
    let folder = folder(args, context)?;
    std::fs::create_dir_all(&folder).map_err(|e| anyhow!("could not make {}: {e}", folder.display()))?;
    let (own, shared) = (folder.join(manifest::FILE), folder.join(PYPROJECT_TOML));
    if own.exists() {
        let hint = "add requirements with `pinfold add`";
        return Err(hinted(anyhow!("{} is there already", own.display()), hint).into());
    }
    let path = if args.pyproject {
        let text = with_table(&shared, context)?;
        manifests::replace(&shared, &text)?;
        shared
    } else {
        let python =
            context.python.as_ref().map(|python| format!("python = {}\n", toml_edit::value(python.as_str())));
        let (comment, rest) = TEMPLATE.split_once("\n\n").unwrap_or((TEMPLATE, ""));
        manifests::replace(&own, &format!("{comment}\n{}\n{rest}", python.unwrap_or_default()))?;
        if shared.exists() {
            terminal::note(&format!(
                "{} stays as it is; `pinfold init --pyproject` would use it",
                shared.display()
            ));
        }
        own
    };
    terminal::say("Wrote", &path.display().to_string());
    let ignored = ignore::ensure(&folder, ".venv");
    if let Some(file) = ignored.map_err(|e| anyhow!("could not add `.venv` to .gitignore: {e}"))? {
        let why = "it is a link, which `.venv/` does not match";
        terminal::say("Added", &format!("`.venv` to {} ({why})", file.display()));
    }
    Ok(Outcome::Fine)
}

/// A project above the current folder is no reason not to make one here.
fn folder(args: &InitArgs, context: &Context) -> Result<PathBuf, Error> {
    let here = std::env::current_dir().map_err(anyhow::Error::from)?;
    Ok(match &args.folder {
        Some(folder) => here.join(folder),
        None if here.starts_with(&context.project) => here,
        None => context.project.clone(),
    })
}

/// The text of a pyproject.toml with our table in it.
fn with_table(path: &Path, context: &Context) -> Result<String, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let name = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
            format!(
                "[project]\nname = {}\nversion = \"0\"\ndependencies = []\n",
                toml_edit::value(name.as_ref())
            )
        }
        Err(e) => return Err(anyhow!("could not read {}: {e}", path.display()).into()),
    };
    let mut document: DocumentMut =
        text.parse().map_err(|e| anyhow!("{} is not TOML: {e}", path.display()))?;
    let tool = document.entry("tool").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let tool =
        tool.as_table_like_mut().ok_or_else(|| anyhow!("`tool` is not a table in {}", path.display()))?;
    if tool.get("pinfold").is_some() {
        let hint = "add requirements with `pinfold add`";
        return Err(hinted(anyhow!("{} has [tool.pinfold] already", path.display()), hint).into());
    }
    let mut table = Table::new();
    if let Some(python) = &context.python {
        table.insert("python", toml_edit::value(python.as_str()));
    }
    tool.insert("pinfold", Item::Table(table));
    Ok(document.to_string())
}
