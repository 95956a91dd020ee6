//! Wheels that we make ourselves get the same bytes from the same content: entries and the lines of RECORD sorted,
//! times and modes fixed, no folders, no version of the tool that made them. RECORD names every file.
//!
//! A source that is built twice, here and on another machine, then has one hash, unless its backend writes other
//! content. Deliberately not here: building, and any judgement about what is in a wheel (the rest of this crate checks
//! ours as it checks everybody's). Nothing is held in memory but names.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Writes the wheel file `wheel` anew into the folder `into`, under its own name.
///
/// # Errors
/// When it cannot be read as a zip archive or the new one not be written.
pub fn normalise(wheel: &Path, into: &Path) -> io::Result<PathBuf> {
    let mut archive = ZipArchive::new(File::open(wheel)?)?;
    let mut order = Vec::new();
    for i in 0..archive.len() {
        let file = archive.by_index_raw(i)?;
        if !file.is_dir() {
            order.push((file.name()?.into_owned(), i));
        }
    }
    order.sort_by(|(a, i), (b, j)| (rank(a), a, i).cmp(&(rank(b), b, j)));
    // A signature is over the very bytes of RECORD.
    let signed =
        order.iter().any(|(name, _)| is_metadata(name, "RECORD.jws") || is_metadata(name, "RECORD.p7s"));
    let listed = order.iter().find(|(name, _)| is_metadata(name, "RECORD")).map(|(_, i)| *i);
    let listed = listed.map(|i| named(archive.by_index(i)?)).transpose()?;
    // What RECORD says otherwise, or not at all.
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    let path = into.join(wheel.file_name().unwrap_or_default());
    let mut writer = ZipWriter::new(File::create(&path)?);
    for (name, i) in order {
        let mut file = archive.by_index(i)?;
        let executable = file.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .large_file(file.size() >= u64::from(u32::MAX))
            .unix_permissions(if executable { 0o755 } else { 0o644 });
        writer.start_file(name.as_str(), options)?;
        let (facts, record) = (is_metadata(&name, "WHEEL"), is_metadata(&name, "RECORD"));
        if signed || !(facts || record) {
            let mut hashed = Hashed { inner: &mut writer, hasher: Sha256::new(), size: 0 };
            io::copy(&mut file, &mut hashed)?;
            if listed.as_ref().is_some_and(|listed| !listed.contains(&name)) {
                lines.insert(name, hashed.claim());
            }
            continue;
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        if facts {
            text = without_version(text);
        } else {
            // Of itself it can say nothing more.
            if listed.as_ref().is_some_and(|listed| !listed.contains(&name)) {
                lines.insert(name.clone(), ",".to_owned());
            }
            text = recorded(text, std::mem::take(&mut lines));
        }
        let mut hashed = Hashed { inner: &mut writer, hasher: Sha256::new(), size: 0 };
        hashed.write_all(&text)?;
        if facts {
            lines.insert(name, hashed.claim());
        }
    }
    writer.finish()?.sync_all()?;
    Ok(path)
}

/// The binary distribution format recommends the .dist-info last; RECORD comes last of all.
fn rank(name: &str) -> (bool, bool) {
    let info = name.split('/').next().is_some_and(|top| top.ends_with(".dist-info"));
    (info, is_metadata(name, "RECORD"))
}

fn is_metadata(name: &str, file: &str) -> bool {
    let folder = name.strip_suffix(file).and_then(|rest| rest.strip_suffix(".dist-info/"));
    folder.is_some_and(|stem| !stem.contains('/'))
}

/// WHEEL with the name of what made it, without its version: another release of a build backend that makes the same
/// wheel should make the same bytes.
fn without_version(text: Vec<u8>) -> Vec<u8> {
    let Ok(lines) = std::str::from_utf8(&text) else { return text };
    let line = |line: &str| match line.strip_prefix("Generator:") {
        Some(generator) => {
            format!("Generator: {}\n", generator.split_whitespace().next().unwrap_or_default())
        }
        None => format!("{line}\n"),
    };
    lines.lines().map(line).collect::<String>().into_bytes()
}

/// The files that a RECORD names.
fn named(record: impl Read) -> io::Result<HashSet<String>> {
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(record);
    let names = reader.into_byte_records().map(|row| {
        let row = row.map_err(io::Error::other)?;
        Ok(String::from_utf8_lossy(row.get(0).unwrap_or_default()).into_owned())
    });
    names.collect()
}

/// RECORD with its lines in order: those of `lines` by these claims, which it may not have had. A name with a line break
/// in it would be torn: such a RECORD stays as it is.
fn recorded(text: Vec<u8>, mut claims: BTreeMap<String, String>) -> Vec<u8> {
    let Ok(given) = std::str::from_utf8(&text) else { return text };
    if given.lines().any(|line| line.matches('"').count() % 2 == 1) {
        return text;
    }
    let now = |line: &str| {
        let name = line.split(',').next().unwrap_or_default();
        claims.remove(name).map_or_else(|| line.to_owned(), |claim| format!("{name},{claim}"))
    };
    let mut lines: Vec<String> = given.lines().filter(|line| !line.is_empty()).map(now).collect();
    lines.extend(claims.iter().map(|(name, claim)| format!("{},{claim}", field(name))));
    lines.sort_unstable();
    lines.iter().flat_map(|line| [line.as_bytes(), b"\n"]).flatten().copied().collect()
}

/// A name as a field of a line (RFC 4180).
fn field(name: &str) -> Cow<'_, str> {
    let plain = !name.contains([',', '"', '\n', '\r']);
    if plain { name.into() } else { format!("\"{}\"", name.replace('"', "\"\"")).into() }
}

