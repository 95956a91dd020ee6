//! Says in a sentence why an importer may not use what is there.
//!
//! Deliberately not here: the decision ([`super`]).

use super::{Denial, Resolver, UnitIndex};

impl Resolver {
    /// A sentence for people that says why.
    pub fn explain(&self, denial: &Denial) -> String {
        let show =
            |unit: UnitIndex| format!("{} {}", self.env.units[unit].name, self.env.units[unit].version);
        match denial {
            Denial::Undeclared => {
                "it is neither its own nor declared, and its pin says `undeclared = \"deny\"`".to_owned()
            }
            Denial::Mixes { unit, ours, theirs } if unit == theirs => format!(
                "{} is there, but this importer sees {}, and two versions must not mix",
                show(*unit),
                show(*ours)
            ),
            Denial::Mixes { unit, ours, theirs } => format!(
                "{} is there, but it sees {} where this importer sees {}, and two versions must not mix",
                show(*unit),
                show(*theirs),
                show(*ours)
            ),
            Denial::Ambiguous(candidates) => {
                let list: Vec<String> = candidates
                    .iter()
                    .map(|(closure, unit)| {
                        format!("{} in closure `{}`", show(*unit), self.env.closures[*closure].name)
                    })
                    .collect();
                format!("several closures share this importer and answer differently: {}", list.join(", "))
            }
        }
    }
}
