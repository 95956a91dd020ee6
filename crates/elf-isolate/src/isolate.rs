//! Writing the copies: all of them or none, once.
//!
//! Deliberately not here: what is copied (`plan`), and whether it helps, which the caller looks at before it counts.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rayon::prelude::*;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::edit::edit;
use crate::error::IsolateError;
use crate::graph::{File, FileId, Graph};
use crate::plan::Plan;
use crate::record::{RECORD, Record};
use crate::rpath::{Places, relative};
use crate::tree::{self, Link};

/// What was done.
#[derive(Debug)]
pub struct Isolated {
    /// What the output has.
    pub record: Record,
    /// Whether it had that before.
    pub unchanged: bool,
}

/// Makes `out` a folder with the copies of `plan`, and the trees that they are in. `holds` looks at it before anybody
/// else does, under the name that it is given, and says what is wrong.
///
/// # Errors
/// When a file cannot be edited or written, or the copies do not hold; `out` is as it was then.
pub fn isolate(
    graph: &Graph,
    plan: &Plan,
    places: &Places,
    out: &Path,
    holds: &dyn Fn(&Path) -> Result<(), String>,
) -> Result<Isolated, IsolateError> {
    let record = Record::of(graph, plan, places);
    let is_there = fs::symlink_metadata(out).is_ok();
    if is_there {
        match Record::read(out) {
            Some(there) if there.key == record.key && has_all(&there, out) => {
                return Ok(Isolated { record, unchanged: true });
            }
            None if !is_empty(out) && !out.join(RECORD).is_file() => {
                return Err(IsolateError::Foreign { out: out.to_owned() });
            }
            _ => {}
        }
    }
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(IsolateError::io("make", parent))?;
    // Beside the output: one rename, and nobody sees less than all of it.
    let staged = tempfile::Builder::new()
        .prefix(".isolating-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir_in(parent)
        .map_err(IsolateError::io("make a folder in", parent))?;
    write(graph, plan, places, staged.path(), &Link::Symbolic, &|_| false)?;
    let text = staged.path().join(RECORD);
    fs::write(&text, record.to_json()).map_err(IsolateError::io("write", &text))?;
    holds(staged.path()).map_err(IsolateError::DoNotHold)?;
    if is_there {
        // What was there is removed with the temporary folder, whose name it has now.
        renameat_with(CWD, staged.path(), CWD, out, RenameFlags::EXCHANGE)
            .map_err(|error| IsolateError::io("replace", out)(error.into()))?;
    } else {
        fs::rename(staged.path(), out).map_err(IsolateError::io("make", out))?;
        // It has another name now: there is nothing left to remove.
        let _ = staged.keep();
    }
    Ok(Isolated { record, unchanged: false })
}

/// Whether all copies are there.
fn has_all(record: &Record, out: &Path) -> bool {
    record.copies.iter().all(|copy| out.join(&copy.path).is_file())
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// The trees that `plan` has copies in, and those with links into one of them.
pub fn rebuilt<'p>(graph: &Graph, plan: &Plan, places: &'p Places) -> BTreeSet<&'p Path> {
    let tree = |path: &Path| Some(places.tree_of(path)?.0);
    let mut rebuilt: BTreeSet<&Path> =
        plan.edits.keys().filter_map(|id| tree(&graph.files[*id].path)).collect();
    loop {
        let before = rebuilt.len();
        let into =
            |(at, to): (&Path, &Path)| tree(to).filter(|to| rebuilt.contains(to)).and_then(|_| tree(at));
        let more: Vec<&Path> = places.links.iter().filter_map(into).collect();
        rebuilt.extend(more);
        if rebuilt.len() == before {
            return rebuilt;
        }
    }
}

