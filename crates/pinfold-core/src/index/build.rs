//! Makes the body of an index from an environment.
//!
//! Equal environments have equal bodies, byte for byte. Deliberately not here: reading one (`image`).

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use zerocopy::IntoBytes;
use zerocopy::little_endian::U32;

use super::image::{
    ClosureRow, Header, IN_ROOT, OWN_SCOPE, PROVIDED, ProvidedRow, RENAMED, ROOTLIKE, Span, UnitRow,
};
use crate::closure::{Environment, Native, Provided, Undeclared};
use crate::names::{ROOT, UnitId};

/// Of a unit, what its row has no room for. Units and closures are positions.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct UnitRecord {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) hash: String,
    pub(super) wheel: Option<String>,
    /// How many bytes the module table's path shares with the unit's, and the others.
    pub(super) modules: Option<(u32, String)>,
    pub(super) dependencies: Vec<u32>,
    pub(super) closures: Vec<u32>,
    pub(super) native: bool,
    pub(super) provides: BTreeMap<String, Provided>,
    pub(super) pin: Option<PinRecord>,
    /// By the names that libraries had: those that they have, and where they are.
    pub(super) isolated: Option<(BTreeMap<String, String>, BTreeMap<String, String>)>,
}

/// A pin: closure, `undeclared`, `share`, `private`, `native`. What JSON leaves out has a place here.
pub(super) type PinRecord = (String, Undeclared, Vec<String>, Vec<String>, Native);

/// As [`UnitRecord`], of a closure.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct ClosureRecord {
    pub(super) owner: Option<u32>,
    pub(super) track: Option<String>,
    pub(super) requires: Vec<String>,
    pub(super) direct: Vec<u32>,
    pub(super) units: Vec<u32>,
}

/// The parts that grow while rows are made.
#[derive(Default)]
struct Parts {
    numbers: Vec<U32>,
    strings: Vec<u8>,
    records: Vec<u8>,
}

