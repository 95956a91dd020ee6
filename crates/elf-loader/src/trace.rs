//! What a file needs, as far as it can be found: the loader's own tracing, which ldd(1) asks for
//! (LD_TRACE_LOADED_OBJECTS), goes on where something is missing, and so tells all that is.
//!
//! Deliberately not here: versions and symbols, which only what is loaded has.

use std::sync::Arc;

use elf_facts::Name;

use crate::error::LoadError;
use crate::load::{Edge, Load, Mode};
use crate::map::Asked;
use crate::object::{Found, ObjectId, Role};
use crate::process::Process;
use crate::search::Place;
use crate::system::System;

/// A need that nothing was loaded for.
#[derive(Clone, Debug)]
pub struct Unmet {
    /// The object that has it.
    pub from: ObjectId,
    /// Which of its DT_NEEDED.
    pub needed: u32,
    /// Why.
    pub error: LoadError,
    /// Where was looked, in order; nowhere for a name that is a path.
    pub looked: Vec<Looked>,
}

/// One list of folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// What has the list.
    pub by: Found,
    /// The folders, each with a slash at its end; none for `ld.so.cache`.
    pub folders: Vec<Name>,
}

impl Process {
    /// What `name` needs when code of `caller` opens it: as [`Process::dlopen`] loads it, and past what is not there. It
    /// stays loaded so far, and nothing is bound.
    pub fn trace(&mut self, name: &[u8], caller: ObjectId) -> (Load, Vec<Unmet>) {
        let mode = Mode::default();
        let asked = Asked { by: caller, opens: true, role: Role::Opened, mode };
        let mut load = self.new_load(ObjectId::PROGRAM);
        (self.places, self.unmet) = (0, Some(Vec::new()));
        load.result = self.map(name, asked).and_then(|(root, found)| {
            load.edges.push(Edge { from: None, needed: 0, to: root, found });
            self.map_needed(root, &[], asked, &mut load.edges)?;
            Ok(root)
        });
        load.objects = self.objects[load.first.index()..].to_vec();
        (load, self.unmet.take().unwrap_or_default())
    }

    /// What the program at `path`, as [`Process::start`] has it, needs.
    ///
    /// # Errors
    /// When the program itself or its loader cannot be loaded.
    pub fn trace_program(system: Arc<System>, path: &Name) -> Result<(Self, Load, Vec<Unmet>), LoadError> {
        let mut process = Self::bare(system, path)?;
        let program = ObjectId::PROGRAM;
        let asked = Asked { by: program, opens: false, role: Role::Startup, mode: Mode::default() };
        let mut load = process.new_load(program);
        load.first = program;
        process.unmet = Some(Vec::new());
        process.map_needed(program, &[], asked, &mut load.edges)?;
        load.objects = process.objects.to_vec();
        let unmet = process.unmet.take().unwrap_or_default();
        Ok((process, load, unmet))
    }

    /// Notes that nothing was loaded for a need of `from`, where that is asked for; else it is the end.
    pub(crate) fn pass_over(
        &mut self,
        from: ObjectId,
        needed: u32,
        error: LoadError,
    ) -> Result<(), LoadError> {
        if self.unmet.is_none() {
            return Err(error);
        }
        let path = error.object.as_bytes().contains(&b'/');
        let places = if path { Vec::new() } else { self.places_for(from) };
        let looked = places.into_iter().map(|place| match place {
            Place::Folders(folders, by) => {
                Looked { by, folders: folders.iter().map(|folder| Name::new(folder.clone())).collect() }
            }
            Place::Cache => Looked { by: Found::Cache, folders: Vec::new() },
        });
        let looked = looked.collect();
        self.unmet.get_or_insert_default().push(Unmet { from, needed, error, looked });
        Ok(())
    }
}
