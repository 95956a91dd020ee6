//! What a person sees of builds: a line each once several run at the same time, else everything that they say.
//!
//! All of it goes to stderr. Deliberately not here: results, which are said by the commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::{output, terminal};

/// Where builds show themselves.
#[derive(Debug)]
pub struct Lines {
    all: MultiProgress,
    live: bool,
    several: bool,
    /// Whether one that runs alone may speak.
    alone: bool,
    running: Arc<Running>,
}

/// How many run. From the first moment that it is more than one, nobody is alone: what is said then would not be whole.
#[derive(Debug, Default)]
struct Running {
    now: AtomicUsize,
    several: AtomicBool,
}

/// The line of one build; gone from the screen when the last copy is dropped.
#[derive(Clone, Debug)]
pub struct Line(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    bar: ProgressBar,
    all: MultiProgress,
    name: String,
    live: bool,
    alone: bool,
    running: Arc<Running>,
}

impl Lines {
    /// `live`: everything is shown as it is said; `several`: at once, so that each line needs a name.
    pub fn new(live: bool, several: bool) -> Self {
        Lines {
            all: MultiProgress::with_draw_target(terminal::target()),
            live,
            several,
            alone: false,
            running: Arc::default(),
        }
    }

    /// One that runs alone is shown as it speaks.
    pub fn alone(self, alone: bool) -> Self {
        Lines { alone, ..self }
    }

    /// Whether everything was shown as it was said.
    pub fn were_live(&self) -> bool {
        self.live || (self.alone && !self.running.several.load(Ordering::Relaxed))
    }

    /// Begins a line of somebody called `name`, who does what `text` says.
    pub fn begin(&self, name: &str, text: &str) -> Line {
        let bar = self.all.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed:.dim} {wide_msg:.dim}") {
            bar.set_style(style);
        }
        bar.set_prefix(text.to_owned());
        bar.enable_steady_tick(Duration::from_millis(150));
        let name = if self.live && self.several { format!("{name}: ") } else { String::new() };
        let running = Arc::clone(&self.running);
        if running.now.fetch_add(1, Ordering::Relaxed) > 0 {
            running.several.store(true, Ordering::Relaxed);
        }
        let (all, live, alone) = (self.all.clone(), self.live, self.alone);
        Line(Arc::new(Shown { bar, all, name, live, alone, running }))
    }
}

impl Line {
    /// What it was about is done, in so much time. Where nobody watches, that is a line of its own among several.
    pub fn done(&self, what: &str) {
        let Shown { bar, live, running, .. } = &*self.0;
        if bar.is_hidden() && !*live && running.several.load(Ordering::Relaxed) {
            terminal::note(&format!("{what} in {}", terminal::elapsed(bar.elapsed())));
        }
    }

    /// It takes long. Where somebody watches, the line itself shows it.
    pub fn still(&self, limit: Option<Duration>) {
        if !self.0.bar.is_hidden() {
            return;
        }
        let limit = limit.map(|limit| format!(", and is ended after {} seconds", limit.as_secs()));
        terminal::note(&format!("{}: it takes a while{}", self.0.bar.prefix(), limit.unwrap_or_default()));
    }

    /// Something was said.
    pub fn said(&self, line: &str) {
        let Shown { bar, all, name, live, alone, running } = &*self.0;
        if *live || (*alone && !running.several.load(Ordering::Relaxed)) {
            all.suspend(|| output::talk(&format!("{name}{line}\n")));
        } else {
            bar.set_message(line.to_owned());
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.running.now.fetch_sub(1, Ordering::Relaxed);
        self.bar.finish_and_clear();
    }
}
