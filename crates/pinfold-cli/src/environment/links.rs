//! A tree of links: what a virtual environment would hold as files stands here as links into the store.
//!
//! A name that one unit has becomes one link, however many files are below it; that is why an environment costs
//! what its packages cost, not its files. A folder that several units have in common (PEP 420 namespaces, and
//! `share/` of wheels' data) becomes a real folder with links inside, as deep as they have it in common.
//! Deliberately not here: which folders belong to an environment ([`super::generation`]).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::clash::Clash;

/// A folder to be made.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<OsString, Node>,
    /// What could not be shown, because its name was taken.
    clashes: Vec<Clash>,
}

#[derive(Debug)]
enum Node {
    Link { source: PathBuf, folder: bool },
    Folder(Tree),
}

impl Tree {
    /// Adds everything in `source`, below `at` (empty for the tree itself).
    ///
    /// A file that is already there stays: of two units with the same file the first one has it.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn add_contents(&mut self, at: &Path, source: &Path) -> io::Result<()> {
        let tree = at.components().try_fold(self, |tree, part| tree.descend(part.as_os_str().to_owned()))?;
        for entry in fs::read_dir(source)? {
            let entry = entry?;
            // No wheel has links; an instance has some to other units' folders, which come here by themselves.
            if entry.file_type()?.is_symlink() && entry.path().is_dir() {
                continue;
            }
            tree.add(entry.file_name(), entry.path(), entry.file_type()?.is_dir())?;
        }
        Ok(())
    }

    /// Adds one entry at the path `at`, which has a name: a link to `source`.
    ///
    /// # Errors
    /// As for [`Self::add`].
    pub fn add_at(&mut self, at: &Path, source: PathBuf, folder: bool) -> io::Result<()> {
        let above = at.parent().unwrap_or(Path::new(""));
        let tree =
            above.components().try_fold(self, |tree, part| tree.descend(part.as_os_str().to_owned()))?;
        tree.add(at.file_name().unwrap_or_default().to_owned(), source, folder)
    }

    /// All links: where they stand, and where they lead.
    pub fn links(&self) -> Vec<(PathBuf, PathBuf)> {
        let mut all = Vec::new();
        for (name, node) in &self.nodes {
            match node {
                Node::Link { source, .. } => all.push((name.into(), source.clone())),
                Node::Folder(tree) => {
                    all.extend(tree.links().into_iter().map(|(at, to)| (Path::new(name).join(at), to)));
                }
            }
        }
        all
    }

    /// Adds one entry: a link called `name` to `source`.
    ///
    /// # Errors
    /// When `source` must be merged with another folder and cannot be listed.
    pub fn add(&mut self, name: OsString, source: PathBuf, folder: bool) -> io::Result<()> {
        // The store has an empty file of this name in every folder with modules: nothing that a venv would have.
        if name == "__pycache__" {
            return Ok(());
        }
        match self.nodes.get(&name) {
            None => {
                self.nodes.insert(name, Node::Link { source, folder });
                Ok(())
            }
            Some(Node::Link { source: used, folder: of_folder }) if !of_folder || !folder => {
                self.clashes.push(Clash { used: used.clone(), hidden: source });
                Ok(())
            }
            Some(Node::Folder(_)) if !folder => Ok(()),
            Some(_) => self.descend(name)?.add_contents(Path::new(""), &source),
        }
    }

    /// The folder `name`; a link that stands there becomes a folder of links.
    fn descend(&mut self, name: OsString) -> io::Result<&mut Tree> {
        let linked = match self.nodes.get(&name) {
            Some(Node::Link { source, folder: true }) => Some(source.clone()),
            Some(Node::Link { source, .. }) => {
                let text = format!(
                    "{} is a file, and another distribution has a folder of that name",
                    source.display()
                );
                return Err(io::Error::other(text));
            }
            _ => None,
        };
        if let Some(source) = linked {
            let mut tree = Tree::default();
            tree.add_contents(Path::new(""), &source)?;
            self.nodes.insert(name.clone(), Node::Folder(tree));
        }
        match self.nodes.entry(name).or_insert_with(|| Node::Folder(Tree::default())) {
            Node::Folder(tree) => Ok(tree),
            Node::Link { .. } => Err(io::Error::other("a link where a folder was just made")),
        }
    }

    /// What could not be shown, here and below, because its name was taken.
    pub fn clashes(&self) -> Vec<Clash> {
        let mut all = self.clashes.clone();
        for node in self.nodes.values() {
            if let Node::Folder(tree) = node {
                all.extend(tree.clashes());
            }
        }
        all
    }

    /// Makes the links and folders in `target`, which exists; folders may exist, links must not.
    ///
    /// # Errors
    /// When one cannot be made.
    pub fn write(&self, target: &Path) -> io::Result<()> {
        for (name, node) in &self.nodes {
            let path = target.join(name);
            match node {
                Node::Link { source, .. } => match symlink(source, &path) {
                    // `bin`, `lib`: the environment's own, made before a wheel's data is placed.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => merge(source, &path)?,
                    done => done?,
                },
                Node::Folder(tree) => {
                    match fs::create_dir(&path) {
                        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                        _ => {}
                    }
                    tree.write(&path)?;
                }
            }
        }
        Ok(())
    }
}

