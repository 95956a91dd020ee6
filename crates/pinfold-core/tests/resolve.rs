//! The rule of resolution on environments made in memory: who gets what, by which step, and why not.

use std::collections::BTreeMap;

use pinfold_core::closure::{Closure, Environment, Pin, Provided, Undeclared, Unit, VERSION};
use pinfold_core::index;
use pinfold_core::names::UnitId;
use pinfold_core::resolve::{Importer, Resolution, Resolver, Rule};

/// A unit as tests write it: name, version, what it provides, what it depends on (as `name version`), closures.
struct Made(Environment);

impl Made {
    fn new() -> Self {
        let root = Closure {
            name: "root".into(),
            owner: None,
            track: None,
            requires: vec![],
            direct: vec![],
            units: vec![],
        };
        Made(Environment {
            version: VERSION,
            python: "3.12".into(),
            platform: "linux_x86_64".into(),
            units: Vec::new().into(),
            closures: vec![root].into(),
        })
    }

    fn unit(self, key: &str, provides: &[(&str, Provided)], needs: &[&str], closures: &[&str]) -> Self {
        self.pinned(key, provides, needs, closures, None)
    }

    fn pinned(
        mut self,
        key: &str,
        provides: &[(&str, Provided)],
        needs: &[&str],
        closures: &[&str],
        pin: Option<(&str, Undeclared)>,
    ) -> Self {
        let (name, version) = key.split_once(' ').expect("`name version`");
        let mut dependencies: Vec<UnitId> = needs.iter().map(|key| id(key)).collect();
        dependencies.sort();
        self.0.units.whole().push(Unit {
            id: id(key),
            name: name.into(),
            version: version.into(),
            hash: String::new(),
            wheel: None,
            path: format!("/store/{key}").into(),
            modules: None,
            dependencies,
            closures: closures.iter().map(|c| (*c).to_owned()).collect(),
            domain: "root".into(),
            native: false,
            provides: provides
                .iter()
                .map(|(name, provided)| ((*name).to_owned(), *provided))
                .collect::<BTreeMap<_, _>>(),
            pin: pin.map(|(closure, undeclared)| Pin {
                closure: closure.into(),
                undeclared,
                share: vec![],
                private: vec![],
                native: Default::default(),
            }),
            isolated: None,
            own_scope: false,
        });
        for closure in closures {
            if !self.0.closures.iter().any(|c| c.name == *closure) {
                self.0.closures.whole().push(Closure {
                    name: (*closure).into(),
                    owner: None,
                    track: None,
                    requires: vec![],
                    direct: vec![],
                    units: vec![],
                });
            }
        }
        self
    }

    fn resolver(mut self) -> Asked {
        self.0.units.whole().sort_by(|a, b| a.id.cmp(&b.id));
        for closure in self.0.closures.whole() {
            let has = |unit: &&Unit| unit.closures.contains(&closure.name);
            closure.units = self.0.units.iter().filter(has).map(|unit| unit.id.clone()).collect();
        }
        // As the hook has it, which looks things up in the index.
        let index = index::encode(&self.0).expect("a consistent environment");
        Asked(Resolver::new(index::open(index.into()).expect("an index")))
    }
}

struct Asked(Resolver);

impl Asked {
    fn importer(&self, key: &str) -> Importer {
        if key == "root" {
            Importer::Root
        } else {
            Importer::Unit(self.0.env().find(&id(key)).expect("a unit"))
        }
    }

    /// What `importer` gets for `name` with these callers above it: `rule: units`, `unknown`, or the denial.
    fn ask(&self, importer: &str, name: &str, stack: &[&str]) -> String {
        let callers = || stack.iter().map(|key| self.importer(key)).collect();
        match self.0.resolve(self.importer(importer), name, callers) {
            Resolution::Found { entry, prefix, rule } => {
                let units: Vec<String> = entry
                    .units
                    .iter()
                    .map(|&u| format!("{} {}", self.0.env().units[u].name, self.0.env().units[u].version))
                    .collect();
                let rule = match rule {
                    Rule::Declared => 2,
                    Rule::Closure(_) => 3,
                    Rule::Stack(_) => 4,
                    Rule::Root => 5,
                };
                format!("{rule}: {} as {}", units.join(", "), &name[..prefix])
            }
            Resolution::Unknown => "unknown".into(),
            Resolution::Denied(denial) => self.0.explain(&denial),
        }
    }
}

