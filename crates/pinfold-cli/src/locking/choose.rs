//! The one wheel of a package that an interpreter uses, and what the lock says of it.
//!
//! Deliberately not here: which version of a package is used; that is uv's answer.

use pinfold_core::lock::{Source, Wheel};
use wheelsplit::WheelName;

use super::local::{Local, target};
use super::locked::Locked;
use crate::build::{BuildError, Builder};
use crate::error::Hint;
use crate::uv::fetch::sha256;
use crate::uv::lockfile::{File, Package};
use crate::uv::project::{Question, QuestionError};
use crate::uv::tags::Tags;

/// Why no wheel of a package can be used.
#[derive(Debug, thiserror::Error)]
pub enum ChooseError {
    /// There are wheels, none of them for this interpreter, and no source to build one from.
    #[error("{name} {version} {lack}, and it has no source distribution; it is needed by {closure}")]
    NoneFits {
        /// The package.
        name: String,
        /// Its version.
        version: String,
        /// Why it has to be built, in words.
        lack: String,
        /// The closure that needs it, in words.
        closure: String,
        /// The wheels that there are.
        files: Vec<String>,
    },
    /// A wheel could not be built; which closure needs it.
    #[error("{name} {version}, which {closure} needs, {lack}: {source}")]
    Build {
        /// The package.
        name: String,
        /// Its version.
        version: String,
        /// Why it has to be built, in words.
        lack: String,
        /// The closure that needs it, in words.
        closure: String,
        /// Why.
        source: Box<BuildError>,
    },
    /// Nobody can say what the file's bytes should be.
    #[error("could not find out the sha256 of {file}, which its index does not say: {reason}")]
    NoHash {
        /// The package.
        name: String,
        /// Its version.
        version: String,
        /// The file.
        file: String,
        /// Why.
        reason: String,
        /// Whether it is the file that cannot be had, and nothing that was in the way of asking.
        refused: bool,
    },
}

impl ChooseError {
    /// Whether it is the package that is at fault: not the disk, the network or uv.
    pub fn is_refusal(&self) -> bool {
        match self {
            ChooseError::NoneFits { .. } => true,
            ChooseError::Build { source, .. } => source.is_refusal(),
            ChooseError::NoHash { refused, .. } => *refused,
        }
    }
}

impl Hint for ChooseError {
    fn hints(&self) -> Vec<String> {
        match self {
            ChooseError::NoneFits { files, .. } => {
                let shown: Vec<&str> = files.iter().take(4).map(String::as_str).collect();
                let more = if files.len() > shown.len() { ", ..." } else { "" };
                vec![
                    format!("there are only {}{more}", shown.join(", ")),
                    "ask for another version, or use another Python (`--python`)".to_owned(),
                ]
            }
            ChooseError::Build { source, .. } => source.hints(),
            ChooseError::NoHash { .. } => Vec::new(),
        }
    }
}

/// Chooses among the files of packages.
#[derive(Clone, Copy)]
pub struct Chooser<'a> {
    /// For packages that have no fitting wheel, and for questions.
    pub builder: Builder<'a>,
    /// What fits the interpreter.
    pub tags: &'a Tags,
    /// A question without requirements, to be asked again with one.
    pub question: &'a Question<'a>,
    /// Whether it is about what builds and checks take.
    pub of_tools: bool,
    /// The lock that was; nothing for tools, which have a set of their own.
    pub locked: Option<Locked<'a>>,
}

