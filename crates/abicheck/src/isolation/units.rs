//! Copies for units of an environment of pins that break each other: as few as mend what abicheck calls an error.
//!
//! Each unit that has copies gets a folder of its own, named by what is in it, so that environments share them. Between
//! two units the one that root sees keeps its files. What is left alone stays as it is, and the other gives way.
//! Deliberately not here: where the folders go in the end, and who keeps them (`pinfold sync`, Nix).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
pub use elf_isolate::Link;
use elf_isolate::{
    EditError, Graph, IsolateError, Kept, Links, Places, Plan, RECORD, Record, Wanted, is_whole, rebuilt,
    write,
};
use pinfold_core::closure;
use pinfold_core::names::{ROOT, UnitId};
use sha2::{Digest, Sha256};

use super::depends::dependencies;
use super::folders::{Folders, Stage};
use super::left::{self, Left, Uneditable, Why};
use super::links::{links, reached};
use super::{breaks, broken, graph, recorded, refused_by_the_loader};
use crate::analysis::{self, Analysis};
use crate::commands::caches::Caches;
use crate::environment::{DistributionId, Environment, Interpreter};
use crate::failure::Failure;
use crate::report::readable;

/// The folder of a unit's copies that Python looks in, below that named by the key.
pub const SITE: &str = "site-packages";
/// The table of its modules, beside that.
const MODULES: &str = "modules.idx";
/// Errors that other errors hid, and files that cannot be edited, are found one after another.
const MOST_ROUNDS: usize = 16;

/// What is asked.
pub struct Request<'a> {
    /// The environment, with its units where their own files are.
    pub closure: &'a closure::Environment,
    /// The interpreter's program.
    pub python: &'a Path,
    /// Units that are left as they are, and for which no other gives way.
    pub shared: &'a BTreeSet<UnitId>,
    /// Where folders of copies are already, by key.
    pub there: &'a Path,
    /// Makes an empty folder for those that are not there yet, `KEY/site-packages` each, with its `isolated.json`. It is not
    /// asked for where all are there.
    pub stage: Stage<'a>,
    /// What all is in, such as a store: what is named by content is not named by where that is.
    pub within: &'a Path,
    /// How files that are not copied get there.
    pub link: Link<'a>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The units with copies.
    pub units: BTreeMap<UnitId, Isolated>,
    /// The units whose libraries are for themselves, also where Python code opens them for everyone.
    pub own_scope: BTreeSet<UnitId>,
    /// What was an error before, and is none with them.
    pub mended: Vec<Mended>,
    /// What still breaks.
    pub left: Vec<Left>,
}

/// A unit with copies.
#[derive(Clone, Debug)]
pub struct Isolated {
    /// The name of its folder.
    pub key: String,
    /// By the name that a library had, the one that it is loaded by now.
    pub libraries: BTreeMap<String, String>,
    /// By each name that a library answered to, where it is below the folder that Python looks in.
    pub files: BTreeMap<String, String>,
}

/// Two units that do not break each other any more.
#[derive(Clone, Debug)]
pub struct Mended {
    /// The units.
    pub units: (UnitId, UnitId),
    /// The code of the error.
    pub code: &'static str,
    /// The error, in a sentence for people.
    pub title: String,
}

impl Mended {
    /// The error with its code.
    pub fn titled(&self) -> String {
        format!("{} ({})", self.title, self.code)
    }

    /// What it is where it is not mended.
    fn left(self, why: Why) -> Left {
        Left { title: self.titled(), units: self.units, why }
    }
}

/// Looks for units that break each other by what they share, and makes copies of as few files as mend that.
///
/// # Errors
/// When the environment cannot be looked at, or a folder not be written. A file that cannot be edited is none: it stays.
pub fn isolate(request: &Request<'_>) -> Result<Outcome, Failure> {
    let interpreter = Interpreter::at(request.python).map_err(Failure::new)?;
    let environment = Environment::described(request.closure.clone(), interpreter.clone());
    let caches = Caches::open(&environment, false, &[]).map_err(Failure::new)?;
    let links = links(request.closure);
    let folders = Folders::new(request.there, request.stage);
    let outcome = Isolating { request, interpreter, caches: &caches, links, folders }.run(&environment);
    // A cache that cannot be written costs time on the next run, and nothing now.
    drop(caches.finish());
    outcome
}

