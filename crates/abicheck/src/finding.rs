//! A finding: what a rule says about an environment, in the shape that all reports show.
//!
//! Deliberately not here: how it is printed, and whether the user wants to see it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::rules::Rule;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; most environments that work have such.
    Note,
    /// Broke some environments and left others alone.
    Warning,
    /// It breaks: an import fails, or what it loads does not work.
    Error,
}

/// A symbol as reports show it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SymbolName {
    /// Its name, mangled as the file has it; `None` where a whole version is meant.
    pub name: Option<String>,
    /// The version that is asked for.
    pub version: Option<String>,
}

/// A line of evidence: what was found, and how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Evidence {
    /// The file that it is about.
    pub path: PathBuf,
    /// What is to be said of the file, such as `needs libfoo.so.1, already loaded under this SONAME`.
    pub text: String,
}

/// What running both orders showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// What came of it.
    pub outcome: Outcome,
    /// The signal or the error of the order that breaks, or why nothing could be said.
    pub detail: String,
}

/// What came of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The order that the finding names breaks, and what it is compared with does not.
    Confirmed,
    /// Nothing broke.
    NotReproduced,
    /// It broke, but so that the finding does not explain it, such as in every order.
    BrokeOtherwise,
}

/// What a process would do to see the finding: the modules of each package, in the order that breaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Probe {
    /// Modules by package, in order.
    pub imports: Vec<(String, Vec<String>)>,
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's code, such as `AB102`.
    pub code: &'static str,
    /// How bad it is: the rule's severity, or a milder one that the rule chose for this case.
    pub severity: Severity,
    /// One sentence, without paths.
    pub title: String,
    /// The whole of it in a few sentences.
    pub message: String,
    /// The distributions that it is about, by name.
    pub packages: Vec<String>,
    /// The packages in the order that breaks; `None` where the order does not matter.
    pub order: Option<Vec<String>>,
    /// The files that it is about.
    pub libraries: Vec<PathBuf>,
    /// The symbols that it is about; many are cut, and the message says how many there are.
    pub symbols: Vec<SymbolName>,
    /// Lines below the title, most important first.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub hint: String,
    /// How to see it happen; `None` where importing shows nothing.
    pub probe: Option<Probe>,
    /// What `--verify` said.
    pub verified: Option<Verified>,
}

impl Finding {
    /// A finding of `rule`, with its severity; the rest is filled in by the rule.
    pub(crate) fn of(rule: &Rule) -> Self {
        Self {
            code: rule.code,
            severity: rule.severity,
            title: String::new(),
            message: String::new(),
            packages: Vec::new(),
            order: None,
            libraries: Vec::new(),
            symbols: Vec::new(),
            evidence: Vec::new(),
            hint: String::new(),
            probe: None,
            verified: None,
        }
    }

    /// The symbols of a finding are cut after this many.
    pub(crate) const MOST_SYMBOLS: usize = 20;
}
