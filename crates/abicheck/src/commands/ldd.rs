//! `abicheck ldd`: what a file loads, as a tree, with how each library was found.
//!
//! Unlike `ldd`, nothing of the file is run, and what the interpreter has loaded already is told as such.
//! Deliberately not here: environments and rules; this looks at files alone.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use elf_loader::{
    Edge, Failure as LoadFailure, Found, Load, LoadError, Looked, Missing, ObjectId, Process, Unmet,
};

use super::opening::{Traced, Wishes, trace};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::report::{plain, plain_path};
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
    let (path, traced) = trace(&options.file, &options.wishes)?;
    let mut tree = Tree::new(&traced, output.colour());
    tree.lines.push(plain_path(&path));
    let root = traced.load.result.as_ref().ok().copied().unwrap_or(traced.load.first);
    tree.below(root, "");
    let mut text = tree.lines.join("\n");
    text.push('\n');
    // The loader stops at the first that it misses, and so does not come to say the others.
    let first = traced.error.iter().flat_map(LoadError::messages);
    let mut messages: Vec<String> = first.collect();
    for message in traced.unmet.iter().map(|unmet| unmet.error.to_string()) {
        if !messages.contains(&message) {
            messages.push(message);
        }
    }
    for message in &messages {
        text.push_str(&format!("{}: {message}\n", styled("error", Style::Error, output.colour())));
    }
    let outcome = if messages.is_empty() { Outcome::Fine } else { Outcome::Findings };
    output.data(&text)?;
    Ok(outcome)
}

/// What one DT_NEEDED came to.
#[derive(Clone, Copy)]
enum Need<'a> {
    Found(&'a Edge),
    Unmet(&'a Unmet),
}

struct Tree<'a> {
    load: &'a Load,
    process: &'a Process,
    needs: HashMap<ObjectId, Vec<(u32, Need<'a>)>>,
    shown: HashSet<ObjectId>,
    colour: bool,
    lines: Vec<String>,
}

impl<'a> Tree<'a> {
    fn new(traced: &'a Traced, colour: bool) -> Self {
        let mut needs: HashMap<ObjectId, Vec<(u32, Need<'_>)>> = HashMap::new();
        for edge in &traced.load.edges {
            if let Some(from) = edge.from {
                needs.entry(from).or_default().push((edge.needed, Need::Found(edge)));
            }
        }
        for unmet in &traced.unmet {
            needs.entry(unmet.from).or_default().push((unmet.needed, Need::Unmet(unmet)));
        }
        needs.values_mut().for_each(|needs| needs.sort_by_key(|(at, _)| *at));
        let (load, process) = (&traced.load, &traced.process);
        Self { load, process, needs, shown: HashSet::new(), colour, lines: Vec::new() }
    }

    /// Adds what `id` needs, each line after `indent`. What was shown before has no lines of its own again.
    fn below(&mut self, id: ObjectId, indent: &str) {
        if !self.shown.insert(id) {
            return;
        }
        let needs = self.needs.get(&id).cloned().unwrap_or_default();
        for (at, (needed, need)) in needs.iter().enumerate() {
            let last = at + 1 == needs.len();
            let (branch, further) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
            let name = &self.load.object(self.process, id).facts().head.needed;
            let name = name.get(*needed as usize).map(|name| name.to_text().into_owned()).unwrap_or_default();
            let came = match need {
                Need::Found(edge) => self.found(edge),
                Need::Unmet(unmet) => self.unmet(unmet),
            };
            self.lines.push(format!("{indent}{branch}{} => {came}", plain(&name)));
            match need {
                Need::Found(edge) if edge.to.index() >= self.load.first.index() => {
                    self.below(edge.to, &format!("{indent}{further}"));
                }
                Need::Found(_) => {}
                Need::Unmet(unmet) => {
                    let looked = unmet.looked.iter().map(|looked| self.looked(looked));
                    let lines: Vec<String> =
                        looked.map(|looked| format!("{indent}{further}    {looked}")).collect();
                    self.lines.extend(lines);
                }
            }
        }
    }

    fn found(&self, edge: &Edge) -> String {
        let path = plain_path(self.load.object(self.process, edge.to).path.as_path());
        format!("{path}   {}", styled(&self.how(edge.found), Style::Hint, self.colour))
    }

    fn unmet(&self, unmet: &Unmet) -> String {
        let what = match &unmet.error.failure {
            LoadFailure::Missing(Missing::NoSuchFile | Missing::Nowhere) => "not found".to_owned(),
            other => plain(&format!("not loaded: {other}")),
        };
        let what = styled(&what, Style::Error, self.colour);
        if unmet.looked.is_empty() { what } else { format!("{what}; looked for in") }
    }

    /// A list of folders, as one line.
    fn looked(&self, looked: &Looked) -> String {
        let folders = looked.folders.iter().map(|folder| {
            let text = folder.to_text();
            let folder = text.strip_suffix('/').filter(|folder| !folder.is_empty()).unwrap_or(&text);
            plain(if folder.is_empty() { "the working folder" } else { folder })
        });
        let folders = folders.collect::<Vec<_>>().join(", ");
        let how = styled(&self.how(looked.by), Style::Hint, self.colour);
        if folders.is_empty() { how } else { format!("{folders}   {how}") }
    }

    /// How something is found, with whose list of folders it is.
    fn how(&self, found: Found) -> String {
        match found {
            Found::Rpath(id) | Found::Runpath(id) => {
                let path = plain_path(self.load.object(self.process, id).path.as_path());
                format!("{found} of {}", path.rsplit('/').next().unwrap_or_default())
            }
            found => found.to_string(),
        }
    }
}
