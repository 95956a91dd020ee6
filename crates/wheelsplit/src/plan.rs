//! What a change costs: wheels, installs and checks with the split, whole packages without it, and by which path.
//!
//! A change spreads along edges: a changed wheel changes every closure it is in; a closure that changed has its
//! unit checked again, and builds anew what is built with it; a frozen build tool stands apart and changes only
//! by itself. In the merged model (one derivation that builds, installs and checks a package) every edge
//! rebuilds. Deliberately not here: where the graph comes from (locks, package sets), and carrying it out.

use std::collections::{BTreeSet, VecDeque};

/// Packages and frozen tools, and what of them changed.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The packages of the environment.
    pub packages: Vec<Package>,
    /// The frozen build set, and what else stands apart from the closures, as tests' own requirements may.
    pub tools: Vec<Tool>,
}

/// A package, with its position in [`Graph::packages`] as its name among the others.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// Its normalised name.
    pub name: String,
    /// How people are told of it.
    pub label: String,
    /// The identity of its wheel: packages with one wheel cost one wheel and one install.
    pub wheel: String,
    /// Its own source, version or wheel is another one.
    pub changed: bool,
    /// Its wheel is the same, but it depends on others than before.
    pub rewired: bool,
    /// Its wheel is known to come out as it was, should it be built anew: then nothing follows from that.
    pub same: bool,
    /// What it depends on at run time: positions in [`Graph::packages`].
    pub dependencies: Vec<usize>,
    /// What it is built with.
    pub build: Vec<Input>,
    /// What its check needs beside its closure; `None` if it has no check.
    pub check: Option<Vec<Input>>,
}

/// Something that a build or a check takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A package of the environment, as it is there now, with its closure.
    Package(usize),
    /// A frozen one: a position in [`Graph::tools`].
    Tool(usize),
}

/// A frozen distribution.
#[derive(Clone, Debug, Default)]
pub struct Tool {
    /// Its normalised name.
    pub name: String,
    /// How people are told of it.
    pub label: String,
    /// It is another one than before.
    pub changed: bool,
    /// What it depends on: positions in [`Graph::tools`].
    pub dependencies: Vec<usize>,
    /// The package that takes its place in the merged model, which has one version of each.
    pub package: Option<usize>,
    /// It is built from the very source that the package is built from, and changes with it.
    pub live: bool,
}

/// A step, or the whole package of the merged model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A wheel is built or fetched.
    Wheel,
    /// A wheel is installed.
    Install,
    /// A unit is checked.
    Check,
    /// The merged model would build, install and check the package anew.
    Merged,
}

/// Why a package has to take a step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The package.
    pub package: String,
    /// The step.
    pub step: Step,
    /// From what changed to the package; the shortest.
    pub path: Vec<String>,
}

/// What a change costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Wheels to build or to fetch.
    pub wheels: usize,
    /// Wheels to install.
    pub installs: usize,
    /// Units to check.
    pub checks: usize,
    /// Packages that the merged model would rebuild.
    pub merged_rebuilds: usize,
    /// Why, one for each package and step, sorted.
    pub reasons: Vec<Reason>,
}

/// Something that can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Node {
    /// The wheel of a package.
    Wheel(usize),
    /// A package with all that it depends on.
    Closure(usize),
    /// The check of a package.
    Check(usize),
    /// A frozen tool.
    Tool(usize),
    /// A package of the merged model.
    Merged(usize),
}

impl Graph {
    /// What the change costs.
    pub fn cost(&self) -> Cost {
        let spread = Spread::new(self);
        let mut cost = Cost::default();
        let mut wheels = BTreeSet::new();
        for node in &spread.reached {
            let (step, position) = match *node {
                Node::Wheel(p) => {
                    let package = &self.packages[p];
                    // A unit of a wheel that was counted already costs nothing.
                    if !wheels.insert(&package.wheel) {
                        continue;
                    }
                    if !package.same {
                        cost.installs += 1;
                        let (step, path) = (Step::Install, spread.path(*node));
                        cost.reasons.push(Reason { package: package.label.clone(), step, path });
                    }
                    (Step::Wheel, p)
                }
                Node::Check(p) => {
                    cost.checks += 1;
                    (Step::Check, p)
                }
                Node::Merged(p) => {
                    cost.merged_rebuilds += 1;
                    (Step::Merged, p)
                }
                Node::Closure(_) | Node::Tool(_) => continue,
            };
            let package = self.packages[position].label.clone();
            cost.reasons.push(Reason { package, step, path: spread.path(*node) });
        }
        cost.wheels = wheels.len();
        cost.reasons.sort();
        cost
    }

