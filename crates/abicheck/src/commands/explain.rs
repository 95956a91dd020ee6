//! `abicheck explain CODE|NAME`: the page of a rule.
//!
//! Deliberately not here: the pages; each stands at the top of its rule's file.

use crate::failure::{Failure, Outcome, did_you_mean};
use crate::output::Output;
use crate::rules::{self, Rule};
use crate::terminal::{Style, styled};

/// Print the page of a rule: what it says, why it is bad, an example, the fix
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// A rule's code, such as AB102, or its name
    #[arg(value_name = "CODE|NAME")]
    rule: String,
}

/// Prints it.
///
/// # Errors
/// When there is no such rule.
pub fn run(options: &Options, output: &mut dyn Output) -> Result<Outcome, Failure> {
    explain(&options.rule, rules::ALL, output)
}

fn explain(asked: &str, rules: &[&'static Rule], output: &mut dyn Output) -> Result<Outcome, Failure> {
    let Some(rule) = rules::named(rules, asked.trim()) else {
        let near = did_you_mean(asked, rules.iter().flat_map(|rule| [rule.code, rule.name]));
        let failure = Failure::new(format!("there is no rule `{asked}`")).maybe(near);
        return Err(failure.hint("`abicheck rules` prints the rules that there are"));
    };
    let (colour, width) = (output.colour(), output.width().min(100));
    let title = format!("{} {} ({})", rule.code, rule.name, super::rules::word(rule.severity));
    let text =
        format!("{}\n\n{}\n", styled(&title, Style::Strong, colour), page(rule.page().body(), width, colour));
    output.data(&text)?;
    Ok(Outcome::Fine)
}

/// A page, its paragraphs wrapped; examples, tables and lists keep their lines.
fn page(text: &str, width: usize, colour: bool) -> String {
    let (mut lines, mut paragraph, mut fenced) = (Vec::new(), Vec::new(), false);
    let wrap = |paragraph: &mut Vec<&str>, lines: &mut Vec<String>| {
        let words = paragraph.join(" ");
        let options = textwrap::Options::new(width).break_words(false);
        lines.extend(
            textwrap::wrap(&words, options).into_iter().filter(|line| !line.is_empty()).map(String::from),
        );
        paragraph.clear();
    };
    for line in text.trim().lines() {
        let fence = line.trim_start().starts_with("```");
        let kept = fenced || fence || line.starts_with(['|', '-', '*', '#', ' ', '>']) || line.is_empty();
        if !kept {
            paragraph.push(line.trim());
            continue;
        }
        wrap(&mut paragraph, &mut lines);
        match line.trim_start_matches('#').trim() {
            heading if !fenced && line.starts_with('#') => lines.push(styled(heading, Style::Strong, colour)),
            // The fence is for readers of Markdown; here the lines are set in.
            _ if fence => {}
            _ if fenced && !line.is_empty() => lines.push(format!("    {line}")),
            _ => lines.push(line.to_owned()),
        }
        fenced ^= fence;
    }
    wrap(&mut paragraph, &mut lines);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Captured;
    use crate::report::sample;

    #[test]
    fn a_page_by_code_or_name_in_any_case() {
        let ask = |rule: &str| {
            let mut output = Captured::default();
            explain(rule, &sample::RULES, &mut output).map(|_| output.stdout)
        };
        let text = ask("ab102").unwrap_or_else(|failure| panic!("{failure}"));
        assert!(
            text.starts_with("AB102 shared-library (error)\n\nWhat it does\nTwice the same name"),
            "{text}"
        );
        assert_eq!(ask("Shared-Library").as_ref(), Ok(&text));
        let failure = ask("shared-libary").expect_err("a misspelt name").to_string();
        assert!(failure.contains("hint: did you mean `shared-library`?"), "{failure}");
    }

    #[test]
    fn paragraphs_are_wrapped_and_examples_are_not() {
        let long = "word ".repeat(12);
        let text = format!("{long}\n{long}\n\n## Example\n```\n{long}\n```\n- {long}");
        let expected =
            "word word word word\n".repeat(6) + "\nExample\n    " + long.as_str() + "\n- " + long.trim();
        assert_eq!(page(&text, 20, false), expected);
    }
}
