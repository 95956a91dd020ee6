//! Writes small ELF files that say what they are told to say, for either class and byte order: inputs that random bytes
//! would not come to.
//!
//! One PT_LOAD segment has the whole file, at address 0. Deliberately not here: code, sections, DT_GNU_HASH.

use std::collections::HashMap;

/// A file in the making.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// ELFCLASS64.
    pub is_64: bool,
    /// ELFDATA2LSB.
    pub little: bool,
    /// `e_machine`.
    pub machine: u16,
    /// `e_type`.
    pub kind: u16,
    /// EI_OSABI.
    pub os_abi: u8,
    /// PT_INTERP.
    pub interpreter: Option<String>,
    /// PT_TLS: size and alignment.
    pub tls: Option<(u64, u64)>,
    /// DT_SONAME, DT_RPATH, DT_RUNPATH, DT_NEEDED, in the order in which they stand.
    pub names: Vec<(u64, String)>,
    /// Tags with plain values, such as DT_FLAGS.
    pub tags: Vec<(u64, u64)>,
    /// The dynamic symbols, from number 1 on.
    pub symbols: Vec<Symbol>,
    /// DT_VERDEF: the base version, then indices from 2 on.
    pub defines: Vec<String>,
    /// DT_VERNEED: files with versions, whose indices follow.
    pub needs: Vec<(String, Vec<String>)>,
}

/// One symbol, and what relocations use it.
#[derive(Clone, Debug, Default)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// `st_info`.
    pub info: u8,
    /// `st_other`.
    pub other: u8,
    /// `st_shndx`.
    pub section: u16,
    /// `st_value`.
    pub value: u64,
    /// `st_size`.
    pub size: u64,
    /// Its entry of DT_VERSYM.
    pub version: u16,
    /// Types of relocations that name it.
    pub relocations: Vec<u32>,
}

struct Out {
    bytes: Vec<u8>,
    is_64: bool,
    little: bool,
}

impl Out {
    fn half(&mut self, value: u16) {
        self.bytes.extend(if self.little { value.to_le_bytes() } else { value.to_be_bytes() });
    }

    fn word(&mut self, value: u32) {
        self.bytes.extend(if self.little { value.to_le_bytes() } else { value.to_be_bytes() });
    }

    fn address(&mut self, value: u64) {
        match self.is_64 {
            true => self.bytes.extend(if self.little { value.to_le_bytes() } else { value.to_be_bytes() }),
            false => self.word(value as u32),
        }
    }

    /// The place of what comes next, aligned.
    fn here(&mut self) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        self.bytes.len() as u64
    }
}

/// The string table in the making.
#[derive(Default)]
struct Strings {
    bytes: Vec<u8>,
    /// Equal strings are one, as linkers have it.
    known: HashMap<String, u32>,
}

impl Strings {
    fn add(&mut self, text: &str) -> u32 {
        if self.bytes.is_empty() {
            self.bytes.push(0);
        }
        if let Some(at) = self.known.get(text) {
            return *at;
        }
        let at = self.bytes.len() as u32;
        self.bytes.extend(text.bytes().chain([0]));
        self.known.insert(text.to_owned(), at);
        at
    }
}

