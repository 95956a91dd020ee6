//! Configurations, as people write them and as they get them wrong.
//!
//! Deliberately not here: the command that reads them.

use std::path::{Path, PathBuf};

use super::*;
use crate::report::sample;

fn read(text: &str) -> Result<Config, String> {
    super::read::read(Path::new("abicheck.toml"), text, &sample::RULES).map_err(|error| error.to_string())
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (text, says) in [
        ("ignore = 3", "abicheck.toml:1: `ignore` must be a list of tables"),
        ("\nignore = [\n  { rule = \"AB102\" },\n]", "abicheck.toml:3: an entry of `ignore` has no `reason`"),
        ("ignore = [{ rule = \"AB102\", reason = \" \" }]", "abicheck.toml:1: `reason` is empty"),
        ("ignore = [{ reason = \"x\" }]", "has no `rule`"),
        (
            "ignore = [{ rule = \"AB103\", reason = \"x\" }]",
            "there is no rule `AB103`\nhint: did you mean `AB102`?",
        ),
        (
            "ignore = [{ rule = \"AB102\", reason = \"x\", packages = \"a\" }]",
            "`packages` must be a list of names",
        ),
        (
            "[[ignore]]\nrule = \"AB102\"\nreasn = \"x\"\n",
            "abicheck.toml:3: unknown key `reasn` in an entry of `ignore`\nhint: did you mean `reason`?",
        ),
        ("strct = true", "unknown key `strct` in abicheck.toml\nhint: did you mean `strict`?"),
        ("colour = true", "hint: it may have baseline, exercises, ignore, strict"),
        ("strict = \"yes\"", "`strict` must be true or false, but is \"yes\""),
        ("baseline = 1", "`baseline` must be a string"),
        ("exercise = {}", "unknown key `exercise` in abicheck.toml\nhint: did you mean `exercises`?"),
        ("exercises = 1", "`exercises` must be a table: "),
        (
            "[exercises]\nh5py = 3",
            "abicheck.toml:2: `exercises.h5py` must be a string, code or a file, but is 3",
        ),
        ("[exercises]\nh5py = \" \"", "abicheck.toml:2: the exercise of h5py is empty"),
        ("[exercises]\n\nh5py = \"gone.py\"", "abicheck.toml:3: could not read the exercise gone.py: "),
        ("[exercises]\nA_b = \"1\"\na-B = \"2\"", "abicheck.toml:3: `exercises` has a-b twice"),
        ("a = ", "abicheck.toml:1: "),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.contains(says), "{text}\n{error}");
    }
}

#[test]
fn entries_take_findings_of_their_packages_away_and_idle_ones_are_told() {
    let text = "ignore = [\n  { rule = \"interposed\", packages = [\"A\"], reason = \"seen\" },\n  \
                { rule = \"AB102\", packages = [\"b\", \"zed\"], reason = \"idle\" },\n]\n";
    let config = read(text).unwrap_or_else(|error| panic!("{error}"));
    let sorted = config.sort(sample::report().findings, None);
    let kept: Vec<&str> = sorted.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(kept, ["AB102", "AB301", "AB401"]);
    let [(ignored, reason)] = sorted.ignored.as_slice() else { panic!("{:?}", sorted.ignored) };
    assert_eq!((ignored.packages.as_slice(), reason.as_str()), (&["a".to_owned()][..], "seen"));
    let [note] = sorted.notes.as_slice() else { panic!("{:?}", sorted.notes) };
    assert!(note.starts_with("abicheck.toml:3: nothing") && note.contains("AB102 for b, zed"), "{note}");
}

