//! Which of several things go together, where all of them do not: as many as 2n trials find.
//!
//! They are added one after the other to what passes. What was refused is tried again: each where something else was added
//! since, all that are left but one, and pairs of them, because two may go together of which neither goes alone. Nothing
//! is tried twice, and what all trials that there are do not find is not found. Deliberately not here: what a trial is.

use std::collections::{BTreeMap, BTreeSet};

/// What goes together.
#[derive(Debug)]
pub struct Found<L, F> {
    /// What the trial of them gave; `None` where nothing passes.
    pub passed: Option<L>,
    /// Those that are left, and why each was refused.
    pub refused: BTreeMap<usize, F>,
}

/// Finds out which of `count` things go together.
///
/// # Errors
/// What a trial could not be made for.
pub fn together<L, F: Clone, E>(
    count: usize,
    tries: impl FnMut(&BTreeSet<usize>) -> Result<Result<L, F>, E>,
) -> Result<Found<L, F>, E> {
    let all: BTreeSet<usize> = (0..count).collect();
    let mut search =
        Search { tries, left: 2 * count, best: BTreeSet::new(), passed: None, failed: BTreeMap::new() };
    if search.adds(&all)? {
        return Ok(Found { passed: search.passed, refused: BTreeMap::new() });
    }
    let mut why: BTreeMap<usize, F> = BTreeMap::new();
    loop {
        let rest = &all - &search.best;
        let open = rest.iter().filter(|one| search.why(**one).is_none()).count();
        // Where trials do not suffice for both: one that is left for all others is the most that can be found.
        if search.left < count && open + rest.len() > search.left && search.adds_but_one(&rest)? {
            continue;
        }
        for one in &rest {
            search.adds(&BTreeSet::from([*one]))?;
            why.extend(search.why(*one).map(|failure| (*one, failure)));
        }
        let left = &all - &search.best;
        if left != rest || search.adds_but_one(&rest)? || search.adds_two(&rest)? {
            continue;
        }
        let first = search.failed.get(&all).cloned();
        let why =
            |one| Some((one, search.why(one).or_else(|| why.get(&one).cloned()).or_else(|| first.clone())?));
        return Ok(Found { refused: rest.into_iter().filter_map(why).collect(), passed: search.passed });
    }
}

struct Search<L, F, T> {
    tries: T,
    left: usize,
    best: BTreeSet<usize>,
    passed: Option<L>,
    failed: BTreeMap<BTreeSet<usize>, F>,
}

impl<L, F: Clone, E, T: FnMut(&BTreeSet<usize>) -> Result<Result<L, F>, E>> Search<L, F, T> {
    /// Tries what passes with these, too; whether they were added.
    fn adds(&mut self, more: &BTreeSet<usize>) -> Result<bool, E> {
        let with = &self.best | more;
        if self.left == 0 || self.failed.contains_key(&with) {
            return Ok(false);
        }
        self.left -= 1;
        match (self.tries)(&with)? {
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

    /// Tries all of `rest` but one.
    fn adds_but_one(&mut self, rest: &BTreeSet<usize>) -> Result<bool, E> {
        self.adds_one_of(rest.iter().map(|one| rest - &BTreeSet::from([*one])))
    }

    /// Tries pairs of `rest`.
    fn adds_two(&mut self, rest: &BTreeSet<usize>) -> Result<bool, E> {
        let others = |one: &usize| rest.range(one + 1..).copied();
        self.adds_one_of(rest.iter().flat_map(|one| others(one).map(|other| BTreeSet::from([*one, other]))))
    }

    fn adds_one_of(&mut self, several: impl Iterator<Item = BTreeSet<usize>>) -> Result<bool, E> {
        for several in several.filter(|several| several.len() > 1) {
            if self.adds(&several)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Why `one` does not go with what passes.
    fn why(&self, one: usize) -> Option<F> {
        self.failed.get(&(&self.best | &BTreeSet::from([one]))).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is refused of `count` things where `passes` says which go together, and after how many trials.
    fn refused(count: usize, passes: impl Fn(&BTreeSet<usize>) -> bool) -> (Vec<usize>, usize) {
        let mut trials: Vec<BTreeSet<usize>> = Vec::new();
        let found = together(count, |with| {
            assert!(!trials.contains(with), "{with:?} is tried twice");
            trials.push(with.clone());
            Ok::<_, ()>(if passes(with) { Ok(with.clone()) } else { Err(with.clone()) })
        });
        let found = found.unwrap();
        assert!(trials.len() <= 2 * count, "{trials:?}");
        let refused: Vec<usize> = found.refused.keys().copied().collect();
        let passed: BTreeSet<usize> = (0..count).filter(|one| !refused.contains(one)).collect();
        assert_eq!(found.passed.unwrap_or_default(), passed);
        assert!(found.refused.iter().all(|(one, why)| why.contains(one)));
        (refused, trials.len())
    }

    #[test]
    fn what_goes_only_with_another_is_tried_again() {
        assert_eq!(refused(5, |_| true), (vec![], 1));
        assert_eq!(refused(1, |with| with.is_empty()), (vec![0], 1));
        assert_eq!(refused(4, |with| !with.contains(&2)), (vec![2], 5));
        // 0 and 1 go only with each other, and 2 with nothing: whichever stands first.
        for held in 0..4 {
            let both: Vec<usize> = (0..4).filter(|one| *one != held).take(2).collect();
            let passes = |with: &BTreeSet<usize>| {
                !with.contains(&held) && with.contains(&both[0]) == with.contains(&both[1])
            };
            assert_eq!(refused(4, passes).0, [held]);
        }
        // 0 needs 3, which comes later; 4 goes with nothing.
        let needs = |with: &BTreeSet<usize>| !with.contains(&4) && (!with.contains(&0) || with.contains(&3));
        assert_eq!(refused(5, needs).0, [4]);
        // Nothing passes: no more than 2n are tried.
        assert_eq!(refused(6, |_| false), ((0..6).collect(), 12));
    }
}
