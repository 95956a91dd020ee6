//! Whether copies do what their originals do: in the simulated loader, and in the real one.
//!
//! Deliberately not here: running any code of them. With LD_TRACE_LOADED_OBJECTS the loader maps a file with all that it
//! needs, past what is not there, checks versions, and runs nothing (ld.so(8); `--list` ends at the first that is not
//! there).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::analysis::Analysis;

/// The first module that a package could load alone, and cannot load alone any more.
pub fn breaks(before: &Analysis<'_>, after: &Analysis<'_>) -> Option<String> {
    let loads = |analysis: &Analysis<'_>| -> BTreeSet<(String, String)> {
        let mut loads = BTreeSet::new();
        for (package, run) in analysis.alone.iter().enumerate() {
            let done = run.openings.iter().filter(|opening| opening.load.result.is_ok());
            let modules = done.filter_map(|opening| opening.module.clone());
            loads.extend(modules.map(|module| (analysis.package_name(package).to_owned(), module)));
        }
        loads
    };
    let (could, can) = (loads(before), loads(after));
    let (package, module) = could.into_iter().find(|one| !can.contains(one))?;
    let run = after.alone.iter().flat_map(|run| &run.openings);
    let mut failed = run.filter(|opening| opening.module.as_deref() == Some(module.as_str()));
    let why = failed.find_map(|opening| opening.load.result.as_ref().err().map(ToString::to_string));
    Some(format!("{package} cannot load its module {module}: {}", why.unwrap_or_else(|| "it is gone".into())))
}

/// What the real loader `loader` says of the copy at `copy` that it does not say of the original. A library that no list
/// of its folders leads to, but that whoever opens it has loaded, is loaded first: `named` says where it is.
pub fn refused_by_the_loader(
    loader: &Path,
    original: &Path,
    copy: &Path,
    named: &BTreeMap<String, PathBuf>,
) -> Option<String> {
    let said_after = |path: &Path, first: &[&Path]| -> Result<BTreeSet<String>, std::io::Error> {
        let mut command = Command::new(loader);
        command.arg(path).env_clear().env("LD_TRACE_LOADED_OBJECTS", "1");
        if !first.is_empty() {
            let first: Vec<&OsStr> = first.iter().map(|path| path.as_os_str()).collect();
            command.env("LD_PRELOAD", first.join(OsStr::new(":")));
        }
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        let bad = |line: &&str| line.contains("not found") || line.contains("error while loading");
        let mut lines: BTreeSet<String> =
            text.lines().filter(bad).map(|line| line.trim().to_owned()).collect();
        if !output.status.success() && lines.is_empty() {
            lines.insert(format!("{} {}: {}", loader.display(), path.display(), output.status));
        }
        Ok(lines)
    };
    let said = |path: &Path, first: &[&Path]| {
        said_after(path, first).unwrap_or_else(|error| BTreeSet::from([error.to_string()]))
    };
    let mut copied = said(copy, &[]);
    let missing = copied.iter().filter_map(|line| named.get(line.split_once(" => ")?.0));
    let missing: Vec<&Path> = missing.map(PathBuf::as_path).collect();
    if !missing.is_empty() {
        copied = said(copy, &missing);
    }
    if copied.is_empty() {
        return None;
    }
    // What needs to be imported after something else misses that with or without other names.
    let before = said(original, &[]).len();
    (copied.len() > before).then(|| copied.into_iter().collect::<Vec<_>>().join("; "))
}
