//! The report for people: findings like a compiler's, then one line that sums up.
//!
//! Errors and warnings are shown in full. Environments that work have notes by the dozen, so each rule's notes are
//! one line, unless more is asked for. Deliberately not here: colours as codes (`terminal`), and talk for stderr.

use std::collections::BTreeMap;
use std::path::Path;

use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter};

use super::Report;
use super::demangle::{demangled, readable};
use super::paths::{plain, shown};
use crate::finding::{Finding, Outcome, Severity, SymbolName};
use crate::rules::{self, Rule};
use crate::terminal::{Style, count, styled};

/// How it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Notes in full, the whole message, and what is ignored.
    pub verbose: bool,
    /// Only errors and warnings.
    pub quiet: bool,
    /// With colours.
    pub colour: bool,
    /// How wide lines may be.
    pub width: usize,
}

/// Columns beyond this are not aligned: a long path gets a line of its own.
const WIDEST_PATH: usize = 56;
/// Packages of an order that a summary names.
const ORDER: usize = 6;
/// Symbols that are named below a finding.
const SYMBOLS: usize = 4;

/// The whole report; `rules` are those that it may name.
pub fn render(report: &Report, rules: &[&'static Rule], look: Look) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        if finding.severity > Severity::Note || look.verbose {
            text.push_str(&self::finding(finding, report.base.as_deref(), look));
            text.push('\n');
        }
    }
    if look.quiet {
        return text;
    }
    let notes = report.count(Severity::Note);
    if notes > 0 && !look.verbose {
        text.push_str(&notes_by_rule(report, rules, look));
        text.push('\n');
    }
    if look.verbose {
        for (finding, reason) in &report.ignored {
            let label = styled(&format!("ignored[{}]", finding.code), Style::Dim, look.colour);
            text.push_str(&format!("{label}: {}\n  reason: {}\n\n", words(&finding.title), plain(reason)));
        }
    }
    text.push_str(&summary(report, look));
    text
}

/// One finding, with its evidence.
fn finding(finding: &Finding, base: Option<&Path>, look: Look) -> String {
    let (word, style) = word(finding.severity);
    let label = styled(&format!("{word}[{}]", finding.code), style, look.colour);
    let mut text = format!("{label}: {}\n", styled(&words(&finding.title), Style::Strong, look.colour));
    if look.verbose || finding.evidence.is_empty() {
        let message = finding.message.strip_prefix(&finding.title).unwrap_or(&finding.message);
        let message = plain(message.trim_start_matches([';', ':', ',', '.', ' ']));
        if !message.is_empty() {
            text.push_str(&wrapped("  ", &message, look.width));
        }
    }
    text.push_str(&evidence(finding, base, look));
    let order =
        finding.order.as_ref().map(|order| order.join(", then ")).filter(|order| order.contains(", "));
    // Most titles tell it.
    if let Some(order) = order.filter(|order| !finding.title.contains(order.as_str())) {
        text.push_str(&format!("  {}: import {}\n", dim("order", look), plain(&order)));
    }
    let told = |symbol: &&SymbolName| {
        let name = symbol.name.as_deref().or(symbol.version.as_deref()).unwrap_or_default();
        finding.evidence.iter().any(|one| one.text.contains(name)) || finding.title.contains(name)
    };
    if !finding.symbols.is_empty() && (look.verbose || !finding.symbols.iter().any(|one| told(&one))) {
        text.push_str(&symbols(&finding.symbols, look));
    }
    if !finding.hint.is_empty() {
        text.push_str(&labelled("hint", Style::Hint, &words(&finding.hint), look));
    }
    if let Some(verified) = &finding.verified {
        let (outcome, style) = match verified.outcome {
            Outcome::Confirmed => ("confirmed", Style::Error),
            Outcome::NotReproduced => ("not reproduced", Style::Good),
            Outcome::BrokeOtherwise => ("broke otherwise", Style::Warning),
        };
        // Messages of the loader have whole paths.
        let base = base.map(|base| format!("{}/", base.display())).filter(|base| base.len() > 1);
        let detail = base.map_or(verified.detail.clone(), |base| verified.detail.replace(&base, ""));
        let detail = if detail.is_empty() { detail } else { format!(": {}", plain(&detail)) };
        text.push_str(&labelled("verified", style, &format!("{outcome}{detail}"), look));
    }
    text
}

