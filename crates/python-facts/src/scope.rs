//! Names and what they stand for: of the module, and of each function that is being followed.
//!
//! A branch that may be taken or not is undone and joined with the others behind it; the journal tells how.
//! Deliberately not here: what assigns (`reader.rs`).

use std::collections::HashMap;

use crate::values::Value;

/// The names of one function that is being followed, or of the module.
#[derive(Default)]
pub(crate) struct Frame<'a> {
    id: usize,
    names: HashMap<&'a str, Value>,
    /// How many frames from the bottom it sees: those of the functions that it stands in.
    sees: usize,
    /// Names that `global` gives to the module.
    pub(crate) globals: Vec<&'a str>,
    /// What it returns.
    pub(crate) returns: Vec<Value>,
    /// What it yields.
    pub(crate) yields: Option<Vec<Value>>,
    /// It is a context manager whose body is still to run.
    pub(crate) manages: bool,
}

/// All names.
pub(crate) struct Scopes<'a> {
    /// The module's own first.
    frames: Vec<Frame<'a>>,
    next: usize,
    journal: Vec<(usize, &'a str, Option<Value>)>,
    /// How many branches are open.
    branches: usize,
}

/// What a branch assigned.
#[derive(Default)]
pub(crate) struct Branch<'a> {
    assigned: HashMap<(usize, &'a str), Option<Value>>,
}

impl<'a> Scopes<'a> {
    pub(crate) fn new() -> Self {
        Self { frames: vec![Frame::default()], next: 1, journal: Vec::new(), branches: 0 }
    }

    /// How many functions are being followed.
    pub(crate) fn depth(&self) -> usize {
        self.frames.len() - 1
    }

    /// Enters a function that stands in `inside` others.
    pub(crate) fn enter(&mut self, inside: usize) {
        let sees = inside.min(self.depth());
        self.frames.push(Frame { id: self.next, sees, ..Frame::default() });
        self.next += 1;
    }

    /// Leaves the function.
    pub(crate) fn leave(&mut self) -> Frame<'a> {
        match self.frames.len() {
            0 | 1 => Frame::default(),
            _ => self.frames.pop().unwrap_or_default(),
        }
    }

    /// The function that is being followed.
    pub(crate) fn top(&mut self) -> Option<&mut Frame<'a>> {
        if self.frames.len() > 1 { self.frames.last_mut() } else { None }
    }

    /// Takes the functions above `depth` away for a while.
    pub(crate) fn above(&mut self, depth: usize) -> Vec<Frame<'a>> {
        self.frames.split_off((depth + 1).min(self.frames.len()))
    }

    /// Puts them back.
    pub(crate) fn restore(&mut self, frames: Vec<Frame<'a>>) {
        self.frames.extend(frames);
    }

    /// What a name stands for.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let last = self.frames.last()?;
        let own = last.names.get(name);
        let outer = || self.frames[1..].iter().take(last.sees).rev().find_map(|frame| frame.names.get(name));
        own.or_else(outer).or_else(|| self.frames[0].names.get(name))
    }

    pub(crate) fn set(&mut self, name: &'a str, value: Value) {
        let last = self.frames.len() - 1;
        let at = if self.frames[last].globals.contains(&name) { 0 } else { last };
        let id = self.frames[at].id;
        self.assign(id, name, Some(value));
    }

    fn assign(&mut self, id: usize, name: &'a str, value: Option<Value>) {
        let Some(frame) = self.frames.iter_mut().rev().find(|frame| frame.id == id) else { return };
        let old = match value {
            Some(value) => frame.names.insert(name, value),
            None => frame.names.remove(name),
        };
        if self.branches > 0 {
            self.journal.push((id, name, old));
        }
    }

    /// What a name stands for that a function within assigns is not told.
    pub(crate) fn forget(&mut self, name: &'a str) {
        let inner = self.frames.len() - 1;
        let outer =
            self.frames[1.min(inner)..inner].iter().rev().find(|frame| frame.names.contains_key(name));
        if let Some(id) = outer.map(|frame| frame.id) {
            self.assign(id, name, Some(Value::Unknown));
        }
    }

    /// The names of the module.
    pub(crate) fn module(&self) -> impl Iterator<Item = (&'a str, &Value)> {
        self.frames[0].names.iter().map(|(name, value)| (*name, value))
    }

    /// Begins a branch; what [`Self::undo`] wants.
    pub(crate) fn branch(&mut self) -> usize {
        self.branches += 1;
        self.journal.len()
    }

    /// Ends a branch as if it had not been taken.
    pub(crate) fn undo(&mut self, mark: usize) -> Branch<'a> {
        let mut branch = Branch::default();
        for (id, name, old) in self.journal.split_off(mark).into_iter().rev() {
            let Some(frame) = self.frames.iter_mut().rev().find(|frame| frame.id == id) else { continue };
            let new = match old {
                Some(old) => frame.names.insert(name, old),
                None => frame.names.remove(name),
            };
            branch.assigned.entry((id, name)).or_insert(new);
        }
        self.branches = self.branches.saturating_sub(1);
        branch
    }

    /// Takes one branch after all.
    pub(crate) fn redo(&mut self, branch: &Branch<'a>) {
        for ((id, name), value) in &branch.assigned {
            self.assign(*id, name, value.clone());
        }
    }

    /// Takes one of `branches`, or, if `open`, none.
    pub(crate) fn join(&mut self, branches: &[Branch<'a>], open: bool) {
        let mut names: Vec<(usize, &'a str)> =
            branches.iter().flat_map(|branch| branch.assigned.keys().copied()).collect();
        names.sort_unstable();
        names.dedup();
        for (id, name) in names {
            let Some(frame) = self.frames.iter().rev().find(|frame| frame.id == id) else { continue };
            let current = frame.names.get(name);
            let of = |branch: &Branch<'a>| match branch.assigned.get(&(id, name)) {
                Some(value) => value.clone(),
                None => current.cloned(),
            };
            // A name that is not there in one of them is used after the others only.
            let values = branches.iter().filter_map(of).chain(current.filter(|_| open).cloned());
            let joint = Value::one_of(values.collect::<Vec<_>>());
            self.assign(id, name, Some(joint));
        }
    }
}