/// Counts and hashes what goes through it.
struct Hashed<W> {
    inner: W,
    hasher: Sha256,
    size: u64,
}

impl<W> Hashed<W> {
    /// What RECORD says of it: hash and size.
    fn claim(self) -> String {
        format!("sha256={},{}", BASE64URL_NOPAD.encode(&self.hasher.finalize()), self.size)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_the_times_and_the_modes_of_the_input_do_not_show() {
        let folder = tempfile::tempdir().unwrap();
        let name = "a-1-py2.py3-none-any.whl";
        let mut made = Vec::new();
        let records =
            ["a.py,,\nb.py,,\na-1.dist-info/RECORD,,\n", "b.py,,\r\na-1.dist-info/RECORD,,\r\na.py,,\r\n"];
        for (order, record) in [[0, 1, 2, 3], [3, 1, 2, 0]].into_iter().zip(records) {
            let files = [
                ("a.py", "x = 1\n"),
                ("b.py", ""),
                ("a-1.dist-info/WHEEL", ""),
                ("a-1.dist-info/RECORD", record),
            ];
            let [one, two] = ["given", "made"].map(|sub| folder.path().join(format!("{sub}{}", order[0])));
            std::fs::create_dir_all(&one).unwrap();
            std::fs::create_dir_all(&two).unwrap();
            let mut zip = ZipWriter::new(File::create(one.join(name)).unwrap());
            let time = zip::DateTime::from_date_and_time(2020 + order[0] as u16, 1, 1, 0, 0, 0).unwrap();
            let mode = if order[0] == 0 { 0o600 } else { 0o664 };
            zip.add_directory("empty/", SimpleFileOptions::default()).unwrap();
            for i in order {
                let options = SimpleFileOptions::default().last_modified_time(time).unix_permissions(mode);
                zip.start_file(files[i].0, options).unwrap();
                zip.write_all(files[i].1.as_bytes()).unwrap();
            }
            zip.finish().unwrap();
            made.push(std::fs::read(normalise(&one.join(name), &two).unwrap()).unwrap());
        }
        assert_eq!(made[0], made[1]);
    }

    #[test]
    fn a_record_that_cannot_be_taken_apart_by_lines_stays() {
        let torn = b"\"b\nb.py\",,\na.py,,\n".to_vec();
        assert_eq!(recorded(torn.clone(), BTreeMap::new()), torn);
        assert_eq!(recorded(b"b,,\n\"a,a\",,\n".to_vec(), BTreeMap::new()), b"\"a,a\",,\nb,,\n");
    }

    #[test]
    fn what_record_leaves_out_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let given = folder.path().join("a-1-py3-none-any.whl");
        let mut zip = ZipWriter::new(File::create(&given).unwrap());
        let files = [("a.py", "x = 1\n"), ("b,b.py", ""), ("a-1.dist-info/RECORD", "a.py,,\n")];
        for (name, text) in files {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        let out = folder.path().join("out");
        std::fs::create_dir(&out).unwrap();
        let mut archive = ZipArchive::new(File::open(normalise(&given, &out).unwrap()).unwrap()).unwrap();
        let mut text = String::new();
        archive.by_name("a-1.dist-info/RECORD").unwrap().read_to_string(&mut text).unwrap();
        let empty = BASE64URL_NOPAD.encode(&Sha256::digest(b""));
        assert_eq!(text, format!("\"b,b.py\",sha256={empty},0\na-1.dist-info/RECORD,,\na.py,,\n"));
    }

    #[test]
    fn the_version_of_what_made_it_does_not_show_and_is_recorded_so() {
        let folder = tempfile::tempdir().unwrap();
        let made = ["setuptools (79.0.1)", "setuptools (80.9.0)", "flit 3.9"].map(|generator| {
            let into = folder.path().join(generator);
            std::fs::create_dir_all(&into).unwrap();
            let given = into.join("a-1-py3-none-any.whl");
            let facts = format!("Wheel-Version: 1.0\nGenerator: {generator}\nTag: py3-none-any\n");
            let hash = BASE64URL_NOPAD.encode(&Sha256::digest(&facts));
            let record =
                format!("a-1.dist-info/WHEEL,sha256={hash},{}\na-1.dist-info/RECORD,,\n", facts.len());
            let mut zip = ZipWriter::new(File::create(&given).unwrap());
            for (name, text) in [("a-1.dist-info/WHEEL", &facts), ("a-1.dist-info/RECORD", &record)] {
                zip.start_file(name, SimpleFileOptions::default()).unwrap();
                zip.write_all(text.as_bytes()).unwrap();
            }
            zip.finish().unwrap();
            let out = into.join("out");
            std::fs::create_dir(&out).unwrap();
            normalise(&given, &out).unwrap()
        });
        let [one, two, other] = made.clone().map(|path| std::fs::read(path).unwrap());
        assert_eq!(one, two);
        assert_ne!(one, other);
        let mut archive = ZipArchive::new(File::open(&made[0]).unwrap()).unwrap();
        let mut read = |name: &str| {
            let mut text = String::new();
            archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            text
        };
        let facts = read("a-1.dist-info/WHEEL");
        assert_eq!(facts, "Wheel-Version: 1.0\nGenerator: setuptools\nTag: py3-none-any\n");
        let hash = BASE64URL_NOPAD.encode(&Sha256::digest(&facts));
        assert!(read("a-1.dist-info/RECORD").contains(&format!("WHEEL,sha256={hash},{}\n", facts.len())));
    }
}
