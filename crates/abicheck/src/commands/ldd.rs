//! `abicheck ldd`: what a file loads, as a tree, with how each library was found.
//!
//! Unlike `ldd`, nothing of the file is run, and what the interpreter has loaded already is told as such.
//! Deliberately not here: environments and rules; this looks at files alone.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use elf_loader::{Edge, Found, Load, ObjectId, Process};

use super::opening::{Wishes, open};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::report::plain_path;
use crate::terminal::{Style, styled};

/// Print what a file loads as a tree, with how each library was found
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// An extension module, a library or a program
    #[arg(value_name = "FILE", required = true)]
    file: PathBuf,
    #[command(flatten)]
    wishes: Wishes,
}

/// Prints it; finds something where the file cannot be loaded.
///
/// # Errors
/// When a file is no ELF file, or stdout cannot be written to.
pub fn run(options: &Options, output: &mut dyn Output) -> Result<Outcome, Failure> {
    let opened = open(std::slice::from_ref(&options.file), &options.wishes)?;
    let Some((path, load)) = opened.loads.first() else { return Ok(Outcome::Fine) };
    let mut tree = Tree::new(load, &opened.process, output.colour());
    tree.lines.push(plain_path(path));
    let root = load.result.as_ref().ok().copied().unwrap_or(load.first);
    tree.below(root, "");
    let mut text = tree.lines.join("\n");
    text.push('\n');
    let outcome = match &load.result {
        Ok(_) => Outcome::Fine,
        Err(error) => {
            let label = styled("error", Style::Error, output.colour());
            text.push_str(&format!("{label}: {error}\n"));
            for message in error.messages().iter().skip(1) {
                text.push_str(&format!("       {message}\n"));
            }
            Outcome::Findings
        }
    };
    output.data(&text)?;
    Ok(outcome)
}

struct Tree<'a> {
    load: &'a Load,
    process: &'a Process,
    needs: HashMap<ObjectId, Vec<&'a Edge>>,
    shown: HashSet<ObjectId>,
    colour: bool,
    lines: Vec<String>,
}

impl<'a> Tree<'a> {
    fn new(load: &'a Load, process: &'a Process, colour: bool) -> Self {
        let mut needs: HashMap<ObjectId, Vec<&Edge>> = HashMap::new();
        for edge in &load.edges {
            if let Some(from) = edge.from {
                needs.entry(from).or_default().push(edge);
            }
        }
        Self { load, process, needs, shown: HashSet::new(), colour, lines: Vec::new() }
    }

    /// Adds what `id` needs, each line after `indent`. What was shown before has no lines of its own again.
    fn below(&mut self, id: ObjectId, indent: &str) {
        if !self.shown.insert(id) {
            return;
        }
        let edges = self.needs.get(&id).cloned().unwrap_or_default();
        for (at, edge) in edges.iter().enumerate() {
            let last = at + 1 == edges.len();
            let (branch, further) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
            let line = self.line(id, edge);
            self.lines.push(format!("{indent}{branch}{line}"));
            if edge.to.index() >= self.load.first.index() {
                self.below(edge.to, &format!("{indent}{further}"));
            }
        }
    }

    fn line(&self, from: ObjectId, edge: &Edge) -> String {
        let needed = &self.load.object(self.process, from).facts().head.needed;
        let name =
            needed.get(edge.needed as usize).map(|name| name.to_text().into_owned()).unwrap_or_default();
        let path = plain_path(self.load.object(self.process, edge.to).path.as_path());
        let file = |id: ObjectId| {
            let path = plain_path(self.load.object(self.process, id).path.as_path());
            path.rsplit('/').next().unwrap_or_default().to_owned()
        };
        let how = match edge.found {
            Found::Rpath(id) | Found::Runpath(id) => format!("{} of {}", edge.found, file(id)),
            found => found.to_string(),
        };
        let how = styled(&how, Style::Hint, self.colour);
        format!("{} => {path}   {how}", crate::report::plain(&name))
    }
}
