//! How long a step may take: nobody watches a nightly update, and one backend that hangs would end it for ever.
//!
//! The flag counts before the package's own table, that before `[build-set]`, that before the default. Deliberately not
//! here: gates of tracks, which have limits of their own, and downloads, for which uv has some.

use std::collections::BTreeMap;
use std::time::Duration;

use pinfold_core::manifest::Manifest;

/// For a step of which nobody says more: generous, because only one that hangs should meet it.
const DEFAULT: Duration = Duration::from_secs(3600);

/// How long steps of builds may take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    flag: Option<Duration>,
    all: Option<Duration>,
    own: BTreeMap<String, Duration>,
}

impl Limits {
    /// What the manifest says, and the flag.
    pub fn new(manifest: &Manifest, flag: Option<Duration>) -> Self {
        let own = |(name, build): (&String, &pinfold_core::manifest::Build)| {
            Some((name.clone(), Duration::from_secs(build.timeout?)))
        };
        let all = manifest.build_set.timeout.map(Duration::from_secs);
        Limits { flag, all, own: manifest.builds.iter().filter_map(own).collect() }
    }

    /// For one step of the build of `name`, if that is known.
    pub fn of(&self, name: Option<&str>) -> Duration {
        let own = name.and_then(|name| self.own.get(name)).copied();
        self.flag.or(own).or(self.all).unwrap_or(DEFAULT)
    }
}

/// For the check of `name`.
pub fn of_check(manifest: &Manifest, flag: Option<Duration>, name: &str) -> Duration {
    let own = manifest.checks.get(name).and_then(|check| check.timeout);
    flag.or(own.map(Duration::from_secs)).unwrap_or(DEFAULT)
}

/// What to do where a build took longer; `name` is the package, if that is known.
pub fn more_time(name: Option<&str>) -> String {
    let table = name.map_or_else(|| "[build-set]".to_owned(), |name| format!("[builds.{name}]"));
    format!(
        "`--timeout SECONDS` gives it more time, once; `timeout = SECONDS` in {table} of the manifest, always"
    )
}

#[cfg(test)]
mod tests {
    use pinfold_core::manifest::Kind;

    use super::*;

    #[test]
    fn the_nearest_word_counts() {
        let text = "[build-set]\ntimeout = 5\n[builds.slow]\ntimeout = 9\n[checks.slow]\ntimeout = 3\n";
        let manifest = Manifest::parse(text, Kind::Pinfold).unwrap();
        let seconds = Duration::from_secs;
        let limits = Limits::new(&manifest, None);
        assert_eq!((limits.of(Some("slow")), limits.of(Some("other"))), (seconds(9), seconds(5)));
        assert_eq!(Limits::new(&manifest, Some(seconds(2))).of(Some("slow")), seconds(2));
        assert_eq!(of_check(&manifest, None, "slow"), seconds(3));
        let none = Manifest::default();
        assert_eq!((Limits::new(&none, None).of(None), of_check(&none, None, "a")), (DEFAULT, DEFAULT));
    }
}
