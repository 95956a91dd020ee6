//! RECORD of a unit with copies: what verifies an installation by it (PEP 376, 627) finds the files that are there.
//!
//! Deliberately not here: hashes of files that are no copies, which are as they were.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use elf_isolate::Record;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// Writes hashes and sizes of the copies, and their new names, into the RECORD of the unit in `site`.
pub(super) fn update(site: &Path, record: &Record) -> Result<(), Failure> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| Failure::new(format!("could not write {}: {error}", path.display()))
    };
    let Some(file) = record_of(site) else { return Ok(()) };
    let copies: Vec<&Path> = record.copies.iter().map(|copy| copy.path.as_path()).collect();
    let claims = copies.par_iter().map(|path| {
        let whole = site.join(path);
        Ok((text(path), claim(&whole).map_err(failed(&whole))?))
    });
    let claims = claims.collect::<Result<BTreeMap<String, Claim>, Failure>>()?;
    let links = record.copies.iter().filter_map(|copy| {
        let link = copy.path.with_file_name(copy.name.as_ref()?);
        let is_link = fs::symlink_metadata(site.join(&link)).is_ok_and(|metadata| metadata.is_symlink());
        let claim = claims.get(&text(&copy.path)).filter(|_| is_link)?;
        Some((text(&link), claim.clone()))
    });
    let links: BTreeMap<String, Claim> = links.collect();
    let before = fs::read(&file).map_err(failed(&file))?;
    let after = rewritten(&before, &claims, &links).map_err(failed(&file))?;
    // It is a link to the original's, which is never written to.
    fs::remove_file(&file).and_then(|()| fs::write(&file, after)).map_err(failed(&file))?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).map_err(failed(&file))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The lines of a RECORD with other claims of some files, and lines for others at its end.
fn rewritten(
    before: &[u8],
    claims: &BTreeMap<String, Claim>,
    links: &BTreeMap<String, Claim>,
) -> io::Result<Vec<u8>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(before);
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in reader.byte_records() {
        let row = row?;
        let path = String::from_utf8_lossy(row.get(0).unwrap_or_default());
        match claims.get(&*path) {
            Some((hash, size)) => writer.write_record([&*path, hash, size])?,
            None if links.contains_key(&*path) => {}
            None => writer.write_byte_record(&row)?,
        }
    }
    for (path, (hash, size)) in links {
        writer.write_record([path, hash, size])?;
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

/// The RECORD of the distribution in `site`.
fn record_of(site: &Path) -> Option<PathBuf> {
    let infos = fs::read_dir(site).ok()?.flatten().map(|entry| entry.path());
    let mut infos = infos.filter(|path| path.extension().is_some_and(|extension| extension == "dist-info"));
    infos.find_map(|info| Some(info.join("RECORD")).filter(|record| record.is_file()))
}

/// What RECORD says of a file: `sha256=...`, and its size.
type Claim = (String, String);

fn claim(path: &Path) -> io::Result<Claim> {
    let (mut file, mut digest, mut size) = (fs::File::open(path)?, Sha256::new(), 0);
    let mut part = vec![0; 1 << 20];
    loop {
        match file.read(&mut part)? {
            0 => break,
            length => {
                digest.update(&part[..length]);
                size += length;
            }
        }
    }
    Ok((format!("sha256={}", BASE64URL_NOPAD.encode(&digest.finalize())), size.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_copies_are_others_and_the_rest_is_as_it_was() {
        let claim = |hash: &str| (hash.to_owned(), "7".to_owned());
        let claims = BTreeMap::from([("a,b.so".to_owned(), claim("sha256=new"))]);
        let links = BTreeMap::from([("a-1,b.so".to_owned(), claim("sha256=new"))]);
        let before = b"\"a,b.so\",sha256=old,5\nx.py,sha256=x,1\n../../bin/x,,\nd/RECORD,,\n";
        let after = "\"a,b.so\",sha256=new,7\nx.py,sha256=x,1\n../../bin/x,,\nd/RECORD,,\n\"a-1,b.so\",sha256=new,7\n";
        assert_eq!(String::from_utf8(rewritten(before, &claims, &links).unwrap()).unwrap(), after);
    }
}
