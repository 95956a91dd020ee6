//! `closure.json`: any text is an error or an environment that is the same when written and read again.

use pinfold_core::closure::Environment;

/// The data is the file.
pub fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(env) = Environment::parse(text) else { return };
    assert_eq!(
        Environment::parse(&env.to_json()).as_ref(),
        Ok(&env),
        "reading what was written gives the same"
    );
    super::resolver::answers(&env);
}
