//! The switch from one generation to another: one rename.
//!
//! Until it, everything sees the old environment; after it, everything new sees the new one. Processes that run
//! keep what they started with. Deliberately not here: making the generation.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};

use super::durable;
use super::layout::Layout;

/// Makes the environment's link point to generation `number`.
///
/// # Errors
/// When the link cannot be made; the old one stands then.
pub fn switch(layout: &Layout, number: u64) -> Result<()> {
    let link = &layout.link;
    // Among the generations its target is wrong for a moment, and nobody follows it there. Where they are on another
    // file system than the link, it is made beside the link.
    let mut name = link.file_name().unwrap_or_default().to_owned();
    name.push(".pinfold-new");
    match replace(&layout.home.join("tmp-link"), layout, number) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            replace(&link.with_file_name(name), layout, number)
        }
        done => done,
    }
    .with_context(|| format!("could not switch {} to generation {number}", link.display()))?;
    // Both renames must outlive a power cut, the generation's first: not every file system keeps them in order.
    for folder in [Some(&*layout.home), layout.home.parent(), link.parent()].into_iter().flatten() {
        durable::one(folder).with_context(|| format!("could not make {} durable", folder.display()))?;
    }
    Ok(())
}

/// Makes the link as `temporary` and renames it over the old one.
fn replace(temporary: &Path, layout: &Layout, number: u64) -> io::Result<()> {
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(layout.target(number), temporary)?;
    fs::rename(temporary, &layout.link).inspect_err(|_| {
        // The switch failed: that its temporary link stays is no more news.
        let _ = fs::remove_file(temporary);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::layout::Found;

    #[test]
    fn the_link_goes_from_one_generation_to_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(&folder.path().join("env")).unwrap();
        for number in [1, 2] {
            fs::create_dir_all(layout.generation(number)).unwrap();
            fs::write(layout.generation(number).join("mark"), number.to_string()).unwrap();
            switch(&layout, number).unwrap();
            assert_eq!(layout.found().unwrap(), Found::Generation(number));
            assert_eq!(fs::read_to_string(layout.link.join("mark")).unwrap(), number.to_string());
        }
    }
}
