//! `abicheck bindings`: what each symbol of files binds to.
//!
//! Deliberately not here: environments and rules; this looks at files alone.

use std::path::PathBuf;

use super::opening::{Wishes, open};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::report::{plain, plain_path};
use crate::terminal::{Style, styled};

/// Print what each symbol of files binds to, when they are loaded in this order
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Extension modules and libraries, loaded into one process in this order, or one program
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// A file to open before the others, with RTLD_GLOBAL: its symbols go to all that come later
    #[arg(long, value_name = "FILE")]
    global: Vec<PathBuf>,
    /// Only symbols whose name has this in it
    #[arg(long, value_name = "TEXT")]
    symbol: Option<String>,
    #[command(flatten)]
    wishes: Wishes,
}

/// Prints it, a line for each symbol; finds something where a file cannot be loaded.
///
/// # Errors
/// When a file is no ELF file, or stdout cannot be written to.
pub fn run(options: &Options, output: &mut dyn Output) -> Result<Outcome, Failure> {
    let opened = open(&options.global, &options.files, &options.wishes)?;
    let mut outcome = Outcome::Fine;
    for (path, load) in &opened.loads {
        let mut text = format!("{}\n", styled(&plain_path(path), Style::Strong, output.colour()));
        let mut from = None;
        for binding in &load.bindings {
            let Some(symbol) = load.symbol(&opened.process, binding) else { continue };
            let name = symbol.name.to_text();
            if options.symbol.as_ref().is_some_and(|wanted| !name.contains(wanted.as_str())) {
                continue;
            }
            if from != Some(binding.from) {
                from = Some(binding.from);
                let object = load.object(&opened.process, binding.from);
                text.push_str(&format!("  {}\n", plain_path(object.path.as_path())));
            }
            let version = symbol.version.map(|version| format!("@{version}")).unwrap_or_default();
            let to = plain_path(load.object(&opened.process, binding.to).path.as_path());
            let unique = if binding.unique { "   unique" } else { "" };
            text.push_str(&format!("    {}{} => {to}{unique}\n", plain(&name), plain(&version)));
        }
        if let Err(error) = &load.result {
            outcome = Outcome::Findings;
            let label = styled("error", Style::Error, output.colour());
            for message in error.messages() {
                text.push_str(&format!("  {label}: {message}\n"));
            }
        }
        output.data(&text)?;
    }
    Ok(outcome)
}
