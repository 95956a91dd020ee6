//! What a manifest says about tracks: `[tracks.NAME]`, and `track = "NAME"` of a pin.
//!
//! A track's packages are pins that share one closure and move together. Root is the track `main`. Deliberately not
//! here: moving them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use toml::de::{DeTable, DeValue};

use super::{Manifest, ManifestError, Read, Reader};
use crate::names::{ROOT, nearest, normalize};

/// The track that root is.
pub const MAIN: &str = "main";

/// Days that a track may stay behind where the manifest says nothing.
const MAX_LAG: u32 = 14;

/// Packages that share one closure, and move together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Track {
    /// Its packages, normalised and sorted: those that it lists, and the pins that name it. None for `main`.
    pub packages: Vec<String>,
    /// Requirements that count as if each of its packages declared them.
    pub requires: Vec<String>,
    /// The command that must pass in an environment before the track moves to it; empty for none.
    pub gate: Vec<String>,
    /// Days that it may stay behind.
    pub max_lag: Option<u32>,
    /// Seconds after which the gate is ended.
    pub timeout: Option<u64>,
}

impl Track {
    /// Days that it may stay behind.
    pub fn max_lag(&self) -> u32 {
        self.max_lag.unwrap_or(MAX_LAG)
    }

    /// When a gate that runs is ended.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(600))
    }
}

const KEYS: &[&str] = &["packages", "requires", "gate", "max-lag", "timeout"];
const MAIN_KEYS: &[&str] = &["gate", "max-lag", "timeout"];
const GATE: &str = "a command, as a list of strings or as one line for the shell";
const LAG: &str =
    "a number of days or weeks with its unit, and no more than ten years, like \"14d\" or \"2w\"";

/// What is to stay behind for longer stays behind for ever: a bound in the manifest says that.
const LONGEST: u32 = 3660;

/// What tracks list, and where.
#[derive(Default)]
pub(super) struct Listed {
    /// Package, track, line.
    packages: Vec<(String, String, usize)>,
    /// Track, line.
    tracks: BTreeMap<String, usize>,
}

/// Reads the tables; their packages become pins when the pins are known ([`join`]).
pub(super) fn read(
    reader: &Reader<'_>,
    table: &DeTable<'_>,
    prefix: &str,
    manifest: &mut Manifest,
) -> Read<Listed> {
    let mut listed = Listed::default();
    let path = format!("{prefix}tracks");
    let Some(tables) = reader.table(table, "tracks", &path)? else { return Ok(listed) };
    for key in tables.keys() {
        let (name, line) = (key.get_ref().as_ref(), reader.line(key.span().start));
        let path = format!("{path}.{name}");
        let Some(track) = reader.table(tables, name, &path)? else { continue };
        let wrong = |reason: &str, hint: &str| ManifestError::Track {
            table: path.clone(),
            reason: reason.to_owned(),
            hint: hint.to_owned(),
            line,
        };
        if name == ROOT {
            return Err(wrong("has a name that is taken", "what root imports is the track `main`"));
        }
        if name.is_empty()
            || normalize(name) != name
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return Err(wrong(
                "has a name that a closure cannot have",
                "a track's name is of lower-case letters, digits and single `-`",
            ));
        }
        if name == MAIN && (track.contains_key("packages") || track.contains_key("requires")) {
            return Err(wrong(
                "is root's, whose packages are all that no other track has",
                "what root requires stands in `requires` (in `dependencies` of a pyproject.toml)",
            ));
        }
        reader.only(track, if name == MAIN { MAIN_KEYS } else { KEYS }, &format!("[{path}]"))?;
        let bounds = format!("`packages` takes names; a bound goes into `requires` of [{path}]");
        for package in reader.names(track, "packages", &path, &bounds)? {
            let line = track.get("packages").map_or(line, |value| reader.line(value.span().start));
            listed.packages.push((package, name.to_owned(), line));
        }
        let read = Track {
            packages: Vec::new(),
            requires: reader.strings(track, "requires", &format!("{path}.requires"))?,
            gate: gate(reader, track, &path)?,
            max_lag: max_lag(reader, track, &path)?,
            timeout: reader.seconds(track, "timeout", &format!("{path}.timeout"))?,
        };
        manifest.tracks.insert(name.to_owned(), read);
        listed.tracks.insert(name.to_owned(), line);
    }
    Ok(listed)
}