/// A stable identifier for `name version`.
fn id(key: &str) -> UnitId {
    let (name, version) = key.split_once(' ').expect("`name version`");
    UnitId::new(name, &format!("{:0<12}", version.replace('.', "")))
}

use Provided::{Legacy, Module, Namespace, Package};

/// Root on leaf 2; `old` pinned to leaf 1, with `mid` in both closures.
fn two_worlds(undeclared: Undeclared) -> Asked {
    Made::new()
        .unit("leaf 2", &[("leaf", Package)], &[], &["root"])
        .unit("fast 1", &[("fast", Module)], &["leaf 2"], &["root"])
        .unit("plain 1", &[("plain", Module)], &[], &["root"])
        .unit("mid 1", &[("mid", Module)], &[], &["root", "old"])
        .unit("leaf 1", &[("leaf", Package)], &[], &["old"])
        .unit("extra 1", &[("extra", Module)], &[], &["old"])
        .pinned(
            "old 1",
            &[("old", Package)],
            &["leaf 1", "mid 1"],
            &["root", "old"],
            Some(("old", undeclared)),
        )
        .resolver()
}

#[test]
fn each_step_answers_where_the_ones_before_do_not() {
    let asked = two_worlds(Undeclared::Allow);
    for (importer, name, stack, answer) in [
        ("root", "leaf.sub", &[][..], "2: leaf 2 as leaf"),
        ("old 1", "leaf.sub", &[], "2: leaf 1 as leaf"),
        ("old 1", "old", &[], "2: old 1 as old"),
        ("old 1", "extra", &[], "3: extra 1 as extra"),
        ("old 1", "plain", &[], "5: plain 1 as plain"),
        ("leaf 1", "extra", &[], "3: extra 1 as extra"),
        ("plain 1", "leaf", &[], "2: leaf 2 as leaf"),
        ("extra 1", "old", &["old 1"], "3: old 1 as old"),
        ("root", "extra", &["root"], "unknown"),
        ("root", "extra", &["old 1", "root"], "unknown"),
        ("root", "mid", &["old 1", "root"], "2: mid 1 as mid"),
        ("root", "nothing", &[], "unknown"),
        ("old 1", "nothing", &[], "unknown"),
    ] {
        assert_eq!(asked.ask(importer, name, stack), answer, "{importer} imports {name} under {stack:?}");
    }
}

#[test]
fn root_is_helped_by_the_unit_that_runs_its_code_unless_that_mixes_worlds() {
    let asked = Made::new()
        .unit("leaf 2", &[("leaf", Module)], &[], &["root"])
        .unit("helper 1", &[("helper", Module)], &[], &["tool"])
        .unit("leaf 1", &[("leaf", Module)], &[], &["tool"])
        .unit("bound 1", &[("bound", Module)], &["leaf 1"], &["tool"])
        .pinned(
            "tool 1",
            &[("tool", Module)],
            &["bound 1", "helper 1", "leaf 1"],
            &["root", "tool"],
            Some(("tool", Undeclared::Allow)),
        )
        .resolver();
    assert_eq!(asked.ask("root", "helper", &["root", "tool 1", "root"]), "4: helper 1 as helper");
    assert_eq!(asked.ask("root", "helper", &["root"]), "unknown");
    assert_eq!(
        asked.ask("root", "bound", &["root", "tool 1", "root"]),
        "bound 1 is there, but it sees leaf 1 where this importer sees leaf 2, and two versions must not mix"
    );
}

