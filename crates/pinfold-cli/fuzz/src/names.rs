//! Names: normal forms stay as they are, qualified names split where they were joined.

use pinfold_core::names::{UnitId, normalize, qualify, split_qualified, top};

/// The data is a name, a hash and a module, one a line.
pub fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (name, hash, module) = (next(), next(), next());
    let normal = normalize(name);
    assert_eq!(normalize(&normal), normal, "a normal form stays as it is");
    assert!(module.starts_with(top(module)));
    let _ = split_qualified(text);
    let id = UnitId::new(name, hash);
    // What `Environment::check` demands of an identifier.
    if id.is_well_formed() {
        let qualified = qualify(id.as_str(), module);
        assert_eq!(split_qualified(&qualified), Some((id.as_str(), module)), "{qualified}");
    }
}
