//! The rule of resolution: for importer U and name n, which unit answers.
//!
//! One implementation for the hook and for `pinfold why`. The steps, the first that answers:
//!
//! 1. the standard library, which the caller knows ([`Resolver`] is asked only for other names);
//! 2. U's own modules and its declared dependencies, by longest prefix, so that a namespace package is
//!    assembled per view;
//! 3. a closure that U belongs to (optional dependencies that nobody declares);
//! 4. the nearest unit up the call stack that can answer;
//! 5. root; then the interpreter's other finders.
//!
//! For the units of an attached world ([`crate::worlds`]), root is the world's own, and importers of other worlds
//! are passed over in step 4. Steps 3 to 5 never mix versions: a unit is accepted only if it sees no other instance of anything that U
//! sees. Deliberately not here: files (the caller asks the unit's module table) and frames (the caller
//! walks the stack).

use std::cell::OnceCell;
use std::collections::{HashMap, VecDeque, hash_map};
use std::sync::Arc;

use crate::closure::{Environment, Provided, Undeclared};
use crate::names::ROOT;
use crate::worlds::{Sides, World};

mod explain;
mod sides;
mod view;

pub use view::View;

/// A unit's position in [`Environment::units`].
pub type UnitIndex = usize;

/// On whose behalf an import runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Importer {
    /// The user's own code.
    Root,
    /// A unit's code.
    Unit(UnitIndex),
}

/// Which step of the rule answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Step 2: its own modules and declared dependencies.
    Declared,
    /// Step 3: a closure it belongs to.
    Closure(usize),
    /// Step 4: what this importer, up the call stack, sees.
    Stack(Importer),
    /// Step 5: what root sees.
    Root,
}

/// What a name stands for, in somebody's view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What kind of thing; for several units, the strongest of theirs.
    pub provided: Provided,
    /// The units that provide it, the first to be asked first.
    pub units: Vec<UnitIndex>,
    /// Whether longer names below this one may be provided by other units.
    deep: bool,
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution<'r> {
    /// These units provide the name's longest known prefix.
    Found {
        /// What stands under that prefix.
        entry: &'r Entry,
        /// How many bytes of the name that prefix has.
        prefix: usize,
        /// Which step answered.
        rule: Rule,
    },
    /// No unit that the importer may use provides it: the interpreter's other finders are asked.
    Unknown,
    /// Units provide it, or might, but the importer may not use them.
    Denied(Denial),
}

/// Why an importer may not use what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The importer is pinned with `undeclared = "deny"`.
    Undeclared,
    /// The unit would mix two worlds: it sees `theirs` where the importer sees `ours`.
    Mixes {
        /// The unit that provides the name.
        unit: UnitIndex,
        /// What the importer sees.
        ours: UnitIndex,
        /// What the unit sees.
        theirs: UnitIndex,
    },
    /// The importer is shared by closures that answer differently, and the stack does not decide.
    Ambiguous(Vec<(usize, UnitIndex)>),
}

/// Distribution name -> unit.
type Seen = HashMap<String, UnitIndex>;

/// Answers questions about one environment.
pub struct Resolver {
    pub(crate) env: Environment,
    /// Per unit: its own modules and its dependencies'.
    declared: Vec<OnceCell<Box<View>>>,
    /// Per closure: what all of it provides.
    closures: Vec<OnceCell<View>>,
    /// Per unit: distribution name -> unit, for all that it sees.
    sees: Vec<OnceCell<Box<Seen>>>,
    /// As `sees`, for root: its closure.
    root_sees: OnceCell<Seen>,
    /// Per unit: the closures that step 3 asks.
    member: Vec<OnceCell<Box<[usize]>>>,
    /// Per unit: whether it resolves exactly as root does.
    rootlike: Vec<bool>,
    /// Per unit: whether root's closure has it, so that its modules carry plain names.
    in_root: Vec<bool>,
    /// How many units, from the first, are sorted by identifier: those of one `closure.json`.
    sorted: usize,
    /// Positions of the units after those, which were appended.
    appended: HashMap<String, UnitIndex>,
    /// Which closure is of which attached world.
    pub(crate) sides: Sides,
    /// Per unit: whether only attached worlds have it.
    foreign: Vec<bool>,
    /// Per unit: whether the host shares it on purpose.
    pub(crate) given: Vec<bool>,
}

impl Resolver {
    /// Prepares an environment that passed [`Environment::check`].
    pub fn new(env: Environment) -> Self {
        Self::with_worlds(env, Vec::new())
    }

