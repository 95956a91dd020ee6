//! The order in which objects are relocated: dependencies first (`_dl_sort_maps_dfs` in `elf/dl-sort-maps.c`, the
//! default since glibc 2.35).
//!
//! It decides which of two definitions of a unique symbol is entered first, who takes static TLS first, and which error
//! is met first. Deliberately not here: the order before 2.35, which differs in loops only.

use crate::object::ObjectId;
use crate::process::Process;

/// `list` in an order in which everything stands before what it depends on; relocation goes from the end.
pub(crate) fn sorted(process: &Process, list: &[ObjectId]) -> Vec<ObjectId> {
    let mut visited = vec![false; process.len()];
    let mut after = Vec::with_capacity(list.len());
    for id in list.iter().rev() {
        visit(process, *id, &mut visited, &mut after);
    }
    after.reverse();
    // An object outside the list cannot be reached: the list is closed over dependencies.
    after
}

/// Depth first, without recursion: a chain of dependencies may be as long as there are files.
fn visit(process: &Process, id: ObjectId, visited: &mut [bool], after: &mut Vec<ObjectId>) {
    if std::mem::replace(&mut visited[id.index()], true) {
        return;
    }
    let mut path = vec![(id, 0)];
    while let Some((id, next)) = path.last_mut() {
        let dependencies = process.object(*id).dependencies.as_deref().unwrap_or_default();
        let Some(below) = dependencies.get(*next) else {
            after.push(*id);
            path.pop();
            continue;
        };
        *next += 1;
        // The program is never reached from what it depends on (`l_main_map`).
        if *below != ObjectId::PROGRAM && !std::mem::replace(&mut visited[below.index()], true) {
            path.push((*below, 0));
        }
    }
}
