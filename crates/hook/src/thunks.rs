//! A pool of tiny functions, each of which hands its own number to a shim.
//!
//! A shim must know on behalf of which unit it is called. Its return address does not tell (a compiler may
//! turn `return PyImport_ImportModule(..)` into a jump), but each unit's relocations can point at thunks of
//! their own: a thunk puts its number into the register of the sixth integer argument, which no redirected
//! function uses, and jumps. No memory is ever writable and executable. Deliberately not here: what the
//! shims do.

use std::collections::HashMap;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many thunks there are: one for each pair of a unit with native code and a redirected function.
pub(crate) const COUNT: usize = 16384;

/// Bytes of one thunk.
#[cfg(target_arch = "x86_64")]
const SIZE: usize = 16;
#[cfg(target_arch = "aarch64")]
const SIZE: usize = 20;

/// Where each thunk jumps to.
static TARGETS: [AtomicPtr<()>; COUNT] = [const { AtomicPtr::new(std::ptr::null_mut()) }; COUNT];
/// What each thunk stands for: a unit.
static UNITS: [AtomicUsize; COUNT] = [const { AtomicUsize::new(0) }; COUNT];

// `endbr64` lets an indirect call land here where the processor checks that.
#[cfg(target_arch = "x86_64")]
std::arch::global_asm!(
    ".pushsection .text.pinfold_thunks,\"ax\",@progbits",
    ".balign 16",
    ".hidden pinfold_hook_thunks",
    ".globl pinfold_hook_thunks",
    "pinfold_hook_thunks:",
    ".set pinfold_i, 0",
    ".rept {count}",
    "endbr64",
    ".byte 0x41, 0xb9", // mov r9d, imm32
    ".long pinfold_i",
    "jmp qword ptr [rip + {targets} + pinfold_i * 8]",
    ".set pinfold_i, pinfold_i + 1",
    ".endr",
    ".popsection",
    count = const COUNT,
    targets = sym TARGETS,
);

// Assembled nowhere in the project's tests: no machine of that kind was at hand.
#[cfg(target_arch = "aarch64")]
std::arch::global_asm!(
    ".pushsection .text.pinfold_thunks,\"ax\",@progbits",
    ".balign 16",
    ".hidden pinfold_hook_thunks",
    ".globl pinfold_hook_thunks",
    "pinfold_hook_thunks:",
    ".set pinfold_i, 0",
    ".rept {count}",
    "hint #34", // bti c
    "movz w5, #pinfold_i",
    "adrp x16, {targets} + pinfold_i * 8",
    "ldr x16, [x16, :lo12:({targets} + pinfold_i * 8)]",
    "br x16",
    ".set pinfold_i, pinfold_i + 1",
    ".endr",
    ".popsection",
    count = const COUNT,
    targets = sym TARGETS,
);

unsafe extern "C" {
    /// The first thunk.
    static pinfold_hook_thunks: u8;
}

/// Thunks given out, by unit and target.
static GIVEN: Mutex<Option<HashMap<(usize, usize), usize>>> = Mutex::new(None);

/// The address of a thunk that calls `target` on behalf of `unit`; `None` when the pool is used up.
pub(crate) fn thunk(unit: usize, target: *mut ()) -> Option<usize> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let given = given.get_or_insert_default();
    let next = given.len();
    let number = *given.entry((unit, target as usize)).or_insert(next);
    if number >= COUNT {
        given.remove(&(unit, target as usize));
        return None;
    }
    UNITS[number].store(unit, Ordering::Relaxed);
    TARGETS[number].store(target, Ordering::Release);
    Some((&raw const pinfold_hook_thunks).addr() + number * SIZE)
}

/// The unit that thunk `number` stands for.
pub(crate) fn unit(number: usize) -> usize {
    UNITS[number & (COUNT - 1)].load(Ordering::Relaxed)
}
