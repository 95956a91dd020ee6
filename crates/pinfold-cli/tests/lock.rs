//! `pinfold lock`, `add`, `remove` and `pin`: closures resolved by the real uv, over wheels made here.
//!
//! No network: `no-index`, or an index on this machine. Deliberately not here: packages of the public index, which the
//! demo and the hook's tests use.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;

use data_encoding::BASE64;
use pinfold_core::lock::Lock;
use support::links::{fails, link, project, put, uv, write};
use support::{Project, said, stderr, stdout};

fn text(project: &Project) -> String {
    fs::read_to_string(project.path("app/pinfold.lock")).unwrap()
}

/// Every closure with its members, and who depends on whom.
fn picture(project: &Project) -> String {
    let lock = Lock::parse(&text(project)).unwrap();
    let name = |id| {
        let wheel = lock.wheel(&lock.unit(id).unwrap().wheel).unwrap();
        format!("{}=={}", wheel.name, wheel.version)
    };
    let mut out = String::new();
    for closure in &lock.closures {
        out.push_str(&format!(
            "{}: {}\n",
            closure.name,
            closure.units.iter().map(name).collect::<Vec<_>>().join(" ")
        ));
    }
    for unit in lock.units.iter().filter(|unit| !unit.dependencies.is_empty()) {
        let dependencies: Vec<String> = unit.dependencies.iter().map(name).collect();
        out.push_str(&format!("{} -> {}\n", name(&unit.id), dependencies.join(" ")));
    }
    out
}

fn versions(project: &Project) -> BTreeMap<String, String> {
    let lock = Lock::parse(&text(project)).unwrap();
    lock.wheels.into_iter().map(|wheel| (wheel.name, wheel.version)).collect()
}

