//! What several rules ask of an analysis, worked out once, by the first rule that asks.
//!
//! Deliberately not here: how each is worked out, which is beside its type.

use std::sync::OnceLock;

use super::crossings::{self, Crossings};
use super::loaded::{self, Loaded};
use super::loads::{self, Failed};
use super::shared::{self, Shared};
use crate::analysis::Analysis;

/// An analysis as rules see it.
pub(crate) struct Gathered<'a> {
    pub(super) analysis: &'a Analysis<'a>,
    failed: OnceLock<Vec<Failed<'a>>>,
    shared: OnceLock<Vec<Shared>>,
    crossings: OnceLock<Vec<Crossings>>,
    loaded: OnceLock<Vec<Loaded<'a>>>,
}

impl<'a> Gathered<'a> {
    pub(super) fn of(analysis: &'a Analysis<'a>) -> Self {
        let (failed, shared, crossings, loaded) = Default::default();
        Self { analysis, failed, shared, crossings, loaded }
    }

    /// Every load that fails, alone or after others.
    pub(super) fn failed(&self) -> &[Failed<'a>] {
        self.failed.get_or_init(|| loads::failed(self.analysis))
    }

    /// Every library that one package gets from another although it brings a different one.
    pub(super) fn shared(&self) -> &[Shared] {
        self.shared.get_or_init(|| shared::shared(self.analysis))
    }

    /// Symbols of one package that another package's file answers.
    pub(super) fn crossings(&self) -> &[Crossings] {
        self.crossings.get_or_init(|| crossings::crossings(self.analysis))
    }

    /// Everything that is loaded.
    pub(super) fn loaded(&self) -> &[Loaded<'a>] {
        self.loaded.get_or_init(|| loaded::loaded(self.analysis))
    }
}
