//! Why a step ran, or did not: what its key is, what it was, and what made the difference.
//!
//! Deliberately not here: the decision itself, which each step makes; it says here how it came about.

use serde::Serialize;
use serde_json::{Value, json};
use wheelsplit::Store;
use wheelsplit::steps::{Change, Key, Place, Step};

/// What a step of a package did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The package, normalised.
    pub package: String,
    /// Which of it: the version of a source distribution, the closure of a unit where there are several.
    pub which: Option<String>,
    /// Its key.
    pub key: Key,
    /// Whether it ran.
    pub ran: bool,
    /// Why, or why not.
    pub why: String,
    /// The inputs that are others than the last time.
    pub changes: Vec<Change>,
    /// A check's verdict, and how it ended.
    pub verdict: Option<Verdict>,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether it passed.
    pub passed: bool,
    /// How it ended, in words.
    pub ended: String,
    /// The last lines that it said.
    pub last: Vec<String>,
}

/// What is known of a step before it runs, or does not.
pub(super) struct Known<'a> {
    pub(super) store: &'a Store,
    pub(super) place: Place<'a>,
    pub(super) key: &'a Key,
    /// Whether it was asked for in any case.
    pub(super) forced: bool,
}

impl Known<'_> {
    /// The report of a step that ran (or did not), and the note for the next time.
    pub(super) fn report(&self, ran: bool, words: Option<&str>) -> Report {
        let last = self.store.last(&self.place);
        let changes = last.as_ref().map(|last| self.key.changes_since(last)).unwrap_or_default();
        let names = || changes.iter().map(|change| change.name.as_str()).collect::<Vec<_>>().join(", ");
        let why = match (words, ran, &last) {
            (Some(words), ..) => words.to_owned(),
            (None, true, _) if self.forced => "`--force`".to_owned(),
            (None, true, None) => match self.place.step {
                Step::Build => "never built here before".to_owned(),
                Step::Install => "never installed here before".to_owned(),
                Step::Check => "never checked here before".to_owned(),
            },
            (None, true, Some(_)) if changes.is_empty() => {
                "nothing changed, but its result is not in the store any more".to_owned()
            }
            (None, true, Some(_)) => format!("changed: {}", names()),
            (None, false, Some(_)) if changes.is_empty() => "nothing changed".to_owned(),
            (None, false, Some(_)) => format!("changed: {}; done before with these inputs", names()),
            (None, false, None) => "done before with these inputs".to_owned(),
        };
        // Only memory: without it, the next explanation says less.
        let _ = self.store.remember(&self.place, self.key);
        // A name has no space in it.
        let (package, which) = match self.place.package.split_once(' ') {
            Some((package, which)) => (package.to_owned(), Some(which.to_owned())),
            None => (self.place.package.to_owned(), None),
        };
        Report { package, which, key: self.key.clone(), ran, why, changes, verdict: None }
    }
}

impl Report {
    /// Whether both are about the same step of the same package.
    pub(super) fn is_of(&self, other: &Report) -> bool {
        (&self.package, &self.which, self.key.step) == (&other.package, &other.which, other.key.step)
    }

    /// The package, and which of it.
    pub fn label(&self) -> String {
        match &self.which {
            Some(which) => format!("{} {which}", self.package),
            None => self.package.clone(),
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let mut value = json!({
            "package": self.package,
            "step": self.key.step.name(),
            "key": self.key.digest,
            "ran": self.ran,
            "why": self.why,
            "changes": self.changes,
        });
        if let Some(object) = value.as_object_mut() {
            object.extend(self.which.as_ref().map(|which| ("which".to_owned(), json!(which))));
            object.extend(self.verdict.as_ref().map(|verdict| ("verdict".to_owned(), json!(verdict))));
        }
        value
    }

    /// For people: `stem  build  1f2e3d4c5b6a  ran: changed: source`, and a line for each change.
    pub fn text(&self) -> String {
        let key = self.key.digest.get(..12).unwrap_or_default();
        let what = if self.ran { "ran" } else { "not run" };
        let mut text = format!("{} {} {key} {what}: {}\n", self.label(), self.key.step, self.why);
        for change in &self.changes {
            text.push_str(&format!("    {change}\n"));
        }
        text
    }
}

/// In the order in which things happen.
pub fn sort(reports: &mut [Report]) {
    reports.sort_by(|a, b| (&a.package, a.key.step, &a.which).cmp(&(&b.package, b.key.step, &b.which)));
}

/// The install step: its key, and whether it ran, which whoever asked the store knows.
pub(super) fn install(
    store: &Store,
    project: &std::path::Path,
    package: &str,
    wheel: &str,
    ran: bool,
) -> Report {
    use wheelsplit::steps::Input;
    // Raised with the layout of a wheel's folder.
    const LAYOUT: &str = "1";
    let key = Key::new(Step::Install, [Input::new("wheel", wheel), Input::new("layout", LAYOUT)]);
    let known =
        Known { store, place: Place { project, package, step: Step::Install }, key: &key, forced: false };
    known.report(ran, None)
}
