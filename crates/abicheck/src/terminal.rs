//! How words look where a person reads them: colours, widths, numbers, and a spinner for what takes long.
//!
//! Everything is legible without colour. Deliberately not here: what is said, and to which stream.

use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The few styles that output uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The word `error`.
    Error,
    /// The word `warning`.
    Warning,
    /// The word `note`.
    Note,
    /// The word `hint`.
    Hint,
    /// Good news.
    Good,
    /// Names that matter.
    Strong,
    /// What may be overlooked.
    Dim,
}

/// `text` in `style`, or as it is where colours are off.
pub fn styled(text: &str, style: Style, colour: bool) -> String {
    let code = match style {
        Style::Error => "1;31",
        Style::Warning => "1;33",
        Style::Note => "1;34",
        Style::Hint => "1;36",
        Style::Good => "1;32",
        Style::Strong => "1",
        Style::Dim => "2",
    };
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On terminals, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Colour {
    /// Whether a stream that is a terminal, or is not, shows colours.
    pub fn shows(self, terminal: bool) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if set("NO_COLOR") => false,
            Self::Auto => {
                let forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0" && !v.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                forced || set("FORCE_COLOR") || (terminal && !dumb)
            }
        }
    }
}

/// How wide lines may be: the terminal's width, within what can be read; 100 where stdout is no terminal.
pub fn width() -> usize {
    if std::io::stdout().is_terminal() { textwrap::termwidth().clamp(40, 120) } else { 100 }
}

/// `1 error`, `2 errors`, `36,624 bindings`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    };
    format!("{} {}", thousands(number), if number == 1 { noun } else { &plural })
}

/// `36,624`.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A spinner on stderr that comes after a second, where a person is watching; it is gone when dropped.
pub struct Progress {
    bar: ProgressBar,
    patience: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// One that shows itself only if `watched`.
    pub fn new(watched: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let patience = watched.then(|| {
            let (end, ended) = channel();
            let bar = bar.clone();
            let waiting = std::thread::spawn(move || {
                if ended.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                    bar.set_style(ProgressStyle::default_spinner());
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    bar.enable_steady_tick(Duration::from_millis(100));
                }
            });
            (end, waiting)
        });
        Self { bar, patience }
    }

    /// Says what is being done now.
    pub fn says(&self, phase: &str) {
        self.bar.set_message(phase.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((end, waiting)) = self.patience.take() {
            // The thread has ended by itself, or ends now: neither can fail in a way that matters.
            let _ = end.send(());
            let _ = waiting.join();
        }
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_people() {
        let all = [count(0, "error"), count(1, "library"), count(36_624, "library"), count(1_000, "key")];
        assert_eq!(all, ["0 errors", "1 library", "36,624 libraries", "1,000 keys"]);
    }
}
