//! Source distributions: files that the manifest names, and those of an index, also where it has a wheel.
//!
//! Deliberately not here: real ones (`build_index.rs`).

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::fs;
use std::path::PathBuf;

use pinfold_core::lock::Lock;
use support::folders::{folder, pack, steps, write};
use support::links::{fails, link, project, uv, write as manifest};
use support::{Project, said, stderr};

fn sdist(project: &Project, name: &str) -> PathBuf {
    let source = folder(project, name, &[], "x = 'from source'\n");
    // Version 2.2 of metadata is static: uv need not build to know what it requires.
    write(&source, "PKG-INFO", &format!("Metadata-Version: 2.2\nName: {name}\nVersion: 1\n"));
    source
}

fn lock(project: &Project) -> Lock {
    Lock::parse(&fs::read_to_string(project.path("app/pinfold.lock")).unwrap()).unwrap()
}

#[test]
fn the_file_of_a_source_distribution_is_built_as_a_folder_is() {
    if !uv() {
        return;
    }
    let text = "requires = ['local @ ./dist/local-1.tar.gz']\n";
    let project = project(text);
    let source = sdist(&project, "local");
    fs::create_dir(project.path("app/dist")).unwrap();
    let file = pack(&project, "local", "1", &project.path("app/dist"));
    let first = steps(&project, &[]);
    assert_eq!(
        first,
        "local build ran: never built here before\nlocal install ran: never installed here before\n"
    );
    assert_eq!(lock(&project).wheels[0].path.as_deref(), Some("dist/local-1.tar.gz"));
    project.ok(&["sync", "--locked"]);
    assert_eq!(project.python("import local; print(local.x)"), "from source");

    // It has its tests in it, which run where the manifest says so.
    write(&source, "tests/run.py", "import local\nassert local.x == 'another'\n");
    write(&source, "module.py", "x = 'another'\n");
    pack(&project, "local", "1", &project.path("app/dist"));
    let stale = project.command(&["sync", "--locked"]).output().unwrap();
    assert_eq!(stale.status.code(), Some(2), "{}", said(&stale));
    manifest(
        &project,
        &format!("{text}[checks.local]\ncommand = ['python', 'tests/run.py']\nrequires = []\n"),
    );
    let second = steps(&project, &[]);
    assert!(second.contains("local build ran: changed: source distribution\n"), "{second}");
    assert!(second.contains("local check ran: never checked here before\n"), "{second}");
    support::remove(&project.store());
    project.ok(&["sync", "--locked"]);

    fs::remove_file(&file).unwrap();
    let gone = fails(&project, &["build"]);
    assert!(gone.contains("there is no [APP]/dist/local-1.tar.gz"), "{gone}");
}

#[test]
fn a_file_that_is_none_is_said_to_be_none() {
    if !uv() {
        return;
    }
    let project = project("requires = ['local @ ./local-1.tar.gz']\n");
    let app = project.app();
    folder(&project, "local", &[], "x = 1\n");
    let file = pack(&project, "local", "1", &app);
    let bare = fails(&project, &["build"]);
    assert!(
        bare.contains(
            "local-1.tar.gz is no source distribution that can be built: there is no PKG-INFO in it"
        ),
        "{bare}"
    );
    assert!(bare.contains("could not build local (from [APP]/local-1.tar.gz) (step build)"), "{bare}");
    sdist(&project, "other");
    fs::rename(pack(&project, "other", "1", &app), &file).unwrap();
    let other = fails(&project, &["build"]);
    assert!(other.contains("its metadata says `other`\nhint: write `other @ "), "{other}");
    fs::write(&file, "x").unwrap();
    let broken = fails(&project, &["build"]);
    assert!(broken.contains("is no source distribution that can be built: "), "{broken}");
    fs::write(app.join("local-1.txt"), "x").unwrap();
    manifest(&project, "requires = ['local @ ./local-1.txt']\n");
    let text = fails(&project, &["build"]);
    assert!(
        text.contains("is neither a folder nor a wheel (`.whl`), nor a source distribution (`.tar.gz`)"),
        "{text}"
    );
}

