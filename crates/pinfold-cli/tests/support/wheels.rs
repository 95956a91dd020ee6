//! Wheel files of a few entries, with a RECORD that is right.
//!
//! Deliberately not here: the lock over them.

use std::io::Write;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

/// A wheel file with these requirements and files.
pub fn wheel_bytes(name: &str, version: &str, requires: &[&str], files: &[(&str, &str)]) -> Vec<u8> {
    wheel_with(name, version, &[], requires, files)
}

/// A wheel file with these extras, requirements and files.
pub fn wheel_with(
    name: &str,
    version: &str,
    extras: &[&str],
    requires: &[&str],
    files: &[(&str, &str)],
) -> Vec<u8> {
    let extras = extras.iter().map(|name| format!("Provides-Extra: {name}\n"));
    let requires = requires.iter().map(|text| format!("Requires-Dist: {text}\n"));
    let requires: String = extras.chain(requires).collect();
    let files = files.iter().map(|(path, text)| (*path, text.as_bytes()));
    packed(name, version, &requires, files)
}

/// A wheel file with these files, of any bytes.
pub fn wheel_of_bytes<'f>(
    name: &str,
    version: &str,
    files: impl Iterator<Item = (&'f str, &'f Vec<u8>)>,
) -> Vec<u8> {
    packed(name, version, "", files.map(|(path, bytes)| (path, bytes.as_slice())))
}

fn packed<'f>(
    name: &str,
    version: &str,
    headers: &str,
    files: impl Iterator<Item = (&'f str, &'f [u8])>,
) -> Vec<u8> {
    let dist_info = format!("{}-{version}.dist-info", name.replace('-', "_"));
    let mut all: Vec<(String, Vec<u8>)> =
        files.map(|(path, bytes)| (path.to_owned(), bytes.to_owned())).collect();
    all.push((
        format!("{dist_info}/METADATA"),
        format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{headers}").into_bytes(),
    ));
    all.push((
        format!("{dist_info}/WHEEL"),
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n".into(),
    ));
    let mut record: String = all
        .iter()
        .map(|(path, text)| {
            format!("{path},sha256={},{}\n", BASE64URL_NOPAD.encode(&Sha256::digest(text)), text.len())
        })
        .collect();
    record.push_str(&format!("{dist_info}/RECORD,,\n"));
    all.push((format!("{dist_info}/RECORD"), record.into_bytes()));
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, text) in &all {
        zip.start_file(path.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(text).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
