//! This machine as a [`System`]: what its dynamic loader says of itself, its cache, and an environment.
//!
//! glibc compiles its folders in; `ld.so --list-diagnostics` (glibc 2.33) is the documented way to ask
//! (ld.so(8)). Deliberately not here: other C libraries, which load by other rules.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use elf_facts::Name;

use crate::files::Files;
use crate::ld_so_cache::LdSoCache;
use crate::system::{StaticTls, System};

/// The loader did not say what it does.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// It could not be run.
    #[error("could not run `{} --list-diagnostics`, which says where this machine's loader looks: {source}", loader.display())]
    Run {
        /// The loader.
        loader: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is older, or not glibc's.
    #[error("`{} --list-diagnostics` did not say where it looks\nhint: glibc says it from 2.33 on; other C libraries load by other rules", loader.display())]
    Silent {
        /// The loader.
        loader: PathBuf,
    },
}

impl System {
    /// The machine whose dynamic loader is `loader` (the PT_INTERP of its programs), for programs of machine `machine`
    /// (`e_machine`), with the environment `environment`.
    pub fn of_loader(
        loader: &Path,
        machine: u16,
        environment: impl Fn(&str) -> Option<Vec<u8>>,
        files: impl Files + 'static,
    ) -> Result<Self, MachineError> {
        let output = Command::new(loader).arg("--list-diagnostics").env_clear().output();
        let output = output.map_err(|source| MachineError::Run { loader: loader.to_owned(), source })?;
        let said = Diagnostics::read(&output.stdout);
        if said.values.is_empty() || said.default_folders().is_empty() {
            return Err(MachineError::Silent { loader: loader.to_owned() });
        }
        let mut system = Self::new(files);
        let hwcaps = said.hwcaps();
        let etc = said.text("path.sysconfdir").unwrap_or_else(|| b"/etc".to_vec());
        let etc = PathBuf::from(OsStr::from_bytes(&etc));
        // Without a cache, or with one that may not be read, glibc looks into the default folders.
        let cache = std::fs::read(etc.join("ld.so.cache")).unwrap_or_default();
        system.cache = LdSoCache::new(cache, machine, hwcaps.clone());
        system.default_folders = said.default_folders();
        system.subfolders = said.subfolders(&hwcaps, machine);
        system.platform = said.text("dl_platform").map(Name::new);
        if let Some(lib) = said.text("dl_dst_lib") {
            system.lib = Name::new(lib);
        }
        system.library_path = environment("LD_LIBRARY_PATH").map(Name::new);
        let preload_file = std::fs::read(etc.join("ld.so.preload")).ok();
        system.preload =
            [environment("LD_PRELOAD"), preload_file].into_iter().flatten().map(Name::new).collect();
        system.bind_now = environment("LD_BIND_NOW").is_some_and(|value| !value.is_empty());
        system.static_tls =
            environment("GLIBC_TUNABLES").map_or(StaticTls::DEFAULT, |value| tunables(&value));
        let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        system.working_folder = Name::from(folder.as_path());
        Ok(system)
    }
}

/// What `--list-diagnostics` prints: lines of `name=number` and `name="text"`.
struct Diagnostics {
    values: HashMap<String, Vec<u8>>,
}

impl Diagnostics {
    fn read(output: &[u8]) -> Self {
        let lines = output.split(|byte| *byte == b'\n');
        let pairs = lines.filter_map(|line| {
            let at = line.iter().position(|byte| *byte == b'=')?;
            let (name, value) = (std::str::from_utf8(&line[..at]).ok()?, &line[at + 1..]);
            // Quotes and backslashes are escaped by a backslash.
            let value =
                value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
            Some((name.to_owned(), unescaped(value)))
        });
        Self { values: pairs.collect() }
    }

    fn text(&self, name: &str) -> Option<Vec<u8>> {
        self.values.get(name).cloned()
    }

    fn number(&self, name: &str) -> u64 {
        let text = self.values.get(name).map(|text| String::from_utf8_lossy(text));
        let digits = text.as_deref().and_then(|text| text.strip_prefix("0x"));
        digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default()
    }

    fn default_folders(&self) -> Vec<Name> {
        (0..).map_while(|at| self.text(&format!("path.system_dirs[{at:#x}]"))).map(Name::new).collect()
    }

    /// The `glibc-hwcaps` subfolders that are active, the best first.
    fn hwcaps(&self) -> Vec<Vec<u8>> {
        let all = self.text("dl_hwcaps_subdirs").unwrap_or_default();
        let active = self.number("dl_hwcaps_subdirs_active");
        let names = all.split(|byte| *byte == b':').enumerate();
        names
            .filter(|(at, name)| active >> at & 1 == 1 && !name.is_empty())
            .map(|(_, name)| name.to_vec())
            .collect()
    }

