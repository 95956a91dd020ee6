//! Strings that files of a C compiler have, found whole and in the files that they are looked for in.
//!
//! Deliberately not here: what a string means.

use std::path::Path;
use std::process::Command;

/// The markers of a library with the strings of `lines`, which uses Python's C API or not.
fn markers(lines: &[&str], uses_python: bool) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, library) = (folder.path().join("source.c"), folder.path().join("library.so"));
    let strings = lines.iter().map(|line| format!("{line:?}")).collect::<Vec<_>>().join(", ");
    let call =
        if uses_python { "extern void PyErr_Clear(void); void call(void) { PyErr_Clear(); }" } else { "" };
    std::fs::write(&source, format!("const char *strings[] = {{{strings}}};\n{call}\n"))
        .expect("it is written");
    compile(&source, &library);
    let facts = elf_facts::read(&library).unwrap_or_else(|error| panic!("{error}"));
    facts.head.markers.iter().map(ToString::to_string).collect()
}

fn compile(source: &Path, library: &Path) {
    let status = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([library, source]).status();
    assert!(status.expect("a C compiler").success());
}

#[test]
fn numpy_leaves_its_module_and_its_release() {
    let long = "module was compiled against NumPy C-API version 0x%x (NumPy 1.23) but the running NumPy has another, \
                and so on for more than a page of text that is of no use here, up to the end of what is taken, and \
                then some more words of it, and a last few that nobody reads because they come after all the others";
    let found = markers(
        &[
            "numpy._core._multiarray_umath",
            "numpy.core._multiarray_umath",
            "numpy.core.multiarray failed to import",
            long,
        ],
        true,
    );
    assert_eq!(
        found,
        [
            "module was compiled against NumPy C-API version 0x%x (NumPy 1.23)",
            "numpy._core._multiarray_umath",
            "numpy.core._multiarray_umath",
        ]
    );
}

#[test]
fn compilers_are_told_of_what_shares_objects_alone() {
    let shared = markers(&["__pybind11_internals_v4_gcc_libstdcpp_cxxabi1011__"], true);
    assert_eq!(shared.last().map(String::as_str), Some("__pybind11_internals_v4_gcc_libstdcpp_cxxabi1011__"));
    assert!(shared[0].starts_with("GCC: (") || shared[0].starts_with("clang version "), "{shared:?}");
    assert_eq!(markers(&["numpy.core.multiarray"], true), ["numpy.core.multiarray"]);
    assert_eq!(markers(&["__pybind11_internals_v4__", "numpy.core.multiarray"], false), [""; 0]);
}
