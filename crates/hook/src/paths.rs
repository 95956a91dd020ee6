//! `sys.path` by who asks: which of its entries an importer sees, and searches.
//!
//! A folder that code of an attached world puts there is that world's, and nobody else finds anything in it; what
//! everybody else puts there is the host's. Deliberately not here: how Python code reads the list
//! (`pinfold._lists`), and what is found in a folder (`finder`).

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use pinfold_core::resolve::{Importer, UnitIndex};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::finder;
use crate::frames;
use crate::marks;
use crate::put;
use crate::state::{self, State};
use crate::views::asker;

/// Per folder that code of a world has put on `sys.path`: the worlds that did, by the pseudo-units that stand for
/// their code, and [`marks::ROOT`] where the host did too.
pub(crate) type Owners = HashMap<String, BTreeSet<usize>>;

pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    put(module, wrap_pyfunction!(seen_path, module)?)?;
    put(module, wrap_pyfunction!(path_changed, module)?)?;
    put(module, wrap_pyfunction!(is_abroad, module)?)?;
    put(module, wrap_pyfunction!(is_unit_folder, module)?)?;
    put(module, wrap_pyfunction!(is_site_packages, module)?)?;
    put(module, wrap_pyfunction!(site_packages, module)?)
}

/// The pseudo-unit of the world on whose side a unit runs now; `None` on the host's.
fn world(state: &State, unit: UnitIndex) -> Option<UnitIndex> {
    state.resolver.world_at(unit, || frames::stack(state)).map(|world| world.importer)
}

/// The same, for a unit that has its world's root closure for its own.
pub(crate) fn root_of_world(state: &State, unit: UnitIndex) -> Option<UnitIndex> {
    let world = state.resolver.world_at(unit, || frames::stack(state))?;
    (state.resolver.only_closure(unit) == Some(world.closures.start)).then_some(world.importer)
}

/// Whether a side, a world's or the host's, sees a folder that a world has put on `sys.path`; `None` for any other.
pub(crate) fn is_seen(state: &State, folder: &str, world: Option<UnitIndex>) -> Option<bool> {
    let owners = state.path_owners.borrow();
    Some(owners.get(folder)?.contains(&world.unwrap_or(marks::ROOT)))
}

/// Notes whose the entries are that whoever asks has just put on `sys.path` or taken from it.
#[pyfunction]
fn path_changed(before: Vec<Bound<'_, PyAny>>, after: Vec<Bound<'_, PyAny>>) {
    let Some((state, _, viewer)) = asker() else { return };
    let side = viewer.and_then(|unit| world(state, unit)).unwrap_or(marks::ROOT);
    let mut owners = state.path_owners.borrow_mut();
    if side == marks::ROOT && owners.is_empty() {
        return;
    }
    let mut counts: HashMap<String, (usize, usize)> = HashMap::new();
    let text = |entry: &Bound<'_, PyAny>| entry.extract::<String>().ok();
    before.iter().filter_map(text).for_each(|entry| counts.entry(entry).or_default().0 += 1);
    after.iter().filter_map(text).for_each(|entry| counts.entry(entry).or_default().1 += 1);
    for (entry, (before, after)) in counts {
        if after > before && state.unit_of_origin(&entry).is_none() {
            match owners.get_mut(&entry) {
                Some(sides) => {
                    sides.insert(side);
                }
                None if side == marks::ROOT => {}
                None if before > 0 => {
                    owners.insert(entry, [side, marks::ROOT].into());
                }
                None => {
                    owners.insert(entry, [side].into());
                }
            }
        } else if after < before && owners.contains_key(&entry) {
            let sides = owners.entry(entry.clone()).or_default();
            sides.remove(&side);
            // What only the host has left there is as any other.
            if after == 0 || sides.iter().all(|&side| side == marks::ROOT) {
                owners.remove(&entry);
            }
        }
    }
}

/// Whether whoever asks runs on an attached world's side.
#[pyfunction]
fn is_abroad() -> bool {
    asker().is_some_and(|(state, _, viewer)| viewer.is_some_and(|unit| world(state, unit).is_some()))
}

