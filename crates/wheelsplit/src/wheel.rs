//! A wheel that has been read and checked as far as that is possible without unpacking it.
//!
//! Deliberately not here: the hashes of its files, which are verified while they are written.

use crate::error::{Defect, Error};
use crate::facts::{Script, WheelFacts};
use crate::filename::{Tag, WheelName, identify, same_name, same_version};
use crate::headers::Headers;
use crate::install::Expected;
use crate::layout::Layout;
use crate::limits::Limits;
use crate::record::Record;
use crate::source::{Source, check_limits, read_small};
use crate::{entry_points, path};

/// What its metadata says, and where its files go.
pub(crate) struct Wheel {
    pub(crate) record: Record,
    pub(crate) layout: Layout,
    /// Facts, without those that only the unpacked files can tell.
    pub(crate) facts: WheelFacts,
}

impl Wheel {
    /// Reads the metadata of `source` and checks it against `expected` and the file's name.
    pub(crate) fn read(
        source: &dyn Source,
        expected: &Expected,
        name: Option<&WheelName>,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let fail = |defect| Error::wheel(source.path(), defect);
        check_limits(source, limits)?;
        let folder = dist_info(source).map_err(fail)?;
        let stem = folder.strip_suffix(".dist-info").unwrap_or(&folder);
        let layout = Layout::new(source.entries(), stem, limits.files).map_err(fail)?;
        let record = Record::parse(&need(source, &folder, "RECORD")?).map_err(fail)?;
        check_listed(source, &record).map_err(fail)?;
        let metadata = Headers::parse("METADATA", &need(source, &folder, "METADATA")?).map_err(fail)?;
        let wheel = Headers::parse("WHEEL", &need(source, &folder, "WHEEL")?).map_err(fail)?;
        let tags = wheel_tags(&wheel).map_err(fail)?;
        let mut facts = from_metadata(&metadata).map_err(fail)?;
        facts.dist_info.clone_from(&folder);
        check_identity(&facts, stem, expected, name, &tags).map_err(fail)?;
        let tags = if tags.is_empty() { name.map_or(Vec::new(), |n| n.tags.clone()) } else { tags };
        facts.tags = tags.iter().map(Tag::to_string).collect();
        (facts.console_scripts, facts.gui_scripts) = scripts(source, &folder)?;
        Ok(Wheel { record, layout, facts })
    }
}

/// Reads one file of a wheel's metadata, by its name, as an installation would, and keeps nothing of it.
///
/// # Errors
/// What is wrong with it.
pub fn check_metadata(file: &str, bytes: &[u8]) -> Result<(), Defect> {
    match file {
        "RECORD" => Record::parse(bytes).map(drop),
        "METADATA" => from_metadata(&Headers::parse(file, bytes)?).map(drop),
        "WHEEL" => wheel_tags(&Headers::parse(file, bytes)?).map(drop),
        "entry_points.txt" => entry_points::parse(bytes).map(drop),
        _ => Err(Defect::Shape(format!("`{file}` is not a file of a wheel's metadata"))),
    }
}

/// The one folder `*.dist-info` at the top.
fn dist_info(source: &dyn Source) -> Result<String, Defect> {
    let tops = source.entries().iter().filter_map(|e| e.path.split_once('/').map(|(top, _)| top));
    let mut found: Vec<&str> = tops.filter(|top| top.ends_with(".dist-info")).collect();
    found.sort_unstable();
    found.dedup();
    match found[..] {
        [one] => Ok(one.to_owned()),
        [] => Err(Defect::Shape("it has no `.dist-info` folder, so it is not a wheel".to_owned())),
        _ => Err(Defect::Shape(format!("it has more than one `.dist-info` folder: {}", found.join(", ")))),
    }
}

fn find(source: &dyn Source, folder: &str, file: &str) -> Option<usize> {
    let path = format!("{folder}/{file}");
    source.entries().iter().position(|e| e.path == path)
}

fn need(source: &dyn Source, folder: &str, file: &str) -> Result<Vec<u8>, Error> {
    let index = find(source, folder, file)
        .ok_or_else(|| Error::wheel(source.path(), Defect::Shape(format!("it has no `{folder}/{file}`"))))?;
    read_small(source, index)
}

/// Files that are listed and missing fail; files that are there and not listed are tolerated, as installers do.
fn check_listed(source: &dyn Source, record: &Record) -> Result<(), Defect> {
    let there: std::collections::HashSet<&str> = source.entries().iter().map(|e| e.path.as_str()).collect();
    let mut missing: Vec<&str> = record.listed().filter(|entry| !there.contains(entry)).collect();
    missing.sort_unstable();
    match missing.first() {
        None => Ok(()),
        Some(first) => {
            let reason = match missing.len() - 1 {
                0 => "the wheel has no such file".to_owned(),
                more => format!("the wheel has no such file (and {more} more)"),
            };
            Err(Defect::Record { entry: (*first).to_owned(), reason })
        }
    }
}

fn wheel_tags(wheel: &Headers) -> Result<Vec<Tag>, Defect> {
    let malformed = |reason: String| Defect::Metadata { file: "WHEEL".to_owned(), reason };
    let version = wheel.need("Wheel-Version")?;
    // PEP 427: a greater minor version is read all the same, a greater major version is not.
    if version.split('.').next() != Some("1") {
        return Err(malformed(format!(
            "its Wheel-Version is `{}`, this pinfold reads 1.x",
            path::shown(version)
        )));
    }
    let mut tags = Vec::new();
    for line in wheel.all("Tag") {
        tags.extend(
            Tag::expand(line).ok_or_else(|| malformed(format!("`{}` is not a tag", path::shown(line))))?,
        );
    }
    Ok(tags)
}

fn from_metadata(metadata: &Headers) -> Result<WheelFacts, Defect> {
    let all = |name: &str| metadata.all(name).map(str::to_owned).collect::<Vec<_>>();
    Ok(WheelFacts {
        name: metadata.need("Name")?.to_owned(),
        version: metadata.need("Version")?.to_owned(),
        requires_dist: all("Requires-Dist"),
        requires_python: metadata.get("Requires-Python").map(str::to_owned),
        provides_extra: all("Provides-Extra"),
        ..WheelFacts::default()
    })
}

/// Compares everything that names the wheel: what was asked for, METADATA, the folder's and the file's name.
fn check_identity(
    facts: &WheelFacts,
    stem: &str,
    expected: &Expected,
    name: Option<&WheelName>,
    tags: &[Tag],
) -> Result<(), Defect> {
    expected.identify(facts)?;
    if let Some(name) = name {
        name.identify(&facts.name, &facts.version)?;
        name.agree(tags)?;
    }
    let (name, version) = stem.split_once('-').unwrap_or((stem, ""));
    identify(".dist-info folder", "name", &facts.name, name, same_name)?;
    identify(".dist-info folder", "version", &facts.version, version, same_version)
}

fn scripts(source: &dyn Source, folder: &str) -> Result<(Vec<Script>, Vec<Script>), Error> {
    match find(source, folder, "entry_points.txt") {
        None => Ok(Default::default()),
        Some(index) => entry_points::parse(&read_small(source, index)?)
            .map_err(|defect| Error::wheel(source.path(), defect)),
    }
}
