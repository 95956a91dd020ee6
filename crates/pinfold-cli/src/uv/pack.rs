//! Wheels that we make ourselves get the same bytes from the same content: entries sorted, times fixed.
//!
//! A folder that is built twice, here and on another machine, then has one hash. Deliberately not here: building,
//! and any judgement about what is in a wheel (wheelsplit checks ours as it checks everybody's).

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

struct Entry {
    name: String,
    executable: bool,
    content: Vec<u8>,
}

/// Writes the wheel file `wheel` anew into the folder `into`, under its own name.
///
/// # Errors
/// When it cannot be read as a zip archive or the new one not be written.
pub fn normalise(wheel: &Path, into: &Path) -> io::Result<PathBuf> {
    let mut archive = ZipArchive::new(File::open(wheel)?)?;
    let mut entries = Vec::new();
    for i in 0..archive.len() {
        let mut file = archive.by_index(i)?;
        if file.is_dir() {
            continue;
        }
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        let executable = file.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        entries.push(Entry { name: file.name()?.into_owned(), executable, content });
    }
    let name = wheel.file_name().unwrap_or_default();
    write(entries, &into.join(name))
}

/// Makes a wheel file of an unpacked wheel, in the folder `into`, with the name that its metadata says.
///
/// # Errors
/// When the tree is not that of a wheel, cannot be read, or the file not be written.
pub fn from_tree(tree: &Path, into: &Path) -> io::Result<PathBuf> {
    let mut entries = Vec::new();
    let mut dist_info = None;
    for entry in WalkDir::new(tree).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_dir() {
            continue;
        }
        let inner = entry.path().strip_prefix(tree).map_err(io::Error::other)?;
        let name =
            inner.to_str().ok_or_else(|| io::Error::other(format!("{} is not UTF-8", inner.display())))?;
        if let Some(folder) = name.strip_suffix("/WHEEL").filter(|folder| folder.ends_with(".dist-info")) {
            dist_info = Some(folder.to_owned());
        }
        let executable = executable(&entry.metadata()?);
        entries.push(Entry { name: name.to_owned(), executable, content: std::fs::read(entry.path())? });
    }
    let dist_info = dist_info.ok_or_else(|| io::Error::other("it has no .dist-info/WHEEL"))?;
    let facts = std::fs::read_to_string(tree.join(&dist_info).join("WHEEL"))?;
    let stem = dist_info.trim_end_matches(".dist-info");
    let file = format!("{stem}-{}.whl", compressed_tags(&facts));
    write(entries, &into.join(file))
}

fn executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

/// The `Tag:` lines as a file name has them (PEP 425, compressed tag sets).
fn compressed_tags(facts: &str) -> String {
    let mut parts: [Vec<&str>; 3] = Default::default();
    for tag in facts.lines().filter_map(|line| line.strip_prefix("Tag:")) {
        for (part, list) in tag.trim().splitn(3, '-').zip(&mut parts) {
            if !list.contains(&part) {
                list.push(part);
            }
        }
    }
    parts.map(|part| part.join(".")).join("-")
}

fn write(mut entries: Vec<Entry>, path: &Path) -> io::Result<PathBuf> {
    // The binary distribution format recommends the .dist-info last; RECORD last of all.
    let rank = |name: &str| {
        let info = name.split('/').next().is_some_and(|top| top.ends_with(".dist-info"));
        (info, info && name.ends_with("/RECORD"))
    };
    entries.sort_by(|a, b| (rank(&a.name), &a.name).cmp(&(rank(&b.name), &b.name)));
    let mut writer = ZipWriter::new(File::create(path)?);
    for entry in &entries {
        let mode = if entry.executable { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(mode);
        writer.start_file(entry.name.as_str(), options)?;
        writer.write_all(&entry.content)?;
    }
    writer.finish()?.sync_all()?;
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_and_the_times_of_the_input_do_not_show() {
        let folder = tempfile::tempdir().unwrap();
        let name = "a-1-py2.py3-none-any.whl";
        let facts = "Wheel-Version: 1.0\nTag: py2-none-any\nTag: py3-none-any\n";
        let files =
            [("a.py", "x = 1\n"), ("a-1.dist-info/WHEEL", facts), ("a-1.dist-info/RECORD", "a.py,,\n")];
        let mut made = Vec::new();
        for order in [[0, 1, 2], [2, 1, 0]] {
            let [one, two] = ["given", "made"].map(|sub| folder.path().join(format!("{sub}{}", order[0])));
            std::fs::create_dir_all(&one).unwrap();
            std::fs::create_dir_all(&two).unwrap();
            let mut zip = ZipWriter::new(File::create(one.join(name)).unwrap());
            for i in order {
                zip.start_file(files[i].0, SimpleFileOptions::default()).unwrap();
                zip.write_all(files[i].1.as_bytes()).unwrap();
            }
            zip.finish().unwrap();
            made.push(std::fs::read(normalise(&one.join(name), &two).unwrap()).unwrap());
        }
        assert_eq!(made[0], made[1]);
        let tree = folder.path().join("tree");
        std::fs::create_dir_all(tree.join("a-1.dist-info")).unwrap();
        for (path, content) in files {
            std::fs::write(tree.join(path), content).unwrap();
        }
        let packed = from_tree(&tree, folder.path()).unwrap();
        assert_eq!(packed.file_name().unwrap(), name);
        assert_eq!(std::fs::read(packed).unwrap(), made[0]);
    }
}
