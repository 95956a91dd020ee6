//! The programs in `bin/`: console scripts from entry points, and the scripts that wheels bring.
//!
//! They are written as pip and uv write them. Their first line names the environment by the path that users
//! know, so that it holds for every generation. Deliberately not here: which units' scripts an environment has.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// What Linux reads of a `#!` line (`BINPRM_BUF_SIZE`), less the `#!` and the newline; older kernels have 128.
const SHEBANG_LIMIT: usize = 127 - "#!\n".len();

/// The first lines of a script that `python` runs.
pub fn shebang(python: &Path) -> String {
    let path = python.to_string_lossy();
    if path.len() <= SHEBANG_LIMIT && !path.contains(char::is_whitespace) {
        return format!("#!{path}\n");
    }
    // A line that sh runs and Python takes for a string: pip's way round the limits of `#!`.
    let quoted = path.replace('\'', r#"'"'"'"#);
    format!("#!/bin/sh\n'''exec' '{quoted}' \"$0\" \"$@\"\n' '''\n")
}

/// The text of a console script that calls `attr` of `module`.
pub fn console(python: &Path, module: &str, attr: &str) -> String {
    let import = attr.split('.').next().unwrap_or(attr);
    format!(
        "{}# -*- coding: utf-8 -*-
import sys
from {module} import {import}
if __name__ == \"__main__\":
    if sys.argv[0].endswith(\"-script.pyw\"):
        sys.argv[0] = sys.argv[0][:-11]
    elif sys.argv[0].endswith(\".exe\"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit({attr}())
",
        shebang(python)
    )
}

/// Writes a program, unless one of that name is there.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Ok(());
    }
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// Places a script that a wheel brings: `#!python` is replaced (PEP 427), anything else is linked.
///
/// # Errors
/// When it cannot be read or placed.
pub fn place(source: &Path, path: &Path, python: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Ok(());
    }
    let mut start = Vec::new();
    fs::File::open(source)?.take(16).read_to_end(&mut start)?;
    if start.starts_with(b"#!python") {
        let text = fs::read(source)?;
        let body = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| end + 1);
        let mut whole = shebang(python).into_bytes();
        whole.extend_from_slice(&text[body..]);
        return write(path, &whole);
    }
    // A hard link, so that a program that looks for files beside itself (`$ORIGIN/../lib`) finds the environment.
    fs::hard_link(source, path).or_else(|_| symlink(source, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_path_is_named_directly_and_others_through_sh() {
        assert_eq!(shebang(Path::new("/p/.venv/bin/python")), "#!/p/.venv/bin/python\n");
        let spaced = shebang(Path::new("/my p/bin/python"));
        assert_eq!(spaced, "#!/bin/sh\n'''exec' '/my p/bin/python' \"$0\" \"$@\"\n' '''\n");
        assert!(shebang(Path::new(&"/x".repeat(80))).starts_with("#!/bin/sh\n"));
    }

    #[test]
    fn an_attribute_of_an_object_is_called_on_that_object() {
        let text = console(Path::new("/v/bin/python"), "pkg.cli", "App.main");
        assert!(text.contains("from pkg.cli import App\n"), "{text}");
        assert!(text.ends_with("    sys.exit(App.main())\n"), "{text}");
    }

    #[test]
    fn a_wheel_s_script_gets_the_environment_s_interpreter() {
        let root = tempfile::tempdir().unwrap();
        let source = root.path().join("tool");
        fs::write(&source, "#!python -E\nprint(1)\n").unwrap();
        let placed = root.path().join("placed");
        place(&source, &placed, Path::new("/v/bin/python")).unwrap();
        assert_eq!(fs::read_to_string(placed).unwrap(), "#!/v/bin/python\nprint(1)\n");
    }
}
