//! Wheels that we make ourselves get the same bytes from the same content: entries and the lines of RECORD sorted,
//! times and modes fixed, no folders, no version of the tool that made them.
//!
//! A source that is built twice, here and on another machine, then has one hash, unless its backend writes other
//! content. Deliberately not here: building, and any judgement about what is in a wheel (the rest of this crate checks
//! ours as it checks everybody's). Nothing is held in memory but names.

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
    let mut changed: Option<(String, Vec<u8>)> = None;
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
            io::copy(&mut file, &mut writer)?;
            continue;
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        if facts {
            text = without_version(text);
            changed = Some((name, text.clone()));
        } else {
            text = recorded(text, changed.as_ref());
        }
        writer.write_all(&text)?;
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

/// RECORD with its lines in order, and that of the file that changed as it is now. A name with a line break in it would
/// be torn: such a RECORD stays as it is.
fn recorded(text: Vec<u8>, changed: Option<&(String, Vec<u8>)>) -> Vec<u8> {
    let Ok(lines) = std::str::from_utf8(&text) else { return text };
    if lines.lines().any(|line| line.matches('"').count() % 2 == 1) {
        return text;
    }
    let now = |line: &str| match changed {
        Some((name, bytes)) if line.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(',')) => {
            format!("{name},sha256={},{}", BASE64URL_NOPAD.encode(&Sha256::digest(bytes)), bytes.len())
        }
        _ => line.to_owned(),
    };
    let mut lines: Vec<String> = lines.lines().filter(|line| !line.is_empty()).map(now).collect();
    lines.sort_unstable();
    lines.iter().flat_map(|line| [line.as_bytes(), b"\n"]).flatten().copied().collect()
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
        assert_eq!(recorded(torn.clone(), None), torn);
        assert_eq!(recorded(b"b,,\n\"a,a\",,\n".to_vec(), None), b"\"a,a\",,\nb,,\n");
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