    /// What changes when a node did.
    fn edges(&self) -> Edges<'_> {
        let mut edges = Edges::new(self);
        for (p, package) in self.packages.iter().enumerate() {
            if !package.same {
                edges.add(Node::Wheel(p), Node::Closure(p));
            }
            if package.check.is_some() {
                edges.add(Node::Closure(p), Node::Check(p));
            }
            for &dependency in &package.dependencies {
                edges.add(Node::Closure(dependency), Node::Closure(p));
                edges.add(Node::Merged(dependency), Node::Merged(p));
            }
            let checks = package.check.iter().flatten().map(|input| (input, Node::Check(p)));
            for (input, target) in package.build.iter().map(|input| (input, Node::Wheel(p))).chain(checks) {
                match *input {
                    Input::Package(q) => {
                        edges.add(Node::Closure(q), target);
                        edges.add(Node::Merged(q), Node::Merged(p));
                    }
                    Input::Tool(t) => {
                        edges.add(Node::Tool(t), target);
                        edges.add(Node::Tool(t), Node::Merged(p));
                        if let Some(q) = self.tools[t].package {
                            edges.add(Node::Merged(q), Node::Merged(p));
                        }
                    }
                }
            }
        }
        for (t, tool) in self.tools.iter().enumerate() {
            for &dependency in &tool.dependencies {
                edges.add(Node::Tool(dependency), Node::Tool(t));
            }
            if let Some(q) = tool.package.filter(|_| tool.live) {
                edges.add(Node::Wheel(q), Node::Tool(t));
            }
        }
        edges
    }

    /// Where the change begins.
    fn seeds(&self) -> Vec<Node> {
        let tools =
            self.tools.iter().enumerate().filter(|(_, tool)| tool.changed).map(|(t, _)| Node::Tool(t));
        let packages = self.packages.iter().enumerate().flat_map(|(p, package)| {
            let wheel = package.changed.then_some(Node::Wheel(p));
            let closure = (package.rewired && !package.changed).then_some(Node::Closure(p));
            let merged = (package.changed || package.rewired).then_some(Node::Merged(p));
            [wheel, closure, merged].into_iter().flatten()
        });
        packages.chain(tools).collect()
    }

    fn label(&self, node: Node) -> &str {
        match node {
            Node::Wheel(p) | Node::Closure(p) | Node::Check(p) | Node::Merged(p) => &self.packages[p].label,
            Node::Tool(t) => &self.tools[t].label,
        }
    }

    /// A number for each node, without gaps.
    fn number(&self, node: Node) -> usize {
        match node {
            Node::Wheel(p) => p * 4,
            Node::Closure(p) => p * 4 + 1,
            Node::Check(p) => p * 4 + 2,
            Node::Merged(p) => p * 4 + 3,
            Node::Tool(t) => self.packages.len() * 4 + t,
        }
    }

    fn nodes(&self) -> usize {
        self.packages.len() * 4 + self.tools.len()
    }
}

/// The nodes that change when one does, by its number.
struct Edges<'g> {
    graph: &'g Graph,
    to: Vec<Vec<Node>>,
}

impl<'g> Edges<'g> {
    fn new(graph: &'g Graph) -> Self {
        Edges { graph, to: vec![Vec::new(); graph.nodes()] }
    }

    fn add(&mut self, from: Node, to: Node) {
        self.to[self.graph.number(from)].push(to);
    }
}

/// How far a change goes, nearest first.
struct Spread<'g> {
    graph: &'g Graph,
    reached: Vec<Node>,
    /// By number: the node from which it was reached, itself where the change began.
    from: Vec<Option<Node>>,
}

impl<'g> Spread<'g> {
    fn new(graph: &'g Graph) -> Self {
        let edges = graph.edges();
        let mut spread = Spread { graph, reached: Vec::new(), from: vec![None; graph.nodes()] };
        let mut queue: VecDeque<Node> = VecDeque::new();
        for seed in graph.seeds() {
            spread.from[graph.number(seed)] = Some(seed);
            queue.push_back(seed);
        }
        while let Some(node) = queue.pop_front() {
            spread.reached.push(node);
            for &next in &edges.to[graph.number(node)] {
                let from = &mut spread.from[graph.number(next)];
                if from.is_none() {
                    *from = Some(node);
                    queue.push_back(next);
                }
            }
        }
        spread
    }