/// The track that a pin names, which must be there.
pub(super) fn known(pin: &str, track: String, line: usize, manifest: &Manifest) -> Read<String> {
    if manifest.tracks.contains_key(&track) && track != MAIN {
        return Ok(track);
    }
    if track == MAIN {
        return Err(ManifestError::Track {
            table: format!("pins.{pin}"),
            reason: format!("is on track `{MAIN}`, which moves every pin that names no track"),
            hint: "remove the key `track`".to_owned(),
            line,
        });
    }
    let near = nearest(&track, manifest.tracks.keys()).cloned();
    Err(ManifestError::UnknownTrack { pin: pin.to_owned(), track, near, line })
}

/// Makes pins of what tracks list, and puts each pin on its one track.
pub(super) fn join(listed: Listed, prefix: &str, manifest: &mut Manifest) -> Read<()> {
    for (name, track, line) in listed.packages {
        let pin = manifest.pins.entry(name.clone()).or_default();
        match pin.track.replace(track.clone()) {
            Some(first) if first != track => {
                return Err(ManifestError::TwoTracks { name, first, second: track, line });
            }
            _ => {}
        }
    }
    for (name, track) in &mut manifest.tracks {
        let of_it = manifest.pins.iter().filter(|(_, pin)| pin.track.as_ref() == Some(name));
        track.packages = of_it.map(|(package, _)| package.clone()).collect();
        let wrong = |reason: String, hint: &str| ManifestError::Track {
            table: format!("{prefix}tracks.{name}"),
            reason,
            hint: hint.to_owned(),
            line: listed.tracks.get(name).copied().unwrap_or_default(),
        };
        if track.packages.is_empty() && name != MAIN {
            let hint = format!("list them in `packages`, or name it in a pin (`track = \"{name}\"`)");
            return Err(wrong("has no packages".to_owned(), &hint));
        }
        let namesake = manifest.pins.get(name).filter(|pin| pin.track.as_ref() != Some(name));
        if namesake.is_some() {
            let reason = format!("has the name of the pin `{name}`, which is not in it");
            return Err(wrong(reason, "their closures would have one name: call the track otherwise"));
        }
    }
    Ok(())
}

/// One line is for the shell; a list is a program and its arguments.
fn gate(reader: &Reader<'_>, track: &DeTable<'_>, path: &str) -> Read<Vec<String>> {
    let Some(value) = track.get("gate") else { return Ok(Vec::new()) };
    let wrong = || reader.wrong(value, &format!("{path}.gate"), GATE);
    let empty = |text: &str| text.trim().is_empty() || text.contains('\0');
    match value.get_ref() {
        DeValue::String(line) if !empty(line) => Ok(["sh", "-c", line].map(str::to_owned).to_vec()),
        DeValue::Array(_) => {
            let words = reader.strings(track, "gate", &format!("{path}.gate"))?;
            match words.first() {
                Some(program) if !empty(program) && !words.iter().any(|word| word.contains('\0')) => {
                    Ok(words)
                }
                _ => Err(ManifestError::WrongType {
                    key: format!("{path}.gate"),
                    expected: GATE,
                    found: if words.is_empty() { "an empty list" } else { "a list without a program" }
                        .to_owned(),
                    line: reader.line(value.span().start),
                }),
            }
        }
        _ => Err(wrong()),
    }
}

