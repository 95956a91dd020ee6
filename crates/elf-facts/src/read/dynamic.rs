//! The dynamic section: PT_DYNAMIC's tags, and the string table that they name.
//!
//! Deliberately not here: the tables that tags point to; each has a file of its own.

use goblin::elf::dynamic::{
    DF_1_GLOBAL, DF_1_INITFIRST, DF_1_NODEFLIB, DF_1_NODELETE, DF_1_NOOPEN, DF_1_NOW, DF_1_PIE, DF_BIND_NOW,
    DF_STATIC_TLS, DF_SYMBOLIC, DF_TEXTREL, DT_BIND_NOW, DT_FLAGS, DT_FLAGS_1, DT_NEEDED, DT_NULL, DT_STRSZ,
    DT_STRTAB, DT_SYMBOLIC, DT_TEXTREL, Dyn,
};
use goblin::elf::program_header::PT_DYNAMIC;
use scroll::Pread;

use super::image::Image;
use crate::error::FactsError;
use crate::facts::Flags;
use crate::name::{Name, Names};

const PART: &str = "the dynamic section";
/// The largest programs need some hundred libraries.
const MOST_NEEDED: usize = 1 << 14;
/// Bytes of one name, of the longest kind; lists of folders are the longest. It is what Linux takes as one argument of a linker
/// (MAX_ARG_STRLEN).
const LONGEST: usize = 1 << 17;

/// The tags of a file, in order.
#[derive(Default)]
pub(crate) struct Dynamic {
    tags: Vec<Dyn>,
}

impl Dynamic {
    /// Reads them; a file without PT_DYNAMIC (a static program) has none.
    pub(crate) fn read(image: &Image<'_>) -> Result<Self, FactsError> {
        let Some(segment) = image.segments.iter().find(|segment| segment.p_type == PT_DYNAMIC) else {
            return Ok(Self::default());
        };
        let bytes = image.at(segment.p_offset, segment.p_filesz, PART)?;
        let width = Dyn::size(image.context.container);
        let mut tags = Vec::new();
        for entry in bytes.chunks_exact(width) {
            let tag: Dyn = entry
                .pread_with(0, image.context)
                .map_err(|error: goblin::error::Error| image.malformed(PART, error.to_string()))?;
            if tag.d_tag == DT_NULL {
                return Ok(Self { tags });
            }
            tags.push(tag);
        }
        Err(image.malformed(PART, "no DT_NULL ends it"))
    }

    /// The value of a tag; the last one counts, as in `elf_get_dynamic_info` of glibc.
    pub(crate) fn value(&self, tag: u64) -> Option<u64> {
        self.tags.iter().rev().find(|entry| entry.d_tag == tag).map(|entry| entry.d_val)
    }

    /// All values of a tag, in order.
    pub(crate) fn values(&self, tag: u64) -> impl Iterator<Item = u64> + '_ {
        self.tags.iter().filter(move |entry| entry.d_tag == tag).map(|entry| entry.d_val)
    }

    /// The string table.
    pub(crate) fn names(&self, image: &Image<'_>) -> Result<Names, FactsError> {
        let Some(address) = self.value(DT_STRTAB) else { return Ok(Names::default()) };
        let size = self.value(DT_STRSZ).ok_or_else(|| image.malformed(PART, "DT_STRTAB without DT_STRSZ"))?;
        image.mapped(address, size, "the dynamic string table").map(Names)
    }

    /// The string that a tag names.
    pub(crate) fn name(
        &self,
        tag: u64,
        names: &Names,
        image: &Image<'_>,
    ) -> Result<Option<Name>, FactsError> {
        self.value(tag).map(|at| string(at, names, image)).transpose()
    }

    /// DT_NEEDED, in order.
    pub(crate) fn needed(&self, names: &Names, image: &Image<'_>) -> Result<Vec<Name>, FactsError> {
        let needed = self.tags.iter().filter(|entry| entry.d_tag == DT_NEEDED);
        let count = needed.clone().count();
        if count > MOST_NEEDED {
            return Err(image.malformed(PART, format!("{count} DT_NEEDED are more than any real file has")));
        }
        let needed: Vec<Name> =
            needed.map(|entry| string(entry.d_val, names, image)).collect::<Result<_, _>>()?;
        let bytes: usize = needed.iter().map(|name| name.as_bytes().len()).sum();
        if bytes > MOST_NEEDED * 256 {
            return Err(image.malformed(PART, format!("the names of DT_NEEDED have {bytes} bytes")));
        }
        Ok(needed)
    }

    /// What the flags say.
    pub(crate) fn flags(&self) -> Flags {
        let flags = self.value(DT_FLAGS).unwrap_or_default();
        let flags_1 = self.value(DT_FLAGS_1).unwrap_or_default();
        let has = |tag| self.value(tag).is_some();
        Flags {
            symbolic: flags & DF_SYMBOLIC != 0 || has(DT_SYMBOLIC),
            bind_now: flags & DF_BIND_NOW != 0 || flags_1 & DF_1_NOW != 0 || has(DT_BIND_NOW),
            text_relocations: flags & DF_TEXTREL != 0 || has(DT_TEXTREL),
            static_tls: flags & DF_STATIC_TLS != 0,
            no_default_folders: flags_1 & DF_1_NODEFLIB != 0,
            no_delete: flags_1 & DF_1_NODELETE != 0,
            global: flags_1 & DF_1_GLOBAL != 0,
            init_first: flags_1 & DF_1_INITFIRST != 0,
            no_open: flags_1 & DF_1_NOOPEN != 0,
            pie: flags_1 & DF_1_PIE != 0,
        }
    }
}

fn string(at: u64, names: &Names, image: &Image<'_>) -> Result<Name, FactsError> {
    let outside =
        || image.malformed(PART, format!("a name at byte {at:#x} of the strings, which end before"));
    let name = names.bytes(names.span(at).ok_or_else(outside)?);
    if name.len() > LONGEST {
        return Err(image.malformed(PART, format!("a name of {} bytes", name.len())));
    }
    Ok(Name::new(name))
}
