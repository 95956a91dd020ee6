//! A build backend, asked in a process of its own (PEP 517).
//!
//! The process that calls the hooks is a few lines of Python (`backend.py`): `uv build` has no way to ask a backend what it
//! requires in addition, and a package that calls hooks would have to be in the backend's own environment. Deliberately
//! not here: what is in that environment, and what is done with the wheel.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::confine;
use super::engine::Engine;
use super::error::{BuildError, io_error};
use super::limits;
use super::one::Subject;
use super::process::{Ended, Run};
use super::progress::Line;
use super::system::BuildSystem;
use super::workplace::{Workplace, by_hand};

const PROGRAM: &str = include_str!("backend.py");

/// The date that everything is built on: the first one that a zip file can hold.
const EPOCH: &str = "315532800";

/// A backend with the source that it builds.
pub(super) struct Backend<'a> {
    pub(super) engine: &'a Engine<'a>,
    pub(super) subject: &'a Subject,
    pub(super) system: &'a BuildSystem,
    pub(super) place: &'a Workplace,
    pub(super) line: &'a Line,
    /// Variables that the build sees beside those that every build has.
    pub(super) variables: Vec<(String, String)>,
    pub(super) settings: Value,
}

impl Backend<'_> {
    /// What it requires in addition to `[build-system]`, sorted.
    pub(super) fn requires(&self) -> Result<Vec<String>, BuildError> {
        let answer = self.call("get_requires_for_build_wheel")?;
        let strings = answer.as_array().map(|list| list.iter().map(|item| item.as_str().map(str::to_owned)));
        let list: Option<Vec<String>> = strings.and_then(Iterator::collect);
        let mut list =
            list.ok_or_else(|| self.wrong(format!("answers {answer} when it is asked what it requires")))?;
        list.sort();
        list.dedup();
        Ok(list)
    }

    /// Has it build a wheel; the one file that there is in the folder for it then.
    pub(super) fn wheel(&self) -> Result<PathBuf, BuildError> {
        let answer = self.call("build_wheel")?;
        let entries = std::fs::read_dir(self.place.out()).map_err(io_error("read", &self.place.out()))?;
        let mut wheels: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "whl"))
            .collect();
        wheels.sort();
        let names = || {
            let names: Vec<String> =
                wheels.iter().filter_map(|w| Some(w.file_name()?.to_str()?.to_owned())).collect();
            names.join(" and ")
        };
        match wheels.as_slice() {
            [] => Err(self.wrong("ended well, but made no wheel".to_owned())),
            [one] if answer.as_str().is_some_and(|name| one.file_name().is_some_and(|file| file == name)) => {
                Ok(one.clone())
            }
            [_] => Err(self.wrong(format!("says that it made {answer}, but there is {}", names()))),
            many => Err(self.wrong(format!("made {} wheels, not one: {}", many.len(), names()))),
        }
    }

    fn call(&self, hook: &str) -> Result<Value, BuildError> {
        let place = self.place;
        let write = |path: &Path, text: &str| std::fs::write(path, text).map_err(io_error("write", path));
        let (program, request) = (place.path().join("backend.py"), place.path().join("request.json"));
        let answer = place.path().join("answer.json");
        let source = place.source();
        let backend_path: Vec<PathBuf> =
            self.system.backend_path.iter().map(|path| source.join(path)).collect();
        write(&program, PROGRAM)?;
        write(
            &request,
            &json!({
                "hook": hook,
                "backend": self.system.build_backend,
                "path": backend_path,
                "settings": self.settings,
                "out": place.out(),
            })
            .to_string(),
        )?;
        let _ = std::fs::remove_file(&answer);
        let python = place.environment().join("bin/python");
        let mut command =
            confine::command(&[place.path()]).map_err(io_error("find", Path::new("this program")))?;
        // -P: the folder of our program is not for the backend to import from.
        command.arg(&python).arg("-P").arg(&program).arg(&request).arg(&answer);
        command.current_dir(&source).env_clear().envs(self.environment());
        place.write_script(&command)?;
        let run = Run {
            command,
            log: place.log(),
            timeout: Some(self.engine.limit(&self.subject.name)),
            line: self.line,
            input: None,
        };
        let ended = run.wait().map_err(io_error("run", &python))?;
        let said: Option<Value> =
            std::fs::read(&answer).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if !ended.is_fine() {
            let unusable = said.as_ref().and_then(|said| said.get("unusable")?.as_str());
            return Err(match unusable.filter(|_| !ended.timed_out) {
                Some(how) => self.after(how.to_owned(), &ended),
                None => self.failed(hook, &ended),
            });
        }
        match said.as_ref().and_then(|said| said.get("answer")) {
            Some(answer) => Ok(answer.clone()),
            None => Err(self
                .after(format!("{}, without an answer", ended.words_in(&format!(" in `{hook}`"))), &ended)),
        }
    }

    /// All variables of the process: what every build has, and what the manifest names.
    fn environment(&self) -> Vec<(String, String)> {
        let text = |path: PathBuf| path.display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        let bin = text(self.place.environment().join("bin"));
        let mut all: Vec<(String, String)> = [
            ("PATH", format!("{bin}:{path}")),
            ("HOME", text(self.place.home())),
            ("TMPDIR", text(self.place.tmp())),
            ("LANG", "C.UTF-8".to_owned()),
            ("SOURCE_DATE_EPOCH", EPOCH.to_owned()),
            // The order of sets must not be another one in every build.
            ("PYTHONHASHSEED", "0".to_owned()),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ("PYTHONNOUSERSITE", "1".to_owned()),
            ("PYTHONUNBUFFERED", "1".to_owned()),
            // One that reads .git must not write there.
            ("GIT_OPTIONAL_LOCKS", "0".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        all.retain(|(name, _)| self.variables.iter().all(|(named, _)| named != name));
        all.extend(self.variables.iter().cloned());
        self.without_paths(&mut all);
        all
    }

    /// Has compilers leave out what of their output is the folder they ran in: no debugging information unless somebody
    /// asks for it, and `/build` for the rest, as in a build by Nix.
    ///
    /// Each flag stands where others still win: before the named variable's own, and, for cargo, in its configuration.
    fn without_paths(&self, all: &mut Vec<(String, String)>) {
        let (root, source) = (self.place.path().display(), self.place.source());
        let source = source.display();
        // Of several that fit, gcc and clang take the last one, and so does rustc.
        let c = format!("-g0 -ffile-prefix-map={root}=/build -ffile-prefix-map={source}=/build");
        let rust = format!("--remap-path-prefix={root}=/build --remap-path-prefix={source}=/build");
        for (name, flags) in [("CFLAGS", &c), ("CXXFLAGS", &c), ("CARGO_BUILD_RUSTFLAGS", &rust)] {
            match all.iter_mut().find(|(named, _)| named == name) {
                Some((_, own)) => *own = format!("{flags} {own}"),
                None => all.push((name.to_owned(), flags.clone())),
            }
        }
    }

    fn failed(&self, hook: &str, ended: &Ended) -> BuildError {
        let mut error = self.after(ended.words_in(&format!(" in `{hook}`")), ended);
        if let BuildError::Backend { hints, late, .. } = &mut error {
            let denied =
                |line: &String| line.contains("Permission denied") || line.contains("Read-only file system");
            if ended.last.iter().any(denied) {
                let what = "a build may write in its own folder, its HOME and its TMPDIR only; whatever else it needs must be there before";
                hints.insert(0, what.to_owned());
            }
            if ended.timed_out {
                *late = Some(self.engine.limit(&self.subject.name).as_secs());
                hints.insert(0, limits::more_time(Some(&self.subject.name)));
            }
        }
        error
    }

    /// As [`Self::wrong`], with what the process said last.
    fn after(&self, how: String, ended: &Ended) -> BuildError {
        let mut error = self.wrong(how);
        if let BuildError::Backend { last, .. } = &mut error {
            last.clone_from(&ended.last);
        }
        error
    }

    /// An error of the build, with the way to look at it; `how` is what the backend did wrong.
    pub(super) fn wrong(&self, how: String) -> BuildError {
        let how = format!("its build backend `{}` {how}", self.system.build_backend);
        let (name, place) = (&self.subject.name, self.place);
        let mut hints = Vec::new();
        if let Some(log) = place.keep_log(self.engine.project, &format!("{name}-build.log")) {
            hints.push(format!("all that it said is in {}", log.display()));
        }
        hints.push(match place.is_kept() {
            true => format!("the folder is kept: `sh {}` does it again by hand", place.script().display()),
            false => by_hand(self.engine.project, name),
        });
        BuildError::Backend { what: self.subject.words.clone(), how, last: Vec::new(), hints, late: None }
    }
}