    /// Prepares an environment to which the units and closures of worlds were appended ([`crate::attach`]).
    pub fn with_worlds(env: Environment, worlds: Vec<World>) -> Self {
        let units = env.units.len();
        let (mut rootlike, mut in_root) = (Vec::with_capacity(units), Vec::with_capacity(units));
        let mut member: Vec<OnceCell<Box<[usize]>>> = Vec::with_capacity(units);
        let (mut sorted, mut appended) = (units, HashMap::new());
        if let Some(image) = env.units.image() {
            // All of it stands in the index; nothing is decoded before somebody asks.
            (in_root, rootlike) = image.flags().unzip();
            member.resize_with(units, OnceCell::new);
        } else {
            let position: HashMap<&str, usize> =
                env.closures.iter().enumerate().map(|(i, c)| (c.name.as_str(), i)).collect();
            for unit in env.units.iter() {
                let closures: Box<[usize]> = match &unit.pin {
                    Some(pin) => position.get(pin.closure.as_str()).copied().into_iter().collect(),
                    None => unit.closures.iter().filter_map(|c| position.get(c.as_str()).copied()).collect(),
                };
                rootlike.push(unit.pin.is_none() && *closures == [0]);
                in_root.push(unit.closures.iter().any(|c| c == ROOT));
                member.push(OnceCell::from(closures));
            }
            let pairs = env.units.iter().zip(env.units.iter().skip(1));
            sorted = units.min(1 + pairs.take_while(|(one, next)| one.id < next.id).count());
            let after = env.units.iter().enumerate().skip(sorted);
            appended = after.map(|(position, unit)| (unit.id.as_str().to_owned(), position)).collect();
        }
        let mut resolver = Resolver {
            declared: (0..units).map(|_| OnceCell::new()).collect(),
            closures: (0..env.closures.len()).map(|_| OnceCell::new()).collect(),
            sees: (0..units).map(|_| OnceCell::new()).collect(),
            root_sees: OnceCell::new(),
            member,
            rootlike,
            in_root,
            sorted,
            appended,
            sides: Sides::default(),
            foreign: vec![false; units],
            given: vec![false; units],
            env,
        };
        if !worlds.is_empty() {
            let given = |unit: UnitIndex| worlds.iter().any(|world| world.shared.contains(&unit));
            resolver.given = (0..units).map(given).collect();
        }
        resolver.sides = Sides::new(worlds, resolver.env.closures.len());
        if !resolver.sides.worlds().is_empty() {
            let foreign = |unit| resolver.sides.are_foreign(resolver.member(unit));
            resolver.foreign = (0..units).map(foreign).collect();
        }
        resolver
    }

    /// The closures that step 3 asks for a unit.
    pub(crate) fn member(&self, unit: UnitIndex) -> &[usize] {
        self.member[unit]
            .get_or_init(|| self.env.units.image().map(|image| image.members(unit)).unwrap_or_default())
    }

    /// The environment that it answers for.
    pub fn env(&self) -> &Environment {
        &self.env
    }

    /// The position of the unit with this identifier.
    pub fn find(&self, id: &str) -> Option<UnitIndex> {
        self.env.units.find(id, self.sorted).or_else(|| self.appended.get(id).copied())
    }

    /// Whether the unit resolves names exactly as root does: a part of root's closure alone, not pinned.
    pub fn is_rootlike(&self, unit: UnitIndex) -> bool {
        self.rootlike[unit]
    }

    /// Whether root sees the unit, so that its modules carry plain names.
    pub fn in_root(&self, unit: UnitIndex) -> bool {
        self.in_root[unit]
    }

    /// Whether several closures share the unit, so that step 3 asks the call stack. False for what is no unit.
    pub fn is_shared(&self, unit: UnitIndex) -> bool {
        unit < self.member.len() && self.member(unit).len() > 1
    }

