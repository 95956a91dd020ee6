//! What expressions come to, as far as reading tells.
//!
//! Several things that one may be are kept, up to a few; a value that grows is given up, for code may double it a
//! hundred times. Deliberately not here: where values come from (`evaluate.rs`).

use serde::{Deserialize, Serialize};

use crate::text::{Base, Dotted, Text};

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Value {
    /// A text or a path.
    Text(Text),
    /// What `ctypes.util.find_library` finds for this name.
    Stem(String),
    /// A number, or a truth.
    Number(i64),
    /// Flags of `dlopen`: those that the interpreter had before this module, if `before`, and these.
    Flags {
        /// Whether the old ones are among them.
        before: bool,
        /// More of them.
        bits: i64,
    },
    /// `None`.
    None,
    /// A list, a tuple, a set.
    Items(Vec<Value>),
    /// A dictionary.
    Table(Vec<(Value, Value)>),
    /// A module, or something in one.
    Global(Dotted),
    /// An instance of a class of the module's own.
    Object(String),
    /// One of these.
    OneOf(Vec<Value>),
    /// Not told.
    Unknown,
}

/// The value of RTLD_GLOBAL on Linux (bits/dlfcn.h).
pub(crate) const RTLD_GLOBAL: i64 = 0x100;
/// The value of RTLD_LAZY. It counts where RTLD_NOW is set as well (`dl_open_worker` of glibc).
pub(crate) const RTLD_LAZY: i64 = 1;
/// What one value may be.
const ALTERNATIVES: usize = 16;
/// What a value may hold in all.
const LARGEST: usize = 512;

impl Value {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(Text::plain(text))
    }

    pub(crate) fn path(base: Base) -> Self {
        Self::Text(Text::at(base))
    }

    pub(crate) fn truth_of(value: bool) -> Self {
        Self::Number(i64::from(value))
    }

    /// A list; unknown where it is too large.
    pub(crate) fn items(items: Vec<Self>) -> Self {
        let weight: usize = items.iter().map(Self::weight).sum();
        if weight > LARGEST { Self::Unknown } else { Self::Items(items) }
    }

    /// A dictionary; unknown where it is too large.
    pub(crate) fn table(pairs: Vec<(Self, Self)>) -> Self {
        let weight: usize = pairs.iter().map(|(key, value)| key.weight() + value.weight()).sum();
        if weight > LARGEST { Self::Unknown } else { Self::Table(pairs) }
    }

    /// How much it holds.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Items(items) | Self::OneOf(items) => 1 + items.iter().map(Self::weight).sum::<usize>(),
            Self::Table(pairs) => {
                1 + pairs.iter().map(|(key, value)| key.weight() + value.weight()).sum::<usize>()
            }
            _ => 1,
        }
    }

    /// All that it may be.
    pub(crate) fn alternatives(&self) -> &[Self] {
        match self {
            Self::OneOf(all) => all,
            one => std::slice::from_ref(one),
        }
    }

    /// One of `values`.
    pub(crate) fn one_of(values: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<Self> = Vec::new();
        for value in values {
            for one in value.alternatives() {
                if !all.contains(one) {
                    all.push(one.clone());
                }
            }
        }
        let weight: usize = all.iter().map(Self::weight).sum();
        match all.len() {
            0 => Self::Unknown,
            1 => all.swap_remove(0),
            2..=ALTERNATIVES if weight <= LARGEST => Self::OneOf(all),
            _ => Self::Unknown,
        }
    }

    /// What `change` makes of all that it may be.
    pub(crate) fn each(&self, change: impl Fn(&Self) -> Self) -> Self {
        match self {
            Self::OneOf(all) => Self::one_of(all.iter().map(change)),
            one => change(one),
        }
    }

    /// What `change` makes of all that both may be.
    pub(crate) fn both(&self, other: &Self, change: impl Fn(&Self, &Self) -> Self) -> Self {
        match (self, other) {
            (Self::OneOf(_), _) | (_, Self::OneOf(_)) => {
                let pairs = self.alternatives().iter();
                let pairs = pairs.flat_map(|one| other.alternatives().iter().map(move |two| (one, two)));
                Self::one_of(pairs.map(|(one, two)| change(one, two)))
            }
            (one, two) => change(one, two),
        }
    }

    /// `bool(...)`, where reading tells it.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Self::Text(text) => match text.known() {
                Some(known) => Some(!known.is_empty()),
                None => (text.base.is_some() && text.base != Some(Base::Unknown)).then_some(true),
            },
            Self::Number(number) => Some(*number != 0),
            Self::None => Some(false),
            Self::Items(items) => match items.is_empty() {
                true => Some(false),
                false => (!items.iter().any(Self::is_pattern)).then_some(true),
            },
            Self::Table(pairs) => Some(!pairs.is_empty()),
            Self::OneOf(all) => {
                let first = all.first()?.truth()?;
                all.iter().all(|one| one.truth() == Some(first)).then_some(first)
            }
            Self::Object(_) => Some(true),
            Self::Stem(_) | Self::Flags { .. } | Self::Global(_) | Self::Unknown => None,
        }
    }

    /// Whether it stands for each of several names.
    pub(crate) fn is_pattern(&self) -> bool {
        match self {
            Self::Text(text) => text.is_pattern(),
            Self::Items(items) => items.iter().any(Self::is_pattern),
            _ => false,
        }
    }

    /// `==`, where reading tells it.
    pub(crate) fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(a.known()? == b.known()?),
            (Self::Number(a), Self::Number(b)) => Some(a == b),
            (Self::None, Self::None) => Some(true),
            (Self::None, other) | (other, Self::None) => {
                let told = matches!(
                    other,
                    Self::Text(_) | Self::Number(_) | Self::Items(_) | Self::Table(_) | Self::Object(_)
                );
                told.then_some(false)
            }
            _ => None,
        }
    }

    /// It as text; what is none, or is not told, is a hole.
    pub(crate) fn as_text(&self) -> Text {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => Text::plain(&number.to_string()),
            Self::Global(global) => Text::at(Base::Constant(global.clone())),
            _ => Text::hole(),
        }
    }

    /// Texts added up, or lists, or flags.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        self.both(other, |one, two| match (one, two) {
            (Self::Items(one), Self::Items(two)) => Self::items(one.iter().chain(two).cloned().collect()),
            (Self::Number(one), Self::Number(two)) => {
                one.checked_add(*two).map_or(Self::Unknown, Self::Number)
            }
            (
                Self::Text(_) | Self::Global(_) | Self::Unknown,
                Self::Text(_) | Self::Global(_) | Self::Unknown,
            ) if matches!(one, Self::Text(_)) || matches!(two, Self::Text(_)) => {
                Self::Text(one.as_text().plus(&two.as_text()))
            }
            _ => Self::Unknown,
        })
    }

    /// The flags of `dlopen` that it is.
    pub(crate) fn flags(&self) -> Option<(bool, i64)> {
        match self {
            Self::Number(bits) => Some((false, *bits)),
            Self::Flags { before, bits } => Some((*before, *bits)),
            Self::OneOf(all) => {
                let all = all.iter().filter_map(Self::flags);
                all.reduce(|one, two| (one.0 || two.0, one.1 | two.1))
            }
            _ => None,
        }
    }
}
