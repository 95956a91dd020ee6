//! The body of an index: tables of fixed rows over strings and records, looked up where they stand.
//!
//! ```text
//! header    where each part stands; the lengths of the shortest and the longest folder
//! units     a row each, sorted by identifier
//! closures  a row each, root's first
//! provided  a row per name and unit that provides it, sorted by both
//! by path   positions of units, sorted by folder
//! numbers   positions, which rows refer to
//! strings   without separators
//! records   what rows have no room for, in postcard form, decoded one by one
//! head      format version, Python, platform
//! ```
//! Opening takes a pass over the rows, which must point inside; nothing is decoded for it. Deliberately not here:
//! the file's frame with the checksum (`super`), and how a body is made (`build`).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;
use std::path::PathBuf;

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::build::{ClosureRecord, UnitRecord};
use crate::closure::{Closure, Isolated, Pin, Provided, Unit};
use crate::list::Stored;
use crate::names::UnitId;

/// A part of some bytes: where it begins, and its length.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(super) struct Span {
    pub(super) at: U32,
    pub(super) len: U32,
}

impl Span {
    fn range(self) -> Range<usize> {
        let at = self.at.get() as usize;
        at..at + self.len.get() as usize
    }

    fn within(self, len: usize) -> bool {
        u64::from(self.at.get()) + u64::from(self.len.get()) <= len as u64
    }
}