    /// The labels from what changed to `node`, each once.
    fn path(&self, node: Node) -> Vec<String> {
        let mut path = vec![self.graph.label(node).to_owned()];
        let mut at = node;
        while let Some(from) = self.from[self.graph.number(at)].filter(|from| *from != at) {
            let label = self.graph.label(from);
            if path.last().is_none_or(|last| last != label) {
                path.push(label.to_owned());
            }
            at = from;
        }
        path.reverse();
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// certifi <- requests <- sphinx <- cmake, which builds aiohttp; app depends on aiohttp and is checked by pytest.
    fn graph(frozen: bool) -> Graph {
        let names = ["certifi", "requests", "sphinx", "cmake", "aiohttp", "app", "pytest"];
        let dependencies: [&[usize]; 7] = [&[], &[0], &[1], &[2], &[], &[4], &[]];
        let package = |(name, dependencies): (&&str, &&[usize])| Package {
            label: (*name).to_owned(),
            wheel: (*name).to_owned(),
            dependencies: dependencies.to_vec(),
            check: Some(Vec::new()),
            ..Package::default()
        };
        let mut packages: Vec<Package> = names.iter().zip(&dependencies).map(package).collect();
        packages[4].build = vec![if frozen { Input::Tool(0) } else { Input::Package(3) }];
        packages[5].check = Some(vec![Input::Package(6)]);
        let tools = if frozen {
            vec![Tool { label: "cmake".to_owned(), package: Some(3), ..Tool::default() }]
        } else {
            Vec::new()
        };
        Graph { packages, tools }
    }

    fn bump(mut graph: Graph, position: usize) -> Cost {
        graph.packages[position].changed = true;
        graph.cost()
    }

    fn counts(cost: &Cost) -> [usize; 4] {
        [cost.wheels, cost.installs, cost.checks, cost.merged_rebuilds]
    }

    #[test]
    fn a_build_tool_drags_its_own_dependencies_into_builds_unless_it_is_frozen() {
        let live = bump(graph(false), 0);
        // certifi and aiohttp; all but pytest are checked; the merged model rebuilds as many.
        assert_eq!(counts(&live), [2, 2, 6, 6]);
        let wheel = live.reasons.iter().find(|r| r.package == "aiohttp" && r.step == Step::Wheel);
        let path: Vec<&str> = wheel.iter().flat_map(|r| r.path.iter().map(String::as_str)).collect();
        assert_eq!(path, ["certifi", "requests", "sphinx", "cmake", "aiohttp"]);
        assert_eq!(counts(&bump(graph(true), 0)), [1, 1, 4, 6]);
    }

    #[test]
    fn a_frozen_tool_changes_by_itself_alone() {
        let mut moved = graph(true);
        moved.tools[0].changed = true;
        assert_eq!(counts(&moved.cost()), [1, 1, 2, 2]);
    }

    #[test]
    fn a_wheel_that_comes_out_as_it_was_ends_there() {
        let mut moved = graph(true);
        moved.tools[0].changed = true;
        moved.packages[4].same = true;
        assert_eq!(counts(&moved.cost()), [1, 0, 0, 2]);
    }

    #[test]
    fn a_tool_of_ones_own_source_changes_with_it() {
        let mut own = graph(true);
        own.tools[0].live = true;
        // cmake and aiohttp, which it builds; cmake, aiohttp and app are checked.
        assert_eq!(counts(&bump(own, 3)), [2, 2, 3, 3]);
    }

    #[test]
    fn tests_and_rewiring_cost_checks_only() {
        assert_eq!(counts(&bump(graph(true), 6)), [1, 1, 2, 2]);
        let mut rewired = graph(true);
        rewired.packages[4].rewired = true;
        assert_eq!(counts(&rewired.cost()), [0, 0, 2, 2]);
    }

    #[test]
    fn two_units_of_one_wheel_cost_one_wheel() {
        let mut twice = graph(true);
        twice.packages[1].wheel = "certifi".to_owned();
        twice.packages[1].changed = true;
        twice.packages[0].changed = true;
        let cost = twice.cost();
        assert_eq!((cost.wheels, cost.installs), (1, 1));
    }

    #[test]
    fn a_circle_ends() {
        let mut circle = graph(true);
        circle.packages[0].dependencies = vec![3];
        assert_eq!(bump(circle, 0).checks, 4);
    }
}