#[test]
fn a_baseline_knows_what_it_was_written_from() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("known.json");
    let findings = sample::report().findings;
    assert_eq!(write_baseline(&path, &findings[..3]), Ok(3));
    let baseline = Baseline::read(&path).unwrap_or_else(|error| panic!("{error}"));
    let config = Config::default();
    let sorted = config.sort(findings.clone(), Some(&baseline));
    assert_eq!(sorted.findings, findings[3..]);
    assert!(sorted.ignored.iter().all(|(_, reason)| reason == "in the baseline"));
    assert!(sorted.notes.is_empty(), "{:?}", sorted.notes);
    let sorted = config.sort(findings[1..].to_vec(), Some(&baseline));
    assert!(sorted.notes[0].starts_with("1 finding of the baseline"), "{:?}", sorted.notes);
    for text in ["[]", "{\"version\": 2, \"findings\": []}", ""] {
        std::fs::write(&path, text).expect("the folder can be written to");
        let error = Baseline::read(&path).expect_err(text).to_string();
        assert!(error.contains("known.json") && error.contains("hint: "), "{error}");
    }
}

#[test]
fn exercises_are_code_or_files_beside_the_configuration() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |file: &str, text: &str| {
        std::fs::write(folder.path().join(file), text).expect("the folder can be written to");
    };
    write("use.py", "import two\n");
    write("abicheck.toml", "[exercises]\nThe_One = \"import one; one.go()\"\ntwo = \"use.py\"\n");
    let path = folder.path().join("abicheck.toml");
    let config = Config::find(Some(&path), &[], folder.path(), &sample::RULES);
    let config = config.unwrap_or_else(|error| panic!("{error}"));
    let told: Vec<(&str, &str)> =
        config.exercises.iter().map(|one| (one.distribution.as_str(), one.code.as_str())).collect();
    assert_eq!(told, [("the-one", "import one; one.go()"), ("two", "import two\n")]);
    assert!(config.exercises[1].place.ends_with("abicheck.toml:3"), "{}", config.exercises[1].place);
}

/// A folder with files, and what is found from `input` in it.
fn found(files: &[(&str, &str)], inputs: &[&str], working: &str) -> Result<Option<PathBuf>, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (file, text) in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be written to");
        std::fs::write(path, text).expect("the folder can be written to");
    }
    let inputs: Vec<PathBuf> = inputs.iter().map(PathBuf::from).collect();
    let config = Config::find(None, &inputs, &folder.path().join(working), &sample::RULES);
    let config = config.map_err(|error| error.to_string())?;
    Ok(config.path.map(|path| path.strip_prefix(folder.path()).expect("in it").to_owned()))
}

#[test]
fn the_nearest_file_counts() {
    let files = [
        ("abicheck.toml", ""),
        ("p/pyproject.toml", "[tool.abicheck]\nstrict = true\n"),
        ("p/q/pyproject.toml", "[project]\nname = \"x\"\n"),
        ("p/q/r/abicheck.toml", ""),
        ("p/q/r/pyproject.toml", "[tool.abicheck]\n"),
        ("broken/pyproject.toml", "[tool"),
        ("wrong/pyproject.toml", "[tool.abicheck]\nx = 1\n"),
    ];
    for (input, working, expected) in [
        ("p/q/.venv", "", "p/pyproject.toml"),
        ("p/q/r/.venv", "", "p/q/r/abicheck.toml"),
        ("elsewhere", "p", "p/pyproject.toml"),
        ("/nowhere/at/all", "p/q", "p/pyproject.toml"),
        ("broken/.venv", "", "abicheck.toml"),
    ] {
        assert_eq!(found(&files, &[input], working), Ok(Some(expected.into())), "{input} from {working}");
    }
    let error = found(&files, &["wrong/.venv"], "").expect_err("an unknown key");
    assert!(error.contains("pyproject.toml:2: unknown key `x` in [tool.abicheck]"), "{error}");
}

#[test]
fn a_named_file_may_have_the_table_of_a_pyproject() {
    let config = read("[tool.abicheck]\nstrict = true\n").expect("it is read");
    assert!(config.strict);
    let error = read("[tool.abicheck]\nstrct = true\n").expect_err("there is no such key");
    assert!(error.contains("abicheck.toml:2: unknown key `strct` in [tool.abicheck]"), "{error}");
}
