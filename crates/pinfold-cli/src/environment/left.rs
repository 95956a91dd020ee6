//! What libraries of their own do not mend: said by every command that comes to it, or refused.
//!
//! Where files of both sides cannot be edited, an environment would be made that is known to break, and somebody has to say
//! that this is known. The rest (symbols for everyone, thread-local data, names of the system) is told.
//! Deliberately not here: what breaks, and why it stays (abicheck).

use anyhow::anyhow;
use pinfold_core::closure::{Environment, Unit};
use pinfold_core::names::ROOT;
use wheelsplit::Left;

use crate::failure::hinted;
use crate::terminal;

/// A sentence for each.
pub fn sentences(left: &[Left]) -> Vec<String> {
    left.iter().map(|left| format!("{}: {}", left.title, left.why.join("; "))).collect()
}

/// Refuses what somebody has to decide.
///
/// # Errors
/// Where neither side's files can be edited, and no pin says that this is known.
pub fn refuse(environment: &Environment, left: &[Left]) -> anyhow::Result<()> {
    let refused: Vec<&Left> = left.iter().filter(|left| left.uneditable).collect();
    if refused.is_empty() {
        return Ok(());
    }
    let mut what =
        "packages of this environment break each other, and cannot get libraries of their own".to_owned();
    for left in &refused {
        what.push_str(&format!("\n  {}", left.title));
        left.why.iter().for_each(|why| what.push_str(&format!("\n    {why}")));
    }
    let mut known: Vec<String> = Vec::new();
    for unit in refused.iter().flat_map(|left| &left.units) {
        for pin in pins(environment, unit) {
            let known_by = format!("`native = \"shared\"` in [pins.{pin}]");
            if !known.contains(&known_by) {
                known.push(known_by);
            }
        }
    }
    known.push("`native = \"shared\"` at the top of pinfold.toml, or in [tool.pinfold]".to_owned());
    let hint = format!(
        "the environment is as it was. Install versions of both that bring the same library, or leave one of them out; {} makes the \
         environment as it is",
        known.join(", or ")
    );
    Err(hinted(anyhow!(what), hint))
}

/// The names of the pins by which the unit would be left as it is; none where root has it, too.
fn pins<'e>(environment: &'e Environment, unit: &str) -> Vec<&'e str> {
    let Some(unit) = environment.units.iter().find(|one| one.id.as_str() == unit) else { return Vec::new() };
    if unit.pin.is_some() {
        return vec![&unit.name];
    }
    let of = |closure: &str| {
        let is_its = |one: &&Unit| one.pin.as_ref().is_some_and(|pin| pin.closure == closure);
        environment.units.iter().find(is_its).map(|one| one.name.as_str())
    };
    match unit.closures.as_slice() {
        [only] if only != ROOT => of(only).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Warns of each.
pub fn warn(left: &[String]) {
    for what in left {
        terminal::warn(&format!("not isolated: {what}; `native = \"shared\"` says that this is known"));
    }
}
