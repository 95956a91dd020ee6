//! The generations that an environment has: what each is, and whether it can run.
//!
//! Deliberately not here: what differs between two of them ([`super::difference`]), and going back to one.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use pinfold_core::closure::Environment;

use super::gc;
use super::generation::{Stamp, contents};
use super::layout::{Found, Layout};
use crate::failure::{WithHint, hinted};

/// A generation.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Its number.
    pub number: u64,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether the environment's link leads to it.
    pub current: bool,
    /// Whether a process runs in it.
    pub in_use: bool,
    /// What it was made from; `None` where it cannot be read, or another version of Pinfold wrote it.
    pub stamp: Option<Stamp>,
}

/// The generations of an environment, ascending; there is one that is current.
///
/// # Errors
/// When there is no environment, or Pinfold did not make it.
pub fn list(layout: &Layout) -> Result<Vec<Generation>> {
    let current = current(layout)?;
    let generation = |number| {
        let folder = layout.generation(number);
        let (in_use, stamp) = (gc::in_use(&folder), Stamp::read(&folder));
        Generation { number, folder, current: number == current, in_use, stamp }
    };
    Ok(layout.generations().into_iter().map(generation).collect())
}

/// The number of the current generation, which may be gone.
///
/// # Errors
/// When there is no environment, or Pinfold did not make it.
pub fn current(layout: &Layout) -> Result<u64> {
    let link = layout.link.display();
    match layout.found()? {
        Found::Generation(number) => Ok(number),
        Found::Nothing => Err(hinted(
            anyhow!("there is no environment {link}, so it has no generations"),
            "`pinfold sync` makes it",
        )),
        Found::Foreign(what) => Err(hinted(
            anyhow!("{link} is {what}, and Pinfold did not make it: it has no generations"),
            "`--env PATH` names another environment; `pinfold sync --force` moves this one aside and makes one",
        )),
    }
}

/// Refuses a number that no generation has.
///
/// # Errors
/// Names those that there are.
pub fn must_exist(layout: &Layout, number: u64) -> Result<()> {
    let numbers = layout.generations();
    if numbers.contains(&number) {
        return Ok(());
    }
    let have: Vec<String> = numbers.iter().map(u64::to_string).collect();
    let have = if have.is_empty() { "none".to_owned() } else { have.join(", ") };
    Err(hinted(
        anyhow!("there is no generation {number} of {}; there are {have}", layout.link.display()),
        "`pinfold generations` shows them; the last five are kept, older ones are removed",
    ))
}

/// The model of generation `number`.
///
/// # Errors
/// When there is no such generation, or what it says cannot be read.
pub fn environment(layout: &Layout, number: u64) -> Result<Environment> {
    must_exist(layout, number)?;
    let path = layout.generation(number).join("closure.json");
    Environment::read(&path).map_err(anyhow::Error::from).with_hint(|| {
        format!("generation {number} is damaged, or another Pinfold made it; the others are not affected")
    })
}

/// The newest generation older than `number`.
pub fn before(layout: &Layout, number: u64) -> Option<u64> {
    layout.generations().into_iter().rev().find(|&other| other < number)
}

/// The newest generation older than `number` that is not the same but for its holds; where there is none, the newest.
pub fn different(layout: &Layout, number: u64) -> Option<u64> {
    let now = contents(&layout.generation(number));
    let older = layout.generations().into_iter().rev().filter(|&other| other < number);
    let mut older = older.skip_while(|other| now.is_some() && contents(&layout.generation(*other)) == now);
    older.next().or_else(|| before(layout, number))
}
