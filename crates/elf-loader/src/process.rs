//! A process: what is loaded, in order, and `dlopen` (`dl_main` in `elf/rtld.c`, `_dl_open` in `elf/dl-open.c`).
//!
//! A clone costs little: different orders of opening share what they begin with.
//! Deliberately not here: `dlclose`, which CPython calls for no extension module.

use std::sync::Arc;

use elf_facts::Name;

use crate::error::{Failure, LoadError, Missing};
use crate::filter::Filter;
use crate::load::{Edge, Load, Mode};
use crate::map::Asked;
use crate::names::Names;
use crate::object::{By, Found, Object, ObjectId, Role, Scope};
use crate::order;
use crate::paths::{self, Folders};
use crate::system::System;
use crate::tls::StaticBlock;
use crate::trace::Unmet;
use crate::unique::Table;
use crate::versions;

/// One process under glibc's dynamic loader.
#[derive(Clone)]
pub struct Process {
    pub(crate) system: Arc<System>,
    pub(crate) objects: Arc<Vec<Arc<Object>>>,
    pub(crate) names: Arc<Names>,
    pub(crate) unique: Arc<Table>,
    /// The global scope.
    pub(crate) global: Arc<Vec<ObjectId>>,
    /// What the global scope defines.
    pub(crate) filter: Arc<Filter>,
    pub(crate) static_block: StaticBlock,
    pub(crate) library_path: Folders,
    pub(crate) default_folders: Folders,
    /// Places that were looked at since the load in progress began.
    pub(crate) places: usize,
    /// One empty list for all objects without a path of their own.
    pub(crate) no_folders: Folders,
    /// Needs that were passed over, where a load is traced.
    pub(crate) unmet: Option<Vec<Unmet>>,
}

/// A library of LD_PRELOAD that could not be loaded, which the loader says and goes on.
#[derive(Clone, Debug)]
pub struct Ignored {
    /// The name.
    pub name: Name,
    /// Why.
    pub error: LoadError,
}

impl Process {
    /// Starts the program at `path`, an absolute path without symbolic links, since `$ORIGIN` in a program is where
    /// its file really lies. Also returns what loading it did, and what LD_PRELOAD names in vain.
    pub fn start(system: Arc<System>, path: &Name) -> Result<(Self, Load, Vec<Ignored>), LoadError> {
        let mut process = Self::bare(system, path)?;
        let mut load = process.new_load(ObjectId::PROGRAM);
        load.first = ObjectId::PROGRAM;
        let ignored = process.load_program(&mut load)?;
        load.objects = process.objects.to_vec();
        Ok((process, load, ignored))
    }

    /// The program at `path` and its loader, and nothing that they need.
    pub(crate) fn bare(system: Arc<System>, path: &Name) -> Result<Self, LoadError> {
        let fail = |failure| LoadError { object: path.clone(), needed_by: None, failure };
        let read = |path: &Name| {
            let (_, read) = system.library(path.as_bytes()).ok_or(Failure::Missing(Missing::NoSuchFile))?;
            read.map_err(Failure::Unreadable)
        };
        let program = read(path).map_err(fail)?;
        let Some(interpreter) = program.facts.head.interpreter.clone() else {
            return Err(fail(Failure::Inconsistent(
                "the program is linked statically and loads nothing".to_owned(),
            )));
        };
        let loader = read(&interpreter).map_err(fail)?;
        let folders = |list: &[Name]| list.iter().map(|folder| folder.as_bytes().into()).collect();
        let origin = paths::origin(path.as_bytes(), system.working_folder.as_bytes());
        let list = |list: &Option<Name>| match list {
            Some(list) => paths::folders(list.as_bytes(), b":", &origin, &system),
            None => Folders::default(),
        };
        let head = &program.facts.head;
        let object = Object {
            path: path.clone(),
            found: Found::Program,
            loader: None,
            role: Role::Program,
            identity: None,
            scopes: vec![Scope::Global],
            global: true,
            opened: 0,
            rpath: if head.runpath.is_some() { Folders::default() } else { list(&head.rpath) },
            runpath: list(&head.runpath),
            library: program.clone(),
            names: vec![Arc::from(&b""[..])],
            origin: origin.clone(),
            needed: None,
            search_list: None,
            dependencies: None,
            relocated: false,
            static_tls: true,
        };
        let rtld = Object {
            path: interpreter.clone(),
            found: Found::Interpreter,
            role: Role::Startup,
            rpath: Folders::default(),
            runpath: Folders::default(),
            library: loader,
            names: vec![interpreter.as_bytes().into()],
            origin: paths::origin(interpreter.as_bytes(), b"/"),
            ..object.clone()
        };
        let library_path = match &system.library_path {
            Some(list) => paths::folders(list.as_bytes(), b":;", &origin, &system),
            None => Folders::default(),
        };
        let mut names = Names::default();
        names.add(ObjectId::PROGRAM, &object);
        names.add(ObjectId::LOADER, &rtld);
        Ok(Self {
            objects: Arc::new(vec![Arc::new(object), Arc::new(rtld)]),
            names: Arc::new(names),
            unique: Arc::default(),
            global: Arc::default(),
            filter: Arc::default(),
            static_block: StaticBlock::new(head.machine, system.static_tls, std::iter::empty()),
            library_path,
            default_folders: folders(&system.default_folders),
            places: 0,
            no_folders: Folders::default(),
            unmet: None,
            system,
        })
    }

