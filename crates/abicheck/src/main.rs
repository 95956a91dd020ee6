//! The program `abicheck`.
//!
//! Deliberately not here: any decision.

use std::process::ExitCode;

/// glibc's allocator grows the heap of each thread but the first a few pages at a time, and every time the threads wait
/// for one another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    abicheck::cli::main()
}
