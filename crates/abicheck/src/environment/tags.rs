//! Tags of wheels and of extension modules, and whether they fit an interpreter (PEP 425, PEP 600, PEP 656; CPython's
//! `SOABI` and `dynload_shlib.c`).
//!
//! What cannot be understood fits: it is no ground to say that something is wrong. Deliberately not here: the glibc that
//! a platform tag asks for, which is a matter of symbol versions.

use std::path::PathBuf;

use super::distribution::Distribution;
use super::interpreter::Interpreter;

/// Stands for the tag of a module for Windows that has none in its name.
const WINDOWS: &str = "win";

/// An extension module whose name says that it is for another interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The file.
    pub path: PathBuf,
    /// Its full name as a module.
    pub module: String,
    /// What the name says, such as `cpython-310-x86_64-linux-gnu`.
    pub tag: String,
}

impl Distribution {
    /// The extension modules for other interpreters of which it has no variant for this one: none of the same name with
    /// a suffix of its, and no Python source in its place.
    pub fn foreign_modules(&self, interpreter: &Interpreter) -> Vec<Foreign> {
        let windows = self.recorded.iter().filter(|file| file.ends_with(".pyd"));
        let windows: Vec<PathBuf> = windows.map(|file| self.folder.join(file)).collect();
        let tagged: Vec<(&PathBuf, Foreign)> = self
            .native
            .iter()
            .chain(&windows)
            .filter_map(|path| {
                let foreign = self.tagged(path)?;
                Some((path, foreign))
            })
            .collect();
        let fits = |tag: &str| interpreter.suffixes.contains(&format!(".{tag}.so"));
        if tagged.iter().all(|(_, one)| fits(&one.tag)) {
            return Vec::new();
        }
        let last = |module: &str| module.rsplit('.').next().unwrap_or(module).to_owned();
        let plain = self.native.iter().filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(".so")?;
            (!name.contains('.')).then(|| name.to_owned())
        });
        let mut there: Vec<String> = plain.collect();
        there.extend(tagged.iter().filter(|(_, one)| fits(&one.tag)).map(|(_, one)| last(&one.module)));
        let others = tagged.into_iter().filter(|(path, one)| {
            let source = path.with_file_name(format!("{}.py", last(&one.module)));
            !fits(&one.tag) && !there.contains(&last(&one.module)) && !source.is_file()
        });
        others.map(|(_, one)| one).collect()
    }

    /// The module that the file at `path` is by its name, if that name has a tag.
    fn tagged(&self, path: &std::path::Path) -> Option<Foreign> {
        let relative = path.strip_prefix(&self.folder).ok()?.to_str()?;
        let (folder, name) = relative.rsplit_once('/').unwrap_or(("", relative));
        let (stem, tag) = match name.strip_suffix(".pyd") {
            Some(name) => name.split_once('.').unwrap_or((name, WINDOWS)),
            None => name.strip_suffix(".so")?.split_once('.')?,
        };
        let known = ["cpython-", "pypy", "graalpy", "abi3", "cp3", WINDOWS];
        if !known.iter().any(|start| tag.starts_with(start)) || tag.contains('.') {
            return None;
        }
        let folders = folder.split('/').filter(|part| !part.is_empty());
        let stem = Some(stem).filter(|stem| *stem != "__init__");
        let parts: Vec<&str> = folders.chain(stem).collect();
        let is_name = |part: &&str| !part.is_empty() && !part.contains(['.', '-']);
        let module = parts.iter().all(is_name).then(|| parts.join("."))?;
        Some(Foreign { path: path.to_owned(), module, tag: tag.to_owned() })
    }
}