#[test]
fn a_package_may_be_built_although_there_is_a_wheel() {
    if !uv() {
        return;
    }
    let project = project("requires = ['local']\n");
    sdist(&project, "local");
    pack(&project, "local", "1", &project.path("app/links"));
    link(&project, "local", "1", &[]);
    project.ok(&["lock"]);
    assert!(lock(&project).wheels[0].source.is_none());
    let path = project.path("app/pinfold.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}no-binary-package = ['Local']\n")).unwrap();
    let built = project.ok(&["build"]);
    assert!(stderr(&built).contains("1 wheel built, 1 installed"), "{}", said(&built));
    assert_eq!(
        lock(&project).wheels[0].source.as_ref().map(|source| source.file.as_str()),
        Some("local-1.tar.gz")
    );
    // Without a lock, nobody knows yet what comes from source; a table about it is no mistake.
    let lockless = format!(
        "{text}no-binary-package = ['Local']\n[checks.local]\ncommand = ['true']\nrequires = []\n[checks.nobody]\n"
    );
    fs::write(&path, lockless).unwrap();
    fs::remove_file(project.path("app/pinfold.lock")).unwrap();
    let checked = project.ok(&["build"]);
    assert!(
        stderr(&checked).contains("[checks.nobody]: the project has no package `nobody`"),
        "{}",
        said(&checked)
    );
    assert!(!stderr(&checked).contains("no package `local`"), "{}", said(&checked));
    // What nobody may build is not built.
    fs::write(&path, format!("{text}no-build = true\n")).unwrap();
    fs::remove_file(project.path("app/links/local-1-py3-none-any.whl")).unwrap();
    fs::remove_file(project.path("app/pinfold.lock")).unwrap();
    let refused = fails(&project, &["lock"]);
    assert!(refused.contains("building from source is disabled"), "{refused}");
}

#[test]
fn a_lock_of_another_machine_takes_the_bytes_that_a_source_comes_to_here() {
    if !uv() {
        return;
    }
    let project = project("requires = ['local @ ./local', 'packed @ ./dist/packed-1.tar.gz', 'plain']\n");
    link(&project, "plain", "1", &[]);
    for name in ["local", "packed"] {
        write(&sdist(&project, name), "mode", "machine");
    }
    fs::create_dir(project.path("app/dist")).unwrap();
    pack(&project, "packed", "1", &project.path("app/dist"));
    let path = std::env::var("PATH").unwrap();
    let on = |machine: &str, args: &[&str]| {
        project.command(args).env("PATH", format!("{path}:/{machine}")).output().unwrap()
    };
    assert!(on("first", &["lock"]).status.success());
    let first = lock(&project);
    link(&project, "plain", "2", &[]);
    support::remove(&project.store());

    for flag in ["--locked", "--frozen"] {
        let refused = on("second", &["sync", flag]);
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
        assert!(stderr(&refused).contains("`pinfold sync` without `--locked`"), "{}", said(&refused));
        assert_eq!(lock(&project), first);
    }
    let synced = on("second", &["sync"]);
    assert!(synced.status.success(), "{}", said(&synced));
    assert!(stderr(&synced).contains("has other bytes here"), "{}", said(&synced));
    let code = "import local, packed; print(local.machine, packed.machine)";
    assert_eq!(project.python(code), "/second /second");
    let second = lock(&project);
    let hash =
        |lock: &Lock, name: &str| lock.wheels.iter().find(|wheel| wheel.name == name).unwrap().sha256.clone();
    assert_ne!(hash(&second, "local"), hash(&first, "local"));
    assert_ne!(hash(&second, "packed"), hash(&first, "packed"));
    assert_eq!(hash(&second, "plain"), hash(&first, "plain"), "nothing else moves");
    let again = on("second", &["sync", "--locked"]);
    assert!(again.status.success(), "{}", said(&again));
}
