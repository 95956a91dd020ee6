//! Wheels that we make ourselves get the same bytes from the same content: entries and the lines of RECORD sorted,
//! times and modes fixed, no folders.
//!
//! A source that is built twice, here and on another machine, then has one hash, unless its backend writes other
//! content. Deliberately not here: building, and any judgement about what is in a wheel (the rest of this crate checks
//! ours as it checks everybody's). Nothing is held in memory but names.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

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
        if is_record(&name) {
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            writer.write_all(&sorted(text))?;
        } else {
            io::copy(&mut file, &mut writer)?;
        }
    }
    writer.finish()?.sync_all()?;
    Ok(path)
}

/// The binary distribution format recommends the .dist-info last; RECORD comes last of all.
fn rank(name: &str) -> (bool, bool) {
    let info = name.split('/').next().is_some_and(|top| top.ends_with(".dist-info"));
    (info, is_record(name))
}

fn is_record(name: &str) -> bool {
    name.strip_suffix(".dist-info/RECORD").is_some_and(|stem| !stem.contains('/'))
}

/// The lines of RECORD in order. A name with a line break in it would be torn: such a RECORD stays as it is.
fn sorted(text: Vec<u8>) -> Vec<u8> {
    let Ok(lines) = std::str::from_utf8(&text) else { return text };
    if lines.lines().any(|line| line.matches('"').count() % 2 == 1) {
        return text;
    }
    let mut lines: Vec<&str> = lines.lines().filter(|line| !line.is_empty()).collect();
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
        assert_eq!(sorted(torn.clone()), torn);
        assert_eq!(sorted(b"b,,\n\"a,a\",,\n".to_vec()), b"\"a,a\",,\nb,,\n");
    }
}