#[test]
fn a_pin_inside_a_pin_is_a_leaf_of_its_closure() {
    if !uv() {
        return;
    }
    let project = project("requires = ['app', 'base>=2']\n[pins.app]\n[pins.tool]\n");
    link(&project, "app", "1", &["tool", "base<2"]);
    link(&project, "tool", "1", &["mid"]);
    link(&project, "mid", "1", &["base>=2"]);
    link(&project, "base", "1", &[]);
    link(&project, "base", "2", &[]);
    project.ok(&["lock"]);
    insta::assert_snapshot!(picture(&project), @r"
    root: app==1 base==2
    app: app==1 base==1 tool==1
    tool: base==2 mid==1 tool==1
    app==1 -> base==1 tool==1
    mid==1 -> base==2
    tool==1 -> mid==1
    ");
}

#[test]
fn an_extra_of_a_pin_counts_whoever_asks_for_it() {
    if !uv() {
        return;
    }
    let project =
        project("requires = ['user', 'base>=2']\n[pins.app]\nrequires = ['base<2', 'tool']\n[pins.tool]\n");
    link(&project, "user", "1", &["app[fast]>=1"]);
    let extras = ["side ; extra == 'fast'", "low ; extra == 'slow'"];
    let bytes = support::wheel_with("app", "1", &["fast", "slow"], &extras, &[("app.py", "")]);
    fs::write(project.path("app/links/app-1-py3-none-any.whl"), bytes).unwrap();
    link(&project, "tool", "1", &["mid[more]"]);
    let bytes = support::wheel_with("mid", "1", &["more"], &["side ; extra == 'more'"], &[("mid.py", "")]);
    fs::write(project.path("app/links/mid-1-py3-none-any.whl"), bytes).unwrap();
    link(&project, "side", "1", &["base"]);
    link(&project, "low", "1", &[]);
    link(&project, "base", "1", &[]);
    link(&project, "base", "2", &[]);
    project.ok(&["lock"]);
    insta::assert_snapshot!(picture(&project), @r"
    root: app==1 base==2 user==1
    app: app==1 base==1 side==1 tool==1
    tool: base==2 mid==1 side==1 tool==1
    app==1 -> base==1 side==1 tool==1
    mid==1 -> side==1
    side==1 -> base==1
    side==1 -> base==2
    tool==1 -> mid==1
    user==1 -> app==1
    ");

    // A pin whose extra is asked for by a closure that is resolved after its own.
    write(
        &project,
        "requires = ['mid', 'tool', 'base>=2']\n[pins.mid]\n[pins.tool]\nrequires = ['base<2']\n",
    );
    project.ok(&["lock"]);
    insta::assert_snapshot!(picture(&project), @r"
    root: base==2 mid==1 tool==1
    mid: base==2 mid==1 side==1
    tool: base==1 mid==1 tool==1
    mid==1 -> side==1
    side==1 -> base==2
    tool==1 -> base==1 mid==1
    ");
}

#[test]
fn the_same_manifest_gives_the_same_bytes_and_only_what_must_move_moves() {
    if !uv() {
        return;
    }
    let project = project("requires = ['app', 'other']\n[pins.app]\nrequires = ['base<3']\n");
    for version in ["1", "2"] {
        link(&project, "base", version, &[]);
    }
    link(&project, "app", "1", &["other"]);
    link(&project, "other", "1", &[]);
    project.ok(&["lock"]);
    let first = text(&project);
    let again = project.ok(&["lock"]);
    assert!(stderr(&again).starts_with("Nothing to do"), "{}", said(&again));
    assert_eq!(text(&project), first);
    fs::remove_file(project.path("app/pinfold.lock")).unwrap();
    project.ok(&["lock"]);
    assert_eq!(text(&project), first);

    link(&project, "other", "2", &[]);
    write(&project, "requires = ['app', 'other']\n[pins.app]\nrequires = ['base<2']\n");
    let check = project.command(&["lock", "--check"]).output().unwrap();
    assert_eq!(check.status.code(), Some(1), "{}", said(&check));
    project.ok(&["lock"]);
    assert_eq!((&*versions(&project)["base"], &*versions(&project)["other"]), ("1", "1"));
    project.ok(&["lock", "--upgrade-package", "other"]);
    assert_eq!((&*versions(&project)["base"], &*versions(&project)["other"]), ("1", "2"));
}

#[test]
fn what_is_shared_is_the_same_unit_with_all_below_it() {
    if !uv() {
        return;
    }
    let manifest =
        "requires = ['app', 'types', 'low<2']\n[pins.app]\nrequires = ['side']\nshare = ['types']\n";
    let project = project(manifest);
    link(&project, "app", "1", &["types"]);
    link(&project, "types", "1", &["low"]);
    link(&project, "side", "1", &["low"]);
    link(&project, "low", "1", &[]);
    link(&project, "low", "2", &[]);
    project.ok(&["lock"]);
    let lock = Lock::parse(&text(&project)).unwrap();
    let find =
        |closure: usize| lock.closures[closure].units.iter().find(|id| id.as_str().starts_with("types@"));
    assert_eq!(find(0), find(1));
    assert!(picture(&project).contains("app: app==1 low==1 side==1 types==1\n"), "{}", picture(&project));

    write(&project, &manifest.replace("'side'", "'side', 'low>=2'"));
    insta::assert_snapshot!(fails(&project, &["lock"]).lines().filter(|l| !l.starts_with("  ")).collect::<Vec<_>>().join("\n"), @r"
    error: there is no solution for the closure of pin `app` (app 1)
    it shares root's types 1, because the manifest requires `types`
    `low>=2`, which [pins.app] requires, does not accept low 1, which root has because the manifest requires `low<2`
    hint: `your project` is what app 1 and [pins.app] require together; the version 1 was chosen for those that require `app`, and another one may do
    hint: what is shared must satisfy both sides; take it out of `share`, or change one side
    ");
}

#[test]
fn what_cannot_be_locked_is_explained() {
    if !uv() {
        return;
    }
    let project = project("");
    link(&project, "one", "1", &["two"]);
    link(&project, "two", "1", &["one"]);
    let mut said = String::new();
    for manifest in [
        "requires = ['one']\n[pins.one]\n[pins.two]",
        "requires = ['one']\n[pins.tow]",
        "requires = ['one']\n[pins.three]",
        "requires = ['one']\n[pins.one]\nrequires = ['two>=2']",
        "requires = ['one']\n[pins.one]\nshare = ['two']",
        "requires = ['three']",
        "requires = ['one @ ./nowhere']",
        "requires = ['one >> 2']",
        "requries = ['one']",
        "requires = ['one']\n[pins.one]\nshares = []",
    ] {
        write(&project, manifest);
        said.push_str(&format!("# {}\n{}\n", manifest.replace('\n', " "), fails(&project, &["lock"])));
        assert!(!project.path("app/pinfold.lock").exists());
    }
    insta::assert_snapshot!(said);
}

#[test]
fn a_wheel_file_under_another_version_s_name_is_refused() {
    if !uv() {
        return;
    }
    let project = project("requires = ['one @ ./links/one-2-py3-none-any.whl']\n");
    link(&project, "one", "1", &[]);
    fs::rename(
        project.path("app/links/one-1-py3-none-any.whl"),
        project.path("app/links/one-2-py3-none-any.whl"),
    )
    .unwrap();
    let said = fails(&project, &["lock"]);
    assert!(said.contains("does not say what its metadata says: one 1\nhint: "), "{said}");
}

#[test]
fn an_index_may_be_added_and_one_that_is_gone_makes_the_lock_stale() {
    if !uv() {
        return;
    }
    let project = Project::new();
    for folder in ["links", "more"] {
        fs::create_dir_all(project.path("app").join(folder)).unwrap();
        put(&project.path("app").join(folder), "one", "1", &[]);
    }
    let links = |folders: &str| {
        let text = format!("requires = ['one']\n[uv]\nno-index = true\nfind-links = [{folders}]\n");
        fs::write(project.path("app/pinfold.toml"), text).unwrap();
    };
    links("'links'");
    project.ok(&["lock"]);
    links("'links', 'more'");
    project.ok(&["lock", "--check"]);
    assert_eq!(stderr(&project.ok(&["tree"])), "");
    links("'more'");
    let check = project.command(&["lock", "--check"]).output().unwrap();
    assert_eq!(check.status.code(), Some(1), "{}", said(&check));
    assert!(stderr(&check).contains("takes one from the index `index-"), "{}", said(&check));
    let tree = project.ok(&["tree"]);
    assert!(stderr(&tree).starts_with("warning: pinfold.lock takes one from"), "{}", said(&tree));
    project.ok(&["lock"]);
    project.ok(&["lock", "--check"]);
}

#[test]
fn a_manifest_is_changed_only_if_it_can_be_locked() {
    if !uv() {
        return;
    }
    let project = project("requires = [] # mine\n");
    link(&project, "one", "1", &["two"]);
    link(&project, "two", "1", &[]);
    let manifest = || fs::read_to_string(project.path("app/pinfold.toml")).unwrap();
    let before = manifest();
    fails(&project, &["add", "three"]);
    assert_eq!(manifest(), before);
    project.ok(&["add", "one>=1", "two"]);
    project.ok(&["pin", "one", "--undeclared", "deny", "--share", "two"]);
    assert!(manifest().starts_with("requires = [\"one>=1\", \"two\"] # mine\n"), "{}", manifest());
    assert!(manifest().contains("[pins.one]\nundeclared = \"deny\"\nshare = [\"two\"]\n"), "{}", manifest());
    assert!(fails(&project, &["remove", "one"]).contains("`one` is pinned, but nothing requires it"));
    project.ok(&["pin", "--remove", "one"]);
    project.ok(&["remove", "one"]);
    assert!(manifest().starts_with("requires = [\"two\"] # mine\n"), "{}", manifest());
    assert_eq!(versions(&project).into_keys().collect::<Vec<_>>(), ["two"]);
}

/// A build backend of a few lines, in the tree that it builds: no build requirements, no network.
const BACKEND: &str = r#"
import base64, hashlib, time, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    open("left-behind", "w").close()
    files = {"local.py": open("local.py").read(),
             "local-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: local\nVersion: 1\n",
             "local-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    digest = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    record = "".join(f"{n},sha256={digest(t)},{len(t)}\n" for n, t in files.items()) + "local-1.dist-info/RECORD,,\n"
    with zipfile.ZipFile(folder + "/local-1-py3-none-any.whl", "w") as z:
        for name, text in [*files.items(), ("local-1.dist-info/RECORD", record)]:
            z.writestr(zipfile.ZipInfo(name, time.localtime()[:6]), text)
    return "local-1-py3-none-any.whl"
"#;

#[test]
fn a_folder_is_built_once_from_a_copy_and_again_when_it_changes() {
    if !uv() {
        return;
    }
    let project = project("requires = ['local @ ./local']\n");
    let folder = project.path("app/local");
    fs::create_dir_all(&folder).unwrap();
    let build = "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n";
    for (file, text) in [("pyproject.toml", build), ("backend.py", BACKEND), ("local.py", "x = 1\n")] {
        fs::write(folder.join(file), text).unwrap();
    }
    project.ok(&["lock"]);
    let first = text(&project);
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["backend.py", "local.py", "pyproject.toml"], "a build leaves nothing in the source");
    assert!(first.contains("path = \"local\"\n"), "{first}");

    support::remove(&project.path("store/built"));
    fs::remove_file(project.path("app/pinfold.lock")).unwrap();
    project.ok(&["lock"]);
    assert_eq!(text(&project), first, "the same source gives the same wheel, also later");

    fs::write(folder.join("local.py"), "x = 2\n").unwrap();
    let output = project.command(&["sync", "--locked"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    project.ok(&["sync"]);
    assert_ne!(text(&project), first);
    assert_eq!(project.python("import local; print(local.x)"), "2");
}

/// An index on this machine that asks for a name and a password; returns its address without them.
fn index(folder: std::path::PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let expected = format!("Basic {}", BASE64.encode(b"someone:hush-hush"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().unwrap_or(Ok(String::new())).unwrap_or_default();
            let headers: Vec<String> =
                lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let allowed =
                headers.iter().any(|h| h.split_once(": ").is_some_and(|(_, value)| value == expected));
            let path = request.split(' ').nth(1).unwrap_or_default().trim_end_matches('/').to_owned();
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            let file = folder.join(&name);
            let (status, kind, body) = match () {
                () if !allowed => {
                    ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"", "text/plain", Vec::new())
                }
                () if file.is_file() => ("200 OK", "application/octet-stream", fs::read(&file).unwrap()),
                () if path.starts_with("/simple/")
                    && folder.join(format!("{name}-1-py3-none-any.whl")).is_file() =>
                {
                    (
                        "200 OK",
                        "text/html",
                        format!("<a href=\"/files/{name}-1-py3-none-any.whl\">{name}-1-py3-none-any.whl</a>")
                            .into_bytes(),
                    )
                }
                () => ("404 Not Found", "text/plain", Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| if request.starts_with("HEAD") { Ok(()) } else { stream.write_all(&body) });
        }
    });
    format!("http://{address}/simple")
}

#[test]
fn neither_host_nor_credentials_reach_the_lock() {
    if !uv() {
        return;
    }
    let project = Project::new();
    put(&project.path("app/wheels"), "private", "1", &[]);
    let address = index(project.path("app/wheels"));
    let manifest = format!(
        "requires = ['private']\n[uv]\nno-index = false\nindex = [{{ name = 'corp', url = '{address}', default = true }}]\n"
    );
    fs::write(project.path("app/pinfold.toml"), manifest).unwrap();
    let cached = |args: &[&str]| -> Command {
        let mut command = project.command(args);
        command.env("UV_CACHE_DIR", project.path("uv")).env("NETRC", project.path("netrc"));
        command
    };
    let refused = cached(&["lock"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    let mut ways: Vec<String> = Vec::new();
    let by_environment = cached(&["lock"])
        .env("UV_INDEX_CORP_USERNAME", "someone")
        .env("UV_INDEX_CORP_PASSWORD", "hush-hush")
        .output()
        .unwrap();
    assert!(by_environment.status.success(), "{}", said(&by_environment));
    ways.push(text(&project));
    fs::remove_file(project.path("app/pinfold.lock")).unwrap();
    fs::write(project.path("netrc"), "machine 127.0.0.1 login someone password hush-hush\n").unwrap();
    let by_netrc = cached(&["sync"]).output().unwrap();
    assert!(by_netrc.status.success(), "{}", said(&by_netrc));
    ways.push(text(&project));
    assert_eq!(ways[0], ways[1]);
    assert!(ways[0].contains("index = \"corp\"\n"), "{}", ways[0]);
    for secret in ["127.0.0.1", "http", "someone", "hush-hush"] {
        assert!(!ways[0].contains(secret), "{}", ways[0]);
    }
    assert_eq!(project.python("import private; print(private.version)"), "1");
}

#[test]
fn the_tags_are_those_that_pip_would_use() {
    let python = support::python();
    let store = tempfile::tempdir().unwrap();
    let interpreter = pinfold_cli::interpreter::Interpreter::query(&python.path, store.path()).unwrap();
    let code = "from pip._vendor.packaging.tags import sys_tags\nfor t in sys_tags(): print(t)";
    let output = Command::new(&python.path).args(["-I", "-c", code]).output().unwrap();
    if !output.status.success() {
        eprintln!("SKIPPED: {} has no pip to compare with", python.path.display());
        return;
    }
    let tags = pinfold_cli::uv::tags::Tags::of_interpreter(&interpreter);
    let expected = stdout(&output);
    // Older copies of `packaging` leave out this one, which newer ones and uv have.
    let extra = format!("cp{}-none-any", python.minor.replace('.', ""));
    let ours = tags.list().into_iter().filter(|tag| *tag != extra);
    let theirs = expected.lines().filter(|tag| *tag != extra);
    assert_eq!(ours.clone().zip(theirs.clone()).find(|(our, their)| our != their), None);
    assert_eq!(ours.count(), theirs.count());
}
