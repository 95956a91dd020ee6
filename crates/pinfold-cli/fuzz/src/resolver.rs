//! The rule of resolution: for every environment that passes its check, every importer, name and call stack, an
//! answer that keeps the rule's promises.
//!
//! Deliberately not here: which answer is right in a given case (`crates/pinfold-core/tests/resolve.rs`).

use std::collections::{BTreeMap, HashMap};

use arbitrary::{Result, Unstructured};
use pinfold_core::closure::{Closure, Environment, Pin, Provided, Undeclared, Unit, VERSION};
use pinfold_core::index;
use pinfold_core::names::{ROOT, UnitId};
use pinfold_core::resolve::{Importer, Resolution, Resolver, Rule};

/// Names that meet, nest and end in odd places.
const NAMES: [&str; 14] =
    ["a", "b", "c", "n", "a.b", "a.b.c", "n.a", "n.a.b", "", ".", "a.", ".a", "a..b", "\u{fc}.a"];

/// An environment is made of the data; where it passes its check, everything is asked.
pub fn holds(data: &[u8]) {
    if let Ok(env) = environment(&mut Unstructured::new(data))
        && env.check().is_ok()
    {
        answers(&env);
    }
}

/// Asks an environment that passed its check everything there is to ask, or much of it.
pub fn answers(env: &Environment) {
    // Both ways to keep an environment: whole, and in an index.
    let stored = index::encode(env).expect("what passed its check can be written");
    let stored = index::open(stored.into()).expect("what was written can be opened");
    let (resolver, looked_up) = (Resolver::new(env.clone()), Resolver::new(stored));
    let count = env.units.len().min(8);
    let importers: Vec<Importer> =
        std::iter::once(Importer::Root).chain((0..count).map(Importer::Unit)).collect();
    let provided = env.units.iter().take(count).flat_map(|unit| unit.provides.keys().map(String::as_str));
    let names: Vec<String> = provided.take(16).chain(NAMES).map(str::to_owned).collect();
    let below = names.iter().map(|name| format!("{name}.x"));
    let names: Vec<String> = below.chain(names.iter().cloned()).collect();
    for &importer in &importers {
        for unit in resolver.distributions(importer, &importers) {
            let name = &env.units[unit].name;
            let one = resolver.distribution(importer, name, &importers);
            let one = one.expect("what is listed is found by its name");
            assert_eq!(env.units[one].name, *name);
        }
        for (turn, name) in names.iter().enumerate() {
            let stack = || importers.iter().cycle().skip(turn).take(turn % 4).copied().collect();
            let answer = resolver.resolve(importer, name, stack);
            check(env, &resolver, importer, name, &answer);
            assert_eq!(
                looked_up.resolve(importer, name, stack),
                answer,
                "an index answers as what it is made of"
            );
        }
    }
}

fn check(env: &Environment, resolver: &Resolver, importer: Importer, name: &str, answer: &Resolution<'_>) {
    let (entry, prefix, rule) = match answer {
        Resolution::Unknown => return,
        Resolution::Denied(denial) => return assert!(!resolver.explain(denial).is_empty()),
        Resolution::Found { entry, prefix, rule } => (entry, *prefix, *rule),
    };
    let (known, rest) = name.split_at(prefix);
    assert!(rest.is_empty() || rest.starts_with('.'), "`{name}` is split after `{known}`");
    assert!(!entry.units.is_empty(), "somebody provides `{known}`");
    assert!(entry.units.iter().all(|&unit| env.units[unit].provides.contains_key(known)));
    let Importer::Unit(unit) = importer else { return };
    if rule == Rule::Declared && !resolver.is_rootlike(unit) {
        let this = &env.units[unit];
        let own = |&other: &usize| other == unit || this.dependencies.contains(&env.units[other].id);
        assert!(entry.units.iter().all(own), "declared means its own or a dependency's");
    }
    let any = env.units[unit].pin.as_ref().is_some_and(|pin| pin.undeclared == Undeclared::Any);
    if rule != Rule::Declared && !any && !resolver.is_rootlike(unit) {
        // Beyond what it declares, never another version of what it sees.
        let ours = sees(env, unit);
        if ours.values().any(|versions| versions.len() > 1) {
            // It mixes them by what it declares, so that there is nothing to keep apart.
            return;
        }
        for &provider in &entry.units {
            let version = ours.get(env.units[provider].name.as_str());
            assert!(
                version.is_none_or(|seen| seen.contains(&provider)),
                "{importer:?} and `{name}` mix versions"
            );
        }
    }
}