/// Writes the copies of `plan` into `out`, and the trees that they are in, of which the other files are made by `link`; not
/// what `is_there` says of a tree's place.
///
/// # Errors
/// When a file cannot be edited or written.
pub fn write(
    graph: &Graph,
    plan: &Plan,
    places: &Places,
    out: &Path,
    link: &Link<'_>,
    is_there: &dyn Fn(&Path) -> bool,
) -> Result<(), IsolateError> {
    let edited: BTreeSet<&Path> = plan.edits.keys().map(|id| graph.files[*id].path.as_path()).collect();
    let comes: BTreeSet<&Path> =
        plan.comes_to_copies(graph).into_iter().map(|id| graph.files[id].path.as_path()).collect();
    let rebuilt = rebuilt(graph, plan, places);
    // A link into a tree that is rebuilt leads to what that is rebuilt to.
    let leads = |at: &Path| {
        let target = places.links.target(at)?;
        let (tree, _) = places.tree_of(target)?;
        let from = places.of(at);
        rebuilt.contains(tree).then(|| relative(from.parent().unwrap_or(Path::new("")), &places.of(target)))
    };
    for (tree, place) in places.trees().filter(|(tree, place)| rebuilt.contains(tree) && !is_there(place)) {
        let below: BTreeSet<&Path> = edited.iter().copied().filter(|path| path.starts_with(tree)).collect();
        let place = out.join(place);
        fs::create_dir_all(&place).map_err(IsolateError::io("make", &place))?;
        tree::rebuild(tree, &place, &tree::Ways { edited: &below, comes: &comes, link, leads: &leads })?;
    }
    let ids: Vec<FileId> =
        plan.edits.keys().copied().filter(|id| !is_there(place_of(graph, places, *id))).collect();
    ids.par_iter().try_for_each(|id| copy(graph, plan, places, out, *id))
}

/// Whether [`write`] would write nothing.
pub fn is_whole(graph: &Graph, plan: &Plan, places: &Places, is_there: &dyn Fn(&Path) -> bool) -> bool {
    let rebuilt = rebuilt(graph, plan, places);
    places.trees().all(|(tree, place)| !rebuilt.contains(tree) || is_there(place))
        && plan.edits.keys().all(|id| is_there(place_of(graph, places, *id)))
}

/// The place of the tree that a file is in, or of what is in none.
fn place_of<'p>(graph: &Graph, places: &'p Places, id: FileId) -> &'p Path {
    places.tree_of(&graph.files[id].path).map_or(&places.outside, |(_, place)| place)
}

/// Whether it is this file that answers to its new name: a wheel has no links, so that one library may stand in a folder
/// under each of its names (`libx.so`, `libx.so.1`). That of its SONAME is the one that was loaded.
fn answers(graph: &Graph, plan: &Plan, id: FileId) -> bool {
    let (file, new) = (&graph.files[id], plan.new.get(&id));
    let key = |id: FileId| {
        let File { path, facts, .. } = &graph.files[id];
        let own = facts
            .head
            .soname
            .as_ref()
            .is_some_and(|soname| path.file_name() == Some(soname.as_path().as_os_str()));
        (!own, path)
    };
    let same = plan.new.keys().filter(|other| {
        plan.new.get(other) == new && graph.files[**other].path.parent() == file.path.parent()
    });
    same.copied().min_by_key(|other| key(*other)) == Some(id)
}

/// The copy of one file, and the link under its new name beside it: what opens it by its path finds it under the old.
fn copy(graph: &Graph, plan: &Plan, places: &Places, out: &Path, id: FileId) -> Result<(), IsolateError> {
    let file = &graph.files[id];
    let to = out.join(places.of(&file.path));
    let folder = to.parent().unwrap_or(out);
    fs::create_dir_all(folder).map_err(IsolateError::io("make", folder))?;
    edit(&file.path, &file.facts, &plan.edits[&id], &to)
        .map_err(|why| IsolateError::Edit { file: file.path.clone(), why })?;
    let own = plan.new.get(&id).filter(|_| answers(graph, plan, id));
    let aliases = plan.aliases.get(&id).into_iter().flatten().filter(|name| plan.new.get(&id) != Some(name));
    for new in own.into_iter().chain(aliases) {
        let link = folder.join(new.as_path());
        if link != to {
            let name = to.file_name().unwrap_or_default();
            symlink(name, &link).map_err(IsolateError::io("link", &link))?;
        }
    }
    Ok(())
}
