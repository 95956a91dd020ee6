//! `pinfold why`: which file an importer gets for a module, by which rule, and what a caller could change.
//!
//! It looks at the environment as it is, and imports nothing. Deliberately not here: finding the answer
//! ([`crate::why`]).

use anyhow::anyhow;
use pinfold_core::index;
use pinfold_core::resolve::Resolver;
use wheelsplit::Store;

use crate::context::{Context, OutputFormat};
use crate::environment::generation::Stamp;
use crate::environment::layout::Layout;
use crate::environment::sync::existing;
use crate::error::{Error, Outcome};
use crate::failure::{WithHint, hinted};
use crate::interpreter::Interpreter;
use crate::terminal::{self, Style, styled};
use crate::why::{Answer, answer, find_importer};
use crate::{output, ready};

/// Say which file an importer gets for a module, and by which rule
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  pinfold why root numpy                your own code
  pinfold why report-old numpy          a distribution
  pinfold why pandas==2.1.4 numpy.fft   one of several versions

Exit code 1 where an import would fail.")]
pub struct WhyArgs {
    /// Who imports: `root`, a distribution, `name==version`, or a unit's identifier
    importer: String,
    /// What is imported
    module: String,
}

/// Runs the command.
///
/// # Errors
/// When there is no environment, or no such importer.
pub fn run(args: &WhyArgs, context: &Context) -> Result<Outcome, Error> {
    let layout = Layout::new(&context.environment)?;
    let generation = existing(&layout)?;
    let environment = index::read(&generation.join(index::FILE))
        .map_err(anyhow::Error::from)
        .hint("`pinfold sync --force` builds the environment anew")?;
    let stamp = Stamp::read(&generation).ok_or_else(|| {
        hinted(
            anyhow!("{} is not a generation of this version of Pinfold", generation.display()),
            "`pinfold sync` builds a new one",
        )
    })?;
    let store = Store::from_env().map_err(anyhow::Error::from)?;
    ready::compare(context, &store, &generation);
    let interpreter = Interpreter::query(&stamp.interpreter, store.root())?;
    let module = module_name(&args.module)?;
    let importer = find_importer(&environment, &args.importer)?;
    let answer = answer(&Resolver::new(environment), importer, module, &interpreter)
        .hint("`pinfold sync` brings back what the store lacks")?;
    match context.format {
        OutputFormat::Json => {
            let json = serde_json::to_string_pretty(&answer).map_err(anyhow::Error::from)?;
            output::data(&format!("{json}\n"))?;
        }
        OutputFormat::Text => output::data(&text(&answer, terminal::colour_on_stdout()))?,
    }
    Ok(if answer.found { Outcome::Fine } else { Outcome::Findings })
}

fn module_name(text: &str) -> Result<&str, Error> {
    if text.is_empty() || text.split('.').any(|part| part.is_empty() || part.contains(['/', '-', ' '])) {
        let what = anyhow!("`{text}` is not the name of a module");
        return Err(hinted(what, "give the name that an `import` statement has, such as `numpy.fft`").into());
    }
    Ok(text)
}

fn text(answer: &Answer, colour: bool) -> String {
    let head = |text: &str| styled(&format!("{text:<8}"), Style::Dim, colour);
    let mut text = if answer.found {
        let from = answer.unit.as_ref().map(|unit| {
            format!(" from {} {} ({})", styled(&unit.name, Style::Strong, colour), unit.version, unit.id)
        });
        let kind = answer.kind.unwrap_or("module");
        format!(
            "{} gets the {kind} {}{}\n",
            answer.importer,
            styled(&answer.module, Style::Strong, colour),
            from.unwrap_or_default()
        )
    } else {
        format!("{} does not find {}\n", answer.importer, styled(&answer.module, Style::Strong, colour))
    };
    for (index, file) in answer.files.iter().enumerate() {
        let label = match (index, answer.files.len()) {
            (0, 1) => "file",
            (0, _) => "folders",
            _ => "",
        };
        text.push_str(&format!("  {}{}\n", head(label), file.display()));
    }
    match answer.rule {
        Some(rule) => text.push_str(&format!("  {}{rule}: {}\n", head("rule"), answer.reason)),
        None => text.push_str(&format!("  {}{}\n", head("why"), answer.reason)),
    }
    for (index, change) in answer.change.iter().enumerate() {
        text.push_str(&format!("  {}{change}\n", head(if index == 0 { "change" } else { "" })));
    }
    text
}