/// The lines of evidence, their texts in one column.
fn evidence(finding: &Finding, base: Option<&Path>, look: Look) -> String {
    let lines: Vec<(String, String)> =
        finding.evidence.iter().map(|one| (shown(&one.path, base), words(&one.text))).collect();
    let short = lines.iter().map(|(path, _)| display_width(path)).filter(|width| *width <= WIDEST_PATH);
    let column = short.max().unwrap_or(0);
    let mut text = String::new();
    for (path, words) in &lines {
        let width = display_width(path);
        // What has no room beside the path stands below it.
        let longest = words.split(' ').map(display_width).max().unwrap_or(0);
        let below = width > WIDEST_PATH || column + 5 + longest > look.width;
        if path.is_empty() {
            text.push_str(&wrapped("  ", words, look.width));
        } else if below {
            text.push_str(&format!("  {path}\n"));
            text.push_str(&wrapped("      ", words, look.width));
        } else {
            let first = format!("  {path}{}   ", " ".repeat(column - width));
            text.push_str(&filled(&first, &" ".repeat(column + 5), words, look.width));
        }
    }
    text
}

fn symbols(symbols: &[SymbolName], look: Look) -> String {
    let name = |one: &SymbolName| match (&one.name, &one.version) {
        (Some(name), Some(version)) => format!("{name}@{version}"),
        (Some(name), None) => name.clone(),
        (None, Some(version)) => format!("version {version}"),
        (None, None) => "?".to_owned(),
    };
    if look.verbose && symbols.len() > 1 {
        let line = |one: &SymbolName| {
            let readable = one.name.as_deref().and_then(demangled).map(|name| format!("   {name}"));
            format!("    {}{}\n", plain(&name(one)), dim(&plain(&readable.unwrap_or_default()), look))
        };
        return format!("  {}:\n{}", dim("symbols", look), symbols.iter().map(line).collect::<String>());
    }
    let names: Vec<String> = symbols.iter().take(SYMBOLS).map(|one| words(&name(one))).collect();
    let more = match symbols.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("  {}: {}{more}\n", dim("symbols", look), names.join(", "))
}

/// A line for each rule that has notes.
fn notes_by_rule(report: &Report, rules: &[&'static Rule], look: Look) -> String {
    let mut by_rule: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.severity == Severity::Note) {
        by_rule.entry(finding.code).or_default().push(finding);
    }
    let mut text = String::new();
    for (code, findings) in by_rule {
        let label = styled(&format!("note[{code}]"), Style::Note, look.colour);
        let what = match (findings.as_slice(), rules::named(rules, code)) {
            ([one], _) => words(&one.title),
            (many, Some(rule)) => {
                format!("{} {}", rule.summary, dim(&format!("({} times)", many.len()), look))
            }
            (many, None) => format!("{} times: {}", many.len(), words(&many[0].title)),
        };
        text.push_str(&format!("{label}: {what}\n"));
    }
    text
}

/// What was found, in how much.
fn summary(report: &Report, look: Look) -> String {
    let stats = &report.stats;
    let looked = format!(
        "{}{} ({}, {}, {}, Python {})",
        asked(report),
        count(stats.packages, "package"),
        count(stats.files, "native file"),
        count(stats.orders, "import order"),
        count(stats.bindings, "binding"),
        stats.python
    );
    let found = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| {
        let (word, style) = word(severity);
        let number = report.count(severity);
        (number > 0).then(|| styled(&count(number, word), style, look.colour))
    });
    let found: Vec<String> = found.into_iter().flatten().collect();
    let ignored = match report.ignored.len() {
        0 => String::new(),
        ignored => format!("; {ignored} ignored ({})", by_severity(&report.ignored)),
    };
    let hidden = report.count(Severity::Note) > 0 && !look.verbose;
    let more = if hidden { "\nhint: `-v` shows notes in full, `abicheck explain CODE` a rule" } else { "" };
    let counts = report.count(Severity::Error) + report.count(Severity::Warning);
    let more = if hidden && counts == 0 { "\nhint: `-v` shows notes in full" } else { more };
    let more = more.replacen("hint", &styled("hint", Style::Hint, look.colour), 1);
    match found.as_slice() {
        [] => {
            let words = if ignored.is_empty() { "Nothing clashes" } else { "Nothing new" };
            let good = styled(words, Style::Good, look.colour);
            format!("{good} in {looked}{ignored}.\n")
        }
        found => format!("{} in {looked}{ignored}{more}\n", found.join(", ")),
    }
}

