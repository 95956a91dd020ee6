//! Which wheels an interpreter can use, and which of several is the best (PEP 425, 600, 656).
//!
//! The order is that of `packaging.tags`, which pip and uv follow. Deliberately not here: platforms other
//! than Linux, which have only their own plain tag, and reading file names (wheelsplit).

use std::collections::HashMap;

use wheelsplit::WheelName;

use crate::interpreter::Interpreter;

/// What is to be known of an interpreter to say which wheels fit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Python's minor version: 11 for 3.11.
    pub minor: u32,
    /// `linux_x86_64`.
    pub platform: String,
    /// The C library and its version, `("glibc", 2, 36)`.
    pub libc: Option<(String, u32, u32)>,
}

/// The tags that an interpreter supports, each with its rank; 0 is best.
#[derive(Clone, Debug)]
pub struct Tags(HashMap<String, usize>);

impl Tags {
    /// The tags of CPython 3.`minor` on the target, best first.
    pub fn of(target: &Target) -> Self {
        let (platforms, minor) = (platforms(target), target.minor);
        let mut order: Vec<String> = Vec::new();
        let mut on_each =
            |python: &str, abi: &str| order.extend(platforms.iter().map(|p| format!("{python}-{abi}-{p}")));
        let own = format!("cp3{minor}");
        on_each(&own, &own);
        on_each(&own, "abi3");
        on_each(&own, "none");
        for older in (2..minor).rev() {
            on_each(&format!("cp3{older}"), "abi3");
        }
        let mut generic = vec![format!("py3{minor}"), "py3".to_owned()];
        generic.extend((0..minor).rev().map(|older| format!("py3{older}")));
        for python in &generic {
            on_each(python, "none");
        }
        order.push(format!("{own}-none-any"));
        order.extend(generic.iter().map(|python| format!("{python}-none-any")));
        let mut ranks = HashMap::new();
        for (rank, tag) in order.into_iter().enumerate() {
            ranks.entry(tag).or_insert(rank);
        }
        Tags(ranks)
    }

    /// The tags of an interpreter, best first.
    pub fn of_interpreter(interpreter: &Interpreter) -> Self {
        let number = |text: Option<&str>| text.and_then(|part| part.parse().ok());
        let mut libc = interpreter.libc_version.split('.');
        let libc = number(libc.next()).zip(number(libc.next()));
        Tags::of(&Target {
            minor: number(interpreter.minor.split('.').nth(1)).unwrap_or_default(),
            platform: interpreter.platform.clone(),
            libc: libc.map(|(major, minor)| (interpreter.libc.clone(), major, minor)),
        })
    }

    /// Every tag, best first.
    pub fn list(&self) -> Vec<&str> {
        let mut all: Vec<(&usize, &str)> = self.0.iter().map(|(tag, rank)| (rank, tag.as_str())).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, tag)| tag).collect()
    }

    /// How well a wheel fits, smaller is better; `None` when it does not.
    pub fn rank(&self, wheel: &WheelName) -> Option<usize> {
        wheel.tags.iter().filter_map(|tag| self.0.get(&tag.to_string())).min().copied()
    }
}

fn platforms(target: &Target) -> Vec<String> {
    let Some(machine) = target.platform.strip_prefix("linux_") else { return vec![target.platform.clone()] };
    let mut all = Vec::new();
    match &target.libc {
        Some((libc, major @ 2, minor)) if libc == "glibc" => {
            // PEP 600; the oldest glibc that a machine's wheels could be built on.
            let oldest = if matches!(machine, "x86_64" | "i686") { 5 } else { 17 };
            for minor in (oldest..=*minor).rev() {
                all.push(format!("manylinux_{major}_{minor}_{machine}"));
                let legacy = match minor {
                    17 => Some("manylinux2014"),
                    12 if oldest == 5 => Some("manylinux2010"),
                    5 => Some("manylinux1"),
                    _ => None,
                };
                all.extend(legacy.map(|legacy| format!("{legacy}_{machine}")));
            }
        }
        Some((libc, major, minor)) if libc == "musl" => {
            all.extend((0..=*minor).rev().map(|minor| format!("musllinux_{major}_{minor}_{machine}")));
        }
        _ => {}
    }
    all.push(target.platform.clone());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(minor: u32, platform: &str, glibc: u32) -> Target {
        Target { minor, platform: platform.to_owned(), libc: Some(("glibc".to_owned(), 2, glibc)) }
    }

    fn best<'a>(tags: &Tags, files: &[&'a str]) -> Option<&'a str> {
        let ranked = files.iter().filter_map(|f| Some((tags.rank(&WheelName::parse(f).ok()?)?, *f)));
        ranked.min().map(|(_, file)| file)
    }

    #[test]
    fn the_most_specific_wheel_that_fits_wins() {
        let tags = Tags::of(&target(11, "linux_x86_64", 36));
        let files = [
            "x-1-py3-none-any.whl",
            "x-1-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "x-1-cp311-cp311-manylinux_2_39_x86_64.whl",
            "x-1-cp312-cp312-manylinux1_x86_64.whl",
            "x-1-cp311-cp311-manylinux2014_aarch64.whl",
            "x-1-cp311-cp311-musllinux_1_2_x86_64.whl",
        ];
        assert_eq!(best(&tags, &files), Some(files[1]));
        assert_eq!(best(&tags, &[files[0]]), Some(files[0]));
        assert_eq!(best(&tags, &files[2..]), None, "newer glibc, other Python, other machine, other libc");
        let both = ["x-1-cp311-cp311-manylinux2014_x86_64.whl", "x-1-cp311-cp311-manylinux_2_28_x86_64.whl"];
        assert_eq!(best(&tags, &both), Some(both[1]));
    }

    #[test]
    fn legacy_tags_stand_beside_their_perennial_ones() {
        assert_eq!(
            platforms(&target(11, "linux_aarch64", 18)),
            ["manylinux_2_18_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64"]
        );
    }
}
