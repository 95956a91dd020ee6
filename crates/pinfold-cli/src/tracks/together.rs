//! Which of several things go together, where all of them do not: as many as a number of runs finds.
//!
//! Groups are added to what passes, and a group that makes it fail is halved. What was refused is tried again: each where
//! something else was added since, all that are left but one, and pairs of them, because two may go together of which
//! neither goes alone. A trial may look at less than all, at what failed before: what it finds is confirmed by the rest
//! then. Nothing is tried twice, and what all runs that there are do not find is not found. Deliberately not here: what a
//! trial is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What goes together.
#[derive(Debug)]
pub struct Found<L, F> {
    /// Those that do.
    pub best: BTreeSet<usize>,
    /// The trial of them gave this; `None` where nothing passes.
    pub passed: Option<L>,
    /// Those that are left, and why each was refused.
    pub refused: BTreeMap<usize, F>,
}

/// A trial, and how many runs it took.
pub struct Tried<T, F> {
    /// What it gave, or why it failed.
    pub outcome: Result<T, F>,
    /// Runs.
    pub runs: usize,
}

/// Trials of things by their numbers.
pub trait Tries {
    /// What a trial gives that passes.
    type Passed;
    /// Why one fails.
    type Failure: Clone;
    /// Why one could not be made.
    type Error;

    /// Tries these, perhaps not by all that counts.
    ///
    /// # Errors
    /// When that cannot be done.
    fn tries(&mut self, with: &BTreeSet<usize>) -> Result<Tried<Self::Passed, Self::Failure>, Self::Error>;

    /// Tries what passed by all that counts. What fails here counts from then on in [`Self::tries`].
    ///
    /// # Errors
    /// When that cannot be done.
    fn confirms(&mut self, passed: &Self::Passed) -> Result<Tried<(), Self::Failure>, Self::Error>;
}

/// Finds out which of `count` things go together, in at most `runs` runs; `failed`: all of them do not, for this reason.
///
/// # Errors
/// What a trial could not be made for.
pub fn together<T: Tries>(
    count: usize,
    runs: usize,
    failed: Option<T::Failure>,
    tries: &mut T,
) -> Result<Found<T::Passed, T::Failure>, T::Error> {
    let all: BTreeSet<usize> = (0..count).collect();
    let failed = failed.map(|failure| (all.clone(), failure)).into_iter().collect();
    // What takes no run takes time all the same.
    let trials = 8 * count + 8;
    let mut search =
        Search { tries, runs, trials, best: BTreeSet::new(), passed: None, failed, why: BTreeMap::new() };
    loop {
        search.round(&all)?;
        let Some(passed) = &search.passed else { break };
        let confirmed = search.tries.confirms(passed)?;
        search.runs = search.runs.saturating_sub(confirmed.runs);
        let Err(failure) = confirmed.outcome else { break };
        search.failed.insert(std::mem::take(&mut search.best), failure);
        search.passed = None;
    }
    let first = search.failed.get(&all).cloned();
    let rest = &all - &search.best;
    let why = |one| {
        let now = search.why(one).or_else(|| search.why.get(&one).cloned());
        Some((one, now.or_else(|| first.clone())?))
    };
    let refused = rest.into_iter().filter_map(why).collect();
    Ok(Found { refused, best: search.best, passed: search.passed })
}

struct Search<'t, T: Tries> {
    tries: &'t mut T,
    runs: usize,
    trials: usize,
    best: BTreeSet<usize>,
    passed: Option<T::Passed>,
    failed: BTreeMap<BTreeSet<usize>, T::Failure>,
    why: BTreeMap<usize, T::Failure>,
}

