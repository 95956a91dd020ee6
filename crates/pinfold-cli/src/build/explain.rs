//! Why a step ran, or did not: what its key is, what it was, and what made the difference.
//!
//! Deliberately not here: the decision itself, which each step makes; it says here how it came about.

use pinfold_core::lock::Wheel;
use serde::Serialize;
use serde_json::{Value, json};
use wheelsplit::steps::{Change, Input, Key, Memory, Place, Ran, Step};

use super::engine::Engine;
use super::error::BuildError;

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
    /// The inputs that are others than when somebody was told of the step the last time.
    pub changes: Vec<Change>,
    /// A check's verdict, and how it ended.
    pub verdict: Option<Verdict>,
    /// Why it could not be done, though it was begun; nothing was kept under its key then.
    pub error: Option<String>,
    /// What may be the reason of a verdict.
    pub hint: Option<String>,
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
    pub(super) engine: &'a Engine<'a>,
    pub(super) place: Place<'a>,
    pub(super) key: &'a Key,
    /// Whether it was asked for in any case.
    pub(super) forced: bool,
}

impl Known<'_> {
    /// The report of a step that ran (or did not), and the note for the next time.
    pub(super) fn report(&self, ran: bool, words: Option<&str>) -> Report {
        let store = self.engine.store;
        let last = store.last(&self.place);
        let told = last.as_ref().and_then(|last| last.told.as_ref());
        let changes = told.map(|told| self.key.changes_since(told)).unwrap_or_default();
        let why = match words {
            Some(words) => words.to_owned(),
            None if ran => self.why(last.as_ref()),
            None => self.why_not(last.as_ref(), &changes),
        };
        let ran_now = ran.then(|| Ran {
            command: format!("pinfold {}", self.engine.options.command),
            at: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        });
        // Only memory: without it, the next explanation says less.
        let _ = store.remember(&self.place, self.key, ran_now);
        self.with(ran, why, changes)
    }

    /// The report of a step that another process did while this one waited to do it: that one notes it, too.
    pub(super) fn meanwhile(&self) -> Report {
        let told = self.engine.store.last(&self.place).and_then(|last| last.told);
        let changes = told.map(|told| self.key.changes_since(&told)).unwrap_or_default();
        let why = "another process did it meanwhile, with these inputs".to_owned();
        self.with(false, why, changes)
    }

    /// The report of a step that was begun and failed. It is no memory: the next one begins where this one did.
    pub(super) fn failed(&self, error: &BuildError) -> Report {
        let last = self.engine.store.last(&self.place);
        let told = last.as_ref().and_then(|last| last.told.as_ref());
        let changes = told.map(|told| self.key.changes_since(told)).unwrap_or_default();
        let report = self.with(true, self.why(last.as_ref()), changes);
        Report { error: Some(error.to_string()), ..report }
    }

    fn with(&self, ran: bool, why: String, changes: Vec<Change>) -> Report {
        // A name has no space in it.
        let (package, which) = match self.place.package.split_once(' ') {
            Some((package, which)) => (package.to_owned(), Some(which.to_owned())),
            None => (self.place.package.to_owned(), None),
        };
        Report {
            package,
            which,
            key: self.key.clone(),
            ran,
            why,
            changes,
            verdict: None,
            error: None,
            hint: None,
        }
    }

    /// Why it ran: what is another than it was just before, and what happened since somebody was told.
    fn why(&self, last: Option<&Memory>) -> String {
        if self.forced {
            return "`--force`".to_owned();
        }
        let Some(last) = last else {
            let never = match self.place.step {
                Step::Build => "never built here before",
                Step::Install => "never installed here before",
                Step::Check => "never checked here before",
            };
            return never.to_owned();
        };
        let now = self.key.changes_since(&last.seen);
        let own = match now.as_slice() {
            [] => "nothing changed, but its result is not in the store any more".to_owned(),
            some => format!("changed: {}", names(some)),
        };
        let Some(Ran { command, at }) = &last.ran else { return own };
        let before = last.told.as_ref().map(|told| last.seen.changes_since(told)).unwrap_or_default();
        match before.as_slice() {
            [] => format!("{own}; it ran before, in `{command}` at {at}"),
            some => format!("{own}; it ran before, in `{command}` at {at}: changed: {}", names(some)),
        }
    }

    /// Why it did not run: it had no reason, it did before, or somebody else's result was there.
    fn why_not(&self, last: Option<&Memory>, changes: &[Change]) -> String {
        let told = last.is_some_and(|last| last.told.is_some());
        let what = match changes {
            [] => "nothing changed".to_owned(),
            some => format!("changed: {}", names(some)),
        };
        match last.filter(|last| last.seen == *self.key).and_then(|last| last.ran.as_ref()) {
            Some(Ran { command, at }) if told => format!("{what}; ran in `{command}` at {at}"),
            Some(Ran { command, at }) => {
                format!("ran in `{command}` at {at}; this is the first report of it")
            }
            None if told && changes.is_empty() => what,
            None if told => format!("{what}; done before with these inputs"),
            None => "done before with these inputs".to_owned(),
        }
    }
}

fn names(changes: &[Change]) -> String {
    changes.iter().map(|change| change.name.as_str()).collect::<Vec<_>>().join(", ")
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
            object.extend(self.error.as_ref().map(|error| ("error".to_owned(), json!(error))));
            object.extend(self.verdict.as_ref().map(|verdict| ("verdict".to_owned(), json!(verdict))));
        }
        value
    }

    /// For people: `stem  build  1f2e3d4c5b6a  ran: changed: source`, and a line for each change.
    pub fn text(&self) -> String {
        let key = self.key.digest.get(..12).unwrap_or_default();
        let what = match (&self.error, self.ran) {
            (Some(_), _) => "failed",
            (None, true) => "ran",
            (None, false) => "not run",
        };
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

/// The install step of a wheel that was built: its key, and whether it ran, which whoever asked the store knows.
pub(super) fn install(engine: &Engine<'_>, wheel: &Wheel, ran: bool) -> Report {
    // Raised with the layout of a wheel's folder.
    const LAYOUT: &str = "1";
    let package = match wheel.is_folder() {
        true => wheel.name.clone(),
        false => format!("{} {}", wheel.name, wheel.version),
    };
    let key = Key::new(Step::Install, [Input::new("wheel", &wheel.sha256), Input::new("layout", LAYOUT)]);
    let place = Place { project: engine.project, package: &package, step: Step::Install };
    Known { engine, place, key: &key, forced: false }.report(ran, None)
}

/// Notes that somebody was told of these steps: the next explanation begins here.
pub fn told(engine: &Engine<'_>, reports: &[Report]) {
    for report in reports.iter().filter(|report| report.error.is_none()) {
        let label = report.label();
        let place = Place { project: engine.project, package: &label, step: report.key.step };
        // Only memory.
        let _ = engine.store.told(&place, &report.key);
    }
}
