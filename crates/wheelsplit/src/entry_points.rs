//! `entry_points.txt`: the scripts that a wheel wants on the user's PATH (entry points specification).
//!
//! Deliberately not here: other groups of entry points (importlib.metadata reads those at run time), and
//! writing the scripts, which belongs to an environment.

use crate::error::Defect;
use crate::facts::Script;

/// The `console_scripts` and `gui_scripts` of the file.
pub(crate) fn parse(bytes: &[u8]) -> Result<(Vec<Script>, Vec<Script>), Defect> {
    let malformed = |reason: String| Defect::Metadata { file: "entry_points.txt".to_owned(), reason };
    let text = std::str::from_utf8(bytes).map_err(|e| malformed(format!("it is not UTF-8: {e}")))?;
    let (mut console, mut gui) = (Vec::new(), Vec::new());
    let mut group = String::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.trim().clone_into(&mut group);
            continue;
        }
        let scripts = match group.as_str() {
            "console_scripts" => &mut console,
            "gui_scripts" => &mut gui,
            _ => continue,
        };
        let script = script(line).map_err(|reason| {
            malformed(format!("line {}, `{}`: {reason}", number + 1, crate::path::shown(line)))
        })?;
        scripts.push(script);
    }
    Ok((console, gui))
}

/// `name = package.module:object.attr [extra1,extra2]`; extras are allowed and mean nothing any more.
fn script(line: &str) -> Result<Script, &'static str> {
    let (name, target) = line.split_once('=').ok_or("it is not `name = module:attribute`")?;
    let name = name.trim();
    // The name becomes a file in bin/.
    if name.is_empty()
        || name == "."
        || name == ".."
        || name.contains(['/', '\\'])
        || name.chars().any(char::is_control)
    {
        return Err("the name cannot be a script's file name");
    }
    let target = match target.split_once('[') {
        Some((target, extras)) if extras.trim_end().ends_with(']') => target,
        Some(_) => return Err("its extras are not closed by `]`"),
        None => target,
    };
    let (module, attr) = target.split_once(':').ok_or("it names no attribute to call")?;
    let (module, attr) = (module.trim(), attr.trim());
    // Both are written into a Python file.
    let dotted = |s: &str| {
        s.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'))
    };
    if !dotted(module) || !dotted(attr) {
        return Err("its module and attribute must be dotted names");
    }
    Ok(Script { name: name.to_owned(), module: module.to_owned(), attr: attr.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_both_groups_with_extras_and_comments() {
        let text = "# c\n[console_scripts]\nblack = black:patched_main\nblackd=blackd:main.run [d, e]\n\n[other]\nx = not a script\n[gui_scripts]\n; c\nui= a.b : c\n";
        let (console, gui) = parse(text.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        let show = |s: &Script| format!("{}={}:{}", s.name, s.module, s.attr);
        assert_eq!(
            console.iter().map(show).collect::<Vec<_>>(),
            ["black=black:patched_main", "blackd=blackd:main.run"]
        );
        assert_eq!(gui.iter().map(show).collect::<Vec<_>>(), ["ui=a.b:c"]);
    }

    #[test]
    fn a_script_cannot_leave_bin_or_smuggle_code() {
        for bad in [
            "../x = a:b",
            "x = a",
            "x = a:b;import os",
            "x = a b:c",
            "= a:b",
            "x",
            "x = a:b [d",
            "x = :b",
            "x = a:",
        ] {
            assert!(parse(format!("[console_scripts]\n{bad}\n").as_bytes()).is_err(), "{bad}");
        }
    }
}