    /// Resolves dotted `name`, which is not of the standard library, for `importer`.
    ///
    /// `stack` is called only when steps 3 or 4 need it: the importers up the call stack, nearest first.
    pub fn resolve(
        &self,
        importer: Importer,
        name: &str,
        stack: impl FnOnce() -> Vec<Importer>,
    ) -> Resolution<'_> {
        let unit = match importer {
            Importer::Unit(unit) if !self.rootlike[unit] => unit,
            _ => {
                let found = self.look(self.closure(0), name, Rule::Declared);
                return found.unwrap_or_else(|| self.resolve_for_root(importer, name, stack));
            }
        };
        if let Some(found) = self.look(self.declared(unit), name, Rule::Declared) {
            return found;
        }
        let undeclared = self.env.units[unit].pin.as_ref().map(|pin| pin.undeclared).unwrap_or_default();
        if undeclared == Undeclared::Deny {
            return Resolution::Denied(Denial::Undeclared);
        }
        let mut refused = None;
        let mut accept = |found: Option<Resolution<'_>>| -> bool {
            let Some(Resolution::Found { entry, .. }) = found else { return false };
            if undeclared == Undeclared::Any {
                return true;
            }
            match self.mixes(importer, entry) {
                Some(denial) => {
                    refused.get_or_insert(denial);
                    false
                }
                None => true,
            }
        };
        let stack = stack();
        let mut sides = self.sides.of(self.member(unit));
        match self.member_closure(unit, name, &stack) {
            Ok(Some(closure)) => {
                // What the host gives to a world stays the host's.
                if !self.given[unit] {
                    sides = self.sides.of(&[closure]);
                }
                let found = self.look(self.closure(closure), name, Rule::Closure(closure));
                if accept(found.clone()) {
                    return found.unwrap_or(Resolution::Unknown);
                }
            }
            Ok(None) => {}
            Err(candidates) => return Resolution::Denied(Denial::Ambiguous(candidates)),
        }
        let here = |above: &Importer| *above != importer && self.is_on(*above, &sides);
        for above in stack.into_iter().filter(here) {
            let found = self.look(self.view(above), name, Rule::Stack(above));
            if accept(found.clone()) {
                return found.unwrap_or(Resolution::Unknown);
            }
        }
        for &side in &sides {
            let found = self.look(self.closure(self.sides.root(side)), name, Rule::Root);
            if accept(found.clone()) {
                return found.unwrap_or(Resolution::Unknown);
            }
        }
        refused.map_or(Resolution::Unknown, Resolution::Denied)
    }

    /// Step 4 for root and for units that resolve as root does: a tool that runs in a pin may run root's code
    /// (pytest rewrites root's tests to import itself).
    fn resolve_for_root(
        &self,
        importer: Importer,
        name: &str,
        stack: impl FnOnce() -> Vec<Importer>,
    ) -> Resolution<'_> {
        let other = |above: &Importer| matches!(above, Importer::Unit(unit) if !self.rootlike[*unit] && !self.is_foreign(*unit));
        let mut refused = None;
        for above in stack().into_iter().filter(other) {
            let Some(found) = self.look(self.view(above), name, Rule::Stack(above)) else { continue };
            let Resolution::Found { entry, .. } = &found else { continue };
            match self.mixes(importer, entry) {
                None => return found,
                denial => refused = refused.or(denial),
            }
        }
        refused.map_or(Resolution::Unknown, Resolution::Denied)
    }

    /// What an importer sees by steps 1 and 2.
    pub fn view(&self, importer: Importer) -> &View {
        match importer {
            Importer::Unit(unit) if !self.rootlike[unit] => self.declared(unit),
            _ => self.closure(0),
        }
    }

    /// The longest prefix of `name` that `view` knows.
    fn look<'r>(&'r self, view: &'r View, name: &str, rule: Rule) -> Option<Resolution<'r>> {
        let mut end = name.find('.').unwrap_or(name.len());
        let mut best = None;
        while let Some(entry) = view.get(&name[..end]) {
            best = Some((entry, end));
            if !entry.deep || end == name.len() {
                break;
            }
            end = name[end + 1..].find('.').map_or(name.len(), |dot| end + 1 + dot);
        }
        let (entry, prefix) = best?;
        // A longer name under a namespace that nobody in this view provides is not found here.
        if prefix < name.len() && entry.provided == Provided::Namespace {
            return None;
        }
        Some(Resolution::Found { entry, prefix, rule })
    }

    fn declared(&self, unit: UnitIndex) -> &View {
        self.declared[unit].get_or_init(|| {
            let dependencies =
                self.env.units[unit].dependencies.iter().filter_map(|id| self.find(id.as_str()));
            Box::new(self.assemble(std::iter::once(unit).chain(dependencies)))
        })
    }

    fn closure(&self, closure: usize) -> &View {
        self.closures[closure].get_or_init(|| {
            if let Some(image) = self.env.units.image() {
                return View::of_closure(Arc::clone(image), closure);
            }
            // Both lists are sorted: the next to be found is mostly the next there is.
            let mut next = 0;
            self.assemble(self.env.closures[closure].units.iter().filter_map(|id| {
                let here = self.env.units.get(next).is_some_and(|unit| unit.id == *id);
                let found = if here { next } else { self.find(id.as_str())? };
                next = found + 1;
                Some(found)
            }))
        })
    }

    /// Merges what units provide, as one `site-packages` with all of them would.
    fn assemble(&self, units: impl Iterator<Item = UnitIndex>) -> View {
        let mut view: HashMap<String, Box<Entry>> = HashMap::new();
        let mut seen = vec![false; self.env.units.len()];
        for unit in units {
            if std::mem::replace(&mut seen[unit], true) {
                continue;
            }
            for (name, &provided) in &self.env.units[unit].provides {
                match view.get_mut(name) {
                    Some(entry) => entry.add(unit, provided),
                    None => {
                        view.insert(name.clone(), Box::new(Entry::new(unit, provided)));
                    }
                }
            }
        }
        let parents: Vec<String> = view
            .keys()
            .filter_map(|name| name.rsplit_once('.'))
            .map(|(parent, _)| parent.to_owned())
            .collect();
        for parent in parents {
            if let Some(entry) = view.get_mut(&parent) {
                entry.deep = true;
            }
        }
        View::whole(view)
    }

    /// The closure of several that the call stack decides for; where it does not, root's if that is one of them.
    pub(crate) fn closure_by_stack(&self, unit: UnitIndex, stack: &[Importer]) -> Option<usize> {
        let closures = self.member(unit);
        for above in stack.iter().filter(|above| **above != Importer::Unit(unit)) {
            let theirs: Vec<usize> = match above {
                Importer::Root => vec![0],
                Importer::Unit(above) => self.member(*above).to_vec(),
            };
            let shared: Vec<usize> = theirs.into_iter().filter(|c| closures.contains(c)).collect();
            if let [closure] = shared[..] {
                return Some(closure);
            }
        }
        closures.contains(&0).then_some(0)
    }

    /// The closure that step 3 asks for `unit`; an error lists closures that answer differently.
    fn member_closure(
        &self,
        unit: UnitIndex,
        name: &str,
        stack: &[Importer],
    ) -> Result<Option<usize>, Vec<(usize, UnitIndex)>> {
        let closures = self.member(unit);
        if closures.len() < 2 {
            return Ok(closures.first().copied());
        }
        if let Some(closure) = self.closure_by_stack(unit, stack) {
            return Ok(Some(closure));
        }
        let mut answers = Vec::new();
        for &closure in closures {
            if let Some(Resolution::Found { entry, .. }) = self.look(self.closure(closure), name, Rule::Root)
            {
                answers.push((closure, entry.units[0]));
            }
        }
        match answers.split_first() {
            None => Ok(None),
            Some((first, rest)) if rest.iter().all(|other| other.1 == first.1) => Ok(Some(first.0)),
            Some(_) => Err(answers),
        }
    }

    /// Whether `importer` would mix two worlds by importing from `entry`.
    pub(crate) fn mixes(&self, importer: Importer, entry: &Entry) -> Option<Denial> {
        let ours = self.seen_by(importer);
        entry.units.iter().find_map(|&provider| self.mixes_with(ours, provider))
    }

    /// As [`Self::mixes`], for one unit.
    pub(crate) fn mixes_unit(&self, importer: Importer, provider: UnitIndex) -> Option<Denial> {
        self.mixes_with(self.seen_by(importer), provider)
    }

    fn mixes_with(&self, ours: &Seen, provider: UnitIndex) -> Option<Denial> {
        let theirs = self.sees(provider);
        let (name, theirs) = theirs
            .iter()
            .filter(|(name, unit)| ours.get(*name).is_some_and(|ours| ours != *unit))
            .min_by_key(|(name, _)| name.as_str())?;
        Some(Denial::Mixes { unit: provider, ours: ours[name], theirs: *theirs })
    }

    fn seen_by(&self, importer: Importer) -> &Seen {
        match importer {
            Importer::Unit(unit) => self.sees(unit),
            Importer::Root => self.root_sees.get_or_init(|| {
                let units = self.env.closures[0].units.iter().filter_map(|id| self.find(id.as_str()));
                units.map(|unit| (self.env.units[unit].name.clone(), unit)).collect()
            }),
        }
    }

    /// All that a unit sees: itself and its dependencies, transitively; a pin's dependencies are its own affair.
    pub(crate) fn sees(&self, unit: UnitIndex) -> &Seen {
        self.sees[unit].get_or_init(|| {
            let mut sees = Seen::new();
            let mut queue = VecDeque::from([unit]);
            while let Some(next) = queue.pop_front() {
                let this = &self.env.units[next];
                // Of two versions the nearer one counts, and itself above all.
                let hash_map::Entry::Vacant(place) = sees.entry(this.name.clone()) else { continue };
                place.insert(next);
                if next == unit || this.pin.is_none() {
                    queue.extend(this.dependencies.iter().filter_map(|id| self.find(id.as_str())));
                }
            }
            Box::new(sees)
        })
    }
}
