//! `closure.json` as `pinfold sync` writes it, against the schema that is checked in beside its types.
//!
//! Deliberately not here: what the schema cannot say, which `Environment::check` does.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::fs;

use jsonschema::Validator;
use pinfold_core::closure::{Environment, Isolated, Native};
use pinfold_core::index;
use serde_json::{Value, json};
use support::{Project, two_numpys};

const SCHEMA: &str = include_str!("../../pinfold-core/src/closure.schema.json");

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|e| panic!("the schema itself: {e}"));
    jsonschema::draft202012::new(&schema).unwrap()
}

fn written(project: &Project) -> Value {
    project.sync();
    serde_json::from_slice(&fs::read(project.venv().join("closure.json")).unwrap()).unwrap()
}

fn complaints(validator: &Validator, document: &Value) -> Vec<String> {
    validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn what_sync_writes_is_what_the_schema_says() {
    let validator = validator();
    let document = written(&two_numpys());
    assert_eq!(complaints(&validator, &document), Vec::<String>::new());
    let pins = document["units"].as_array().unwrap().iter().filter(|unit| !unit["pin"].is_null()).count();
    assert_eq!((document["closures"].as_array().unwrap().len(), pins), (2, 1), "the case has a pin");
    let mut empty = Project::new();
    empty.lock();
    assert_eq!(complaints(&validator, &written(&empty)), Vec::<String>::new());
}

#[test]
fn every_key_of_the_types_is_one_of_the_schema_and_the_other_way_round() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut project = two_numpys();
    let document = written(&project);
    // The owners of a track's closure are the units that name it.
    project.put_on_track("report-old");
    let of_track = written(&project);
    assert_eq!(complaints(&validator(), &of_track), Vec::<String>::new());
    let mut closure = of_track["closures"][1].clone();
    closure["owner"] = document["closures"][1]["owner"].clone();
    let keys = |value: &Value| -> Vec<String> {
        let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    // No unit has both: what is pinned as `shared` is not isolated.
    let mut environment = Environment::parse(&document.to_string()).unwrap();
    let unit = environment.units.whole().iter_mut().find(|unit| unit.pin.is_some()).unwrap();
    unit.isolated = Some(Isolated {
        libraries: [("libx.so.1".into(), "libx-0a1b2c3d.so.1".into())].into(),
        files: [("libx.so.1".into(), "x.libs/libx.so.1".into())].into(),
    });
    unit.own_scope = true;
    unit.pin.as_mut().unwrap().native = Native::Shared;
    let document: Value = serde_json::from_str(&environment.to_json()).unwrap();
    assert_eq!(complaints(&validator(), &document), Vec::<String>::new());
    assert_eq!(
        index::decode(&index::encode(&environment).unwrap()).unwrap(),
        environment,
        "the index has all of it"
    );
    let pinned = document["units"].as_array().unwrap().iter().find(|unit| !unit["pin"].is_null()).unwrap();
    for (written, stated) in [
        (&document, &schema["properties"]),
        (pinned, &schema["$defs"]["unit"]["properties"]),
        (&pinned["pin"], &schema["$defs"]["pin"]["properties"]),
        (&closure, &schema["$defs"]["closure"]["properties"]),
        (&pinned["isolated"], &schema["$defs"]["unit"]["properties"]["isolated"]["properties"]),
    ] {
        assert_eq!(keys(written), keys(stated));
    }
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let validator = validator();
    let right = written(&two_numpys());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("closure.json");
    let edits: [(&str, Value); 10] = [
        ("/version", json!(2)),
        ("/units/0/id", json!(7)),
        ("/units/0/native", json!("yes")),
        ("/units/0/surprise", json!(1)),
        ("/units/0/provides/x", json!("folder")),
        ("/closures/0/name", json!("main")),
        ("/closures/0/units", Value::Null),
        ("/closures", json!([])),
        ("/closures/0/track", json!("main")),
        ("/python", Value::Null),
    ];
    for (pointer, value) in edits {
        let mut wrong = right.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[key] = value;
        assert!(!validator.is_valid(&wrong), "the schema takes {pointer}");
        fs::write(&path, wrong.to_string()).unwrap();
        assert!(pinfold_core::closure::Environment::read(&path).is_err(), "the reader takes {pointer}");
    }
}