struct Isolating<'a> {
    request: &'a Request<'a>,
    interpreter: Interpreter,
    caches: &'a Caches,
    links: Links,
    folders: Folders<'a>,
}

/// What is to be kept apart, as far as it is known.
#[derive(Default)]
struct Wishes {
    pairs: BTreeMap<broken::Pair, Mended>,
    /// What keeping them apart does not mend.
    hopeless: BTreeSet<broken::Pair>,
    /// Of which neither is to open libraries for everyone.
    scoped: BTreeSet<broken::Pair>,
    fixed: BTreeSet<DistributionId>,
    uneditable: Uneditable,
    left: Vec<Left>,
}

impl Wishes {
    /// Leaves pairs as they are.
    fn leave(
        &mut self,
        which: impl Fn(&broken::Pair) -> bool,
        why: impl Fn(&Uneditable, &broken::Pair) -> Why,
    ) {
        let left = self.pairs.extract_if(.., |pair, _| which(pair));
        self.left.extend(left.map(|(pair, mended)| mended.left(why(&self.uneditable, &pair))));
    }
}

impl Wishes {
    /// Leaves pairs of which both have to keep a name that native code spells; whether there were any.
    fn leave_spelled(&mut self, kept: &BTreeSet<Kept>, order: &[usize]) -> bool {
        let before = self.pairs.len();
        for one in kept {
            let Kept::Spelled { name, spelled, worlds } = one else { continue };
            let both = |(a, b): &broken::Pair| worlds.contains(&order[*a]) && worlds.contains(&order[*b]);
            self.hopeless.extend(self.pairs.keys().copied().filter(both));
            let stay: Vec<String> = spelled.iter().map(|one| one.refused(name)).collect();
            self.leave(both, |uneditable, (a, b)| uneditable.of_both(*a, *b, &stay));
        }
        self.pairs.len() < before
    }
}

impl Wishes {
    /// Has packages open libraries for everyone again that need it; whether there were any.
    fn give_up_scopes(&mut self) -> bool {
        let scoped = std::mem::take(&mut self.scoped);
        let why = Why::Other(
            "what one opens for everyone (RTLD_GLOBAL) the other finds first, and modules of them find it in no other way"
                .to_owned(),
        );
        self.leave(|pair| scoped.contains(pair), |_, _| why.clone());
        self.hopeless.extend(&scoped);
        !scoped.is_empty()
    }

    /// The packages that open libraries for themselves only.
    fn own_scope(&self) -> BTreeSet<DistributionId> {
        self.scoped.iter().flat_map(|(a, b)| [*a, *b]).collect()
    }
}

