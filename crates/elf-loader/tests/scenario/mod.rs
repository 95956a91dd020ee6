//! One scenario: built, run with the real loader, and simulated.
//!
//! Deliberately not here: what each one shows, which its `scenario.toml` says.

mod expect;

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use elf_facts::{Cache, Name};
use elf_loader::parity::{self, Report};
use elf_loader::{Disk, Load, Mode, ObjectId, Process, System};

use expect::Expected;

/// A folder of `tests/loader`.
pub(crate) struct Scenario {
    folder: PathBuf,
    pub(crate) rule: String,
    runs: Vec<Run>,
}

/// One process of a scenario.
struct Run {
    environment: Vec<(String, String)>,
    open: Vec<String>,
    bind_now: bool,
    expected: Expected,
}

impl Scenario {
    /// Reads `scenario.toml`.
    pub(crate) fn read(folder: &Path) -> Self {
        let path = folder.join("scenario.toml");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let rule = table["rule"].as_str().expect("a scenario has a rule").to_owned();
        let runs = table["run"].as_array().expect("a scenario has runs");
        let runs = runs.iter().map(|run| Run::read(run.as_table().expect("a run is a table"))).collect();
        Self { folder: folder.to_owned(), rule, runs }
    }
}

impl Run {
    fn read(table: &toml::Table) -> Self {
        let environment = table.get("environment").and_then(toml::Value::as_table).into_iter().flatten();
        let text = |value: &toml::Value| value.as_str().expect("a value is text").to_owned();
        Self {
            environment: environment.map(|(name, value)| (name.clone(), text(value))).collect(),
            open: expect::strings(table, "open"),
            bind_now: table.get("bind_now").and_then(toml::Value::as_bool).unwrap_or(true),
            expected: Expected::read(table),
        }
    }
}

/// Runs `scenario`: for each of its runs, what was compared and what is otherwise than expected. What the real loader
/// reports goes through `report` first.
pub(crate) fn check(
    scenario: &Scenario,
    shared: &Path,
    report: &dyn Fn(Vec<u8>) -> Vec<u8>,
) -> Vec<(Report, Vec<String>)> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    // The program's $ORIGIN has no symbolic links.
    let root = folder.path().canonicalize().expect("the folder is there");
    match build(scenario, shared, &root) {
        Ok(loader) => scenario.runs.iter().map(|run| one(run, &root, &loader, report)).collect(),
        Err(said) => vec![(Report::default(), vec![said])],
    }
}

/// Compiles everything; returns the machine's dynamic loader, or what the compiler said.
fn build(scenario: &Scenario, shared: &Path, root: &Path) -> Result<PathBuf, String> {
    let shell = "cc -o usual \"$SCENARIOS/open.c\"; . \"$SCENARIOS/prelude.sh\"; . \"$SCENARIO/build.sh\"; \
        cd \"$ROOT\"; [ -e program ] || mv usual program";
    let facts = elf_facts::read(Path::new("/bin/sh")).expect("the shell is an ELF program");
    let loader = facts.head.interpreter.expect("the shell is linked dynamically").as_path().to_owned();
    let output = Command::new("sh")
        .args(["-euc", shell])
        .env("SCENARIOS", shared)
        .env("SCENARIO", &scenario.folder)
        .env("ROOT", root)
        .env("LOADER", &loader)
        .current_dir(root)
        .output()
        .expect("a shell can be run");
    if output.status.success() {
        return Ok(loader);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("was not built:\n{said}\nhint: on Debian: apt-get install gcc libc6-dev python3"))
}

fn one(run: &Run, root: &Path, loader: &Path, report: &dyn Fn(Vec<u8>) -> Vec<u8>) -> (Report, Vec<String>) {
    let place = |text: &str| text.replace('@', &root.display().to_string());
    let environment: Vec<(&str, String)> =
        run.environment.iter().map(|(name, value)| (name.as_str(), place(value))).collect();
    let open: Vec<String> = run.open.iter().map(|name| place(name)).collect();
    let program = root.join("program");
    let (said, trace) = really(run, root, &environment, &open);

    let cache = Cache::none();
    let disk = Disk(move |path: &Path| cache.get(path).map(Arc::new).map_err(Arc::new));
    let variable = |name: &str| {
        let own = environment.iter().find(|(own, _)| *own == name);
        let bind_now = (name == "LD_BIND_NOW" && run.bind_now).then(|| b"1".to_vec());
        own.map(|(_, value)| value.clone().into_bytes()).or(bind_now)
    };
    let machine = elf_facts::read(&program).expect("the program was built").head.machine;
    let mut system = System::of_loader(loader, machine, variable, disk).expect("the loader answers");
    system.working_folder = Name::new(root.as_os_str().as_bytes());
    let (mut process, start, _) =
        Process::start(Arc::new(system), &Name::from(program.as_path())).expect("the program starts");
    let mut replayed = process.clone();
    let report = if run.bind_now {
        parity::replay(&mut replayed, start.clone(), parity::read(&report(trace)))
    } else {
        Report::default()
    };
    let mut loads = vec![start];
    loads.extend(open.iter().map(|what| simulated(&mut process, what)));
    let mut wrong = outcomes(&loads[1..], &said);
    if run.bind_now && replayed.global_scope() != process.global_scope() {
        wrong.push(format!("global: {:?}, not {:?}", replayed.global_scope(), process.global_scope()));
    }
    wrong.extend(run.expected.check(&process, &loads, root, &said));
    (report, wrong)
}

/// Opens `MODE:NAME` in the simulation.
fn simulated(process: &mut Process, what: &str) -> Load {
    let (mode, name) = what.split_once(':').expect("MODE:NAME");
    let mode = Mode { global: mode == "global", lazy: mode == "lazy", deep: false };
    process.dlopen(name.as_bytes(), mode, ObjectId::PROGRAM)
}

/// Runs the program: what it says of each name, and what the loader reports.
fn really(run: &Run, root: &Path, environment: &[(&str, String)], open: &[String]) -> (Vec<String>, Vec<u8>) {
    let traces = tempfile::tempdir().expect("a folder can be made");
    let mut command = Command::new(root.join("program"));
    command.args(open).current_dir(root).env_clear();
    command.env("LD_DEBUG", parity::LD_DEBUG).env("LD_DEBUG_OUTPUT", traces.path().join("trace"));
    if run.bind_now {
        command.env("LD_BIND_NOW", "1");
    }
    let output = command.envs(environment.iter().cloned()).output().expect("the program can be run");
    let said = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    assert!(output.status.success(), "the program ended with {}: {said:?}", output.status);
    let entry = std::fs::read_dir(traces.path()).expect("the traces").next().expect("one trace");
    (said, std::fs::read(entry.expect("the trace").path()).expect("the trace can be read"))
}

/// Where the simulation ends otherwise than the program said.
fn outcomes(loads: &[Load], said: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    if loads.len() != said.len() {
        wrong.push(format!("{} names were opened and {} answered: {said:?}", loads.len(), said.len()));
    }
    for (load, said) in loads.iter().zip(said) {
        let agrees = match &load.result {
            Ok(_) => said == "ok",
            Err(error) => error.messages().contains(said),
        };
        if !agrees {
            let simulated = load.result.as_ref().map_or_else(ToString::to_string, |_| "ok".to_owned());
            wrong.push(format!("the loader says: {said}\n  the simulation: {simulated}"));
        }
    }
    wrong
}