#[derive(Clone, Copy, Default, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(super) struct Header {
    /// In the order of the parts.
    pub(super) parts: [Span; 8],
    pub(super) shortest: U32,
    pub(super) longest: U32,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(super) struct UnitRow {
    pub(super) id: Span,
    pub(super) path: Span,
    pub(super) record: Span,
    /// The closures that step 3 asks for it.
    pub(super) members: Span,
    pub(super) domain: U32,
    pub(super) flags: U32,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(super) struct ClosureRow {
    pub(super) name: Span,
    pub(super) record: Span,
    /// Its units, sorted.
    pub(super) units: Span,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(super) struct ProvidedRow {
    pub(super) name: Span,
    pub(super) unit: U32,
    pub(super) what: U32,
}

/// The unit is in root's closure.
pub(super) const IN_ROOT: u32 = 1;
/// The unit resolves names as root does.
pub(super) const ROOTLIKE: u32 = 2;
/// The unit has libraries that answer to other names than they did.
pub(super) const RENAMED: u32 = 4;
/// What the unit opens for everyone is for itself.
pub(super) const OWN_SCOPE: u32 = 8;

/// How a row says what is provided.
pub(super) const PROVIDED: [Provided; 4] =
    [Provided::Package, Provided::Module, Provided::Namespace, Provided::Legacy];

/// An index that was opened.
///
/// Invariant: every row points inside, and every position is one of a row that is there.
#[derive(Debug)]
pub struct Image {
    /// The whole file.
    bytes: Cow<'static, [u8]>,
    /// Where each part stands in it.
    parts: [Range<usize>; 8],
    /// Lengths of folders.
    lengths: Range<usize>,
}

impl Image {
    /// Checks where everything stands.
    pub(super) fn new(bytes: Cow<'static, [u8]>) -> Result<Self, String> {
        let damaged = || "is damaged: it points outside itself".to_owned();
        let body = bytes.get(super::HEADER..).ok_or_else(damaged)?;
        let (header, _) = Header::ref_from_prefix(body).map_err(|_| damaged())?;
        if !header.parts.iter().all(|part| part.within(body.len())) {
            return Err(damaged());
        }
        let parts = header.parts.map(|part| {
            let range = part.range();
            range.start + super::HEADER..range.end + super::HEADER
        });
        let lengths = header.shortest.get() as usize..header.longest.get() as usize + 1;
        let image = Image { bytes, parts, lengths };
        if image.points_inside() { Ok(image) } else { Err(damaged()) }
    }

    fn points_inside(&self) -> bool {
        let (units, closures, numbers) = (self.rows().len(), self.closure_rows().len(), self.numbers().len());
        let (strings, records) = (self.part(5).len(), self.part(6).len());
        let positions = |span: Span, count: usize| {
            span.within(numbers) && self.numbers()[span.range()].iter().all(|n| (n.get() as usize) < count)
        };
        // Parts that are no whole number of rows would be empty ones; and there is always root's closure.
        closures > 0
            && self.parts[..5].iter().zip([40, 24, 16, 4, 4]).all(|(part, row)| part.len() % row == 0)
            && self.rows().iter().all(|row| {
                row.id.within(strings)
                    && row.path.within(strings)
                    && row.record.within(records)
                    && positions(row.members, closures)
                    && (row.domain.get() as usize) < closures
            })
            && self.closure_rows().iter().all(|row| {
                row.name.within(strings) && row.record.within(records) && positions(row.units, units)
            })
            && self.provided_rows().iter().all(|row| {
                row.name.within(strings)
                    && (row.unit.get() as usize) < units
                    && (row.what.get() as usize) < PROVIDED.len()
            })
            && self.by_path().len() == units
            && self.by_path().iter().all(|unit| (unit.get() as usize) < units)
    }

    fn part(&self, part: usize) -> &[u8] {
        &self.bytes[self.parts[part].clone()]
    }

    fn rows(&self) -> &[UnitRow] {
        <[UnitRow]>::ref_from_bytes(self.part(0)).unwrap_or_default()
    }

    fn closure_rows(&self) -> &[ClosureRow] {
        <[ClosureRow]>::ref_from_bytes(self.part(1)).unwrap_or_default()
    }

    fn provided_rows(&self) -> &[ProvidedRow] {
        <[ProvidedRow]>::ref_from_bytes(self.part(2)).unwrap_or_default()
    }

    fn by_path(&self) -> &[U32] {
        <[U32]>::ref_from_bytes(self.part(3)).unwrap_or_default()
    }

    fn numbers(&self) -> &[U32] {
        <[U32]>::ref_from_bytes(self.part(4)).unwrap_or_default()
    }

    fn text(&self, span: Span) -> &[u8] {
        &self.part(5)[span.range()]
    }

    fn string(&self, span: Span) -> String {
        String::from_utf8_lossy(self.text(span)).into_owned()
    }

    fn record<'i, T: serde::Deserialize<'i>>(&'i self, span: Span) -> Option<T> {
        postcard::from_bytes(&self.part(6)[span.range()]).ok()
    }

    fn positions(&self, span: Span) -> impl Iterator<Item = usize> + '_ {
        self.numbers()[span.range()].iter().map(|number| number.get() as usize)
    }

    /// Format version, Python and platform.
    pub(super) fn head(&self) -> Option<(u32, String, String)> {
        postcard::from_bytes(self.part(7)).ok()
    }

    /// How many units there are.
    pub fn units(&self) -> usize {
        self.rows().len()
    }

    /// How many closures there are.
    pub fn closures(&self) -> usize {
        self.closure_rows().len()
    }

    /// Per unit, whether root's closure has it, and whether it resolves names as root does.
    pub fn flags(&self) -> impl Iterator<Item = (bool, bool)> + '_ {
        let flags = self.rows().iter().map(|row| row.flags.get());
        flags.map(|flags| (flags & IN_ROOT != 0, flags & ROOTLIKE != 0))
    }

    /// The units with libraries that answer to other names than they did, or that are for themselves.
    pub fn renamed(&self) -> impl Iterator<Item = usize> + '_ {
        let rows = self.rows().iter().enumerate();
        rows.filter(|(_, row)| row.flags.get() & (RENAMED | OWN_SCOPE) != 0).map(|(unit, _)| unit)
    }

    /// Per unit, the closure that its sharing domain is named after.
    pub fn domains(&self) -> impl Iterator<Item = usize> + '_ {
        self.rows().iter().map(|row| row.domain.get() as usize)
    }

    /// The closures that step 3 asks for a unit.
    pub fn members(&self, unit: usize) -> Box<[usize]> {
        self.positions(self.rows()[unit].members).collect()
    }

    /// The position of the unit with this identifier.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.rows().binary_search_by(|row| self.text(row.id).cmp(id.as_bytes())).ok()
    }

    /// Whether a closure has a unit.
    pub fn has(&self, closure: usize, unit: usize) -> bool {
        let units = &self.numbers()[self.closure_rows()[closure].units.range()];
        units.binary_search_by(|number| (number.get() as usize).cmp(&unit)).is_ok()
    }

    /// The units that provide a name, in order, and what it is there.
    pub fn providers(&self, name: &str) -> impl Iterator<Item = (usize, Provided)> + '_ {
        let rows = self.provided_rows();
        let name = name.as_bytes();
        let start = rows.partition_point(|row| self.text(row.name) < name);
        let len = rows[start..].partition_point(|row| self.text(row.name) == name);
        rows[start..start + len]
            .iter()
            .map(|row| (row.unit.get() as usize, PROVIDED[row.what.get() as usize]))
    }

    /// The units that provide a name directly below this one.
    pub fn providers_below(&self, name: &str) -> impl Iterator<Item = usize> + '_ {
        let rows = self.provided_rows();
        let prefix = format!("{name}.").into_bytes();
        let start = rows.partition_point(|row| self.text(row.name) < &prefix[..]);
        let below = move |row: &ProvidedRow| {
            self.text(row.name).strip_prefix(&prefix[..]).map(|rest| !rest.contains(&b'.'))
        };
        let rows = rows[start..].iter().map(move |row| (row, below(row)));
        let rows = rows.take_while(|(_, below)| below.is_some()).filter(|(_, below)| *below == Some(true));
        rows.map(|(row, _)| row.unit.get() as usize)
    }

    /// The unit in whose folder `path` stands: of several with one folder the first, of nested folders the inner one.
    pub fn unit_of(&self, path: &str) -> Option<usize> {
        let mut end = path.len();
        while end >= self.lengths.start {
            if self.lengths.contains(&end)
                && let Some(unit) = self.unit_at(&path.as_bytes()[..end])
            {
                return Some(unit);
            }
            end = path[..end].rfind('/')?;
        }
        None
    }

    fn unit_at(&self, folder: &[u8]) -> Option<usize> {
        let order = self.by_path();
        let path = |unit: &U32| self.text(self.rows()[unit.get() as usize].path);
        let first = order.partition_point(|unit| path(unit).cmp(folder) == Ordering::Less);
        order.get(first).filter(|unit| path(unit) == folder).map(|unit| unit.get() as usize)
    }

    fn id(&self, unit: usize) -> UnitId {
        UnitId::stored(&self.string(self.rows()[unit].id))
    }

    fn ids(&self, units: &[u32]) -> Vec<UnitId> {
        units.iter().filter(|&&unit| (unit as usize) < self.units()).map(|&u| self.id(u as usize)).collect()
    }

    fn closure_name(&self, closure: u32) -> String {
        self.closure_rows().get(closure as usize).map(|row| self.string(row.name)).unwrap_or_default()
    }
}

