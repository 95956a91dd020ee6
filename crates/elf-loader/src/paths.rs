//! Lists of folders: splitting DT_RPATH, DT_RUNPATH and LD_LIBRARY_PATH, and what stands for `$ORIGIN`, `$LIB` and
//! `$PLATFORM` in them (ld.so(8), "Dynamic string tokens"; `_dl_dst_substitute` and `fillin_rpath` in `elf/dl-load.c`).
//!
//! Deliberately not here: what set-user-ID programs may not expand.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::system::System;

/// Folders in the order of a search, each with a slash at its end; an empty one is the working folder.
pub(crate) type Folders = Arc<[Box<[u8]>]>;

/// `path` without the detours that lists of folders make: `a/../a.libs` is `a.libs`.
pub fn straight(path: &Path) -> PathBuf {
    let mut made = PathBuf::new();
    for part in path.components() {
        let inside = matches!(made.components().next_back(), Some(Component::Normal(_)));
        if part == Component::ParentDir && inside {
            made.pop();
        } else {
            made.push(part);
        }
    }
    made
}

/// The folders of a list of an object in `origin`. `separators` are `:`, and for LD_LIBRARY_PATH `;` too.
pub(crate) fn folders(list: &[u8], separators: &[u8], origin: &[u8], system: &System) -> Folders {
    // An empty list is none; an empty element is the working folder.
    if list.is_empty() {
        return Folders::default();
    }
    let mut found: Vec<Box<[u8]>> = Vec::new();
    let mut known = HashSet::new();
    for element in list.split(|byte| separators.contains(byte)) {
        let Some(mut folder) = expand(element, origin, system) else { continue };
        if !element.is_empty() {
            while folder.len() > 1 && folder.ends_with(b"/") {
                folder.pop();
            }
            if folder.is_empty() {
                continue;
            }
            if !folder.ends_with(b"/") {
                folder.push(b'/');
            }
        }
        if known.insert(folder.clone()) {
            found.push(folder.into());
        }
    }
    found.into()
}

/// `text` with its tokens replaced; `None` where a token has no value, and the whole is left out.
pub(crate) fn expand(text: &[u8], origin: &[u8], system: &System) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'$' {
            out.push(*first);
            continue;
        }
        let tokens = [
            (&b"ORIGIN"[..], Some(origin)),
            (b"PLATFORM", system.platform.as_ref().map(|name| name.as_bytes())),
            (b"LIB", Some(system.lib.as_bytes())),
        ];
        match tokens.iter().find_map(|(name, value)| Some((token(after, name)?, *value))) {
            Some((length, value)) => {
                out.extend(value?);
                rest = &after[length..];
            }
            // A dollar that starts no token is a dollar.
            None => out.push(b'$'),
        }
    }
    Some(out)
}

/// The length of token `name` at the start of `text`, its braces included (`is_dst`).
fn token(text: &[u8], name: &[u8]) -> Option<usize> {
    if let Some(inner) = text.strip_prefix(b"{") {
        return inner.strip_prefix(name)?.starts_with(b"}").then_some(name.len() + 2);
    }
    let after = text.strip_prefix(name)?.first();
    let ends = !after.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    ends.then_some(name.len())
}

/// The folder of `path`, which is relative to `working_folder` unless absolute (`l_origin` in `elf/dl-object.c`).
pub(crate) fn origin(path: &[u8], working_folder: &[u8]) -> Arc<[u8]> {
    let mut whole = Vec::new();
    if !path.starts_with(b"/") {
        whole.extend(working_folder);
        if !working_folder.ends_with(b"/") {
            whole.push(b'/');
        }
    }
    whole.extend(path);
    let slash = whole.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    whole.truncate(slash.max(1));
    whole.into()
}

#[cfg(test)]
mod tests {
    use elf_facts::Name;

    use super::*;
    use crate::files::{Disk, FactsResult};

    fn system() -> System {
        let mut system =
            System::new(Disk(|_: &std::path::Path| -> FactsResult { unreachable!("no file is read") }));
        system.lib = Name::from("lib/multi");
        system
    }

    fn check(list: &str, expect: &[&str]) {
        let found = folders(list.as_bytes(), b":", b"/o", &system());
        let found: Vec<_> = found.iter().map(|folder| String::from_utf8_lossy(folder).into_owned()).collect();
        assert_eq!(found, expect, "{list}");
    }

    #[test]
    fn lists_are_split_and_tokens_replaced() {
        check("", &[]);
        check("$ORIGIN:/a//:/a", &["/o/", "/a/"]);
        check(":/b", &["", "/b/"]);
        check("${ORIGIN}/../$LIB", &["/o/../lib/multi/"]);
        check("/x/$PLATFORM:/y", &["/y/"]);
        check("$ORIGINAL:$", &["$ORIGINAL/", "$/"]);
        check("/", &["/"]);
    }

    #[test]
    fn an_origin_is_absolute_and_not_normalised() {
        let check = |path: &str, expect: &str| {
            assert_eq!(*origin(path.as_bytes(), b"/w"), *expect.as_bytes(), "{path}");
        };
        check("/a/../b/x.so", "/a/../b");
        check("x.so", "/w");
        check("./x.so", "/w/.");
        check("/x.so", "/");
    }
}
