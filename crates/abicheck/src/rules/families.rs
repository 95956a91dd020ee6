//! The table of classes whose parts must come from one library (`families.toml`).
//!
//! Deliberately not here: who provides them.

use std::sync::OnceLock;

use serde::Deserialize;

/// One class.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Family {
    /// Its name.
    pub(super) name: String,
    /// What its members' mangled names start with.
    starts: Vec<String>,
    /// What the mangled names of those members start with that set an object up.
    sets_up: Vec<String>,
    /// Why it cannot be split.
    pub(super) reason: String,
}

impl Family {
    /// Whether the symbol is one of its members.
    pub(super) fn has(&self, symbol: &[u8]) -> bool {
        self.starts.iter().any(|start| symbol.starts_with(start.as_bytes()))
    }

    /// Whether the symbol is a member that sets an object up.
    pub(super) fn sets_up(&self, symbol: &[u8]) -> bool {
        self.sets_up.iter().any(|start| symbol.starts_with(start.as_bytes()))
    }
}

/// All of them.
pub(super) fn all() -> &'static [Family] {
    #[derive(Deserialize)]
    struct Table {
        family: Vec<Family>,
    }
    static ALL: OnceLock<Vec<Family>> = OnceLock::new();
    // The file is part of the program; a test reads it.
    ALL.get_or_init(|| {
        toml::from_str::<Table>(include_str!("families.toml")).map(|table| table.family).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn the_table_is_read() {
        let families = all();
        assert!(families.iter().any(|family| family.has(b"_ZNSt13random_device7_M_initERKSs")));
        assert!(
            families.iter().all(|family| !family.reason.is_empty() && !family.has(b"_ZNSt6thread4joinEv"))
        );
    }
}