impl<T: Tries> Search<'_, T> {
    /// Adds what can be added to nothing.
    fn round(&mut self, all: &BTreeSet<usize>) -> Result<(), T::Error> {
        if self.adds(all)? {
            return Ok(());
        }
        let mut groups: VecDeque<BTreeSet<usize>> = halves(all).collect();
        while let Some(group) = groups.pop_front() {
            let rest = all - &self.best;
            // Where runs do not suffice for both: one that is left for all others is the most that can be found.
            let is_short = rest.len() <= 4 && 2 * rest.len() > self.runs;
            if group.len() == 1 && is_short && self.adds_but_one(&rest)? {
                break;
            }
            if !self.adds(&group)? {
                groups.extend(halves(&group));
            }
        }
        loop {
            let rest = all - &self.best;
            for one in &rest {
                self.adds(&BTreeSet::from([*one]))?;
                if let Some(failure) = self.why(*one) {
                    self.why.insert(*one, failure);
                }
            }
            let is_other = all - &self.best != rest;
            if !is_other && !self.adds_but_one(&rest)? && !self.adds_two(&rest)? {
                return Ok(());
            }
        }
    }

    /// Tries what passes with these, too; whether they were added.
    fn adds(&mut self, more: &BTreeSet<usize>) -> Result<bool, T::Error> {
        let with = &self.best | more;
        if self.runs == 0 || self.trials == 0 || with == self.best || self.failed.contains_key(&with) {
            return Ok(false);
        }
        self.trials -= 1;
        let Tried { outcome, runs } = self.tries.tries(&with)?;
        self.runs = self.runs.saturating_sub(runs);
        match outcome {
            Ok(passed) => {
                (self.best, self.passed) = (with, Some(passed));
                Ok(true)
            }
            Err(failure) => {
                self.failed.insert(with, failure);
                Ok(false)
            }
        }
    }

    /// Tries all of `rest` but one, the last first.
    fn adds_but_one(&mut self, rest: &BTreeSet<usize>) -> Result<bool, T::Error> {
        self.adds_one_of(rest.iter().rev().map(|one| rest - &BTreeSet::from([*one])))
    }

    /// Tries pairs of `rest`.
    fn adds_two(&mut self, rest: &BTreeSet<usize>) -> Result<bool, T::Error> {
        let others = |one: &usize| rest.range(one + 1..).copied();
        self.adds_one_of(rest.iter().flat_map(|one| others(one).map(|other| BTreeSet::from([*one, other]))))
    }

    fn adds_one_of(&mut self, several: impl Iterator<Item = BTreeSet<usize>>) -> Result<bool, T::Error> {
        for several in several.filter(|several| several.len() > 1) {
            if self.adds(&several)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Why `one` does not go with what passes.
    fn why(&self, one: usize) -> Option<T::Failure> {
        self.failed.get(&(&self.best | &BTreeSet::from([one]))).cloned()
    }
}

/// Two halves; nothing of one alone, which cannot be less.
fn halves(group: &BTreeSet<usize>) -> impl Iterator<Item = BTreeSet<usize>> + use<> {
    let all: Vec<usize> = group.iter().copied().collect();
    let (first, second) = all.split_at(all.len() / 2);
    let halves = [first, second].map(|half| half.iter().copied().collect::<BTreeSet<usize>>());
    halves.into_iter().filter(move |half| !half.is_empty() && half.len() < all.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Gate<'a> = &'a dyn Fn(&BTreeSet<usize>) -> bool;

    /// Each of several gates says which go together; one run is one gate, and those that failed come first.
    struct Gates<'a> {
        gates: &'a [Gate<'a>],
        failed: Vec<usize>,
        tried: Vec<(usize, BTreeSet<usize>)>,
    }

    impl Gates<'_> {
        fn run(&mut self, gates: Vec<usize>, with: &BTreeSet<usize>) -> Tried<(), (usize, BTreeSet<usize>)> {
            let before = self.tried.len();
            for gate in gates {
                if self.tried.contains(&(gate, with.clone())) {
                    continue;
                }
                self.tried.push((gate, with.clone()));
                if !self.gates[gate](with) {
                    let runs = self.tried.len() - before;
                    return Tried { outcome: Err((gate, with.clone())), runs };
                }
            }
            Tried { outcome: Ok(()), runs: self.tried.len() - before }
        }
    }

    impl Tries for Gates<'_> {
        type Passed = BTreeSet<usize>;
        type Failure = (usize, BTreeSet<usize>);
        type Error = ();

        fn tries(&mut self, with: &BTreeSet<usize>) -> Result<Tried<Self::Passed, Self::Failure>, ()> {
            let Tried { outcome, runs } = self.run(self.failed.clone(), with);
            Ok(Tried { outcome: outcome.map(|()| with.clone()), runs })
        }

        fn confirms(&mut self, with: &BTreeSet<usize>) -> Result<Tried<(), Self::Failure>, ()> {
            let tried = self.run((0..self.gates.len()).collect(), with);
            self.failed.extend(tried.outcome.as_ref().err().map(|(gate, _)| *gate));
            Ok(tried)
        }
    }

    /// What is refused of `count` things where `gates` say which go together, and after how many runs.
    fn refused_by(count: usize, gates: &[Gate<'_>], first: bool) -> (Vec<usize>, usize) {
        let mut tries = Gates { gates, failed: Vec::new(), tried: Vec::new() };
        let all: BTreeSet<usize> = (0..count).collect();
        let failed = (!first).then_some((0, all));
        if !first {
            tries.failed.push(0);
        }
        let most = 2 * count * gates.len() + 1 - gates.len();
        let found = together(count, most, failed, &mut tries).unwrap();
        assert!(tries.tried.len() <= 2 * count * gates.len(), "{:?}", tries.tried);
        let refused: Vec<usize> = found.refused.keys().copied().collect();
        assert_eq!(found.best, (0..count).filter(|one| !refused.contains(one)).collect());
        assert_eq!(found.passed.unwrap_or_default(), found.best);
        // What passes has passed every gate.
        for (at, gate) in gates.iter().enumerate().filter(|_| !found.best.is_empty()) {
            assert!(tries.tried.contains(&(at, found.best.clone())) && gate(&found.best));
        }
        assert!(found.refused.iter().all(|(one, (_, why))| why.contains(one)));
        (refused, tries.tried.len())
    }

    fn refused(count: usize, passes: impl Fn(&BTreeSet<usize>) -> bool) -> (Vec<usize>, usize) {
        refused_by(count, &[&passes], true)
    }

    #[test]
    fn what_goes_only_with_another_is_tried_again() {
        assert_eq!(refused(5, |_| true), (vec![], 1));
        assert_eq!(refused(1, |with| with.is_empty()), (vec![0], 1));
        assert_eq!(refused(4, |with| !with.contains(&2)), (vec![2], 4));
        // 0 and 1 go only with each other, and 2 with nothing: whichever stands first.
        for count in 3..5 {
            for held in 0..count {
                let both: Vec<usize> = (0..count).filter(|one| *one != held).take(2).collect();
                let passes = |with: &BTreeSet<usize>| {
                    !with.contains(&held) && with.contains(&both[0]) == with.contains(&both[1])
                };
                assert_eq!(refused(count, passes).0, [held]);
                assert_eq!(refused_by(count, &[&passes], false).0, [held]);
            }
        }
        // 0 needs 3, which comes later; 4 goes with nothing.
        let needs = |with: &BTreeSet<usize>| !with.contains(&4) && (!with.contains(&0) || with.contains(&3));
        assert_eq!(refused(5, needs).0, [4]);
        // Nothing passes: no more than 2n are tried.
        assert_eq!(refused(6, |_| false), ((0..6).collect(), 12));
    }

    #[test]
    fn one_of_many_takes_few_runs_and_each_gate_that_fails_counts_from_then_on() {
        for held in [0, 9, 31] {
            let (refused, runs) = refused(32, |with| !with.contains(&held));
            assert_eq!(refused, [held]);
            assert!(runs <= 1 + 2 * 5, "{runs} runs");
        }
        // Six gates that pass, and one that does not where 3 is: the six are run once, or twice.
        let passes = |_: &BTreeSet<usize>| true;
        let fails = |with: &BTreeSet<usize>| !with.contains(&3);
        let (refused, runs) =
            refused_by(6, &[&passes, &passes, &passes, &passes, &passes, &passes, &fails], true);
        assert_eq!(refused, [3]);
        assert!(runs <= 2 * 6 + 6, "{runs} runs");
        let other = |with: &BTreeSet<usize>| !with.contains(&1);
        assert_eq!(refused_by(6, &[&passes, &fails, &other], true).0, [1, 3]);
    }
}