impl Isolating<'_> {
    fn run(&self, environment: &Environment) -> Result<Outcome, Failure> {
        let before = self.analyse(environment)?;
        let units: Vec<&closure::Unit> = self.request.closure.units.iter().collect();
        let shared = |id: DistributionId| self.request.shared.contains(&units[id].id);
        let mut wishes =
            Wishes { fixed: (0..units.len()).filter(|id| shared(*id)).collect(), ..Wishes::default() };
        self.add_errors(&mut wishes, &before);
        let order = order(self.request.closure);
        let mut graph =
            graph(&before, &|package| order[package], &self.links, &|id| self.request.closure.reached(id));
        if !wishes.pairs.is_empty() {
            graph.read_strings();
        }
        for _ in 0..MOST_ROUNDS {
            let planned = match self.plan(&graph, &wishes, &order) {
                Ok(planned) => Some(planned),
                Err(kept) if kept.is_empty() && !wishes.scoped.is_empty() => None,
                Err(kept) if wishes.leave_spelled(&kept, &order) => continue,
                Err(kept) => {
                    wishes.leave(|_| !kept.is_empty(), |_, _| left::kept(&kept));
                    break;
                }
            };
            let made = match planned {
                Some((plan, _)) if wishes.leave_spelled(&plan.kept, &order) => continue,
                Some((plan, places)) => self.write(&graph, (&plan, &places), (&mut wishes, &order))?,
                None => Some(BTreeMap::new()),
            };
            let Some(made) = made else { continue };
            let units = &self.request.closure.units;
            let own_scope = wishes.own_scope().into_iter().map(|id| units[id].id.clone()).collect();
            let moved = self.moved(&made, &own_scope);
            let copied = Environment::described(moved, self.interpreter.clone());
            let after = self.analyse(&copied)?;
            if let Some(why) = self.refused(&made)?.or_else(|| breaks(&before, &after)) {
                if wishes.give_up_scopes() {
                    self.folders.clear()?;
                    continue;
                }
                let why = Why::Other(format!("the copies were made and do not hold: {why}"));
                wishes.leave(|_| true, |_, _| why.clone());
                break;
            }
            if self.add_errors(&mut wishes, &after) {
                self.folders.clear()?;
                continue;
            }
            let mended = wishes.pairs.into_values().collect();
            return Ok(Outcome { units: made, own_scope, mended, left: wishes.left });
        }
        self.folders.clear()?;
        Ok(Outcome { left: wishes.left, ..Outcome::default() })
    }

    fn analyse<'e>(&self, environment: &'e Environment) -> Result<Analysis<'e>, Failure> {
        let wishes = analysis::Wishes::default();
        Analysis::of(environment, self.caches.facts.clone(), &self.caches.sources, &wishes, &|_| {})
            .map_err(Failure::new)
    }

    /// Adds the pairs that break each other, unless one of them is left as it is, and takes out those that still do; whether
    /// there are others now.
    fn add_errors(&self, wishes: &mut Wishes, analysis: &Analysis<'_>) -> bool {
        let units = &self.request.closure.units;
        let errors = broken::errors(analysis);
        let (before, mut gone) = (wishes.pairs.len(), 0);
        for (pair, finding) in broken::pairs(analysis, &errors) {
            let ids = (units[pair.0].id.clone(), units[pair.1].id.clone());
            let shared = [&ids.0, &ids.1].into_iter().any(|id| self.request.shared.contains(id));
            let mended = Mended { units: ids, code: finding.code, title: readable(&finding.title) };
            let of_scope = broken::is_of_scope(finding);
            if of_scope && !shared && !wishes.hopeless.contains(&pair) && wishes.scoped.insert(pair) {
                wishes.pairs.entry(pair).or_insert(mended);
                gone += 1;
                continue;
            }
            let is_same = |known: &Mended| known.title == mended.title || of_scope;
            if wishes.pairs.get(&pair).is_some_and(is_same) {
                let why = Why::Other("libraries of their own do not mend it".to_owned());
                wishes.leave(|other| *other == pair, |_, _| why.clone());
                wishes.hopeless.insert(pair);
                wishes.scoped.remove(&pair);
                gone += 1;
                continue;
            }
            let both_fixed = wishes.fixed.contains(&pair.0) && wishes.fixed.contains(&pair.1);
            if !shared && !both_fixed && !wishes.hopeless.contains(&pair) {
                wishes.pairs.entry(pair).or_insert(mended);
            }
        }
        gone > 0 || wishes.pairs.len() > before
    }

    /// What is to be copied, and where to: each unit's files into a folder that is named by them.
    ///
    /// # Errors
    /// Where there is nothing to copy: which names have to stay.
    fn plan(
        &self,
        graph: &Graph,
        wishes: &Wishes,
        order: &[usize],
    ) -> Result<(Plan, Places), BTreeSet<Kept>> {
        let number = |(a, b): &broken::Pair| (order[*a], order[*b]);
        let fixed = wishes.fixed.iter().map(|id| order[*id]).collect();
        let dependencies = dependencies(self.request.closure, order);
        let wanted = Wanted::pairs(wishes.pairs.keys().map(number), fixed).answered().depending(dependencies);
        let units = &self.request.closure.units;
        let places = |name: &dyn Fn(&closure::Unit) -> String, outside: PathBuf| {
            let place = |unit: &closure::Unit| (unit.path.clone(), Path::new(&name(unit)).join(SITE));
            Places::named(units.iter().map(place).collect(), outside, self.links.clone())
        };
        let first = places(&|unit| unit.hash.clone(), "outside".into());
        let plan = Plan::of(graph, &first, &wanted);
        if plan.is_empty() {
            return Err(plan.kept);
        }
        let record = Record::of(graph, &plan, &first).within(self.request.within);
        // What is in one depends on the names of the others then.
        let all = if leads_out(&record) { record.key.as_str() } else { "" };
        let part = |unit: &closure::Unit| record.below(&Path::new(&unit.hash).join(SITE)).key;
        let name = |unit: &closure::Unit| {
            unit.path.strip_prefix(self.request.within).unwrap_or(&unit.path).display().to_string()
        };
        let key = |unit: &closure::Unit| {
            let reached = reached(self.request.closure, &self.links, unit);
            let mut digest = Sha256::new();
            digest.update(format!("{} {all}\n", name(unit)));
            for other in units.iter().filter(|other| reached.contains(other.path.as_path())) {
                digest.update(format!("{} {}\n", name(other), part(other)));
            }
            HEXLOWER.encode(&digest.finalize())
        };
        let outside = Path::new(&HEXLOWER.encode(&Sha256::digest(all))).join("outside");
        let places = places(&key, outside);
        Ok((Plan::of(graph, &places, &wanted), places))
    }

    /// Writes what is not there; `None` where a file cannot be edited, which is left from now on.
    fn write(
        &self,
        graph: &Graph,
        (plan, places): (&Plan, &Places),
        (wishes, order): (&mut Wishes, &[usize]),
    ) -> Result<Option<BTreeMap<UnitId, Isolated>>, Failure> {
        let record = Record::of(graph, plan, places).within(self.request.within);
        let rebuilt = rebuilt(graph, plan, places);
        let mut made = places.trees().filter(|(tree, _)| rebuilt.contains(tree)).map(|(_, place)| place);
        // Where one folder leads into another, they are made side by side.
        let side_by_side = leads_out(&record) || self.links.iter().next().is_some();
        let anew = side_by_side && made.any(|place| !self.folders.was_there(place));
        let is_there = |place: &Path| !anew && self.folders.was_there(place);
        let written = match is_whole(graph, plan, places, &is_there) {
            true => Ok(()),
            false => write(graph, plan, places, self.folders.staged()?, &self.request.link, &is_there),
        };
        match written {
            Ok(()) => {}
            // What is wrong with a file will be tomorrow, too.
            Err(IsolateError::Edit { file, why }) if !matches!(why, EditError::Io { .. }) => {
                self.folders.clear()?;
                let loads = graph.loads(&file);
                let fixed: Vec<usize> = (0..order.len()).filter(|id| loads.contains(&order[*id])).collect();
                if fixed.iter().all(|id| wishes.fixed.contains(id)) {
                    return Err(Failure::new(why));
                }
                wishes.uneditable.add(&fixed, &why.to_string());
                wishes.fixed.extend(fixed);
                let fixed = wishes.fixed.clone();
                wishes.leave(
                    |(a, b)| fixed.contains(a) && fixed.contains(b),
                    |uneditable, (a, b)| uneditable.of_both(*a, *b, &[]),
                );
                return Ok(None);
            }
            Err(error) => return Err(Failure::new(error)),
        }
        let mut made = BTreeMap::new();
        for unit in self.request.closure.units.iter() {
            let Some((_, place)) = places.trees().find(|(tree, _)| *tree == unit.path) else { continue };
            let own = record.below(place);
            if !rebuilt.contains(unit.path.as_path()) {
                continue;
            }
            let key = place.parent().unwrap_or(place).to_string_lossy().into_owned();
            if !self.folders.is_there(place) {
                describe(unit, &own, &self.folders.root_of(place).join(&key))?;
            }
            let (libraries, files) = (own.libraries(), plan.answered(graph, places, place));
            made.insert(unit.id.clone(), Isolated { key, libraries, files });
        }
        Ok(Some(made))
    }

    /// The environment with its units where their copies are now.
    fn moved(&self, made: &BTreeMap<UnitId, Isolated>, own_scope: &BTreeSet<UnitId>) -> closure::Environment {
        let root = |isolated: &Isolated| self.folders.root_of(Path::new(&isolated.key)).to_owned();
        moved(self.request.closure, (made, own_scope), &root)
    }

    /// What the real loader says of a copy that it does not say of its original.
    fn refused(&self, made: &BTreeMap<UnitId, Isolated>) -> Result<Option<String>, Failure> {
        let facts = self.caches.facts.get(&self.interpreter.executable).map_err(Failure::new)?;
        let loader =
            facts.head.interpreter.as_ref().map(|name| name.as_path().to_owned()).unwrap_or_default();
        let folder = |key: &str| self.folders.root_of(Path::new(key)).join(key);
        let records = made.values().map(|isolated| folder(&isolated.key));
        let named = records.filter_map(|folder| Some(Record::read(&folder)?.named(&folder.join(SITE))));
        let named = named.flatten().collect();
        for isolated in made.values() {
            let place = Path::new(&isolated.key);
            // What is there already was looked at.
            if self.folders.is_there(place) {
                continue;
            }
            let folder = folder(&isolated.key);
            for copy in Record::read(&folder).into_iter().flat_map(|record| record.copies) {
                let original = self.request.within.join(&copy.original);
                let copy = folder.join(SITE).join(&copy.path);
                if let Some(why) = refused_by_the_loader(&loader, &original, &copy, &named) {
                    return Ok(Some(why));
                }
            }
        }
        Ok(None)
    }
}

