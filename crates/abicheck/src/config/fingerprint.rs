//! What a finding is known by from run to run and from machine to machine.
//!
//! It survives what changes while the conflict stays: folders, hashes and version numbers in file names (`libfoo-1a2b3c4d.so.1.2`
//! is `libfoo.so`), the Python in an extension's name, how a package's name is spelled. It does not survive another rule,
//! package, library, symbol or order.
//! Deliberately not here: where fingerprints are kept.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use pinfold_core::names::normalize;
use sha2::{Digest, Sha256};

use crate::finding::Finding;

/// The fingerprint of `finding`: 32 hexadecimal digits.
pub fn fingerprint(finding: &Finding) -> String {
    let packages: BTreeSet<String> = finding.packages.iter().map(|name| bare(name)).collect();
    let order = finding.order.iter().flatten().map(|name| bare(name)).collect::<Vec<_>>();
    let libraries: BTreeSet<String> = finding
        .libraries
        .iter()
        .filter_map(|path| path.file_name())
        .map(|name| stem(&name.to_string_lossy()))
        .collect();
    let symbols: BTreeSet<String> = finding
        .symbols
        .iter()
        .map(|one| format!("{}@{}", one.name.as_deref().unwrap_or(""), one.version.as_deref().unwrap_or("")))
        .collect();
    let mut hash = Sha256::new();
    let parts: [Vec<String>; 4] = [
        packages.into_iter().collect(),
        order,
        libraries.into_iter().collect(),
        symbols.into_iter().collect(),
    ];
    hash.update(finding.code);
    for part in parts {
        // Separators that no name has: two lists never read like two others.
        hash.update([1]);
        for name in part {
            hash.update(name);
            hash.update([0]);
        }
    }
    HEXLOWER.encode(&hash.finalize()[..16])
}

/// A package's name, normalised, without the version that tells two of one name apart.
pub(crate) fn bare(name: &str) -> String {
    normalize(name.split_once("==").map_or(name, |(name, _)| name))
}

/// A file's name without what versions and builds put into it.
fn stem(name: &str) -> String {
    let Some(at) = name.find(".so") else { return name.to_owned() };
    let (mut stem, _) = name.split_at(at);
    // `_core.cpython-311-x86_64-linux-gnu`, `_core.abi3`
    for mark in [".cpython-", ".abi3", ".pypy"] {
        stem = stem.split_once(mark).map_or(stem, |(stem, _)| stem);
    }
    // `libfoo-1a2b3c4d`: what auditwheel appends; `libfoo-1.2.3`
    if let Some((before, after)) = stem.rsplit_once('-') {
        let hash = after.len() >= 6 && after.chars().all(|c| c.is_ascii_hexdigit());
        let version = !after.is_empty() && after.chars().all(|c| c.is_ascii_digit() || c == '.');
        if hash || version {
            stem = before;
        }
    }
    format!("{stem}.so")
}

#[cfg(test)]
mod tests {
    use super::{fingerprint, stem};
    use crate::report::sample;

    #[test]
    fn names_without_versions_and_builds() {
        for (name, expected) in [
            ("libhdf5_hl-123198ff.so.310.0.2", "libhdf5_hl.so"),
            ("_core.cpython-311-x86_64-linux-gnu.so", "_core.so"),
            ("_rust.abi3.so", "_rust.so"),
            ("libQt6Core.so.6", "libQt6Core.so"),
            ("libarrow-python.so", "libarrow-python.so"),
            ("libssl-1.1.so", "libssl.so"),
        ] {
            assert_eq!(stem(name), expected);
        }
    }

    #[test]
    fn it_survives_folders_and_versions_and_nothing_else() {
        let one = sample::order_dependent();
        let mut other = one.clone();
        other.libraries = vec!["elsewhere/libfoo-0badc0de.so.2.1".into()];
        other.packages = vec!["B==2.0".into(), "a".into()];
        other.title = "told in other words".into();
        assert_eq!(fingerprint(&one), fingerprint(&other));
        let changes: [fn(&mut crate::finding::Finding); 5] = [
            |finding| finding.code = "AB999",
            |finding| finding.packages.push("c".into()),
            |finding| finding.order = finding.order.clone().map(|order| order.into_iter().rev().collect()),
            |finding| finding.libraries.push("libbar.so.1".into()),
            |finding| finding.symbols[0].version = Some("FOO_3.0".into()),
        ];
        for change in changes {
            let mut other = one.clone();
            change(&mut other);
            assert_ne!(fingerprint(&one), fingerprint(&other), "{other:?}");
        }
    }
}
