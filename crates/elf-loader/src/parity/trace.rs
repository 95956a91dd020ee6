//! What `LD_DEBUG` prints, as events.
//!
//! Deliberately not here: names with spaces, which a list of objects in the output cannot show.

/// One thing that the real loader reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `dlopen` of a name that is not loaded yet, by an object.
    Opens {
        /// The name as it was asked for.
        name: String,
        /// The path of the caller.
        caller: String,
    },
    /// A file was loaded.
    Maps {
        /// Its path.
        path: String,
    },
    /// A scope of an object, as a list.
    Scope {
        /// The object's path.
        object: String,
        /// The scope's number.
        number: usize,
        /// The objects in it.
        list: Vec<String>,
    },
    /// The relocation of an object begins.
    Relocates {
        /// Its path.
        object: String,
    },
    /// A symbol was bound.
    Binds(Real),
    /// An object was added to the global scope.
    AddsToGlobal {
        /// Its path.
        object: String,
    },
    /// A `dlopen` succeeded.
    Opened {
        /// The path of what was opened.
        path: String,
    },
    /// Something failed: the message.
    Failed {
        /// What `dlerror` begins with, and the message.
        message: String,
    },
    /// Constructors run; relocation is over.
    Initializes,
    /// The program's own code starts.
    Starts,
}

/// A binding of the real loader.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Real {
    /// The path of the object that asks.
    pub from: String,
    /// The path of the object that defines.
    pub to: String,
    /// The symbol's name.
    pub symbol: String,
    /// The version that is asked for; empty for none.
    pub version: String,
}

/// The events of one process, from what it wrote to LD_DEBUG_OUTPUT.
pub fn read(output: &[u8]) -> Vec<Event> {
    let text = String::from_utf8_lossy(output);
    let mut events = Vec::new();
    let (mut tried, mut shown) = (None, String::new());
    for line in text.lines() {
        // `     1234:<tab>text`
        let Some((_, line)) = line.split_once(":\t") else { continue };
        if let Some(rest) = line.strip_prefix("  trying file=") {
            tried = Some(rest.to_owned());
        } else if line.starts_with("find library=") {
            tried = None;
        } else if let Some(rest) = line.strip_prefix("file=") {
            let Some((name, what)) = rest.split_once(" [0];  ") else { continue };
            if let Some(caller) = what.strip_prefix("dynamically loaded by ") {
                events.push(Event::Opens { name: name.to_owned(), caller: plain(caller) });
                tried = None;
            } else if what.starts_with("needed by") {
                tried = None;
            } else if what == "generating link map" {
                events.push(Event::Maps { path: tried.take().unwrap_or_else(|| name.to_owned()) });
            }
        } else if let Some(object) = line.strip_prefix("object=") {
            shown = plain(object);
            events.push(Event::Initializes);
        } else if let Some(scope) = line.strip_prefix(" scope ") {
            let Some((number, list)) = scope.split_once(':') else { continue };
            let list = list.split_whitespace().map(str::to_owned).collect();
            let number = number.parse().unwrap_or_default();
            events.push(Event::Scope { object: shown.clone(), number, list });
        } else if let Some(object) = line.strip_prefix("relocation processing: ") {
            let object = object.strip_suffix(" (lazy)").unwrap_or(object).to_owned();
            events.push(Event::Relocates { object });
        } else if let Some(binding) = line.strip_prefix("binding file ") {
            events.extend(bound(binding).map(Event::Binds));
        } else if let Some(object) =
            line.strip_prefix("add ").and_then(|rest| rest.strip_suffix(" to global scope"))
        {
            events.push(Event::AddsToGlobal { object: plain(object) });
        } else if let Some(path) = line.strip_prefix("opening file=") {
            let path = path.split(" [0]; direct_opencount").next().unwrap_or_default();
            events.push(Event::Opened { path: path.to_owned() });
        } else if line.starts_with("calling init:") {
            events.push(Event::Initializes);
        } else if line.starts_with("transferring control:") {
            events.push(Event::Starts);
        } else if let Some((object, error)) = line.split_once(": error: ") {
            let error = error.split_once(": ").map_or(error, |(_, error)| error);
            let error = error.strip_suffix(" (fatal)").unwrap_or(error);
            events.push(Event::Failed { message: format!("{object}: {error}") });
        }
    }
    events
}

/// A path without the namespace behind it.
fn plain(path: &str) -> String {
    path.strip_suffix(" [0]").unwrap_or(path).to_owned()
}

/// `A [0] to B [0]: normal symbol `S' [V]`
fn bound(line: &str) -> Option<Real> {
    let (from, rest) = line.split_once(" [0] to ")?;
    let (to, rest) = rest.split_once(" [0]: ")?;
    let (_, rest) = rest.split_once(" symbol `")?;
    let (symbol, version) = rest.rsplit_once('\'')?;
    let version = version.trim().trim_start_matches('[').trim_end_matches(']');
    let [from, to, symbol, version] = [from, to, symbol, version].map(str::to_owned);
    Some(Real { from, to, symbol, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_lines_become_events() {
        let output = "    7:\tfile=./a.so [0];  dynamically loaded by /bin/p [0]\n\
            7:\tfile=./a.so [0];  generating link map\n\
            7:\tfind library=libb.so [0]; searching\n\
            7:\t  trying file=/x/libb.so\n\
            7:\t  trying file=/y/libb.so\n\
            7:\tfile=libb.so [0];  generating link map\n\
            7:\tobject=./a.so [0]\n\
            7:\t scope 0: /bin/p /l/libc.so.6\n\
            7:\tbinding file ./a.so [0] to /y/libb.so [0]: normal symbol `b' [B_1]\n";
        let maps = |path: &str| Event::Maps { path: path.to_owned() };
        let binding = ["./a.so", "/y/libb.so", "b", "B_1"].map(str::to_owned);
        let [from, to, symbol, version] = binding;
        let list = vec!["/bin/p".to_owned(), "/l/libc.so.6".to_owned()];
        assert_eq!(
            read(output.as_bytes()),
            [
                Event::Opens { name: "./a.so".to_owned(), caller: "/bin/p".to_owned() },
                maps("./a.so"),
                maps("/y/libb.so"),
                Event::Initializes,
                Event::Scope { object: "./a.so".to_owned(), number: 0, list },
                Event::Binds(Real { from, to, symbol, version }),
            ]
        );
    }
}
