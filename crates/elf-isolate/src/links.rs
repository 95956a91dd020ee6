//! Links in one tree that lead into another: a file is known by the path that it has in its own tree.
//!
//! Where a tree is rebuilt, links of others lead to the rebuilt one. Deliberately not here: finding such links.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where links stand, and where they lead, both absolute.
#[derive(Clone, Debug, Default)]
pub struct Links(BTreeMap<PathBuf, PathBuf>);

/// Links that lead in circles have no end.
const MOST_FOLLOWED: usize = 16;

impl Links {
    /// These links.
    pub fn new(links: impl IntoIterator<Item = (PathBuf, PathBuf)>) -> Self {
        Self(links.into_iter().collect())
    }

    /// Each link, with where it leads.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Path)> {
        self.0.iter().map(|(at, to)| (at.as_path(), to.as_path()))
    }

    /// Where the link at `path` leads.
    pub(crate) fn target(&self, path: &Path) -> Option<&Path> {
        self.0.get(path).map(PathBuf::as_path)
    }

    /// `path` as it is in its own tree.
    pub(crate) fn follow(&self, path: PathBuf) -> PathBuf {
        let mut path = path;
        for _ in 0..MOST_FOLLOWED {
            let linked = path.ancestors().find_map(|above| Some((above, self.target(above)?)));
            let Some((above, target)) = linked else { break };
            let Ok(rest) = path.strip_prefix(above) else { break };
            // Nothing is joined to a link that is the file itself: a slash would make it a folder.
            path = if rest.as_os_str().is_empty() { target.to_owned() } else { target.join(rest) };
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_own_trees() {
        let links = Links::new(
            [("/a/x/lib", "/b/lib"), ("/b/lib/deep", "/c/deep"), ("/o", "/o")]
                .map(|(at, to)| (PathBuf::from(at), PathBuf::from(to))),
        );
        let follow = |path: &str| links.follow(path.into());
        assert_eq!(follow("/a/x/lib/l.so"), Path::new("/b/lib/l.so"));
        assert_eq!(follow("/a/x/lib/deep/l.so"), Path::new("/c/deep/l.so"));
        assert_eq!(follow("/a/x/lib"), Path::new("/b/lib"));
        assert_eq!(follow("/a/x/l.so"), Path::new("/a/x/l.so"));
        assert_eq!(follow("/o/l.so"), Path::new("/o/l.so"));
    }
}