/// `CPython 3.10`, of a module's tag as of a wheel's.
pub fn describe(tag: &str) -> String {
    let (interpreter, platform) = match tag.strip_prefix("cpython-") {
        Some(rest) => rest.split_once('-').map_or((rest, ""), |(version, platform)| (version, platform)),
        None if tag == WINDOWS => return "Windows".to_owned(),
        None => return tag.to_owned(),
    };
    let digits = interpreter.find(|c: char| !c.is_ascii_digit()).unwrap_or(interpreter.len());
    let (version, flags) = interpreter.split_at(digits);
    let (major, minor) = version.split_at(version.len().min(1));
    let mut text = format!("CPython {major}.{minor}");
    if flags.contains('t') {
        text += ", free-threaded";
    }
    if flags.contains('d') {
        text += ", a debug build";
    }
    if platform.is_empty() { text } else { format!("{text} on {platform}") }
}

impl Interpreter {
    /// What the names of its own extension modules say, such as `cpython-311-x86_64-linux-gnu`.
    pub fn soabi(&self) -> &str {
        self.suffixes.first().map_or("", |suffix| suffix.trim_start_matches('.').trim_end_matches(".so"))
    }

    /// `311`, `37m` or `313t`, and the platform.
    fn parts(&self) -> (&str, &str) {
        let rest = self.soabi().strip_prefix("cpython-").unwrap_or_default();
        rest.split_once('-').unwrap_or((rest, ""))
    }

    /// Whether threads run without the global lock (PEP 703): such an interpreter takes no `abi3` modules.
    pub fn is_free_threaded(&self) -> bool {
        self.parts().0.ends_with('t')
    }

    /// The system that `tag`, a wheel's or a module's, is for, where it is another one than this interpreter's.
    pub fn other_system(&self, tag: &str) -> Option<String> {
        let (own, libc) = self.parts().1.split_once('-').unwrap_or((self.parts().1, ""));
        let systems = [("win", "Windows"), ("macosx", "macOS"), ("darwin", "macOS")];
        let parts = |tag: &str, start: &str| tag.split(['-', '.']).any(|part| part.starts_with(start));
        if let Some((_, system)) = systems.iter().find(|(start, _)| parts(tag, start)) {
            return Some((*system).to_owned());
        }
        let is_musl = tag.contains("musl");
        if is_musl != libc.contains("musl") && tag.contains("linux") {
            return Some(if is_musl { "Linux with musl" } else { "Linux with glibc" }.to_owned());
        }
        let known = ["x86_64", "aarch64", "armv7l", "i686", "i386", "ppc64le", "riscv64", "s390x"];
        let machine = known.into_iter().find(|machine| tag.contains(machine));
        machine
            .filter(|machine| !own.is_empty() && *machine != own && *machine != wheels_name(own))
            .map(str::to_owned)
    }

    /// Its machine, such as `x86_64`.
    pub(super) fn machine(&self) -> String {
        self.parts().1.split_once('-').map_or(self.parts().1, |(machine, _)| machine).to_owned()
    }

    /// What wheels for it have as their platform, as far as that is one thing.
    pub fn platform(&self) -> String {
        let (own, libc) = self.parts().1.split_once('-').unwrap_or((self.parts().1, ""));
        let policy = if libc.contains("musl") { "musllinux" } else { "manylinux" };
        format!("{policy}, {}", wheels_name(own))
    }

    /// Whether a wheel with `tag`, as `WHEEL` has it, may be installed for it.
    pub fn takes(&self, tag: &str) -> bool {
        let mut parts = tag.split('-');
        let (Some(pythons), Some(abis), Some(platforms)) = (parts.next(), parts.next(), parts.next()) else {
            return true;
        };
        // `cp311.cp312` and `manylinux2014_x86_64.manylinux_2_17_x86_64` stand for each of their parts.
        pythons.split('.').any(|python| abis.split('.').any(|abi| self.takes_python(python, abi)))
            && platforms.split('.').any(|platform| self.takes_platform(platform))
    }