/// `closure` with its units where their copies are, each in a folder of its `root`, and those that open libraries for
/// themselves.
pub fn moved(
    closure: &closure::Environment,
    (made, own_scope): (&BTreeMap<UnitId, Isolated>, &BTreeSet<UnitId>),
    root: &dyn Fn(&Isolated) -> PathBuf,
) -> closure::Environment {
    let mut closure = closure.clone();
    for unit in closure.units.whole() {
        unit.own_scope = own_scope.contains(&unit.id);
        if let Some(isolated) = made.get(&unit.id) {
            let folder = root(isolated).join(&isolated.key);
            unit.path = folder.join(SITE);
            unit.modules = unit.modules.take().map(|_| folder.join(MODULES));
            let Isolated { libraries, files, .. } = isolated.clone();
            unit.isolated = Some(closure::Isolated { libraries, files });
        }
    }
    closure
}

/// Says in a folder of copies what they are, and which modules are there.
fn describe(unit: &closure::Unit, record: &Record, folder: &Path) -> Result<(), Failure> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| Failure::new(format!("could not write {}: {error}", path.display()))
    };
    let file = folder.join(RECORD);
    fs::write(&file, record.to_json()).map_err(failed(&file))?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).map_err(failed(&file))?;
    recorded::update(&folder.join(SITE), record)?;
    let Some(table) = &unit.modules else { return Ok(()) };
    let to = folder.join(MODULES);
    fs::copy(table, &to).map_err(failed(&to)).map(drop)
}

/// Whether lists of folders lead, or may lead, from unit to unit.
fn leads_out(record: &Record) -> bool {
    record.copies.iter().any(|copy| copy.rpath.is_some())
}

/// The rank of each unit: who comes first keeps its files. Root's are those that most programs import.
fn order(closure: &closure::Environment) -> Vec<usize> {
    let mut ids: Vec<usize> = (0..closure.units.len()).collect();
    ids.sort_by_key(|id| {
        let unit = &closure.units[*id];
        unit.pin.is_some() || !unit.closures.iter().any(|name| name == ROOT)
    });
    let mut ranks = vec![0; ids.len()];
    for (rank, id) in ids.into_iter().enumerate() {
        ranks[id] = rank;
    }
    ranks
}
