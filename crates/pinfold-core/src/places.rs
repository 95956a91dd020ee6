//! Where the user's store is: said by variables, found without looking.
//!
//! Deliberately not here: what is in it (wheelsplit), and whether it is there.

use std::path::PathBuf;

/// The user's store: `$PINFOLD_CACHE`, else `$XDG_CACHE_HOME/pinfold`, else `~/.cache/pinfold`; `None` when none of the
/// three variables is set to something usable. It may be relative only where `PINFOLD_CACHE` is.
pub fn store() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(root) = set("PINFOLD_CACHE") {
        return Some(root);
    }
    // The XDG specification has relative paths ignored.
    let cache = set("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let cache =
        cache.or_else(|| set("HOME").filter(|path| path.is_absolute()).map(|home| home.join(".cache")));
    Some(cache?.join("pinfold"))
}
