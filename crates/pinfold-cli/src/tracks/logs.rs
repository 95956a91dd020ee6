//! Logs of what is tried, one file for each trial, which is never written over: a hold names one as its proof.
//!
//! Deliberately not here: which logs are kept ([`super::switch`]).

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Logs, relative to the project.
pub const FOLDER: &str = ".pinfold/logs";

/// What is tried, as names of logs and of folders have it. No track's name has a dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A track.
    Track(&'a str),
    /// A part of a track.
    Part(&'a str),
    /// A track's gate, where nothing has moved.
    Now(&'a str),
    /// What moves together.
    Whole,
    /// Somebody is told.
    Notify,
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Track(track) => f.write_str(track),
            Subject::Part(track) => write!(f, "{track}.part"),
            Subject::Now(track) => write!(f, "{track}.now"),
            Subject::Whole => f.write_str("tracks.whole"),
            Subject::Notify => f.write_str("tracks.notify"),
        }
    }
}

/// A log that no other trial has, and where it is, relative to the project.
///
/// # Errors
/// When it cannot be written.
pub fn create(project: &Path, moment: &str, subject: Subject<'_>) -> Result<(String, File)> {
    let folder = project.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    let moment = moment.replace([':', '-'], "");
    let mut count = 1;
    loop {
        // A day that is played again has the same moment, and a whole is tried more than once.
        let again = if count == 1 { String::new() } else { format!("-{count}") };
        let shown = format!("{FOLDER}/{moment}-{subject}{again}.log");
        match File::create_new(project.join(&shown)) {
            Ok(file) => return Ok((shown, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => count += 1,
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("could not write {}", project.join(&shown).display()));
            }
        }
    }
}
