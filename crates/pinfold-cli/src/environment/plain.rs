//! A plain virtual environment of links: the interpreter, packages of the store, their scripts, and no hook.
//!
//! What builds see; and the part of a generation that has nothing to do with pins. Deliberately not here: where it lies,
//! and what is done when it is complete ([`super::generation`]).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wheelsplit::Installed;

use super::assemble::Root;
use super::links::Tree;
use super::{clash, scripts};
use crate::interpreter::Interpreter;
use crate::terminal;

/// A wheel with its own folder, as a member of an environment.
pub fn root(wheel: Installed) -> Root {
    Root { site: wheel.site(), wheel }
}

/// Makes an environment of these packages in `folder`, which is made too.
///
/// # Errors
/// When something cannot be written.
pub fn make(interpreter: &Interpreter, roots: &[Root], folder: &Path) -> Result<()> {
    let failed = || format!("could not make the environment {}", folder.display());
    let done = || -> Result<()> {
        fs::create_dir_all(folder)?;
        base(interpreter, "build", folder)?;
        packages(roots)?.write(&folder.join(site(&interpreter.minor)))?;
        programs(interpreter, roots, &folder.join("bin/python"), folder)
    };
    done().with_context(failed)
}

/// `lib/python3.X/site-packages`.
pub fn site(minor: &str) -> PathBuf {
    Path::new("lib").join(format!("python{minor}")).join("site-packages")
}

/// Writes `pyvenv.cfg`, the links to the interpreter and an empty site-packages.
///
/// # Errors
/// When something cannot be written.
pub fn base(interpreter: &Interpreter, prompt: &str, folder: &Path) -> Result<()> {
    let version = &interpreter.version;
    fs::write(
        folder.join("pyvenv.cfg"),
        format!(
            "home = {}\nimplementation = CPython\nversion = {version}\nversion_info = {version}\n\
             include-system-site-packages = false\nprompt = {prompt}\npinfold = {}\n",
            interpreter.home().display(),
            env!("CARGO_PKG_VERSION"),
        ),
    )?;
    let bin = folder.join("bin");
    fs::create_dir(&bin)?;
    symlink(&interpreter.executable, bin.join("python"))?;
    symlink("python", bin.join("python3"))?;
    symlink("python", bin.join(format!("python{}", interpreter.minor)))?;
    fs::create_dir_all(folder.join(site(&interpreter.minor)))?;
    symlink("lib", folder.join("lib64"))?;
    Ok(())
}

/// The packages as site-packages shows them, with a warning for each file that two of them have.
///
/// # Errors
/// When a folder that several have in common cannot be listed.
pub fn packages(roots: &[Root]) -> Result<Tree> {
    let mut tree = Tree::default();
    for warning in add(&mut tree, roots)? {
        terminal::warn(&warning);
    }
    Ok(tree)
}

/// Adds packages to what site-packages shows; returns which files two of them have, in sentences.
///
/// # Errors
/// When a folder that several have in common cannot be listed.
pub fn add(tree: &mut Tree, roots: &[Root]) -> Result<Vec<String>> {
    for root in roots {
        for top in &root.wheel.facts.top {
            let added = tree.add(top.name.clone().into(), root.site.join(&top.name), top.is_dir);
            added.with_context(|| format!("could not link `{}` of {}", top.name, root.wheel.facts.name))?;
        }
    }
    Ok(clash::warnings(&tree.clashes(), roots))
}

/// Writes the scripts of these packages, run by `python`, and what else they bring for the prefix.
///
/// # Errors
/// When something cannot be written.
pub fn programs(interpreter: &Interpreter, roots: &[Root], python: &Path, folder: &Path) -> Result<()> {
    let bin = folder.join("bin");
    let include = Path::new("include/site").join(format!("python{}", interpreter.minor));
    let mut prefix = Tree::default();
    for Root { wheel, .. } in roots {
        let facts = &wheel.facts;
        for script in facts.console_scripts.iter().chain(&facts.gui_scripts) {
            let text = scripts::console(python, &script.module, &script.attr);
            scripts::write(&bin.join(&script.name), text.as_bytes())
                .with_context(|| format!("could not write the script `{}` of {}", script.name, facts.name))?;
        }
        for name in &facts.data_scripts {
            scripts::place(&wheel.data().join("scripts").join(name), &bin.join(name), python)
                .with_context(|| format!("could not place the script `{name}` of {}", facts.name))?;
        }
        if facts.data {
            prefix.add_contents(Path::new(""), &wheel.data().join("data"))?;
        }
        if facts.headers {
            prefix.add_contents(&include.join(&facts.name), &wheel.data().join("headers"))?;
        }
    }
    prefix.write(folder)?;
    Ok(())
}
