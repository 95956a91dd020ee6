//! What `pinfold status` says to people.
//!
//! Named are the packages that the manifest names, and those that are behind; the others are counted. Deliberately
//! not here: what is true of a track ([`crate::tracks::standing`]).

use jiff::Timestamp;
use pinfold_core::lock::{Hold, Wheel};

use crate::terminal::{Style, count, styled};
use crate::tracks::clock::Clock;
use crate::tracks::lag::{Lag, Package};
use crate::tracks::standing::{Standing, days};

/// All tracks.
pub(super) fn render(standings: &[Standing<'_>], clock: &Clock, colour: bool) -> String {
    let mut out = String::new();
    for standing in standings {
        let name = styled(&standing.name, Style::Strong, colour);
        let generation = standing.generation.map(|number| format!(", since generation {number}"));
        out.push_str(&format!("{name}  {}{}\n", state(standing), generation.unwrap_or_default()));
        if let Some(hold) = standing.hold {
            held(&mut out, standing, hold, clock);
        } else if let Some(deadline) = standing.deadline.filter(|_| standing.versions != Some(0)) {
            out.push_str(&format!("  `pinfold update` is due by {}\n", until(deadline, clock)));
        }
        undated(&mut out, standing);
        packages(&mut out, standing, clock, colour);
    }
    out
}

/// What is wrong with a track that is past its deadline, and what to do.
pub(super) fn past(standing: &Standing<'_>, clock: &Clock) -> String {
    let name = &standing.name;
    // A deadline passes in the course of a day.
    let lag = |days: i64| match days {
        0 => ("less than a day".to_owned(), "past"),
        days if days <= i64::from(standing.max_lag) => (days_of(days), "past"),
        days => (days_of(days), "longer than"),
    };
    let limit = count(standing.max_lag as usize, "day");
    match standing.hold {
        Some(hold) => {
            let (long, than) = match standing.age(clock) {
                Some(_) if standing.deadline.is_none() => {
                    let hint =
                        "hint: mend the clock, or `since` in pinfold.lock, to the day when the hold began";
                    let why =
                        format!("which is yet to come: nobody can tell its age: {}\n{hint}", hold.reason);
                    return format!("track `{name}` is held since {}, {why}", hold.since);
                }
                Some(age) => (format!("for {}", lag(age).0), lag(age).1),
                None => (format!("since `{}`, which is no moment", hold.since), "longer than"),
            };
            let log = hold.log.as_ref().map(|log| format!(" (see {log})")).unwrap_or_default();
            format!(
                "track `{name}` is held {long}, {than} its max-lag of {limit}: {}\n\
                 hint: mend what fails{log} and run `pinfold update {name}`; a larger `max-lag` in [tracks.{name}] allows it \
                 for longer",
                hold.reason
            )
        }
        None => {
            let (long, than) = lag(standing.days.unwrap_or_default());
            format!(
                "track `{name}` is {long} behind, {than} its max-lag of {limit}, and nothing holds it\n\
                 hint: run `pinfold update {name}`, and see to it that it is run regularly"
            )
        }
    }
}

/// `held, 2 versions and 5 days behind`
fn state(standing: &Standing<'_>) -> String {
    let held = if standing.hold.is_some() { "held" } else { "not held" };
    let behind = match (standing.versions, standing.days) {
        (None, _) => "nobody could look for newer releases".to_owned(),
        (Some(0), _) => "nothing newer".to_owned(),
        (Some(versions), days) => {
            let more = if standing.or_more { " or more" } else { "" };
            let days = days.map(|days| format!(" and {}", days_of(days))).unwrap_or_default();
            format!("{}{more}{days} behind", count(versions, "version"))
        }
    };
    if standing.hold.is_none() && standing.versions.is_some() { behind } else { format!("{held}, {behind}") }
}

fn held(out: &mut String, standing: &Standing<'_>, hold: &Hold, clock: &Clock) {
    let since: String = hold.since.chars().take(10).collect();
    let age = match standing.age(clock) {
        Some(age) if age >= 0 => format!(" ({})", days_of(age)),
        Some(_) => {
            format!(" (that is yet to come: the clock says {}, and one of them is wrong)", clock.text())
        }
        None => " (no moment that can be read)".to_owned(),
    };
    out.push_str(&format!("  held since {since}{age}: {}\n", hold.reason));
    if let Some(deadline) = standing.deadline {
        out.push_str(&format!("  must have moved by {}\n", until(deadline, clock)));
    }
    out.extend(hold.candidate.iter().map(|change| format!("  tried: {change}\n")));
    out.extend(hold.log.iter().map(|log| format!("  log: {log}\n")));
}

/// `2024-07-01, in 11 days`
fn until(deadline: Timestamp, clock: &Clock) -> String {
    let day: String = deadline.to_string().chars().take(10).collect();
    match days(clock.now(), deadline) {
        left if left < 0 || clock.now() > deadline => {
            format!("{day}, {} ago", days_of(days(deadline, clock.now())))
        }
        0 => format!("{day}, within a day"),
        left => format!("{day}, in {}", days_of(left)),
    }
}

fn undated(out: &mut String, standing: &Standing<'_>) {
    if !standing.unknown.is_empty() {
        out.push_str(&format!(
            "  the index does not say when files of {} were uploaded: what was there on that day cannot be told\n",
            standing.unknown.join(", ")
        ));
        return;
    }
    let mut names: Vec<&str> = standing.undated().iter().map(|package| package.wheel.name.as_str()).collect();
    names.dedup();
    if !names.is_empty() {
        out.push_str(&format!(
            "  the index does not say when releases of {} were uploaded: they are behind in versions only\n",
            names.join(", ")
        ));
    }
}

fn packages(out: &mut String, standing: &Standing<'_>, clock: &Clock, colour: bool) {
    let (shown, others): (Vec<_>, Vec<_>) =
        standing.packages.iter().partition(|(package, lag)| package.is_named || lag.is_some());
    let version = |package: &Package<'_>| format!("{} {}", package.wheel.name, package.wheel.version);
    let width = shown.iter().map(|(package, _)| version(package).len()).max().unwrap_or(0);
    for (package, lag) in shown {
        let whose = if package.is_of_a_pin { format!(" (in {})", package.closure) } else { String::new() };
        let from = styled(&source(package.wheel), Style::Dim, colour);
        let lag = lag.map(|lag| format!("  {}", newer(lag, clock))).unwrap_or_default();
        out.push_str(&format!("  {:width$}  {from}{whose}{lag}\n", version(package)));
    }
    if !others.is_empty() {
        out.push_str(&format!("  and {} that they need\n", count(others.len(), "package")));
    }
}

/// Where a package comes from.
fn source(wheel: &Wheel) -> String {
    let built = if wheel.is_built() { ", built from source" } else { "" };
    match (&wheel.path, &wheel.index) {
        (Some(path), _) => format!("from {path}{built}"),
        (None, Some(index)) => format!("from index `{index}`{built}"),
        (None, None) => "from nowhere that the lock says".to_owned(),
    }
}

/// `2.0.1 is there: 2 newer, the first since 2024-06-16 (5 days)`
fn newer(lag: &Lag, clock: &Clock) -> String {
    let more = if lag.or_more { " or more" } else { "" };
    let first = lag.first.map(|first| {
        let day: String = first.to_string().chars().take(10).collect();
        let word = if lag.versions > 1 { "the first " } else { "" };
        format!(", {word}since {day} ({})", days_of(days(first, clock.now()).max(0)))
    });
    format!("{} is there: {}{more} newer{}", lag.newest, lag.versions, first.unwrap_or_default())
}

fn days_of(days: i64) -> String {
    count(usize::try_from(days).unwrap_or_default(), "day")
}
