//! What a person sees of builds: a line each while several run, or everything that they say.
//!
//! All of it goes to stderr. Deliberately not here: results, which are said by the commands.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::{output, terminal};

/// Where builds show themselves.
#[derive(Debug)]
pub struct Lines {
    all: MultiProgress,
    live: bool,
    several: bool,
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
}

impl Lines {
    /// `live`: everything is shown as it is said; `several`: at once, so that each line needs a name.
    pub fn new(live: bool, several: bool) -> Self {
        Lines { all: MultiProgress::with_draw_target(terminal::target()), live, several }
    }

    /// Begins a line of somebody called `name`, who does what `text` says.
    pub fn begin(&self, name: &str, text: &str) -> Line {
        let bar = self.all.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed:.dim} {wide_msg:.dim}") {
            bar.set_style(style);
        }
        bar.set_prefix(text.to_owned());
        bar.enable_steady_tick(Duration::from_millis(150));
        let name = if self.several { format!("{name}: ") } else { String::new() };
        Line(Arc::new(Shown { bar, all: self.all.clone(), name, live: self.live }))
    }
}

impl Line {
    /// Something was said.
    pub fn said(&self, line: &str) {
        let Shown { bar, all, name, live } = &*self.0;
        if *live {
            all.suspend(|| output::talk(&format!("{name}{line}\n")));
        } else {
            bar.set_message(line.to_owned());
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
