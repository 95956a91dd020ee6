//! Environments of pins, with several versions of one package: what each unit sees decides what is found in it, and orders
//! are orders of units.
//!
//! Deliberately not here: making such an environment, which `pinfold sync` does, and rules that do not look at who sees
//! what.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

mod python;

/// A finding: code, severity, packages and order.
type Found = (String, String, Vec<String>, Option<Vec<String>>);

/// Units, each a folder with what a scenario's functions build in it.
struct Pins {
    folder: TempDir,
    python: python::Python,
}

impl Pins {
    fn new() -> Self {
        let python = python::Python::find(&["3.11", "3.12", "3.13"]).expect("a Python");
        Self { folder: tempfile::tempdir().expect("a temporary folder"), python }
    }

    fn unit(&self, id: &str) -> PathBuf {
        self.folder.path().canonicalize().expect("a folder").join("units").join(id)
    }

    /// Builds unit `id` by `script`, in the words of `tests/abicheck/prelude.sh`.
    fn build(&self, id: &str, script: &str) {
        let asked = "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))";
        let suffix =
            Command::new(&self.python.executable).args(["-I", "-c", asked]).output().expect("Python runs");
        let site = self.unit(id);
        std::fs::create_dir_all(&site).expect("the folder can be written to");
        let prelude = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/abicheck/prelude.sh");
        let status = Command::new("sh")
            .args(["-euc", &format!(". {prelude}\n{script}")])
            .env("SITE", &site)
            .env("SUFFIX", String::from_utf8_lossy(&suffix.stdout).trim())
            .env("TAG", "py3-none-any")
            .current_dir(self.folder.path())
            .status();
        assert!(status.expect("sh").success(), "{id}");
    }

    /// Writes `closure.json`: `root` has `own`, and for each pin of `pins` the units of its closure.
    fn describe(&self, root: &[&str], pins: &[(&str, &[&str])]) -> PathBuf {
        let id = |name: &str| {
            format!("{name}@{}", "0123456789ab".chars().cycle().skip(name.len()).take(12).collect::<String>())
        };
        let owner = |name: &str| pins.iter().find(|(pin, _)| *pin == name);
        let all = root.iter().chain(pins.iter().flat_map(|(_, units)| units.iter()));
        let mut units: Vec<(String, Value)> = all
            .map(|name| {
                let of_pins = pins.iter().filter(|(_, units)| units.contains(name)).map(|(pin, _)| *pin);
                let of_root = root.contains(name).then_some("root");
                let closures: Vec<&str> = of_root.into_iter().chain(of_pins).collect();
                let plain = name.split('-').next().unwrap_or(name);
                let unit = json!({
                    "id": id(name), "name": plain, "version": "1.0", "hash": "0".repeat(64), "wheel": "0".repeat(64),
                    "path": self.unit(name), "modules": self.unit(name).join("modules.idx"), "dependencies": [],
                    "closures": closures, "domain": closures[0], "native": true,
                    "provides": {plain: "package"},
                    "pin": owner(name).map(|(pin, _)| json!({"closure": pin, "undeclared": "allow", "share": [], "private": []})),
                });
                (id(name), unit)
            })
            .collect();
        units.sort_by(|a, b| a.0.cmp(&b.0));
        units.dedup_by(|a, b| a.0 == b.0);
        let closure = |name: &str, owner: Value, units: Vec<String>| json!({"name": name, "owner": owner, "requires": [], "direct": units, "units": units});
        let ids = |names: &[&str]| names.iter().map(|name| id(name)).collect::<Vec<_>>();
        let mut closures = vec![closure("root", Value::Null, ids(root))];
        for (pin, units) in pins {
            let mut units: Vec<String> = ids(units);
            units.push(id(pin));
            closures.push(closure(pin, id(pin).into(), units));
        }
        let units: Vec<Value> = units.into_iter().map(|(_, unit)| unit).collect();
        let described = json!({
            "version": 1, "python": self.python.minor, "platform": format!("linux_{}", std::env::consts::ARCH),
            "units": units, "closures": closures,
        });
        let path = self.folder.path().join("closure.json");
        std::fs::write(&path, described.to_string()).expect("the folder can be written to");
        path
    }

