//! `pinfold pin`: give a package a closure of its own.

use anyhow::anyhow;
use pinfold_core::names::normalize;
use toml_edit::{Array, value};

use crate::context::Context;
use crate::error::{Error, Outcome};
use crate::failure::hinted;
use crate::locking::requirement::Requirement;
use crate::manifests::{Editor, Place};

/// Give a package a closure of its own: its dependencies are resolved apart from everybody else's.
///
/// The environment follows at the next `pinfold sync` or `pinfold run`.
#[derive(Clone, Debug, clap::Args)]
pub struct PinArgs {
    /// The package
    name: String,
    /// What it requires in addition to what it declares
    #[arg(value_name = "REQUIREMENT")]
    requirements: Vec<String>,
    /// What its imports may reach beyond what it declares
    #[arg(long, value_enum)]
    undeclared: Option<Undeclared>,
    /// Take this package from root, so that its types are the same; may be given several times
    #[arg(long, value_name = "NAME")]
    share: Vec<String>,
    /// Take the pin out instead
    #[arg(long, conflicts_with_all = ["requirements", "undeclared", "share"])]
    remove: bool,
}

/// What a pinned package may import beyond what it declares.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Undeclared {
    /// Whatever does not mix two versions of something it sees
    Allow,
    /// Nothing
    Deny,
    /// Anything
    Any,
}

/// Runs the command.
///
/// # Errors
/// Says what could not be done; the manifest is as it was then.
pub fn run(args: &PinArgs, context: &Context) -> Result<Outcome, Error> {
    let mut editor = Editor::open(&context.manifest)?;
    let subject = Requirement::parse(&args.name, "the command's arguments")?;
    if subject.subject() != subject.name || normalize(&args.name) != subject.name {
        let what = anyhow!("`{}` is not the plain name of a package", args.name);
        let hint =
            format!("`pinfold pin {}`; which version it is, the requirements of others say", subject.name);
        return Err(hinted(what, hint).into());
    }
    let name = subject.name;
    if args.remove {
        if !editor.unpin(&name) {
            return Err(anyhow!("there is no [pins.{name}] in {}", context.manifest.display()).into());
        }
        return super::add::apply(&editor, context);
    }
    editor.pin(&name);
    for text in &args.requirements {
        let requirement = Requirement::parse(text, "the command's arguments")?;
        editor.add(Place::Pin(&name), &requirement.name, text);
    }
    if let Some(undeclared) = args.undeclared {
        let word = match undeclared {
            Undeclared::Allow => "allow",
            Undeclared::Deny => "deny",
            Undeclared::Any => "any",
        };
        editor.pin(&name).insert("undeclared", value(word));
    }
    if !args.share.is_empty() {
        let table = editor.pin(&name);
        let item = table.entry("share").or_insert(value(Array::new()));
        if let Some(array) = item.as_array_mut() {
            let known: Vec<String> = array.iter().filter_map(|v| v.as_str().map(normalize)).collect();
            array.extend(args.share.iter().map(|name| normalize(name)).filter(|name| !known.contains(name)));
        }
    }
    super::add::apply(&editor, context)
}