impl Stored for Unit {
    fn load(image: &Image, position: usize) -> Self {
        let row = image.rows()[position];
        // What passed the checksum and is no record has never been written: a unit without anything is none.
        let record: UnitRecord = image.record(row.record).unwrap_or_default();
        let path = image.string(row.path);
        let modules = record.modules.map(|(shared, rest)| {
            let shared = path.get(..shared as usize).unwrap_or_default();
            PathBuf::from(format!("{shared}{rest}"))
        });
        Unit {
            id: image.id(position),
            name: record.name,
            version: record.version,
            hash: record.hash,
            wheel: record.wheel,
            modules,
            dependencies: image.ids(&record.dependencies),
            closures: record.closures.iter().map(|&closure| image.closure_name(closure)).collect(),
            domain: image.closure_name(row.domain.get()),
            native: record.native,
            provides: record.provides,
            pin: record.pin.map(|(closure, undeclared, share, private, native)| Pin {
                closure,
                undeclared,
                share,
                private,
                native,
            }),
            isolated: record.isolated.map(|(libraries, files)| Isolated { libraries, files }),
            own_scope: row.flags.get() & OWN_SCOPE != 0,
            path: PathBuf::from(path),
        }
    }
}

impl Stored for Closure {
    fn load(image: &Image, position: usize) -> Self {
        let row = image.closure_rows()[position];
        let record: ClosureRecord = image.record(row.record).unwrap_or_default();
        Closure {
            name: image.string(row.name),
            owner: record.owner.and_then(|owner| image.ids(&[owner]).pop()),
            track: record.track,
            requires: record.requires,
            direct: image.ids(&record.direct),
            units: image.ids(&record.units),
        }
    }
}