#[test]
fn a_unit_of_several_closures_asks_that_of_its_nearest_caller() {
    let asked = two_worlds(Undeclared::Allow);
    assert_eq!(asked.ask("mid 1", "leaf", &["mid 1", "old 1", "root"]), "3: leaf 1 as leaf");
    assert_eq!(asked.ask("mid 1", "leaf", &["mid 1", "root", "old 1"]), "3: leaf 2 as leaf");
    assert_eq!(asked.ask("mid 1", "leaf", &[]), "3: leaf 2 as leaf", "root's without a caller");
}

#[test]
fn without_root_and_without_a_caller_two_answers_are_an_error_that_names_both() {
    let asked = Made::new()
        .unit("leaf 1", &[("leaf", Module)], &[], &["a"])
        .unit("leaf 2", &[("leaf", Module)], &[], &["b"])
        .unit("mid 1", &[("mid", Module)], &[], &["a", "b"])
        .resolver();
    assert_eq!(
        asked.ask("mid 1", "leaf", &[]),
        "several closures share this importer and answer differently: leaf 1 in closure `a`, leaf 2 in closure `b`"
    );
}

#[test]
fn worlds_do_not_mix_unless_the_pin_says_any() {
    let fast =
        "fast 1 is there, but it sees leaf 2 where this importer sees leaf 1, and two versions must not mix";
    assert_eq!(two_worlds(Undeclared::Allow).ask("old 1", "fast", &["root"]), fast);
    assert_eq!(two_worlds(Undeclared::Allow).ask("leaf 1", "fast", &["old 1"]), fast);
    assert_eq!(two_worlds(Undeclared::Any).ask("old 1", "fast", &["root"]), "4: fast 1 as fast");
}

#[test]
fn deny_is_about_the_pinned_packages_own_imports() {
    let asked = two_worlds(Undeclared::Deny);
    let denied = "it is neither its own nor declared, and its pin says `undeclared = \"deny\"`";
    assert_eq!(asked.ask("old 1", "extra", &[]), denied);
    assert_eq!(asked.ask("old 1", "plain", &["root"]), denied);
    assert_eq!(asked.ask("old 1", "mid", &[]), "2: mid 1 as mid");
    assert_eq!(asked.ask("leaf 1", "plain", &[]), "5: plain 1 as plain");
}

#[test]
fn namespace_packages_are_resolved_by_their_longest_prefix() {
    let asked = Made::new()
        .unit("core 1", &[("ns", Namespace), ("ns.core", Package)], &[], &["root"])
        .unit("more 1", &[("ns", Namespace), ("ns.more", Package)], &[], &["root"])
        .unit("whole 1", &[("dist", Package)], &[], &["root"])
        .unit("plugin 1", &[("dist", Namespace), ("dist.plugin", Module)], &[], &["root"])
        .unit("old-style 1", &[("legacy", Legacy), ("legacy.one", Module)], &[], &["root"])
        .resolver();
    for (name, answer) in [
        ("ns", "2: core 1, more 1 as ns"),
        ("ns.core.deep.down", "2: core 1 as ns.core"),
        ("ns.more", "2: more 1 as ns.more"),
        ("ns.other", "unknown"),
        ("dist", "2: whole 1, plugin 1 as dist"),
        ("dist.plugin", "2: plugin 1 as dist.plugin"),
        ("dist.part", "2: whole 1, plugin 1 as dist"),
        ("legacy.two", "2: old-style 1 as legacy"),
        ("nsx", "unknown"),
    ] {
        assert_eq!(asked.ask("root", name, &[]), answer, "{name}");
    }
}

#[test]
fn distributions_are_those_that_the_importer_sees() {
    let asked = two_worlds(Undeclared::Allow);
    let version = |importer: &str, name: &str| {
        asked
            .0
            .distribution(asked.importer(importer), name, &[])
            .map(|u| asked.0.env().units[u].version.clone())
    };
    assert_eq!(version("old 1", "leaf").as_deref(), Some("1"));
    assert_eq!(version("root", "leaf").as_deref(), Some("2"));
    assert_eq!(version("old 1", "extra").as_deref(), Some("1"));
    assert_eq!(version("old 1", "plain").as_deref(), Some("1"), "root's are the last resort");
    assert_eq!(version("root", "extra"), None);
}