impl Image {
    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let (header, width) = if self.is_64 { (64, 56) } else { (52, 32) };
        let mut out = Out { bytes: vec![0; header + 5 * width], is_64: self.is_64, little: self.little };
        let mut strings = Strings::default();
        let mut tags: Vec<(u64, u64)> =
            self.names.iter().map(|(tag, name)| (*tag, u64::from(strings.add(name)))).collect();
        tags.extend(&self.tags);
        tags.push((6, self.symbol_table(&mut out, &mut strings)));
        tags.push((4, self.hash_table(&mut out)));
        self.relocation_table(&mut out, &mut tags);
        self.version_tables(&mut out, &mut strings, &mut tags);
        let interpreter = out.here();
        out.bytes.extend(self.interpreter.iter().flat_map(|name| name.bytes().chain([0])));
        let interpreter = (interpreter, out.bytes.len() as u64 - interpreter);
        strings.add("");
        tags.extend([(5, out.here()), (10, strings.bytes.len() as u64), (0, 0)]);
        out.bytes.extend(&strings.bytes);
        let dynamic = out.here();
        tags.iter().for_each(|(tag, value)| [*tag, *value].into_iter().for_each(|word| out.address(word)));
        let dynamic = (dynamic, out.bytes.len() as u64 - dynamic);
        self.headers(out, interpreter, dynamic)
    }

    fn headers(&self, out: Out, interpreter: (u64, u64), dynamic: (u64, u64)) -> Vec<u8> {
        let size = out.bytes.len() as u64;
        let mut start = Out { bytes: b"\x7fELF".to_vec(), ..out };
        start.bytes.extend([1 + u8::from(self.is_64), 2 - u8::from(self.little), 1, self.os_abi]);
        start.bytes.resize(16, 0);
        start.half(self.kind);
        start.half(self.machine);
        start.word(1);
        start.address(0);
        let (header, width) = if self.is_64 { (64, 56) } else { (52, 32) };
        start.address(header);
        start.address(0);
        start.word(0);
        let segments = [
            Some((1, 0, size, size, 8)),
            Some((2, dynamic.0, dynamic.1, dynamic.1, 8)),
            Some((0x6474_e551, 0, 0, 0, 16)),
            self.interpreter.as_ref().map(|_| (3, interpreter.0, interpreter.1, interpreter.1, 1)),
            self.tls.map(|(size, align)| (7, 0, 0, size, align)),
        ];
        let count = segments.iter().flatten().count() as u16;
        for half in [header as u16, width, count, 0, 0, 0] {
            start.half(half);
        }
        for (kind, at, in_file, in_memory, align) in segments.into_iter().flatten() {
            start.word(kind);
            if self.is_64 {
                start.word(6);
            }
            [at, at, at, in_file, in_memory].into_iter().for_each(|word| start.address(word));
            if !self.is_64 {
                start.word(6);
            }
            start.address(align);
        }
        let rest = out.bytes.len().min(start.bytes.len());
        start.bytes.extend(&out.bytes[rest..]);
        start.bytes
    }

    fn symbol_table(&self, out: &mut Out, strings: &mut Strings) -> u64 {
        let at = out.here();
        let none = Symbol::default();
        for symbol in std::iter::once(&none).chain(&self.symbols) {
            out.word(if symbol.name.is_empty() { 0 } else { strings.add(&symbol.name) });
            if !self.is_64 {
                out.address(symbol.value);
                out.address(symbol.size);
            }
            out.bytes.extend([symbol.info, symbol.other]);
            out.half(symbol.section);
            if self.is_64 {
                out.address(symbol.value);
                out.address(symbol.size);
            }
        }
        at
    }

    /// One bucket; its chain is of no interest, but its length is.
    fn hash_table(&self, out: &mut Out) -> u64 {
        let at = out.here();
        let count = self.symbols.len() as u32 + 1;
        [1, count, 0].into_iter().for_each(|word| out.word(word));
        (0..count).for_each(|_| out.word(0));
        at
    }

    fn relocation_table(&self, out: &mut Out, tags: &mut Vec<(u64, u64)>) {
        let at = out.here();
        for (number, symbol) in self.symbols.iter().enumerate() {
            for kind in &symbol.relocations {
                let number = number as u64 + 1;
                out.address(0);
                out.address(if self.is_64 {
                    number << 32 | u64::from(*kind)
                } else {
                    number << 8 | u64::from(*kind & 255)
                });
                out.address(0);
            }
        }
        let size = out.bytes.len() as u64 - at;
        if size > 0 {
            tags.extend([(7, at), (8, size), (9, if self.is_64 { 24 } else { 12 })]);
        }
    }

    fn version_tables(&self, out: &mut Out, strings: &mut Strings, tags: &mut Vec<(u64, u64)>) {
        if self.defines.is_empty() && self.needs.is_empty() {
            return;
        }
        tags.push((0x6fff_fff0, out.here()));
        out.half(0);
        self.symbols.iter().for_each(|symbol| out.half(symbol.version));
        if !self.defines.is_empty() {
            tags.extend([(0x6fff_fffc, out.here()), (0x6fff_fffd, self.defines.len() as u64)]);
            for (at, name) in self.defines.iter().enumerate() {
                let next = if at + 1 == self.defines.len() { 0 } else { 28 };
                [1, u16::from(at == 0), at as u16 + 1, 1].into_iter().for_each(|half| out.half(half));
                [0, 20, next, strings.add(name), 0].into_iter().for_each(|word| out.word(word));
            }
        }
        if !self.needs.is_empty() {
            tags.extend([(0x6fff_fffe, out.here()), (0x6fff_ffff, self.needs.len() as u64)]);
            let mut index = self.defines.len() as u16 + 1;
            for (at, (file, versions)) in self.needs.iter().enumerate() {
                let next = if at + 1 == self.needs.len() { 0 } else { 16 + 16 * versions.len() as u32 };
                out.half(1);
                out.half(versions.len() as u16);
                [strings.add(file), 16, next].into_iter().for_each(|word| out.word(word));
                for (at, version) in versions.iter().enumerate() {
                    index += 1;
                    out.word(0);
                    out.half(0);
                    out.half(index);
                    out.word(strings.add(version));
                    out.word(if at + 1 == versions.len() { 0 } else { 16 });
                }
            }
        }
    }
}