    /// Everything of a start but the program and the loader.
    fn load_program(&mut self, load: &mut Load) -> Result<Vec<Ignored>, LoadError> {
        let program = ObjectId::PROGRAM;
        let asked = Asked { by: program, opens: false, role: Role::Startup, mode: Mode::default() };
        let (mut preloads, mut ignored) = (Vec::new(), Vec::new());
        for list in self.system.clone().preload.iter() {
            // ld.so(8): "the items can be separated by spaces or colons".
            let separated = list.as_bytes().split(|byte| b" :\t\n".contains(byte));
            for name in separated.filter(|name| !name.is_empty()) {
                let before = self.objects.len();
                match self.map(name, asked) {
                    Ok((id, _)) if self.objects.len() > before => {
                        self.change(id).found = Found::Preload;
                        preloads.push(id);
                    }
                    Ok(_) => {}
                    Err(error) => ignored.push(Ignored { name: Name::new(name), error }),
                }
            }
        }
        self.map_needed(program, &preloads, asked, &mut load.edges)?;
        let list = self.object(program).search_list.clone().unwrap_or_default();
        let everything: Vec<_> = (0..self.objects.len() as u32).map(ObjectId).collect();
        versions::check(&self.objects, &self.names, &everything)?;
        self.global = Arc::new(list.to_vec());
        self.filter = Arc::new(self.filter_of_global());
        let blocks = self.objects.iter().filter_map(|object| object.facts().head.tls);
        let machine = self.object(program).facts().head.machine;
        self.static_block =
            StaticBlock::new(machine, self.system.static_tls, blocks.filter(|tls| tls.size > 0));
        for id in everything {
            let object = self.change(id);
            object.static_tls = true;
            object.global = list.contains(&id);
        }
        let sorted = order::sorted(self, &list);
        self.change(program).dependencies = Some(sorted[1..].into());
        let lazy = !self.system.bind_now;
        // The loader itself comes last, if anything needs it (`rtld_multiple_ref`).
        let loader = sorted.iter().copied().filter(|id| *id == ObjectId::LOADER);
        let others = sorted.iter().rev().copied().filter(|id| *id != ObjectId::LOADER);
        for id in others.chain(loader) {
            self.relocate(id, lazy && id != ObjectId::LOADER, &mut load.bindings)?;
        }
        Ok(ignored)
    }

    /// `dlopen(3)` of `name` in `mode`, called by code of `caller`: CPython's own for extension modules (the program,
    /// or its libpython), `_ctypes` for `ctypes.CDLL`. Only names without a slash, and `$ORIGIN`, depend on it.
    ///
    /// What fails leaves the process as it was.
    pub fn dlopen(&mut self, name: &[u8], mode: Mode, caller: ObjectId) -> Load {
        let (objects, static_block) = (self.objects.clone(), self.static_block);
        let mut load = self.new_load(ObjectId::PROGRAM);
        self.places = 0;
        let result = self.open(name, mode, caller, &mut load);
        load.objects = self.objects[load.first.index()..].to_vec();
        if result.is_err() {
            self.fail_back(objects, static_block);
        }
        load.result = result;
        load
    }

    /// `dl_open_worker_begin`.
    fn open(
        &mut self,
        name: &[u8],
        mode: Mode,
        caller: ObjectId,
        load: &mut Load,
    ) -> Result<ObjectId, LoadError> {
        let asked = Asked { by: caller, opens: true, role: Role::Opened, mode };
        let (root, found) = self.map(name, asked)?;
        load.edges.push(Edge { from: None, needed: 0, to: root, found });
        self.change(root).opened += 1;
        if self.object(root).search_list.is_none() {
            self.map_needed(root, &[], asked, &mut load.edges)?;
            let new: Vec<_> = (load.first.0..self.objects.len() as u32).map(ObjectId).collect();
            versions::check(&self.objects, &self.names, &new)?;
            let list = self.object(root).search_list.clone().unwrap_or_default();
            let sorted = order::sorted(self, &list);
            self.change(root).dependencies = Some(sorted[1..].into());
            for id in sorted.iter().rev() {
                if !self.object(*id).relocated {
                    self.relocate(*id, mode.lazy && !self.system.bind_now, &mut load.bindings)?;
                }
            }
            // `update_scopes`: what was there before and is needed here may bind to this list later.
            for id in list.iter().filter(|id| **id < load.first) {
                let object = self.object(*id);
                if object.role == Role::Opened && !object.scopes.contains(&Scope::Of(root)) {
                    self.change(*id).scopes.push(Scope::Of(root));
                }
            }
        }
        if mode.global && !self.object(root).global {
            self.add_to_global(root);
        }
        Ok(root)
    }

