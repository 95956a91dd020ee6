//! A list of which the parts are decoded when they are asked for, if it comes from an index; else a vector.
//!
//! An environment of a thousand units is opened at every start of an interpreter, which then asks for a few of
//! them. Deliberately not here: how a part is stored ([`crate::index`]).

use std::fmt;
use std::ops::Index;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::closure::Unit;
use crate::index::Image;

/// What an index has lists of.
pub trait Stored: Clone {
    /// The part at this position, which is one of the image's.
    fn load(image: &Image, position: usize) -> Self;
}

/// A list of units or closures.
#[derive(Clone)]
pub struct List<T>(Kept<T>);

#[derive(Clone)]
enum Kept<T> {
    Whole(Vec<T>),
    Stored { image: Arc<Image>, parts: Vec<OnceLock<Box<T>>> },
}

impl<T: Stored> List<T> {
    /// The first `len` parts of an image.
    pub(crate) fn stored(image: Arc<Image>, len: usize) -> Self {
        List(Kept::Stored { image, parts: (0..len).map(|_| OnceLock::new()).collect() })
    }

    /// The image that it comes from, where it is that and nothing else.
    pub fn image(&self) -> Option<&Arc<Image>> {
        match &self.0 {
            Kept::Stored { image, .. } => Some(image),
            Kept::Whole(_) => None,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Kept::Whole(all) => all.len(),
            Kept::Stored { parts, .. } => parts.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The part at a position, if there are so many.
    pub fn get(&self, position: usize) -> Option<&T> {
        match &self.0 {
            Kept::Whole(all) => all.get(position),
            Kept::Stored { image, parts } => {
                let part = parts.get(position)?;
                Some(part.get_or_init(|| Box::new(T::load(image, position))))
            }
        }
    }

    /// The first part.
    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    /// All parts, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator + Clone {
        (0..self.len()).map(|position| &self[position])
    }

    /// The list as a vector, from here on.
    pub fn whole(&mut self) -> &mut Vec<T> {
        if let Kept::Stored { .. } = &self.0 {
            self.0 = Kept::Whole(self.iter().cloned().collect());
        }
        match &mut self.0 {
            Kept::Whole(all) => all,
            Kept::Stored { .. } => unreachable!("it was just made whole"),
        }
    }
}

impl List<Unit> {
    /// The position of the unit with this identifier, if it is one of the first `sorted`, which are.
    pub(crate) fn find(&self, id: &str, sorted: usize) -> Option<usize> {
        match &self.0 {
            Kept::Whole(all) => all.get(..sorted)?.binary_search_by(|unit| unit.id.as_str().cmp(id)).ok(),
            Kept::Stored { image, .. } => image.find(id),
        }
    }
}

impl<T: Stored> Index<usize> for List<T> {
    type Output = T;

    #[inline]
    fn index(&self, position: usize) -> &T {
        let len = self.len();
        self.get(position).unwrap_or_else(|| panic!("position {position} in a list of {len}"))
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(all: Vec<T>) -> Self {
        List(Kept::Whole(all))
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(parts: I) -> Self {
        List(Kept::Whole(parts.into_iter().collect()))
    }
}

impl<T: Stored + fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Stored + PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<T: Stored + Eq> Eq for List<T> {}

impl<T: Stored + Serialize> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(List::from)
    }
}