    fn takes_python(&self, python: &str, abi: &str) -> bool {
        let digits = python.find(|c: char| c.is_ascii_digit()).unwrap_or(python.len());
        let (name, version) = python.split_at(digits);
        let (major, minor) = version.split_at(version.len().min(1));
        let Ok(major) = major.parse::<u32>() else { return true };
        let minor: Option<u32> = minor.parse().ok();
        let not_later = major == self.version.0 && minor.is_none_or(|minor| minor <= self.version.1);
        match (name, abi) {
            ("py", "none") => not_later,
            ("cp", "none") => major == self.version.0 && minor.is_none_or(|minor| minor == self.version.1),
            ("cp", "abi3") => not_later && !self.is_free_threaded(),
            // PEP 803: for both builds.
            ("cp", abi) if abi.starts_with("abi3") => not_later,
            ("cp", abi) => {
                let own = self.parts().0;
                own.is_empty() || abi.strip_prefix("cp") == Some(own)
            }
            ("pp" | "ip" | "jy" | "graalpy", _) => false,
            _ => true,
        }
    }

    fn takes_platform(&self, platform: &str) -> bool {
        let (own, libc) = self.parts().1.split_once('-').unwrap_or((self.parts().1, ""));
        let foreign = ["win", "macosx", "ios", "android", "emscripten", "wasi", "pyodide"];
        if foreign.iter().any(|start| platform.starts_with(start)) {
            return false;
        }
        let musl = platform.starts_with("musllinux");
        if !(platform.starts_with("linux") || platform.starts_with("manylinux") || musl) || own.is_empty() {
            return true;
        }
        platform.ends_with(&format!("_{}", wheels_name(own))) && musl == libc.contains("musl")
    }
}

