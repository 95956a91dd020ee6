//! A report: everything that one run found out, ready to be shown in any format.
//!
//! Deliberately not here: what is a finding (`rules`), and which findings the user ignores (`config`).

mod demangle;
pub mod html;
pub mod json;
mod paths;
#[cfg(test)]
pub(crate) mod sample;
pub mod sarif;
pub mod text;

use std::path::PathBuf;

use serde::Serialize;

use crate::finding::{Finding, Severity};

pub(crate) use demangle::readable;
pub use paths::base_of;
pub(crate) use paths::{plain, plain_path};

/// What one run found out.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What the user gave.
    pub inputs: Vec<PathBuf>,
    /// The folder that most packages are in: paths below it are shown without it.
    pub base: Option<PathBuf>,
    /// Findings that count, the worst first.
    pub findings: Vec<Finding>,
    /// Findings that the configuration or a baseline ignores, each with its reason.
    pub ignored: Vec<(Finding, String)>,
    /// What could not be looked at, and other talk for stderr.
    pub notes: Vec<String>,
    /// How much was looked at.
    pub stats: Stats,
    /// The packages that were imported, in order, where one order was asked for; all pairs of packages else.
    pub order: Option<Vec<String>>,
    /// Packages and libraries.
    pub graph: Graph,
}

impl Report {
    /// How many findings of this severity count.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// How much was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// The interpreter's version, such as `3.11`.
    pub python: String,
    /// Distributions.
    pub distributions: usize,
    /// Distributions with extension modules that can be imported.
    pub packages: usize,
    /// Native files of distributions.
    pub files: usize,
    /// Files that are loaded in some order, the system's included.
    pub loaded: usize,
    /// Symbols that were bound, over all orders.
    pub bindings: usize,
    /// Pairs of packages.
    pub pairs: usize,
    /// Pairs whose order could matter.
    pub interacting: usize,
    /// Orders that were simulated, single packages included.
    pub orders: usize,
}

/// Packages, the libraries that they have or load, and how each library is found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// Packages, then libraries.
    pub nodes: Vec<Node>,
    /// Who has, loads or needs what.
    pub edges: Vec<GraphEdge>,
}

/// A package or a library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// What it is called: a distribution's name, or a file's name.
    pub label: String,
    /// What it is.
    pub kind: NodeKind,
    /// The file; a package has none.
    pub path: Option<PathBuf>,
    /// The place of the package that has the file, in [`Graph::nodes`]; `None` for the system's.
    pub package: Option<usize>,
    /// The version of the package, or the SONAME of the library.
    pub detail: String,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// A distribution.
    Package,
    /// An extension module.
    Extension,
    /// A shared library of a distribution.
    Library,
    /// A shared library of the system or of the interpreter.
    System,
}

/// One arrow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GraphEdge {
    /// The place of its start in [`Graph::nodes`].
    pub from: usize,
    /// The place of its end.
    pub to: usize,
    /// How the library was found, such as `RUNPATH`; empty for what a package has.
    pub how: String,
    /// The package in whose import this arrow differs from the usual one, if it does: it got another's library.
    pub because_of: Option<usize>,
}
