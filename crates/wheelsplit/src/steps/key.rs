//! Keys: one hash over the named inputs of a step, and the inputs beside it, so that two keys can be compared.
//!
//! Deliberately not here: what the inputs are. Whoever names one decides that the step's result depends on it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Raised when the same inputs must no longer give the same result: when the engine itself builds otherwise.
const VERSION: u32 = 1;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// From a source to a wheel.
    Build,
    /// From a wheel to a folder of the store.
    Install,
    /// From an installed package, its closure and its tests to a verdict.
    Check,
}

impl Step {
    /// Its name, as keys, files and messages have it.
    pub fn name(self) -> &'static str {
        match self {
            Step::Build => "build",
            Step::Install => "install",
            Step::Check => "check",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that a step's result depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Input {
    /// What it is, `source`, `tool setuptools`, `env CFLAGS`: unique within a key.
    pub name: String,
    /// Its value, or a hash of it.
    pub value: String,
}

impl Input {
    /// The input `name` with this value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Input { name: name.into(), value: value.into() }
    }
}

/// The key of a step.
///
/// Invariant: `inputs` are sorted, and `digest` is the hash over the step and all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The step.
    pub step: Step,
    /// SHA-256, 64 hexadecimal digits.
    pub digest: String,
    /// What the step's result depends on.
    pub inputs: Vec<Input>,
}

/// An input that another key of the same step has otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The input's name.
    pub name: String,
    /// Its value before; `None` when there was no such input.
    pub before: Option<String>,
    /// Its value now; `None` when there is no such input any more.
    pub after: Option<String>,
}

impl Key {
    /// The key of `step` over these inputs, in whatever order they come.
    pub fn new(step: Step, inputs: impl IntoIterator<Item = Input>) -> Self {
        let mut inputs: Vec<Input> = inputs.into_iter().collect();
        inputs.sort();
        inputs.dedup();
        let mut hasher = Sha256::new();
        // Every part behind its length: no two lists of inputs are one text.
        let mut part = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        };
        part(&format!("pinfold {step} {VERSION}"));
        for input in &inputs {
            part(&input.name);
            part(&input.value);
        }
        let digest = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Key { step, digest, inputs }
    }

    /// The inputs that `before` had otherwise, by name; empty exactly when the two keys are equal.
    pub fn changes_since(&self, before: &Key) -> Vec<Change> {
        let table = |key: &Key| -> BTreeMap<String, String> {
            key.inputs.iter().map(|input| (input.name.clone(), input.value.clone())).collect()
        };
        let (old, new) = (table(before), table(self));
        let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
        names.sort();
        names.dedup();
        let change = |name: &String| {
            let (before, after) = (old.get(name).cloned(), new.get(name).cloned());
            (before != after).then(|| Change { name: name.clone(), before, after })
        };
        names.into_iter().filter_map(change).collect()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { name, before, after } = self;
        match (before, after) {
            (Some(before), Some(after)) => write!(f, "{name}: {} -> {}", short(before), short(after)),
            (None, Some(after)) => write!(f, "{name}: new, {}", short(after)),
            (Some(before), None) => write!(f, "{name}: gone, was {}", short(before)),
            (None, None) => f.write_str(name),
        }
    }
}

/// A value as a line can hold it: eight digits of a hash, the beginning of a long text.
fn short(value: &str) -> String {
    const LONGEST: usize = 60;
    let text = match value {
        "" => return "empty".to_owned(),
        hash if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            return hash.chars().take(8).collect();
        }
        // `1.2 HASH`, as wheels are given.
        text => match text.rsplit_once(' ') {
            Some((front, hash)) if hash.len() == 64 => format!("{front} ({})", short(hash)),
            _ => text.to_owned(),
        },
    };
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(inputs: &[(&str, &str)]) -> Key {
        Key::new(Step::Build, inputs.iter().map(|(name, value)| Input::new(*name, *value)))
    }

    #[test]
    fn a_key_depends_on_every_input_and_not_on_their_order() {
        let one = key(&[("source", "a"), ("env CC", "gcc")]);
        assert_eq!(one, key(&[("env CC", "gcc"), ("source", "a")]));
        let others = [
            key(&[("source", "b"), ("env CC", "gcc")]),
            key(&[("source", "a")]),
            key(&[("source", "a"), ("env CC", "")]),
            // The same letters, otherwise divided.
            key(&[("sourcea", ""), ("env CC", "gcc")]),
            Key::new(Step::Check, one.inputs.clone()),
        ];
        for other in others {
            assert_ne!(other.digest, one.digest, "{other:?}");
        }
    }

    #[test]
    fn what_changed_is_named_in_short() {
        let (old, new) = ("1".repeat(64), "2".repeat(64));
        let before = key(&[("source", &old), ("env CC", "gcc"), ("tool wheel", &format!("0.4 {old}"))]);
        let after = key(&[("source", &new), ("env CFLAGS", ""), ("tool wheel", &format!("0.4 {new}"))]);
        let said: Vec<String> = after.changes_since(&before).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "env CC: gone, was gcc",
                "env CFLAGS: new, empty",
                "source: 11111111 -> 22222222",
                "tool wheel: 0.4 (11111111) -> 0.4 (22222222)",
            ]
        );
        assert_eq!(after.changes_since(&after.clone()), []);
    }
}
