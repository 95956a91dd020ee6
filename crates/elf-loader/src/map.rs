//! Adding a file to the process, and everything that it needs, breadth first (`_dl_map_object_from_fd` in
//! `elf/dl-load.c`, `_dl_map_object_deps` in `elf/dl-deps.c`).
//!
//! DT_AUXILIARY and DT_FILTER are not followed; no Python package has them. Deliberately not here: where a file is
//! found (`search`).

use std::sync::Arc;

use elf_facts::{Kind, Name};

use crate::error::{Failure, LoadError};
use crate::load::{Edge, Mode};
use crate::names;
use crate::object::{By, Found, Object, ObjectId, Role, Scope};
use crate::paths;
use crate::process::Process;
use crate::search::{Opened, search};

/// For whom a file is loaded.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// The object whose DT_NEEDED names it or, with `opens`, whose code calls `dlopen`.
    pub(crate) by: ObjectId,
    /// It is opened: who opened it does not become its loader (`__RTLD_CALLMAP`).
    pub(crate) opens: bool,
    /// Its role, and the mode of the `dlopen` in progress.
    pub(crate) role: Role,
    pub(crate) mode: Mode,
}

impl Process {
    /// The object for `name`: one that is there, or a new one.
    pub(crate) fn map(&mut self, name: &[u8], asked: Asked) -> Result<(ObjectId, Found), LoadError> {
        if let Some(id) = self.names.get(name) {
            return Ok((id, Found::AlreadyLoaded(names::matched(self.object(id), name))));
        }
        let needed_by = (!asked.opens).then(|| self.object(asked.by).path.clone());
        let fail = |object: Name, failure| LoadError { object, needed_by: needed_by.clone(), failure };
        let mut places = self.places;
        let opened = search(self, name, asked.by, &mut places);
        self.places = places;
        let opened = opened.map_err(|(object, failure)| fail(object, failure))?;
        if let Some(id) = self.names.file(opened.identity) {
            self.add_name(id, name);
            return Ok((id, Found::AlreadyLoaded(By::Inode)));
        }
        let head = &opened.library.facts.head;
        let failure = match () {
            () if head.kind == Kind::Program => Some(Failure::Executable),
            () if head.flags.pie => Some(Failure::PieExecutable),
            () if head.flags.no_open && asked.role == Role::Opened => Some(Failure::NotOpenable),
            () => None,
        };
        if let Some(failure) = failure {
            return Err(fail(Name::new(name), failure));
        }
        let found = opened.found;
        Ok((self.add(name, opened, asked), found))
    }

    /// `_dl_new_object`, and what follows it.
    fn add(&mut self, name: &[u8], opened: Opened, asked: Asked) -> ObjectId {
        let id = ObjectId(self.objects.len() as u32);
        let loader = (!asked.opens).then_some(asked.by);
        let mut top = loader.unwrap_or(id);
        while top != id
            && let Some(above) = self.object(top).loader
        {
            top = above;
        }
        let own = if top == ObjectId::PROGRAM { None } else { Some(Scope::Of(top)) };
        let mut scopes: Vec<Scope> = [Some(Scope::Global), own].into_iter().flatten().collect();
        if asked.mode.deep {
            scopes.reverse();
        } else if opened.library.facts.head.flags.symbolic {
            scopes.insert(0, Scope::Own);
        }
        let system = &self.system;
        let origin = paths::origin(&opened.path, system.working_folder.as_bytes());
        let head = &opened.library.facts.head;
        let folders = |list: &Option<Name>| match list {
            Some(list) => paths::folders(list.as_bytes(), b":", &origin, system),
            None => self.no_folders.clone(),
        };
        let runpath = folders(&head.runpath);
        // "If both RUNPATH and RPATH are given, the latter is ignored" (`elf_get_dynamic_info`).
        let rpath = if head.runpath.is_some() { self.no_folders.clone() } else { folders(&head.rpath) };
        let object = Object {
            path: Name::new(opened.path),
            found: opened.found,
            loader,
            role: asked.role,
            identity: Some(opened.identity),
            scopes,
            global: false,
            opened: 0,
            library: opened.library,
            names: vec![name.into()],
            origin,
            rpath,
            runpath,
            needed: None,
            search_list: None,
            dependencies: None,
            relocated: false,
            static_tls: false,
        };
        Arc::make_mut(&mut self.names).add(id, &object);
        Arc::make_mut(&mut self.objects).push(Arc::new(object));
        id
    }

    /// `add_name_to_object`.
    fn add_name(&mut self, id: ObjectId, name: &[u8]) {
        if !self.object(id).is_named(name) {
            let name: Arc<[u8]> = name.into();
            Arc::make_mut(&mut self.names).add_name(id, name.clone());
            self.change(id).names.push(name);
        }
    }

    /// Loads what `root` needs, and sets its search list: `root`, `preloads`, then breadth first.
    pub(crate) fn map_needed(
        &mut self,
        root: ObjectId,
        preloads: &[ObjectId],
        asked: Asked,
        edges: &mut Vec<Edge>,
    ) -> Result<(), LoadError> {
        let mut list = vec![root];
        list.extend(preloads);
        let mut listed = vec![false; self.objects.len()];
        list.iter().for_each(|id| listed[id.index()] = true);
        let mut at = 0;
        while let Some(id) = list.get(at).copied() {
            at += 1;
            let needed = self.needed_of(id, asked, edges)?;
            listed.resize(self.objects.len(), false);
            for below in needed.iter().flatten() {
                if !std::mem::replace(&mut listed[below.index()], true) {
                    list.push(*below);
                }
            }
            let object = self.object(id);
            if id != root && object.search_list.is_none() && object.dependencies.is_none() {
                let direct: Vec<_> = needed.iter().flatten().copied().collect();
                self.change(id).dependencies = Some(direct.into());
            }
        }
        self.change(root).search_list = Some(list.into());
        Ok(())
    }

    /// What the DT_NEEDED of `id` are, which are loaded the first time.
    fn needed_of(
        &mut self,
        id: ObjectId,
        asked: Asked,
        edges: &mut Vec<Edge>,
    ) -> Result<Arc<[Option<ObjectId>]>, LoadError> {
        // Nothing that is loaded goes away, so that a name matches the same object each time.
        if let Some(needed) = &self.object(id).needed {
            return Ok(needed.clone());
        }
        let library = self.object(id).library().clone();
        let mut needed = Vec::with_capacity(library.facts.head.needed.len());
        for (at, name) in library.facts.head.needed.iter().enumerate() {
            let expanded = match name.as_bytes().contains(&b'$') {
                true => paths::expand(name.as_bytes(), &self.object(id).origin, &self.system),
                false => Some(name.as_bytes().to_vec()),
            };
            let Some(expanded) = expanded else {
                needed.push(None);
                continue;
            };
            match self.map(&expanded, Asked { by: id, opens: false, ..asked }) {
                Ok((to, found)) => {
                    edges.push(Edge { from: Some(id), needed: at as u32, to, found });
                    needed.push(Some(to));
                }
                Err(error) => {
                    self.pass_over(id, at as u32, error)?;
                    needed.push(None);
                }
            }
        }
        let needed: Arc<[Option<ObjectId>]> = needed.into();
        self.change(id).needed = Some(needed.clone());
        Ok(needed)
    }
}