    /// All subfolders in the order of the search (`_dl_important_hwcaps` in `elf/dl-hwcaps.c`): `glibc-hwcaps`, then
    /// before glibc 2.37 every combination of `tls`, the platform and the hardware's capabilities.
    fn subfolders(&self, hwcaps: &[Vec<u8>], machine: u16) -> Vec<Name> {
        let modern = hwcaps.iter().map(|name| [b"glibc-hwcaps/", &name[..], b"/"].concat());
        let version = self.text("version.version").unwrap_or_default();
        let minor =
            version.split(|byte| *byte == b'.').nth(1).and_then(|text| std::str::from_utf8(text).ok());
        if minor.and_then(|text| text.parse::<u32>().ok()).is_none_or(|minor| minor > 36) {
            return modern.map(Name::new).collect();
        }
        let mut parts = vec![b"tls".to_vec()];
        parts.extend(self.text("dl_platform"));
        // The names of x86-64's bits (`dl_x86_hwcap_flags`); other machines have theirs, which no one uses.
        let bits = [(4, "avx512_1"), (2, "x86_64")].into_iter();
        let set = self.number("dl_hwcap") & self.number("dl_hwcap_important");
        parts.extend(
            bits.filter(|(bit, _)| machine == 62 && set & bit != 0).map(|(_, name)| name.as_bytes().to_vec()),
        );
        let combinations = (1..1_u32 << parts.len()).rev().map(|mask| {
            let chosen = parts.iter().rev().enumerate().rev().filter(|(at, _)| mask >> at & 1 == 1);
            chosen.flat_map(|(_, part)| [&part[..], b"/"]).collect::<Vec<_>>().concat()
        });
        modern.chain(combinations).map(Name::new).collect()
    }
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut escaped = false;
    let kept = text.iter().filter(|byte| {
        escaped = **byte == b'\\' && !escaped;
        !escaped
    });
    kept.copied().collect()
}

/// The tunables that decide the static TLS surplus (glibc's manual, "Dynamic Linking Tunables").
fn tunables(text: &[u8]) -> StaticTls {
    let mut found = StaticTls::DEFAULT;
    for assignment in String::from_utf8_lossy(text).split(':') {
        let Some((name, value)) = assignment.split_once('=') else { continue };
        let digits = value.strip_prefix("0x");
        let Ok(number) = digits.map_or_else(|| value.parse(), |digits| u64::from_str_radix(digits, 16))
        else {
            continue;
        };
        match name {
            "glibc.rtld.optional_static_tls" => found.optional = number,
            // DL_NNS: there are no more.
            "glibc.rtld.nns" => found.namespaces = number.clamp(1, 16),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = r#"dl_dst_lib="lib/x86_64-linux-gnu"
dl_hwcap=0x6
dl_hwcap_important=0x6
dl_hwcaps_subdirs="x86-64-v4:x86-64-v3:x86-64-v2"
dl_hwcaps_subdirs_active=0x6
dl_platform="haswell"
path.system_dirs[0x0]="/lib/x86_64-linux-gnu/"
path.system_dirs[0x1]="/usr/\"lib/"
version.version="2.36""#;

    #[test]
    fn the_loader_says_where_it_looks() {
        let said = Diagnostics::read(SAID.as_bytes());
        let folders = said.default_folders();
        assert_eq!(folders, [Name::from("/lib/x86_64-linux-gnu/"), Name::from("/usr/\"lib/")]);
        let subfolders: Vec<_> = said.subfolders(&said.hwcaps(), 62).iter().map(Name::to_string).collect();
        // As LD_DEBUG=libs of glibc 2.36 prints them.
        let expect = "glibc-hwcaps/x86-64-v3 glibc-hwcaps/x86-64-v2 tls/haswell/avx512_1/x86_64 tls/haswell/avx512_1 \
            tls/haswell/x86_64 tls/haswell tls/avx512_1/x86_64 tls/avx512_1 tls/x86_64 tls haswell/avx512_1/x86_64 \
            haswell/avx512_1 haswell/x86_64 haswell avx512_1/x86_64 avx512_1 x86_64";
        assert_eq!(subfolders.join(" ").replace("/ ", " "), format!("{expect}/"));
        let newer = Diagnostics::read(SAID.replace("2.36", "2.41").as_bytes());
        assert_eq!(newer.subfolders(&newer.hwcaps(), 62).len(), 2);
    }

    #[test]
    fn tunables_are_read() {
        let found = tunables(b"glibc.malloc.check=1:glibc.rtld.optional_static_tls=0x1000:glibc.rtld.nns=99");
        assert_eq!(found, StaticTls { namespaces: 16, optional: 4096 });
    }
}
