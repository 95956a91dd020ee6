//! How talk looks: colours where a person reads them, spinners and bars where work takes long.
//!
//! All of it goes to stderr; stdout is for data. `NO_COLOR` and `--quiet` are respected, and nothing moves where
//! stderr is not a terminal. Deliberately not here: what is said, which each command knows best.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::talk;

static QUIET: AtomicBool = AtomicBool::new(false);

/// The few styles that output uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The word `error`.
    Error,
    /// The word `warning`.
    Warning,
    /// The word `hint`.
    Hint,
    /// A verb that says what was done, as cargo writes them.
    Done,
    /// Names that matter.
    Strong,
    /// What may be overlooked.
    Dim,
    /// Something that came.
    Plus,
    /// Something that went.
    Minus,
    /// A place where versions differ.
    Differs,
}

/// `text` in `style`, or as it is where colours are off.
pub fn styled(text: &str, style: Style, colour: bool) -> String {
    let code = match style {
        Style::Error => "1;31",
        Style::Warning => "1;33",
        Style::Hint => "1;36",
        Style::Done => "1;32",
        Style::Strong => "1",
        Style::Dim => "2",
        Style::Plus => "32",
        Style::Minus => "31",
        Style::Differs => "33",
    };
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Whether stderr shows colours.
pub fn colour_on_stderr() -> bool {
    wants_colour(std::io::stderr().is_terminal())
}

/// Whether stdout shows colours.
pub fn colour_on_stdout() -> bool {
    wants_colour(std::io::stdout().is_terminal())
}

fn wants_colour(terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("NO_COLOR") {
        return false;
    }
    if set("FORCE_COLOR") || std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0") {
        return true;
    }
    terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// `--quiet`: from now on only errors are said.
pub fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Whether `--quiet` was given.
pub fn quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Says a line on stderr, with a verb in front: `Locked 12 units`.
pub fn say(verb: &str, rest: &str) {
    if !quiet() {
        talk(&format!("{} {rest}\n", styled(verb, Style::Done, colour_on_stderr())));
    }
}

/// Says a plain line on stderr.
pub fn note(line: &str) {
    if !quiet() {
        talk(&format!("{line}\n"));
    }
}

/// Says a warning on stderr.
pub fn warn(line: &str) {
    talk(&format!("{}: {line}\n", styled("warning", Style::Warning, colour_on_stderr())));
}

/// Says a warning on stderr, at most once in this process.
pub fn warn_once(line: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(line.to_owned()) {
        warn(line);
    }
}

/// A spinner on stderr that appears where a person is watching; it is gone when dropped.
pub fn spinner(message: impl Into<String>) -> Progress {
    let bar = ProgressBar::with_draw_target(None, target());
    bar.set_style(ProgressStyle::default_spinner());
    bar.set_message(message.into());
    bar.enable_steady_tick(Duration::from_millis(100));
    Progress(bar)
}

/// A bar on stderr over `length` things; it is gone when dropped.
pub fn bar(message: impl Into<String>, length: u64) -> Progress {
    let bar = ProgressBar::with_draw_target(Some(length), target());
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(message.into());
    Progress(bar)
}

/// Where something may move: nowhere with `--quiet`.
pub(crate) fn target() -> ProgressDrawTarget {
    // indicatif draws nothing by itself where stderr is no terminal; quiet is ours.
    if quiet() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() }
}

/// A spinner or bar; removed from the screen when dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// Says what is being done now.
    pub fn message(&self, text: impl Into<String>) {
        self.0.set_message(text.into());
    }

    /// One more is done.
    pub fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A duration as people read it: `12ms`, `1.4s`, `2m 05s`.
pub fn elapsed(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 {
        format!("{}ms", duration.as_millis())
    } else if seconds < 60.0 {
        format!("{seconds:.1}s")
    } else {
        format!("{}m {:02}s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}

/// A size as people read it: `312 B`, `4.1 MiB`.
pub fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

/// `1 unit`, `2 units`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
