//! `pinfold.lock`: any text is a sentence that says what is wrong, or a lock with what everybody builds on.

use pinfold_core::lock::Lock;
use pinfold_core::units;

/// The data is the file.
pub fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lock = match Lock::parse(text) {
        Ok(lock) => lock,
        Err(reason) => return assert!(!reason.trim().is_empty(), "a refusal says why"),
    };
    let written = lock.to_toml().expect("what was read can be written");
    assert_eq!(Lock::parse(&written).as_ref(), Ok(&lock), "reading what was written gives the same");
    let members = units::memberships(&lock);
    let domains = units::domains(&lock, |id| id.as_str().len() % 2 == 0);
    for (id, closures) in &members {
        assert!(lock.unit(id).is_some(), "{id} is a unit");
        assert!(closures.iter().all(|name| lock.closures.iter().any(|c| c.name == *name)));
        let domain = domains.get(id).unwrap_or_else(|| panic!("{id} has no domain"));
        assert!(lock.closures.iter().any(|c| c.name == *domain), "{domain} is a closure");
    }
}
