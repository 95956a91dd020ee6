//! The analysis as a graph and as counts, for reports.
//!
//! Deliberately not here: what a report shows of it.

use std::collections::HashMap;
use std::path::PathBuf;

use elf_loader::{Object, ObjectId};
use rustc_hash::FxHashSet;

use super::{Analysis, Changed};
use crate::report::{Graph, GraphEdge, Node, NodeKind, Stats};

/// A graph that grows.
#[derive(Default)]
struct Builder {
    graph: Graph,
    places: HashMap<usize, usize>,
    edges: FxHashSet<(usize, usize)>,
}

impl Analysis<'_> {
    /// How much was looked at.
    pub fn stats(&self) -> Stats {
        let mut loaded = FxHashSet::default();
        for run in &self.alone {
            loaded.extend(run.process.objects().map(|(_, object)| object.key()));
        }
        let packages = self.packages.len();
        let alone =
            self.alone.iter().flat_map(|run| &run.openings).map(|opening| opening.load.bindings.len());
        Stats {
            python: self.environment.interpreter.minor(),
            distributions: self.environment.distributions.len(),
            packages,
            files: self.files.all().len(),
            loaded: loaded.len(),
            bindings: self.machine.bindings + alone.sum::<usize>() + self.bindings_together,
            pairs: packages * packages.saturating_sub(1) / 2,
            interacting: self.interacting,
            orders: packages + self.together.len(),
        }
    }

    /// Packages, what they load, and how each library is found: alone, and where another order changes it.
    pub fn graph(&self) -> Graph {
        let mut builder = Builder::default();
        for plan in &self.packages {
            let distribution = &self.environment.distributions[plan.distribution];
            builder.graph.nodes.push(Node {
                label: self.name(plan.distribution).to_owned(),
                kind: NodeKind::Package,
                path: None,
                package: None,
                detail: distribution.version.clone(),
            });
        }
        for (package, run) in self.alone.iter().enumerate() {
            for opening in run.openings.iter().filter(|opening| opening.load.result.is_ok()) {
                for edge in &opening.load.edges {
                    let to = builder.node(self, run.process.object(edge.to), edge.from.is_none());
                    let from = match edge.from {
                        Some(from) => builder.node(self, run.process.object(from), false),
                        None if self
                            .files
                            .owner_at(&opening.path)
                            .is_some_and(|owner| owner == self.packages[package].distribution) =>
                        {
                            package
                        }
                        None => continue,
                    };
                    let by = self.found_by(&run.process, edge.found);
                    builder.edge(GraphEdge { from, to, how: by, because_of: None });
                }
            }
        }
        for together in &self.together {
            let Some(first) = together.order.first().copied() else { continue };
            for change in &together.changes {
                if let Changed::Needs(needs) = &change.what {
                    let (from, to) =
                        (builder.node(self, &needs.from, false), builder.node(self, &needs.now, false));
                    let how = needs.found.to_string();
                    builder.edge(GraphEdge { from, to, how, because_of: Some(first) });
                }
            }
        }
        builder.graph
    }

    fn found_by(&self, process: &elf_loader::Process, found: elf_loader::Found) -> String {
        use elf_loader::Found::{Rpath, Runpath};
        let of = |id: ObjectId| process.object(id).path.to_string();
        match found {
            Rpath(id) | Runpath(id) => {
                let path = PathBuf::from(of(id));
                format!("{found} of {}", path.file_name().unwrap_or_default().to_string_lossy())
            }
            other => other.to_string(),
        }
    }
}

impl Builder {
    fn node(&mut self, analysis: &Analysis<'_>, object: &Object, opened: bool) -> usize {
        let nodes = &mut self.graph.nodes;
        *self.places.entry(object.key()).or_insert_with(|| {
            let path = PathBuf::from(object.path.as_path());
            let owner = analysis.owner(object);
            let kind = match owner {
                Some(_) if opened => NodeKind::Extension,
                Some(_) => NodeKind::Library,
                None => NodeKind::System,
            };
            nodes.push(Node {
                label: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                kind,
                package: owner.and_then(|owner| analysis.package_of(owner)),
                detail: object.soname().map(ToString::to_string).unwrap_or_default(),
                path: Some(path),
            });
            nodes.len() - 1
        })
    }

    fn edge(&mut self, edge: GraphEdge) {
        if self.edges.insert((edge.from, edge.to)) || edge.because_of.is_some() {
            self.graph.edges.push(edge);
        }
    }
}
