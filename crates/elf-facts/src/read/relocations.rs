//! Which symbols relocations use, and how.
//!
//! Deliberately not here: relative relocations and IRELATIVE ones, which name no symbol (DT_RELR has nothing else),
//! and where the result is written.

use goblin::elf::Reloc;
use goblin::elf::dynamic::{DT_JMPREL, DT_PLTREL, DT_PLTRELSZ, DT_REL, DT_RELA, DT_RELASZ, DT_RELSZ};
use goblin::elf::header::{
    EM_386, EM_AARCH64, EM_ARM, EM_LOONGARCH, EM_PPC, EM_PPC64, EM_RISCV, EM_S390, EM_X86_64,
};
use goblin::elf::reloc::*;

use super::dynamic::Dynamic;
use super::image::Image;
use crate::error::FactsError;
use crate::facts::Uses;

const PART: &str = "the relocations";

/// The uses of each symbol, by its number; number 0 stands for the file's own thread-local block.
#[derive(Default)]
pub(crate) struct Used(Vec<Uses>);

impl Used {
    /// How relocations use symbol `number`.
    pub(crate) fn of(&self, number: usize) -> Uses {
        self.0.get(number).copied().unwrap_or_default()
    }

    /// One more than the largest number that any relocation names.
    pub(crate) fn symbols(&self) -> usize {
        self.0.len()
    }
}

/// Whether the relocation types of `machine` are known here.
pub(crate) fn is_known(machine: u16) -> bool {
    types(machine).is_some()
}

/// Reads DT_RELA, DT_REL and DT_JMPREL.
pub(crate) fn read(image: &Image<'_>, dynamic: &Dynamic) -> Result<Used, FactsError> {
    let types = types(image.header.e_machine);
    let mut used = Used::default();
    let plt_is_rela = dynamic.value(DT_PLTREL) == Some(DT_RELA);
    let tables =
        [(DT_RELA, DT_RELASZ, true), (DT_REL, DT_RELSZ, false), (DT_JMPREL, DT_PLTRELSZ, plt_is_rela)];
    for (tag, size, is_rela) in tables {
        let (Some(address), Some(size)) = (dynamic.value(tag), dynamic.value(size)) else { continue };
        if size == 0 {
            continue;
        }
        let bytes = image.mapped(address, size, PART)?;
        let entries = RelocSection::parse(&bytes, 0, bytes.len(), is_rela, image.context)
            .map_err(|error| image.malformed(PART, error.to_string()))?;
        for Reloc { r_sym, r_type, .. } in entries.iter() {
            let uses = types.map_or(Uses::ADDRESS, |types| types.uses(r_type));
            // Nearly all relocations are relative ones, of no symbol.
            if r_sym == 0 && !uses.any(Uses::TLS_OFFSET) {
                continue;
            }
            if r_sym >= used.0.len() {
                // A symbol has at least 16 bytes: a number beyond the file's size is damage, not memory to take.
                if r_sym as u64 > image.size / 16 {
                    return Err(image.malformed(PART, format!("one names symbol {r_sym}")));
                }
                used.0.resize(r_sym + 1, Uses::default());
            }
            used.0[r_sym] = used.0[r_sym].and(uses);
        }
    }
    Ok(used)
}

/// The relocation types of a machine that are more than an address.
#[derive(Clone, Copy)]
struct Types {
    call: u32,
    copy: u32,
    tls_module: &'static [u32],
    tls_offset: &'static [u32],
    tls_descriptor: &'static [u32],
}

impl Types {
    fn uses(&self, kind: u32) -> Uses {
        match kind {
            _ if kind == self.call => Uses::CALL,
            _ if kind == self.copy => Uses::COPY,
            _ if self.tls_module.contains(&kind) => Uses::TLS_MODULE,
            _ if self.tls_offset.contains(&kind) => Uses::TLS_OFFSET,
            _ if self.tls_descriptor.contains(&kind) => Uses::TLS_DESCRIPTOR,
            _ => Uses::ADDRESS,
        }
    }
}

/// The psABI of each machine. R_LARCH and R_RISCV numbers that goblin lacks are written out.
fn types(machine: u16) -> Option<Types> {
    let types = match machine {
        EM_X86_64 => Types {
            call: R_X86_64_JUMP_SLOT,
            copy: R_X86_64_COPY,
            tls_module: &[R_X86_64_DTPMOD64, R_X86_64_DTPOFF64, R_X86_64_DTPOFF32],
            tls_offset: &[R_X86_64_TPOFF64, R_X86_64_TPOFF32],
            tls_descriptor: &[R_X86_64_TLSDESC],
        },
        EM_386 => Types {
            call: R_386_JMP_SLOT,
            copy: R_386_COPY,
            tls_module: &[R_386_TLS_DTPMOD32, R_386_TLS_DTPOFF32],
            tls_offset: &[R_386_TLS_TPOFF, R_386_TLS_TPOFF32],
            tls_descriptor: &[R_386_TLS_DESC],
        },
        EM_AARCH64 => Types {
            call: R_AARCH64_JUMP_SLOT,
            copy: R_AARCH64_COPY,
            tls_module: &[R_AARCH64_TLS_DTPMOD, R_AARCH64_TLS_DTPREL],
            tls_offset: &[R_AARCH64_TLS_TPREL],
            tls_descriptor: &[R_AARCH64_TLSDESC],
        },
        EM_ARM => Types {
            call: R_ARM_JUMP_SLOT,
            copy: R_ARM_COPY,
            tls_module: &[R_ARM_TLS_DTPMOD32, R_ARM_TLS_DTPOFF32],
            tls_offset: &[R_ARM_TLS_TPOFF32],
            tls_descriptor: &[R_ARM_TLS_DESC],
        },
        EM_RISCV => Types {
            call: 5,
            copy: 4,
            tls_module: &[6, 7, 8, 9],
            tls_offset: &[10, 11],
            tls_descriptor: &[12],
        },
        EM_PPC | EM_PPC64 => {
            Types { call: 21, copy: 19, tls_module: &[68, 78], tls_offset: &[73], tls_descriptor: &[] }
        }
        EM_S390 => Types { call: 11, copy: 9, tls_module: &[54, 55], tls_offset: &[56], tls_descriptor: &[] },
        EM_LOONGARCH => Types {
            call: 5,
            copy: 4,
            tls_module: &[6, 7, 8, 9],
            tls_offset: &[10, 11],
            tls_descriptor: &[13, 14],
        },
        _ => return None,
    };
    Some(types)
}
