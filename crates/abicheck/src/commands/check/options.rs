//! The options of `abicheck INPUT...`.
//!
//! Deliberately not here: options that every command has (`cli`).

use std::path::{Path, PathBuf};

/// Options of the check.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// Virtual environments, site-packages folders, wheels, Nix store paths, or a closure.json [default: .venv here, or $VIRTUAL_ENV]
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// The interpreter that imports [default: the environment's own]
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    /// Look at this order only: names of distributions, such as numpy,scipy
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', conflicts_with = "script", value_parser = name)]
    pub order: Option<Vec<String>>,
    /// Look only at what this Python file imports, in its order
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,

    /// Run both orders of findings that name one, in subprocesses without network
    #[arg(long, help_heading = "Verification")]
    pub verify: bool,
    /// How long one run may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "verify", help_heading = "Verification", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub verify_timeout: u64,

    /// How the report is printed [default: by the name of --output, else text]
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Report")]
    pub output_format: Option<Format>,
    /// Write the report to a file; stdout gets nothing
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub output: Option<PathBuf>,
    /// Warnings count as errors do
    #[arg(long, help_heading = "Report")]
    pub strict: bool,

    /// This configuration [default: the nearest abicheck.toml or pyproject.toml with [tool.abicheck]]
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", help_heading = "Configuration")]
    pub config: Option<PathBuf>,
    /// No configuration
    #[arg(long, help_heading = "Configuration")]
    pub no_config: bool,
    /// Write what is found today to a file that the configuration can name as its baseline
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    pub write_baseline: Option<PathBuf>,
    /// Read every file anew, and keep nothing
    #[arg(long, help_heading = "Configuration")]
    pub no_cache: bool,
    /// What `abicheck facts` kept of a folder of the environment; used while its files are as they were
    #[arg(long, value_name = "OUT", help_heading = "Configuration")]
    pub facts: Vec<PathBuf>,
}

/// How the report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs; carries "version": 1
    Json,
    /// For code scanning, SARIF 2.1.0
    Sarif,
    /// A page with the graph of packages and libraries
    Html,
}

impl Options {
    /// The format that is asked for, or that the name of the output is known for.
    pub fn format(&self) -> Format {
        let extension =
            self.output.as_deref().and_then(Path::extension).and_then(|extension| extension.to_str());
        self.output_format.unwrap_or(match extension {
            Some("json") => Format::Json,
            Some("sarif") => Format::Sarif,
            Some("html" | "htm") => Format::Html,
            _ => Format::Text,
        })
    }
}

/// A name between the commas of `--order`.
fn name(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("a name is empty"),
        name => Ok(name.to_owned()),
    }
}
