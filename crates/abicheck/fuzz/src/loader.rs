//! The simulated loader: a process of files that say anything starts or fails, opens or fails, and ends; what it
//! answers points at what is there, and a second process answers the same.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use elf_facts::Name;
use elf_loader::{FactsResult, Files, Identity, Load, Mode, ObjectId, Process, Seen, System};
use tempfile::TempDir;

use super::writer::{Image, Symbol};

/// The data describes a program, its loader and libraries, and what is opened in which order.
pub fn holds(data: &[u8]) {
    let Ok(machine) = Machine::new(&mut Unstructured::new(data)) else { return };
    let first = machine.run();
    assert_eq!(machine.run(), first, "another run answers otherwise");
}

/// Files in memory.
#[derive(Clone, Default)]
struct Memory(HashMap<&'static str, (Seen, Option<FactsResult>)>);

impl Files for Memory {
    fn look(&self, path: &Path) -> Seen {
        let known = path.to_str().and_then(|path| self.0.get(path));
        known.map_or(Seen::Nothing, |(seen, _)| *seen)
    }

    fn facts(&self, path: &Path, _: Identity) -> FactsResult {
        let known = path.to_str().and_then(|path| self.0.get(path)).and_then(|(_, facts)| facts.clone());
        known.expect("only files that were seen are asked for")
    }
}

struct Machine {
    files: Memory,
    library_path: Option<String>,
    preload: Option<String>,
    opened: Vec<(&'static str, Mode)>,
}

/// Where files may be.
const PATHS: [&str; 9] =
    ["/ld.so", "/l/a.so", "/l/b.so", "/l/c.so", "/l/hw/a.so", "/m/a.so", "/m/b.so", "/m/d.so", "/e.so"];
/// What they are asked for by.
const NAMES: [&str; 12] = [
    "a.so",
    "b.so",
    "c.so",
    "d.so",
    "/ld.so",
    "ld.so",
    "/m/a.so",
    "$ORIGIN/b.so",
    "./e.so",
    "",
    "/l",
    "${LIB}/a.so",
];
const LISTS: [&str; 8] =
    ["/l", "/m", "$ORIGIN", "/l:/m", "$ORIGIN/../m:", "/e.so:/l", "$PLATFORM/x:$LIB", "/none"];
const SYMBOLS: [&str; 5] = ["f", "g", "h", "environ", "_Zf"];
const VERSIONS: [&str; 4] = ["V1", "V2", "V1", "LIB_3"];

impl Machine {
    fn new(data: &mut Unstructured<'_>) -> Result<Self> {
        let mut files = Memory::default();
        let folder = |inode| Seen::Folder(Identity { device: 1, inode });
        for (path, inode) in
            [("/", 1), ("/l", 2), ("/l/", 2), ("/m", 3), ("/m/", 3), ("/l/hw", 4), ("/l/hw/", 4)]
        {
            files.0.insert(path, (folder(inode), None));
        }
        let program = Image { interpreter: Some("/ld.so".to_owned()), ..image(data)? };
        let kind = if data.ratio(1, 2)? { 2 } else { 3 };
        add(&mut files, "/p", 100, &Image { kind, ..program }.bytes());
        for (path, inode) in PATHS.into_iter().zip(101..) {
            if path != "/ld.so" && data.ratio(1, 3)? {
                continue;
            }
            let mut bytes = image(data)?.bytes();
            if data.ratio(1, 4)? {
                for _ in 0..data.int_in_range(1..=4)? {
                    let at = data.int_in_range(0..=bytes.len() - 1)?;
                    bytes[at] = data.arbitrary()?;
                }
            }
            // Links: two paths to one file.
            let inode = if data.ratio(1, 8)? { inode - 1 } else { inode };
            add(&mut files, path, inode, &bytes);
        }
        let list = |data: &mut Unstructured<'_>, from: &[&str]| -> Result<Option<String>> {
            Ok(if data.ratio(1, 3)? { Some((*data.choose(from)?).to_owned()) } else { None })
        };
        let library_path = list(data, &LISTS)?;
        let preload = list(data, &NAMES)?;
        let mut opened = Vec::new();
        for _ in 0..data.int_in_range(1..=6)? {
            let mode = Mode { global: data.ratio(1, 4)?, lazy: data.ratio(1, 4)?, deep: data.ratio(1, 8)? };
            opened.push((*data.choose(&NAMES)?, mode));
        }
        Ok(Self { files, library_path, preload, opened })
    }

    /// Starts and opens; says what came of it.
    fn run(&self) -> Vec<String> {
        let mut system = System::new(self.files.clone());
        system.default_folders = vec![Name::from("/l/")];
        system.subfolders = vec![Name::from("hw/")];
        system.library_path = self.library_path.as_deref().map(Name::from);
        system.preload = self.preload.as_deref().map(Name::from).into_iter().collect();
        let mut said = Vec::new();
        let (mut process, load, ignored) = match Process::start(Arc::new(system), &Name::from("/p")) {
            Ok(started) => started,
            Err(error) => {
                assert!(error.messages().iter().all(|message| !message.is_empty()));
                return vec![error.to_string()];
            }
        };
        said.push(format!("{} ignored {:?}", check(&process, &load), ignored));
        for (name, mode) in &self.opened {
            let before = process.len();
            let (other, _) = process.clone().trace(name.as_bytes(), ObjectId::PROGRAM);
            let load = process.dlopen(name.as_bytes(), *mode, ObjectId::PROGRAM);
            said.push(check(&process, &load));
            match &load.result {
                Ok(id) => {
                    assert!(id.index() < process.len());
                    assert_eq!(
                        other.result.as_ref().ok(),
                        Some(id),
                        "looking nothing up finds the same files"
                    );
                    assert_eq!(other.edges, load.edges);
                    assert!(!process.bindings_now(*id).iter().any(|binding| binding.from != *id));
                }
                Err(error) => {
                    assert_eq!(process.len(), before, "a failure leaves nothing: {error}");
                    assert!(error.messages().iter().all(|message| !message.is_empty()));
                }
            }
        }
        said
    }
}

/// Everything of a load points at something; as text, to be compared.
fn check(process: &Process, load: &Load) -> String {
    let count = load.first.index() + load.objects.len();
    for edge in &load.edges {
        assert!(edge.to.index() < count && edge.from.is_none_or(|from| from.index() < count));
    }
    for binding in &load.bindings {
        let asked = load.reference(process, binding).expect("the reference is there");
        let found = load.definition(process, binding).expect("the definition is there");
        let name = load.object(process, binding.from).facts().name_of(asked);
        assert_eq!(load.object(process, binding.to).facts().names.bytes(found.name), name);
        assert!(load.symbol(process, binding).is_some());
    }
    for (id, object) in process.objects() {
        assert!(object.needed().iter().flatten().all(|to| to.index() < process.len()));
        assert!(
            object.scopes.iter().all(|scope| {
                process.scope(id, *scope).iter().all(|member| member.index() < process.len())
            })
        );
    }
    assert!(process.global_scope().iter().all(|id| id.index() < process.len()));
    let found: Vec<String> = load.edges.iter().map(|edge| edge.found.to_string()).collect();
    format!("{:?} {found:?} {:?}", load.result, load.bindings)
}

fn add(files: &mut Memory, path: &'static str, inode: u64, bytes: &[u8]) {
    thread_local!(static FOLDER: OnceCell<TempDir> = const { OnceCell::new() });
    let facts = FOLDER.with(|folder| {
        let file = folder.get_or_init(super::scratch).path().join("x.so");
        fs::write(&file, bytes).expect("the folder can be written to");
        elf_facts::read(&file).map(Arc::new).map_err(Arc::new)
    });
    files.0.insert(path, (Seen::File(Identity { device: 1, inode }), Some(facts)));
}

/// A file that may need, define and ask for anything of the few names above.
fn image(data: &mut Unstructured<'_>) -> Result<Image> {
    let mut image = Image { is_64: true, little: true, machine: 62, kind: 3, ..Image::default() };
    if data.ratio(1, 32)? {
        image.is_64 = false;
        image.os_abi = data.arbitrary()?;
    }
    if data.ratio(1, 2)? {
        image.names.push((14, (*data.choose(&NAMES)?).to_owned()));
    }
    for _ in 0..data.int_in_range(0..=3)? {
        image.names.push((1, (*data.choose(&NAMES)?).to_owned()));
    }
    for tag in [15, 29] {
        if data.ratio(1, 4)? {
            image.names.push((tag, (*data.choose(&LISTS)?).to_owned()));
        }
    }
    for tag in [30, 0x6fff_fffb] {
        if data.ratio(1, 6)? {
            image.tags.push((tag, u64::from(data.arbitrary::<u32>()?)));
        }
    }
    if data.ratio(1, 3)? {
        image.tls =
            Some((*data.choose(&[0, 8, 1000, 4096, u64::MAX])?, *data.choose(&[0, 1, 8, 64, 4096, 3])?));
    }
    for _ in 0..data.int_in_range(0..=2)? {
        image.defines.push((*data.choose(&VERSIONS)?).to_owned());
    }
    for _ in 0..data.int_in_range(0..=1)? {
        let versions = vec![(*data.choose(&VERSIONS)?).to_owned()];
        image.needs.push(((*data.choose(&NAMES)?).to_owned(), versions));
    }
    for _ in 0..data.int_in_range(0..=5)? {
        // STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE and any other, with any type.
        let bind = *data.choose(&[1, 2, 10, 1, 0, 13])?;
        let kind = *data.choose(&[2, 1, 6, 10, 0, 3])?;
        let mut symbol = Symbol {
            name: (*data.choose(&SYMBOLS)?).to_owned(),
            info: bind << 4 | kind,
            other: data.int_in_range(0..=3)?,
            section: *data.choose(&[0, 1, 0xfff1])?,
            value: *data.choose(&[0, 8])?,
            size: *data.choose(&[0, 4, 8])?,
            version: *data.choose(&[0, 1, 2, 3, 0x8002, 0xffff])?,
            relocations: Vec::new(),
        };
        for _ in 0..data.int_in_range(0..=2)? {
            // R_X86_64_JUMP_SLOT, GLOB_DAT, COPY, DTPMOD64, TPOFF64, TLSDESC.
            symbol.relocations.push(*data.choose(&[7, 6, 5, 16, 18, 36])?);
        }
        image.symbols.push(symbol);
    }
    Ok(image)
}