    /// The findings of these codes.
    fn found(&self, closure: &Path, codes: &[&str]) -> Vec<Found> {
        let output = self.run(closure, &["--output-format", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let names = |value: &Value| -> Option<Vec<String>> {
            let names = value.as_array()?.iter().filter_map(|name| Some(name.as_str()?.to_owned()));
            Some(names.collect())
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let findings = report["findings"].as_array().expect("findings").iter();
        findings
            .filter(|finding| codes.contains(&finding["code"].as_str().unwrap_or_default()))
            .map(|finding| {
                let packages = names(&finding["packages"]).expect("packages");
                (text(&finding["code"]), text(&finding["severity"]), packages, names(&finding["order"]))
            })
            .collect()
    }

    fn run(&self, closure: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_abicheck"));
        command.args(["--no-config", "--no-cache", "--python"]).arg(&self.python.executable).args(arguments);
        command.arg(closure).stdin(Stdio::null()).output().expect("it runs")
    }
}

const NUMPY_1: &str =
    "mkdir -p $SITE/numpy/core; echo >$SITE/numpy/__init__.py; echo >$SITE/numpy/core/__init__.py
    module numpy/core/_multiarray_umath '' ''; distribution numpy 1.26.4";
const NUMPY_2: &str =
    "mkdir -p $SITE/numpy/_core; echo >$SITE/numpy/__init__.py; echo >$SITE/numpy/_core/__init__.py
    module numpy/_core/_multiarray_umath '' ''; distribution numpy 2.0.2";

/// A package whose module was built for NumPy 1.
const OLD: &str = "module old/_old 'void *PyImport_ImportModule(const char *);' \
        'if (!PyImport_ImportModule(\"numpy.core._multiarray_umath\")) return 0'
    package old 'import numpy
from . import _old'
    distribution old; echo 'Requires-Dist: numpy' >>$SITE/old-1.0.dist-info/METADATA";

#[test]
fn each_unit_is_held_against_the_numpy_that_it_sees() {
    let pins = Pins::new();
    pins.build("numpy-old", NUMPY_1);
    pins.build("numpy-new", NUMPY_2);
    pins.build("old", OLD);
    // The package of the scenario, for NumPy 2, without the NumPy 1 that is beside it there.
    let scenario = include_str!("../../../tests/abicheck/64_numpy_is_too_old/build.sh");
    let (_, pkg) = scenario.split_once("distribution numpy 1.26.4\n").expect("a NumPy");
    pins.build("pkg", pkg);
    // All is well: each sees the NumPy that it was built for.
    let good = pins.describe(&["numpy-new", "pkg", "old"], &[("old", &["numpy-old"])]);
    assert_eq!(pins.found(&good, &["AB402"]), []);
    // Without its pin, `old` sees the other one.
    let bad = pins.describe(&["numpy-new", "pkg", "old"], &[("pkg", &["numpy-old"])]);
    let error = |one: &str, numpy: &str| {
        ("AB402".to_owned(), "error".to_owned(), vec![one.to_owned(), numpy.to_owned()], None)
    };
    assert_eq!(pins.found(&bad, &["AB402"]), [error("old", "numpy==2.0.2"), error("pkg", "numpy==1.26.4")]);
}

#[test]
fn orders_are_orders_of_units() {
    let pins = Pins::new();
    let scenario = include_str!("../../../tests/abicheck/13_shared_name_crashes_in_one_order/build.sh");
    // The scenario has both packages in one folder; here each is a unit.
    for (id, other) in [("one", "two"), ("two", "one")] {
        let apart = format!("{scenario}\nrm -r $SITE/{other} $SITE/{other}.libs $SITE/{other}-1.0.dist-info");
        pins.build(id, &apart);
    }
    let described = pins.describe(&["one"], &[("one", &["two"])]);
    let found = pins.found(&described, &["AB201"]);
    let order = |first: &str, second: &str| Some(vec![first.to_owned(), second.to_owned()]);
    let orders: Vec<Option<Vec<String>>> = found.iter().map(|(.., order)| order.clone()).collect();
    assert_eq!(orders, [order("one", "two")], "{found:?}");
    assert!(found.iter().all(|(_, severity, ..)| severity == "error"), "{found:?}");
    for (order, code) in [("one,two", 1), ("two,one", 0)] {
        assert_eq!(pins.run(&described, &["--order", order]).status.code(), Some(code), "{order}");
    }
    // With copies each has its own, and the description says where.
    let out = pins.folder.path().join("isolated");
    let mut command = Command::new(env!("CARGO_BIN_EXE_abicheck"));
    command.args(["isolate", "--no-cache", "--python"]).arg(&pins.python.executable).arg("--out").arg(&out);
    assert!(command.arg(&described).status().expect("it runs").success());
    assert_eq!(pins.found(&out.join("closure.json"), &["AB201", "AB202"]), []);
    let unknown = pins.run(&described, &["--order", "twoo,one"]);
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(said.contains("did you mean `two`?") && unknown.status.code() == Some(2), "{said}");
}

#[test]
fn a_version_that_works_on_the_other_versions_library_is_an_error() {
    let pins = Pins::new();
    // Both have all the symbols that either looks for; behind them is another layout.
    let build = |id: &str, version: &str, fields: &str| {
        let script = format!(
            "so pkg.libs/libpkg.so.1 'struct it {{ {fields} int value; }}; int value(struct it *it) {{ return it->value; }}' \
                 \"$(soname libpkg.so.1)\"
            module pkg/_pkg 'struct it {{ {fields} int value; }}; int value(struct it *);' \
                 '{{ struct it it = {{.value = 1}}; value(&it); }}' \
                 \"$SITE/pkg.libs/libpkg.so.1\" \"$(runpath '$ORIGIN/../pkg.libs')\"
            package pkg; distribution pkg {version}"
        );
        pins.build(id, &script);
    };
    build("pkg-old", "1.0", "");
    build("pkg-new", "2.0", "long more;");
    pins.build("user", "module user/_user '' ''; package user; distribution user");
    let described = pins.describe(&["pkg-new", "user"], &[("user", &["pkg-old"])]);
    let found = pins.found(&described, &["AB202"]);
    let packages = ["pkg==2.0".to_owned(), "pkg==1.0".to_owned()];
    let of_two = |found: &Vec<Found>| {
        found.iter().all(|(_, _, named, _)| packages.iter().all(|name| named.contains(name)))
    };
    assert!(found.len() == 1 && found[0].1 == "error" && of_two(&found), "{found:?}");
    let out = pins.folder.path().join("isolated");
    let mut command = Command::new(env!("CARGO_BIN_EXE_abicheck"));
    command.args(["isolate", "--no-cache", "--python"]).arg(&pins.python.executable).arg("--out").arg(&out);
    assert!(command.arg(&described).status().expect("it runs").success());
    assert_eq!(pins.found(&out.join("closure.json"), &["AB202"]), []);
}

/// A library of a distribution of its own, of which `version` says which it is; nothing else tells the versions apart.
fn core(version: u8, soname: &str, file: &str) -> String {
    format!(
        "so core/lib/{file} 'int version(void) {{ return {version}; }}' {soname}; distribution core {version}.0 '' core"
    )
}

/// A package that works on it: its module needs a library of its own, and that needs the one in `core`, which a link
/// leads to, as `pinfold sync` makes it.
fn user_of(core: &Path, file: &str) -> String {
    let core = core.display();
    format!(
        "ln -s {core}/core $SITE/core
        so pkg.libs/libmid.so.1 'int version(void); int middle(void) {{ return version(); }}' \"$(soname libmid.so.1)\" \
            -L{core}/core/lib -l:{file} \"$(runpath '$ORIGIN/../core/lib')\"
        module pkg/_pkg 'int middle(void);' 'middle()' \"$SITE/pkg.libs/libmid.so.1\" -Wl,-rpath-link,{core}/core/lib \
            \"$(runpath '$ORIGIN/../pkg.libs')\"
        package pkg; rm $SITE/core; distribution pkg; ln -s {core}/core $SITE/core"
    )
}

#[test]
fn units_of_one_wheel_over_two_versions_of_a_library_elsewhere_are_an_error() {
    for (file, soname) in [("libcore.so.1", "$(soname libcore.so.1)"), ("core", "")] {
        let pins = Pins::new();
        pins.build("core-old", &core(1, soname, file));
        pins.build("core-new", &core(2, soname, file));
        pins.build("pkg-a", &user_of(&pins.unit("core-new"), file));
        pins.build("pkg-b", &user_of(&pins.unit("core-old"), file));
        pins.build("pkg-same", &user_of(&pins.unit("core-new"), file));
        pins.build("user", "module user/_user '' ''; package user; distribution user");
        let described = pins.describe(&["core-new", "pkg-a", "user"], &[("user", &["core-old", "pkg-b"])]);
        let found = pins.found(&described, &["AB202"]);
        let [(_, severity, packages, _)] = &found[..] else { panic!("{file}: {found:?}") };
        assert_eq!(severity, "error");
        assert_eq!(packages, &["pkg==1.0 (in root)", "pkg==1.0 (in user)"], "told apart");
        // With copies each has its own, also behind links, and the description says which.
        let out = pins.folder.path().join("isolated");
        let mut command = Command::new(env!("CARGO_BIN_EXE_abicheck"));
        command
            .args(["isolate", "--no-cache", "--python"])
            .arg(&pins.python.executable)
            .arg("--out")
            .arg(&out);
        assert!(command.arg(&described).status().expect("it runs").success());
        assert_eq!(pins.found(&out.join("closure.json"), &["AB202"]), []);
        let text = std::fs::read_to_string(out.join("closure.json")).expect("a description");
        let units: Value = serde_json::from_str(&text).expect("JSON");
        let named = units["units"].as_array().expect("units").iter().filter_map(|unit| {
            let libraries = unit["isolated"]["libraries"].as_object()?;
            Some((unit["name"].as_str()?.to_owned(), libraries.keys().cloned().collect::<Vec<_>>()))
        });
        let cores: Vec<_> = named.filter(|(name, _)| name == "core").collect();
        assert_eq!(cores, vec![("core".to_owned(), vec![file.to_owned()]); 2]);
        // The same twice over one library is no error.
        let one = pins.describe(&["core-new", "pkg-a", "user"], &[("user", &["pkg-same"])]);
        assert_eq!(pins.found(&one, &["AB202"]), [], "{file}");
    }
}

#[test]
fn what_lies_in_a_unit_is_its_own_whatever_it_records() {
    let scenario = include_str!("../../../tests/abicheck/13_shared_name_crashes_in_one_order/build.sh");
    let found = |record: &str| {
        let pins = Pins::new();
        for (id, other) in [("one", "two"), ("two", "one")] {
            let script = format!(
                "{scenario}\nrm -r $SITE/{other} $SITE/{other}.libs $SITE/{other}-1.0.dist-info\n{}",
                record.replace("NAME", id)
            );
            pins.build(id, &script);
        }
        pins.found(&pins.describe(&["one"], &[("one", &["two"])]), &["AB201"])
    };
    let whole = found("");
    assert_eq!(whole.len(), 1, "{whole:?}");
    assert_eq!(found(": >$SITE/NAME-1.0.dist-info/RECORD"), whole);
    assert_eq!(found("sed -i '/\\.so/d' $SITE/NAME-1.0.dist-info/RECORD"), whole);
}

#[test]
fn what_lies_in_no_unit_is_not_called_the_systems() {
    let pins = Pins::new();
    for (id, folder, library) in
        [("one", "../elsewhere", "libssl.so.3"), ("two", "two.libs", "libssl.so.1.1")]
    {
        let script = format!(
            "so {folder}/{library} 'int of_{id}(void) {{ return 1; }}' $(soname {library})
            module {id}/_{id} 'int of_{id}(void);' 'of_{id}()' $SITE/{folder}/{library} $(runpath $SITE/{folder})
            package {id}; distribution {id}"
        );
        pins.build(id, &script);
    }
    let output = pins.run(&pins.describe(&["one"], &[("one", &["two"])]), &[]);
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("libssl.so.3 of no distribution") && said.contains("libssl.so.1.1 of two"),
        "{said}"
    );
}
