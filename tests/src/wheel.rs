//! Small pure-Python wheels (PEP 427), so that a test needs no network.
//!
//! Deliberately not here: wheels that are wrong (`crates/wheelsplit` tries those) and compiled ones
//! (`tests/hook` makes those for each Python).

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

/// What goes into a wheel.
#[derive(Clone, Copy, Default)]
pub struct Wheel<'a> {
    /// The distribution's name, in normal form without dashes.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Lines of `Requires-Dist`.
    pub requires: &'a [&'a str],
    /// `entry_points.txt`.
    pub entry_points: &'a str,
    /// The text of its one module, `NAME.py`; when empty, one line that states the version.
    pub module: &'a str,
}

impl Wheel<'_> {
    /// Writes it into `folder`; equal content gives equal bytes.
    ///
    /// # Panics
    /// When the file cannot be written: then there is nothing to test.
    pub fn write(&self, folder: &Path) -> PathBuf {
        let Wheel { name, version, .. } = self;
        let info = format!("{name}-{version}.dist-info");
        let module = match self.module {
            "" => format!("VERSION = \"{version}\"\n"),
            module => module.to_owned(),
        };
        let mut metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        for requirement in self.requires {
            let _ = writeln!(metadata, "Requires-Dist: {requirement}");
        }
        let tags = "Wheel-Version: 1.0\nGenerator: pinfold-tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        let mut entries = vec![
            (format!("{name}.py"), module),
            (format!("{info}/METADATA"), metadata),
            (format!("{info}/WHEEL"), tags.to_owned()),
        ];
        if !self.entry_points.is_empty() {
            entries.push((format!("{info}/entry_points.txt"), self.entry_points.to_owned()));
        }
        let mut record = String::new();
        for (path, content) in &entries {
            // Unpadded, as RECORD has it (PEP 376).
            let digest = BASE64URL_NOPAD.encode(&Sha256::digest(content.as_bytes()));
            let _ = writeln!(record, "{path},sha256={digest},{}", content.len());
        }
        let _ = writeln!(record, "{info}/RECORD,,");
        entries.push((format!("{info}/RECORD"), record));
        let path = folder.join(format!("{name}-{version}-py3-none-any.whl"));
        pack(&path, &entries).unwrap_or_else(|e| panic!("could not write {}: {e}", path.display()));
        path
    }
}

fn pack(path: &Path, entries: &[(String, String)]) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    let mut archive = zip::ZipWriter::new(File::create(path)?);
    // The options' default time is 1980, not now.
    let options = SimpleFileOptions::default().unix_permissions(0o644);
    for (name, content) in entries {
        archive.start_file(name.as_str(), options)?;
        archive.write_all(content.as_bytes())?;
    }
    archive.finish()?;
    Ok(())
}