/// The name of a machine in the tags of wheels.
fn wheels_name(machine: &str) -> &str {
    match machine {
        "i386" => "i686",
        "arm" => "armv7l",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpreter(soabi: &str, version: (u32, u32)) -> Interpreter {
        let suffixes = [format!(".{soabi}.so"), ".abi3.so".to_owned(), ".so".to_owned()].into();
        Interpreter { executable: PathBuf::new(), version, suffixes, stdlib: PathBuf::new() }
    }

    #[test]
    fn wheels_fit_or_do_not() {
        let python = interpreter("cpython-311-x86_64-linux-gnu", (3, 11));
        for fits in [
            "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
            "cp310.cp311-cp310.cp311-linux_x86_64",
            "cp38-abi3-manylinux_2_28_x86_64",
            "cp311-none-any",
            "py3-none-any",
            "py2.py3-none-any",
            "py39-none-linux_x86_64",
            "odd",
        ] {
            assert!(python.takes(fits), "{fits}");
        }
        for other in [
            "cp310-cp310-manylinux_2_17_x86_64",
            "cp312-abi3-manylinux_2_17_x86_64",
            "cp311-cp311-musllinux_1_2_x86_64",
            "cp311-cp311-manylinux_2_17_aarch64",
            "cp311-cp311-win_amd64",
            "cp311-cp311d-linux_x86_64",
            "pp310-pypy310_pp73-manylinux_2_17_x86_64",
            "py312-none-any",
            "py2-none-any",
        ] {
            assert!(!python.takes(other), "{other}");
        }
        let old = interpreter("cpython-37m-i386-linux-gnu", (3, 7));
        assert!(old.takes("cp37-cp37m-manylinux1_i686") && !old.takes("cp37-cp37m-manylinux1_x86_64"));
        let free = interpreter("cpython-313t-x86_64-linux-gnu", (3, 13));
        assert!(free.takes("cp313-cp313t-linux_x86_64") && !free.takes("cp313-cp313-linux_x86_64"));
        assert!(!free.takes("cp38-abi3-linux_x86_64"), "an interpreter without the lock takes no abi3");
    }

    #[test]
    fn another_system_is_told_from_another_python() {
        let python = interpreter("cpython-311-x86_64-linux-gnu", (3, 11));
        let other = |tag: &str| python.other_system(tag);
        for (tag, system) in [
            ("cp311-cp311-win_amd64", "Windows"),
            ("win", "Windows"),
            ("cp311-cp311-macosx_11_0_arm64", "macOS"),
            ("cpython-311-darwin", "macOS"),
            ("cp311-cp311-musllinux_1_2_x86_64", "Linux with musl"),
            ("cpython-311-x86_64-linux-musl", "Linux with musl"),
            ("cp310-cp310-manylinux_2_17_aarch64", "aarch64"),
            ("cpython-310-aarch64-linux-gnu", "aarch64"),
        ] {
            assert_eq!(other(tag).as_deref(), Some(system), "{tag}");
        }
        for own in [
            "cp310-cp310-manylinux_2_17_x86_64",
            "cpython-310-x86_64-linux-gnu",
            "pypy39-pp73-x86_64-linux-gnu",
            "py2-none-any",
        ] {
            assert_eq!(other(own), None, "{own}");
        }
        assert_eq!(python.platform(), "manylinux, x86_64");
        assert_eq!(
            interpreter("cpython-37m-i386-linux-gnu", (3, 7)).other_system("cp37-cp37m-linux_i686"),
            None
        );
    }

    #[test]
    fn tags_say_for_what_they_are() {
        assert_eq!(describe("cpython-310-x86_64-linux-gnu"), "CPython 3.10 on x86_64-linux-gnu");
        assert_eq!(
            describe("cpython-313td-x86_64-linux-gnu"),
            "CPython 3.13, free-threaded, a debug build on x86_64-linux-gnu"
        );
        assert_eq!(describe("pypy39-pp73-x86_64-linux-gnu"), "pypy39-pp73-x86_64-linux-gnu");
    }

    #[test]
    fn a_variant_that_fits_is_enough() {
        let python = interpreter("cpython-311-x86_64-linux-gnu", (3, 11));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let foreign = |files: &[&str]| {
            let is_windows = |file: &&&str| file.ends_with(".pyd");
            let native =
                files.iter().filter(|file| !is_windows(file)).map(|file| folder.path().join(file)).collect();
            let recorded = files.iter().filter(is_windows).map(|file| (*file).to_owned()).collect();
            let folder = folder.path().to_owned();
            let distribution = Distribution { folder, native, recorded, ..Distribution::default() };
            distribution.foreign_modules(&python).into_iter().map(|one| one.module).collect::<Vec<_>>()
        };
        let (old, own) =
            ("a/_core.cpython-310-x86_64-linux-gnu.so", "a/_core.cpython-311-x86_64-linux-gnu.so");
        assert_eq!(foreign(&[old]), ["a._core"]);
        assert_eq!(foreign(&["a/__init__.cpython-310-x86_64-linux-gnu.so"]), ["a"]);
        assert_eq!(foreign(&["a/_core.cp311-win_amd64.pyd", "a/_more.pyd"]), ["a._core", "a._more"]);
        assert_eq!(foreign(&["a/_core.cp311-win_amd64.pyd", own]), [""; 0]);
        assert_eq!(foreign(&[own, old]), [""; 0]);
        assert_eq!(foreign(&[old, "a/_core.abi3.so"]), [""; 0]);
        assert_eq!(foreign(&["py310/_core.cpython-310-x86_64-linux-gnu.so", "py311/_core.so"]), [""; 0]);
        assert_eq!(foreign(&[old, own, "a/_more.cpython-311-aarch64-linux-gnu.so"]), ["a._more"]);
        assert_eq!(foreign(&["a/libx.cpython.so", "a/lib.so.1", "a.libs/x.cpython-310.so.1"]), [""; 0]);
        std::fs::create_dir(folder.path().join("a")).expect("the folder can be written to");
        std::fs::write(folder.path().join("a/_core.py"), "").expect("the folder can be written to");
        assert_eq!(foreign(&[old]), [""; 0], "the source is imported instead");
    }
}