/// `importing a, then b, of `: what was looked at, where that is one order.
fn asked(report: &Report) -> String {
    let Some(order) = &report.order else { return String::new() };
    let shown = &order[..order.len().min(ORDER)];
    let more = match order.len() - shown.len() {
        0 => String::new(),
        more => format!(", then {more} more"),
    };
    match shown {
        [] => "importing none of ".to_owned(),
        shown => format!("importing {}{more}, of ", plain(&shown.join(", then "))),
    }
}

/// `1 error, 2 notes`.
fn by_severity(findings: &[(Finding, String)]) -> String {
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| {
        let number = findings.iter().filter(|(finding, _)| finding.severity == severity).count();
        (number > 0).then(|| count(number, word(severity).0))
    });
    counts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn word(severity: Severity) -> (&'static str, Style) {
    match severity {
        Severity::Error => ("error", Style::Error),
        Severity::Warning => ("warning", Style::Warning),
        Severity::Note => ("note", Style::Note),
    }
}

fn dim(text: &str, look: Look) -> String {
    styled(text, Style::Dim, look.colour)
}

/// `label: words`, the words wrapped under themselves.
fn labelled(label: &str, style: Style, words: &str, look: Look) -> String {
    let indent = " ".repeat(label.len() + 2);
    let lines = wrapped(&indent, words, look.width);
    format!("{}: {}", styled(label, style, look.colour), lines.trim_start())
}

/// `words` in lines that start with `indent`.
fn wrapped(indent: &str, words: &str, width: usize) -> String {
    filled(indent, indent, words, width)
}

/// `words` in lines, the first of which starts with `first` and all others with `rest`.
fn filled(first: &str, rest: &str, words: &str, width: usize) -> String {
    let options = Options::new(width).initial_indent(first).subsequent_indent(rest);
    let options = options.break_words(false).word_splitter(WordSplitter::NoHyphenation);
    // Paths stay whole, so that they can be copied.
    let options = options.word_separator(WordSeparator::AsciiSpace);
    format!("{}\n", textwrap::fill(words, options).trim_end())
}

/// `text` as people read it: names of C++ readable, and nothing that moves a cursor.
fn words(text: &str) -> String {
    plain(&readable(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn shown(change: fn(&mut Report), look: fn(&mut Look)) -> String {
        let mut report = sample::report();
        change(&mut report);
        let mut how = Look { verbose: false, quiet: false, colour: false, width: 100 };
        look(&mut how);
        render(&report, &sample::RULES, how)
    }

    #[test]
    fn errors_and_warnings_in_full_and_notes_by_rule() {
        insta::assert_snapshot!("text", shown(|_| {}, |_| {}));
    }

    #[test]
    fn everything_when_asked() {
        insta::assert_snapshot!("text_verbose", shown(|_| {}, |look| look.verbose = true));
    }

    #[test]
    fn a_narrow_terminal_wraps_below_the_words() {
        insta::assert_snapshot!(
            "text_narrow",
            shown(|report| report.findings.truncate(1), |look| look.width = 60)
        );
    }

    #[test]
    fn quiet_shows_what_counts_and_nothing_else() {
        let text = shown(|_| {}, |look| look.quiet = true);
        assert!(
            text.starts_with("error[AB102]") && !text.contains("AB401") && !text.contains("351"),
            "{text}"
        );
        assert_eq!(shown(|report| report.findings.clear(), |look| look.quiet = true), "");
    }

    #[test]
    fn nothing_found_is_one_line() {
        let text = shown(
            |report| {
                report.findings.clear();
                report.ignored.clear();
            },
            |_| {},
        );
        assert_eq!(
            text,
            "Nothing clashes in 7 packages (340 native files, 15 import orders, 36,624 bindings, Python 3.11).\n"
        );
    }

    #[test]
    fn colours_change_nothing_but_the_colour() {
        let coloured = shown(|_| {}, |look| look.colour = true);
        assert!(coloured.starts_with("\u{1b}[1;31merror[AB102]\u{1b}[0m: "), "{coloured}");
        let mut plain = String::new();
        for (at, part) in coloured.split("\u{1b}[").enumerate() {
            plain.push_str(if at == 0 { part } else { part.split_once('m').map_or("", |(_, rest)| rest) });
        }
        assert_eq!(plain, shown(|_| {}, |_| {}));
    }

    #[test]
    fn a_name_cannot_clear_the_screen() {
        let text = shown(|report| report.findings[0].evidence[0].text = "\u{1b}[2Jgone".into(), |_| {});
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