fn max_lag(reader: &Reader<'_>, track: &DeTable<'_>, path: &str) -> Read<Option<u32>> {
    let Some(value) = track.get("max-lag") else { return Ok(None) };
    let wrong = || match value.get_ref() {
        DeValue::Integer(number) => ManifestError::WrongType {
            key: format!("{path}.max-lag"),
            expected: LAG,
            found: format!("the number {} without a unit", number.as_str()),
            line: reader.line(value.span().start),
        },
        _ => reader.wrong(value, &format!("{path}.max-lag"), LAG),
    };
    let text = value.get_ref().as_str().ok_or_else(wrong)?.trim();
    let days = match text.as_bytes().last() {
        Some(b'd') => 1,
        Some(b'w') => 7,
        _ => return Err(wrong()),
    };
    let number = text.get(..text.len() - 1).and_then(|digits| digits.trim_end().parse::<u32>().ok());
    let lag = number.and_then(|number| number.checked_mul(days)).filter(|lag| *lag <= LONGEST);
    lag.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::parse(text, Kind::Pinfold)
            .map_err(|e| format!("{e}\nhint: {}", e.hint().unwrap_or_default()))
    }

    #[test]
    fn packages_are_pins_of_their_track_however_it_is_said() {
        let text = "[tracks.science]\npackages = ['Pandas', 'scikit_learn']\nrequires = ['numpy<2']\n\
                    gate = 'pytest -q'\nmax-lag = '2w'\ntimeout = 60\n[tracks.main]\ngate = ['python', 'x.py']\n\
                    [pins.scipy]\nrequires = ['numpy']\ntrack = 'science'\n[pins.pandas]\nundeclared = 'deny'\n";
        let manifest = parse(text).unwrap();
        let science = &manifest.tracks["science"];
        assert_eq!(science.packages, ["pandas", "scikit-learn", "scipy"]);
        assert_eq!((science.max_lag(), science.timeout().as_secs()), (14, 60));
        assert_eq!(science.gate, ["sh", "-c", "pytest -q"]);
        assert_eq!(manifest.tracks["main"].gate, ["python", "x.py"]);
        assert!(manifest.pins.values().all(|pin| pin.track.as_deref() == Some("science")));
        let there = text.replace("[tracks", "[tool.pinfold.tracks").replace("[pins", "[tool.pinfold.pins");
        let there = Manifest::parse(&there, Kind::Pyproject).unwrap();
        assert_eq!((&there.tracks, &there.pins), (&manifest.tracks, &manifest.pins));
    }

    #[test]
    fn what_is_wrong_is_said_with_a_way_out() {
        let a = "[tracks.a]\npackages = ['x']\n";
        for (text, said) in [
            ("[pins.x]\ntrack = 'b'\n[tracks.bb]\npackages = ['y']".to_owned(), "did you mean `bb`?"),
            ("[pins.x]\ntrack = 'b'\n".to_owned(), "but there is no [tracks.b]\nhint: add `[tracks.b]`"),
            (format!("{a}gate = ''"), "line 3: `tracks.a.gate` must be a command"),
            (format!("{a}gate = []"), "but is an empty list"),
            (format!("{a}gate = ['']"), "but is a list without a program"),
            (format!("{a}gate = 7"), "line 3: `tracks.a.gate` must be a command"),
            (format!("{a}max-lag = 14"), "but is the number 14 without a unit"),
            (format!("{a}max-lag = '14'"), "like \"14d\" or \"2w\", but is the string \"14\""),
            (format!("{a}max-lag = '99999999999d'"), "like \"14d\""),
            (format!("{a}max-lag = '-3d'"), "like \"14d\""),
            (format!("{a}max-lag = '4000000000d'"), "no more than ten years"),
            (
                "[tracks.a]\npackages = ['six>=1']".to_owned(),
                "line 2: `six>=1` in `tracks.a.packages` is not the name of a package",
            ),
            (format!("{a}maxlag = '14d'"), "hint: did you mean `max-lag`?"),
            (format!("{a}timeout = 0"), "a number of seconds above 0"),
            (format!("{a}[tracks.b]\npackages = ['X']"), "line 4: `x` is in two tracks, `a` and `b`"),
            (
                format!("{a}[tracks.b]\npackages = ['y']\n[pins.x]\ntrack = 'b'"),
                "`x` is in two tracks, `b` and `a`",
            ),
            ("[tracks.main]\npackages = ['x']".to_owned(), "[tracks.main] is root's"),
            ("[tracks.main]\nmax-lag = '1d'\ngates = ''".to_owned(), "did you mean `gate`?"),
            ("[tracks.root]\n".to_owned(), "what root imports is the track `main`"),
            ("[tracks.'A b']\n".to_owned(), "lower-case letters"),
            ("[tracks.a]\n".to_owned(), "line 1: [tracks.a] has no packages\nhint: list them in `packages`"),
            (format!("{a}[pins.a]\n"), "has the name of the pin `a`, which is not in it"),
            ("[pins.x]\ntrack = 'main'\n".to_owned(), "remove the key `track`"),
            ("tracks = 3".to_owned(), "`tracks` must be a table"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(said), "{text}\n{error}");
        }
    }
}