    /// `add_to_global_update`. Constructors run before it, which may open more; nothing runs here.
    fn add_to_global(&mut self, root: ObjectId) {
        for id in self.object(root).search_list.clone().unwrap_or_default().iter() {
            self.make_global(*id);
        }
    }

    /// Adds one object to the global scope.
    pub(crate) fn make_global(&mut self, id: ObjectId) {
        if !self.object(id).global {
            self.change(id).global = true;
            Arc::make_mut(&mut self.global).push(id);
            let library = self.object(id).library().clone();
            if self.filter.has_room(&library.facts.definitions) {
                Arc::make_mut(&mut self.filter).insert(&library.facts.definitions);
            } else {
                self.filter = Arc::new(self.filter_of_global());
            }
        }
    }

    fn filter_of_global(&self) -> Filter {
        Filter::new(self.global.iter().map(|id| &**self.object(*id).facts()))
    }

    /// `_dl_close_worker` after a failure: what was new goes. What older objects got meanwhile stays: names, static TLS,
    /// entries in the table of unique symbols.
    fn fail_back(&mut self, objects: Arc<Vec<Arc<Object>>>, static_block: StaticBlock) {
        let failed = std::mem::replace(&mut self.objects, objects);
        let used = std::mem::replace(&mut self.static_block, static_block).used;
        for (after, id) in failed.iter().take(self.objects.len()).zip(0..) {
            let (id, names) = (ObjectId(id), self.object(ObjectId(id)).names.len());
            if after.names.len() > names {
                self.change(id).names.extend_from_slice(&after.names[names..]);
            }
            if after.static_tls && !self.object(id).static_tls {
                self.change(id).static_tls = true;
                self.static_block.used = used;
            }
        }
        let mut names = Names::default();
        self.objects().for_each(|(id, object)| names.add(id, object));
        self.names = Arc::new(names);
        let end = self.objects.len();
        if self.unique.values().flatten().any(|(object, _)| object.index() >= end) {
            let unique = Arc::make_mut(&mut self.unique);
            unique.values_mut().for_each(|places| places.retain(|(object, _)| object.index() < end));
        }
    }

    pub(crate) fn new_load(&self, root: ObjectId) -> Load {
        let first = ObjectId(self.objects.len() as u32);
        let (objects, edges, bindings) = (Vec::new(), Vec::new(), Vec::new());
        Load { result: Ok(root), first, objects, edges, bindings }
    }

    /// The object with id `id`, which this process or one that it was cloned from gave.
    pub fn object(&self, id: ObjectId) -> &Arc<Object> {
        &self.objects[id.index()]
    }

    pub(crate) fn change(&mut self, id: ObjectId) -> &mut Object {
        Arc::make_mut(&mut Arc::make_mut(&mut self.objects)[id.index()])
    }

    /// Everything that is loaded, in order: the program, the loader, then the rest.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = (ObjectId, &Arc<Object>)> {
        self.objects.iter().enumerate().map(|(at, object)| (ObjectId(at as u32), object))
    }

    /// Bytes of the static TLS block that libraries opened later may still take.
    pub fn static_tls_left(&self) -> u64 {
        self.static_block.left()
    }

    /// How many objects are loaded.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Never: a process has its program.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The global scope, in order.
    pub fn global_scope(&self) -> &[ObjectId] {
        &self.global
    }

    /// The objects of one scope of object `id`.
    pub fn scope(&self, id: ObjectId, scope: Scope) -> Vec<ObjectId> {
        match scope {
            Scope::Global => self.global.to_vec(),
            Scope::Own => vec![id],
            Scope::Of(root) => self.object(root).search_list.as_deref().unwrap_or_default().to_vec(),
        }
    }

    /// What is already loaded for `name`, and by what it matches; nothing is looked for.
    pub fn loaded(&self, name: &[u8]) -> Option<(ObjectId, By)> {
        let id = self.names.get(name)?;
        Some((id, crate::names::matched(self.object(id), name)))
    }

    /// The machine.
    pub fn system(&self) -> &Arc<System> {
        &self.system
    }
}