/// Links what is in the folder `source` into the existing folder `path`; a file that stands there stays.
fn merge(source: &Path, path: &Path) -> io::Result<()> {
    if !source.is_dir() || fs::symlink_metadata(path)?.is_symlink() {
        return Ok(());
    }
    let mut tree = Tree::default();
    tree.add_contents(Path::new(""), source)?;
    tree.write(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, path.to_string_lossy().as_bytes()).unwrap();
    }

    #[test]
    fn a_folder_in_common_is_real_as_deep_as_it_is_in_common() {
        let root = tempfile::tempdir().unwrap();
        let [one, two, out] = ["one", "two", "out"].map(|name| root.path().join(name));
        file(&one.join("google/cloud/a/__init__.py"));
        file(&one.join("alone/__init__.py"));
        file(&two.join("google/cloud/b/__init__.py"));
        file(&two.join("google/api/__init__.py"));
        file(&two.join("google/__pycache__"));
        fs::create_dir(&out).unwrap();
        let mut tree = Tree::default();
        tree.add_contents(Path::new(""), &one).unwrap();
        tree.add_contents(Path::new(""), &two).unwrap();
        tree.write(&out).unwrap();
        assert_eq!(fs::read_link(out.join("alone")).unwrap(), one.join("alone"));
        assert_eq!(fs::read_link(out.join("google/cloud/b")).unwrap(), two.join("google/cloud/b"));
        assert_eq!(fs::read_link(out.join("google/api")).unwrap(), two.join("google/api"));
        assert!(!fs::symlink_metadata(out.join("google/cloud")).unwrap().is_symlink());
        assert!(!out.join("google/__pycache__").exists());
    }

    #[test]
    fn the_first_of_two_equal_names_stays() {
        let root = tempfile::tempdir().unwrap();
        let [one, two, out] = ["one", "two", "out"].map(|name| root.path().join(name));
        file(&one.join("tests/__init__.py"));
        file(&two.join("tests/__init__.py"));
        file(&two.join("tests/more.py"));
        fs::create_dir(&out).unwrap();
        let mut tree = Tree::default();
        tree.add_contents(Path::new(""), &one).unwrap();
        tree.add_contents(Path::new(""), &two).unwrap();
        tree.write(&out).unwrap();
        assert_eq!(fs::read_link(out.join("tests/__init__.py")).unwrap(), one.join("tests/__init__.py"));
        assert_eq!(fs::read_link(out.join("tests/more.py")).unwrap(), two.join("tests/more.py"));
    }

    #[test]
    fn data_goes_into_folders_that_are_there() {
        let root = tempfile::tempdir().unwrap();
        let [data, out] = ["data", "out"].map(|name| root.path().join(name));
        file(&data.join("bin/tool"));
        file(&data.join("share/man/tool.1"));
        fs::create_dir_all(out.join("bin")).unwrap();
        let mut tree = Tree::default();
        tree.add_contents(Path::new(""), &data).unwrap();
        tree.write(&out).unwrap();
        assert_eq!(fs::read_link(out.join("bin/tool")).unwrap(), data.join("bin/tool"));
        assert_eq!(fs::read_link(out.join("share")).unwrap(), data.join("share"));
    }
}