/// `sys.path` as an importer may search it: without other units' folders, which they put there for themselves,
/// and for a unit without root's site-packages. `None` where that is all of it.
pub(crate) fn search_path<'py>(
    py: Python<'py>,
    state: &State,
    importer: Importer,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let viewer = state.resolver.own_view(importer);
    let units = &state.resolver.env().units;
    let world = viewer.and_then(|unit| world(state, unit));
    let kept = PyList::empty(py);
    let path = finder::sys_path(py)?;
    for entry in path.iter() {
        let text = entry.extract::<&str>().unwrap_or_default();
        let allowed = match (state.unit_of_origin(text), viewer) {
            (Some(owner), Some(unit)) => units[owner].path == units[unit].path,
            (Some(owner), None) => state.resolver.in_root(owner),
            (None, _) => match (is_seen(state, text, world), viewer) {
                (Some(seen), _) => seen,
                (None, Some(_)) if world.is_some() => state.is_stdlib_folder(text),
                (None, Some(_)) => !state.is_in_site_packages(text),
                (None, None) => true,
            },
        };
        if allowed {
            kept.append(entry)?;
        }
    }
    Ok((kept.len() < path.len()).then(|| kept.into_any()))
}

/// `path` without the environment's own site-packages, where root's view stands.
pub(crate) fn without_site_packages<'py>(
    py: Python<'py>,
    state: &State,
    path: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let kept = PyList::empty(py);
    for entry in finder::list(path)?.iter() {
        if !entry.extract::<&str>().is_ok_and(|text| state.is_in_site_packages(text)) {
            kept.append(entry)?;
        }
    }
    Ok(kept.into_any())
}

/// Whether an entry of `sys.path` is a folder of a unit's own that it put there: inside its folder, not the folder
/// itself.
pub(crate) fn is_own_folder(state: &State, unit: UnitIndex, entry: &str) -> bool {
    let units = &state.resolver.env().units;
    Path::new(entry) != units[unit].path
        && state.unit_of_origin(entry).is_some_and(|owner| units[owner].path == units[unit].path)
}

/// Whether a unit has put folders of its own on `sys.path`.
pub(crate) fn has_own_folders(py: Python<'_>, state: &State, unit: UnitIndex) -> PyResult<bool> {
    for entry in finder::sys_path(py)?.iter() {
        if entry.extract::<&str>().is_ok_and(|text| is_own_folder(state, unit, text)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An entry that the asker sees, and where it stands in the list.
type Placed<'py> = (Bound<'py, PyAny>, usize);

/// What whoever asks sees of `sys.path`, and where each of it stands in `entries`; `None` where that is all.
///
/// Other worlds' folders, which they put there for themselves, are left out. A unit with a view of its own has
/// the folders of its distributions where root has `site-packages`.
#[pyfunction]
fn seen_path<'py>(entries: &Bound<'py, PyList>) -> PyResult<Option<Vec<Placed<'py>>>> {
    let Some((state, importer, viewer)) = asker() else { return Ok(None) };
    let units = &state.resolver.env().units;
    let world = viewer.and_then(|unit| world(state, unit));
    let mut seen = Vec::new();
    let mut changed = false;
    let mut listed = false;
    for (position, entry) in entries.iter().enumerate() {
        let text = entry.extract::<&str>().unwrap_or_default();
        let kept = match (state.unit_of_origin(text), viewer) {
            (Some(owner), Some(unit)) => units[owner].path == units[unit].path,
            (Some(owner), None) => state.resolver.in_root(owner),
            (None, _) => is_seen(state, text, world).unwrap_or_else(|| {
                // An attached world has nothing of root's folders.
                world.is_none() || is_site_packages(text) || state.is_stdlib_folder(text)
            }),
        };
        if viewer.is_some() && kept && is_site_packages(text) {
            changed = true;
            if !listed {
                listed = true;
                for unit in state.resolver.distributions(importer, &frames::stack(state)) {
                    let folder = units[unit].path.to_string_lossy();
                    seen.push((folder.into_pyobject(entry.py())?.into_any(), position));
                }
            }
        } else if kept {
            seen.push((entry, position));
        } else {
            changed = true;
        }
    }
    Ok(changed.then_some(seen))
}

/// Whether an entry of `sys.path` is the folder that a unit's modules stand in.
#[pyfunction]
fn is_unit_folder(entry: &str) -> bool {
    let Some(state) = state::get() else { return false };
    state.unit_of_path(entry).is_some_and(|unit| state.resolver.env().units[unit].path.as_os_str() == entry)
}

/// Whether an entry of `sys.path` is the environment's `site-packages`, however it is spelt.
#[pyfunction]
fn is_site_packages(entry: &str) -> bool {
    state::get().is_some_and(|state| !entry.is_empty() && state.is_in_site_packages(entry))
}

/// The environment's `site-packages`.
#[pyfunction]
fn site_packages() -> Option<String> {
    Some(state::get()?.site_packages.to_string_lossy().into_owned())
}