impl Chooser<'_> {
    /// The wheel of `package` for the closure that `closure` names in words.
    ///
    /// # Errors
    /// See [`ChooseError`].
    pub fn wheel(&self, package: &Package, locals: &[Local], closure: &str) -> Result<Wheel, ChooseError> {
        let name = package.name.clone();
        let version = package.version.clone().unwrap_or_default();
        let from_path = |path: &String| locals.iter().find(|local| local.path.as_os_str() == path.as_str());
        if let Some(local) = package.source.path.as_ref().and_then(from_path) {
            return Ok(local.wheel.clone());
        }
        let registry = package.source.registry.as_deref().unwrap_or_default();
        let index = Some(self.builder.settings.index_name(registry));
        let as_source = self.builder.settings.is_from_source(&name, self.of_tools);
        // A file as the index has it.
        let listed = |file: &File, file_name: String, sha256: String| Wheel {
            name: name.clone(),
            version: version.clone(),
            file: file_name,
            sha256,
            size: file.size,
            index: index.clone(),
            path: None,
            uploaded: file.uploaded(),
            source: None,
        };
        let best = package
            .wheels
            .iter()
            .filter(|_| !as_source)
            .filter_map(|file| Some((self.fit(&file.name()?)?, file)))
            .max_by(|a, b| a.0.cmp(&b.0));
        let locked = self.locked.and_then(|locked| locked.wheel(package, index.as_deref(), best.is_some()));
        if let Some(wheel) = locked.filter(|wheel| wheel.source.is_none() && !as_source)
            && self.fit(&wheel.file).is_some()
        {
            return Ok(wheel.clone());
        }
        let locked = locked.and_then(|wheel| wheel.source.as_ref());
        if let Some((_, file)) = best.filter(|_| locked.is_none()) {
            let file_name = file.name().unwrap_or_default();
            let sha256 = self.hash(package, file, &file_name)?;
            return Ok(listed(file, file_name, sha256));
        }
        let lack = match as_source {
            true => "must be built from source, as uv's setting `no-binary` says".to_owned(),
            false => format!("has no wheel for {}", target(&self.builder)),
        };
        let Some(sdist) = &package.sdist else {
            let files = package.wheels.iter().filter_map(File::name).collect();
            return Err(ChooseError::NoneFits { name, version, lack, closure: closure.to_owned(), files });
        };
        let source = sdist.name().unwrap_or_default();
        let hash = match locked.filter(|locked| locked.file == source) {
            Some(locked) => locked.sha256.clone(),
            None => self.hash(package, sdist, &source)?,
        };
        if self.builder.options.versions_only {
            return Ok(listed(sdist, source, hash));
        }
        let built =
            self.builder.distribution(&name, &version, &hash).map_err(|source| ChooseError::Build {
                name: name.clone(),
                version: version.clone(),
                lack,
                closure: closure.to_owned(),
                source: Box::new(source),
            })?;
        let file = built.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let no_hash = |e: std::io::Error| {
            let (name, version, reason) = (name.clone(), version.clone(), e.to_string());
            ChooseError::NoHash { name, version, file: file.clone(), reason, refused: false }
        };
        let sha256 = sha256(&built).map_err(no_hash)?;
        let size = built.metadata().ok().map(|metadata| metadata.len());
        let source = Some(Source { file: source, sha256: hash });
        Ok(Wheel { name, version, file, sha256, size, index, path: None, uploaded: sdist.uploaded(), source })
    }

    /// How well a file fits, greater is better: its tags, then its build number, then its name, for a stable choice.
    fn fit(&self, text: &str) -> Option<(std::cmp::Reverse<usize>, u64, std::cmp::Reverse<String>)> {
        let name = WheelName::parse(text).ok()?;
        let rank = self.tags.rank(&name)?;
        let build = name.build.as_deref().unwrap_or_default();
        let digits = build.len() - build.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = build.get(..digits).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        Some((std::cmp::Reverse(rank), number, std::cmp::Reverse(text.to_owned())))
    }

    /// What the index says, else what the file is.
    fn hash(&self, package: &Package, file: &File, file_name: &str) -> Result<String, ChooseError> {
        if let Some(sha256) = file.sha256() {
            return Ok(sha256.to_owned());
        }
        if self.builder.options.versions_only {
            return Ok(file_name.to_owned());
        }
        let no_hash = |reason: String, refused| ChooseError::NoHash {
            name: package.name.clone(),
            version: package.version.clone().unwrap_or_default(),
            file: file_name.to_owned(),
            reason,
            refused,
        };
        match (&file.path, &file.url) {
            (Some(path), _) => sha256(path.as_ref()).map_err(|e| no_hash(e.to_string(), false)),
            (None, Some(url)) => {
                let refused = |e: &QuestionError| matches!(e, QuestionError::NoSolution(_));
                self.ask_for_hash(package, url).map_err(|e| no_hash(e.to_string(), refused(&e)))
            }
            (None, None) => Err(no_hash("it has no address".to_owned(), true)),
        }
    }

    /// uv hashes what a requirement names by address.
    fn ask_for_hash(&self, package: &Package, url: &str) -> Result<String, QuestionError> {
        let mut question = self.question.clone();
        question.requires = vec![format!("{} @ {url}", package.name)];
        question.leaves = vec![(package.name.clone(), package.version.clone())];
        let lock = question.ask(self.builder.uv, self.builder.settings)?;
        let answer = lock.packages.iter().find(|answer| answer.name == package.name);
        let mut files = answer.into_iter().flat_map(|answer| answer.wheels.iter().chain(&answer.sdist));
        let hash = files.find_map(File::sha256).map(str::to_owned);
        hash.ok_or_else(|| QuestionError::Failed("uv did not say either".to_owned()))
    }
}