/// The body of the index of `env`; an error says what it cannot hold.
pub(super) fn body(env: &Environment) -> Result<Vec<u8>, String> {
    env.check()?;
    let units: HashMap<&UnitId, u32> = env.units.iter().map(|unit| &unit.id).zip(0..).collect();
    let closures: HashMap<&str, u32> = env.closures.iter().map(|c| c.name.as_str()).zip(0..).collect();
    let units_of =
        |ids: &[UnitId]| -> Vec<u32> { ids.iter().filter_map(|id| units.get(id).copied()).collect() };
    let closure = |name: &str| closures.get(name).copied().unwrap_or_default();
    let mut parts = Parts::default();
    let (mut unit_rows, mut provided) = (Vec::new(), Vec::new());
    let mut paths = Vec::new();
    for (position, unit) in (0..).zip(env.units.iter()) {
        let path = unit.path.to_str().ok_or_else(|| format!("the path of {} is not UTF-8", unit.id))?;
        let modules = match &unit.modules {
            Some(file) => {
                let file =
                    file.to_str().ok_or_else(|| format!("the path {} is not UTF-8", file.display()))?;
                let shared = shared(path, file);
                Some((number(shared)?, file[shared..].to_owned()))
            }
            None => None,
        };
        let members: Vec<u32> = match &unit.pin {
            Some(pin) => vec![closure(&pin.closure)],
            None => unit.closures.iter().map(|name| closure(name)).collect(),
        };
        let in_root = unit.closures.iter().any(|name| name == ROOT);
        let rootlike = unit.pin.is_none() && members == [0];
        let renamed = unit.isolated.as_ref().is_some_and(|isolated| !isolated.files.is_empty());
        let flags =
            [(in_root, IN_ROOT), (rootlike, ROOTLIKE), (renamed, RENAMED), (unit.own_scope, OWN_SCOPE)];
        let flags: u32 = flags.into_iter().filter_map(|(is, flag)| is.then_some(flag)).sum();
        let record = UnitRecord {
            name: unit.name.clone(),
            version: unit.version.clone(),
            hash: unit.hash.clone(),
            wheel: unit.wheel.clone(),
            modules,
            dependencies: units_of(&unit.dependencies),
            closures: unit.closures.iter().map(|name| closure(name)).collect(),
            native: unit.native,
            provides: unit.provides.clone(),
            pin: unit
                .pin
                .clone()
                .map(|pin| (pin.closure, pin.undeclared, pin.share, pin.private, pin.native)),
            isolated: unit.isolated.clone().map(|isolated| (isolated.libraries, isolated.files)),
        };
        unit_rows.push(UnitRow {
            id: parts.string(unit.id.as_str())?,
            path: parts.string(path)?,
            record: parts.record(&record)?,
            members: parts.numbers(&members)?,
            domain: closure(&unit.domain).into(),
            flags: flags.into(),
        });
        paths.push((path, U32::new(position)));
        provided.extend(unit.provides.iter().map(|(name, &what)| (name.as_str(), position, what)));
    }
    let mut closure_rows = Vec::new();
    for closure in env.closures.iter() {
        let mut members = units_of(&closure.units);
        let record = ClosureRecord {
            owner: closure.owner.as_ref().and_then(|owner| units.get(owner).copied()),
            track: closure.track.clone(),
            requires: closure.requires.clone(),
            direct: units_of(&closure.direct),
            units: members.clone(),
        };
        members.sort_unstable();
        closure_rows.push(ClosureRow {
            name: parts.string(&closure.name)?,
            record: parts.record(&record)?,
            units: parts.numbers(&members)?,
        });
    }
    provided.sort_unstable_by_key(|&(name, unit, _)| (name, unit));
    let mut provided_rows = Vec::new();
    for (name, unit, what) in provided {
        let what = PROVIDED.iter().position(|known| *known == what).unwrap_or_default();
        provided_rows.push(ProvidedRow {
            name: parts.string(name)?,
            unit: unit.into(),
            what: number(what)?.into(),
        });
    }
    let lengths = || paths.iter().map(|(path, _)| path.len());
    let (shortest, longest) = (lengths().min().unwrap_or_default(), lengths().max().unwrap_or_default());
    paths.sort_unstable();
    let by_path: Vec<U32> = paths.into_iter().map(|(_, unit)| unit).collect();
    let head = postcard::to_stdvec(&(env.version, &env.python, &env.platform)).map_err(|e| e.to_string())?;

    let mut header =
        Header { shortest: number(shortest)?.into(), longest: number(longest)?.into(), ..Header::default() };
    let mut body = header.as_bytes().to_vec();
    let all: [&[u8]; 8] = [
        unit_rows.as_bytes(),
        closure_rows.as_bytes(),
        provided_rows.as_bytes(),
        by_path.as_bytes(),
        parts.numbers.as_bytes(),
        &parts.strings,
        &parts.records,
        &head,
    ];
    for (place, part) in header.parts.iter_mut().zip(all) {
        *place = appended(&mut body, part)?;
    }
    body[..size_of::<Header>()].copy_from_slice(header.as_bytes());
    Ok(body)
}

impl Parts {
    fn string(&mut self, text: &str) -> Result<Span, String> {
        appended(&mut self.strings, text.as_bytes())
    }

    fn record(&mut self, record: &impl Serialize) -> Result<Span, String> {
        let record = postcard::to_stdvec(record).map_err(|e| e.to_string())?;
        appended(&mut self.records, &record)
    }

    fn numbers(&mut self, numbers: &[u32]) -> Result<Span, String> {
        let at = number(self.numbers.len())?.into();
        self.numbers.extend(numbers.iter().map(|&number| U32::new(number)));
        Ok(Span { at, len: number(numbers.len())?.into() })
    }
}

fn appended(bytes: &mut Vec<u8>, part: &[u8]) -> Result<Span, String> {
    let span = Span { at: number(bytes.len())?.into(), len: number(part.len())?.into() };
    bytes.extend(part);
    Ok(span)
}

fn number(number: usize) -> Result<u32, String> {
    u32::try_from(number).map_err(|_| format!("{number} is more than an index can count"))
}

/// How many bytes two texts have in common at their beginning, up to a whole character.
fn shared(one: &str, other: &str) -> usize {
    let same = one.char_indices().zip(other.chars()).take_while(|((_, a), b)| a == b);
    same.last().map_or(0, |((at, c), _)| at + c.len_utf8())
}