/// All units that a unit sees, by distribution: itself and its dependencies, without those of pins.
fn sees(env: &Environment, unit: usize) -> HashMap<&str, Vec<usize>> {
    let mut seen: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut queue = vec![unit];
    while let Some(next) = queue.pop() {
        let this = &env.units[next];
        let known = seen.entry(&this.name).or_default();
        if !known.contains(&next) {
            known.push(next);
            if next == unit || this.pin.is_none() {
                queue.extend(this.dependencies.iter().filter_map(|id| env.find(id)));
            }
        }
    }
    seen
}

fn environment(data: &mut Unstructured<'_>) -> Result<Environment> {
    let closures = data.int_in_range(1..=4)?;
    let closure_names: Vec<String> =
        std::iter::once(ROOT.to_owned()).chain((1..closures).map(|n| format!("pin{n}"))).collect();
    let mut units = Vec::new();
    for position in 0..data.int_in_range(0..=7)? {
        let name = *data.choose(&["a", "b", "c"])?;
        let hash = format!("{position:064x}");
        let mut provides = BTreeMap::new();
        for _ in 0..data.int_in_range(0..=3)? {
            let kinds = [Provided::Package, Provided::Module, Provided::Namespace, Provided::Legacy];
            provides.insert((*data.choose(&NAMES)?).to_owned(), *data.choose(&kinds)?);
        }
        let pin = if data.ratio(1, 3)? {
            let undeclared = *data.choose(&[Undeclared::Allow, Undeclared::Deny, Undeclared::Any])?;
            Some(Pin {
                closure: data.choose(&closure_names)?.clone(),
                undeclared,
                share: Vec::new(),
                private: Vec::new(),
                native: Default::default(),
            })
        } else {
            None
        };
        units.push(Unit {
            // The position in the front digits keeps identifiers of one name apart.
            id: UnitId::new(name, &format!("{position:012x}")),
            name: name.to_owned(),
            version: position.to_string(),
            hash,
            wheel: None,
            path: format!("/store/{position}").into(),
            modules: None,
            dependencies: Vec::new(),
            closures: Vec::new(),
            domain: data.choose(&closure_names)?.clone(),
            native: data.arbitrary()?,
            provides,
            pin,
            isolated: None,
            own_scope: false,
        });
    }
    units.sort_by(|one, other| one.id.cmp(&other.id));
    let ids: Vec<UnitId> = units.iter().map(|unit| unit.id.clone()).collect();
    let some = |data: &mut Unstructured<'_>| -> Result<Vec<UnitId>> {
        let bits: u8 = data.arbitrary()?;
        Ok(ids
            .iter()
            .enumerate()
            .filter(|(i, _)| bits >> (i % 8) & 1 == 1)
            .map(|(_, id)| id.clone())
            .collect())
    };
    for unit in &mut units {
        unit.dependencies = some(data)?;
    }
    let mut made = Vec::new();
    for name in &closure_names {
        let inside = some(data)?;
        for unit in units.iter_mut().filter(|unit| inside.contains(&unit.id)) {
            unit.closures.push(name.clone());
        }
        made.push(Closure {
            name: name.clone(),
            owner: None,
            track: None,
            requires: Vec::new(),
            direct: Vec::new(),
            units: inside,
        });
    }
    let (python, platform) = ("3.12".to_owned(), "linux_x86_64".to_owned());
    Ok(Environment { version: VERSION, python, platform, units: units.into(), closures: made.into() })
}
