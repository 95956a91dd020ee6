"""Starting and ending: flags of the interpreter, refusals, child processes, and what is written at exit."""

import hashlib
import shutil

import pytest
from test_rules import at, manifest

ASK = "import sys; from pinfold import _hook; print(type(sys.modules).__name__, _hook.importer())"


@pytest.fixture
def env(project, wheels):
    leaf = {v: wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}"}) for v in ("1.0", "2.0")}
    old = wheels.pure(
        "old",
        "1",
        {"old/__init__.py": "import leaf", "old/__main__.py": "import leaf; print('main', leaf.V)", "old/cli.py": "import leaf\ndef main(): print('cli', leaf.V)"},
        requires=["leaf"],
        entry_points="[console_scripts]\nold-tool = old.cli:main",
    )
    return project(manifest([at("old", old), at("leaf", leaf["2.0"])], {"old": [at("leaf", leaf["1.0"])]}))


@pytest.mark.parametrize("flags", [[], ["-I"], ["-E"], ["-B"], ["-O"], ["-X", "utf8"], ["-W", "error"], ["-P"]])
def test_the_hook_is_active_whatever_the_flags(env, flags):
    done = env.run("import leaf, old; print(leaf.V, old.leaf.V)", flags=flags)
    assert (done.stdout, done.stderr) == ("2.0 1.0\n", "")


def test_without_site_there_is_no_environment(env):
    done = env.run("import sys; print(type(sys.modules).__name__); import leaf", flags=["-S"], check=False)
    assert done.stdout == "dict\n" and "No module named 'leaf'" in done.stderr


def test_disabled_it_is_an_ordinary_environment_with_roots_view(env):
    done = env.run("import sys, leaf, old; print(type(sys.modules).__name__, leaf.V, old.leaf.V)", env={"PINFOLD_DISABLE": "1"})
    assert done.stdout == "dict 2.0 2.0\n"


def test_console_scripts_modules_and_children_have_the_hook(env):
    assert env.run_program("old-tool").stdout == "cli 1.0\n"
    child = f"import subprocess, sys; print(subprocess.check_output([sys.executable, '-c', {ASK!r}], text=True), end='')"
    assert env.run(child).stdout == "Modules root\n"


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_multiprocessing_children_have_the_hook(env, method):
    (env.folder / "work.py").write_text(
        "import multiprocessing as mp\n"
        "def job(_):\n    import leaf, old\n    return leaf.V, old.leaf.V\n"
        f"if __name__ == '__main__':\n    with mp.get_context({method!r}).Pool(2) as pool: print(pool.map(job, [1, 2]))\n"
    )
    assert env.run_python("work.py").stdout == "[('2.0', '1.0'), ('2.0', '1.0')]\n"


def test_a_file_that_a_units_module_holds_open_is_flushed_at_exit(project, wheels, tmp_path):
    """Modules left in tables of ours would never be torn down, and the last bytes lost."""
    code = "import os\nlog = open(os.environ['LOG'] + '.' + V, 'w')\nlog.write('x' * 100)"
    leaf = {v: wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}\n{code}"}) for v in ("1.0", "2.0")}
    old = wheels.pure("old", "1", {"old.py": "import leaf"}, requires=["leaf"])
    env = project(manifest([at("old", old), at("leaf", leaf["2.0"])], {"old": [at("leaf", leaf["1.0"])]}))
    env.run("import leaf, old", env={"LOG": tmp_path / "log"})
    assert {p.name: p.stat().st_size for p in tmp_path.iterdir()} == {"log.1.0": 100, "log.2.0": 100}


def test_what_is_put_into_site_packages_by_hand_is_found(fresh_project, wheels):
    """The folder is not listed for a name that is not there; what comes later must be found all the same."""
    env = fresh_project(manifest([at("leaf", wheels.pure("leaf", "1.0", {"leaf.py": ""}))]))
    (site,) = env.venv.resolve().glob("lib/python*/site-packages")
    site.chmod(0o755)
    (site / "sitecustomize.py").write_text("print('customized')")
    (site / "portion").mkdir()
    code = f"""
        import importlib, pathlib, portion
        def there(name):
            importlib.invalidate_caches()
            try:
                return importlib.import_module(name).__file__
            except ModuleNotFoundError:
                return None
        site = pathlib.Path({str(site)!r})
        print(list(portion.__path__) == [str(site / "portion")], [there(f"absent{{n}}") for n in range(30)] == [None] * 30)
        for name in "late.py", "later/__init__.py":
            (site / name).parent.mkdir(exist_ok=True)
            (site / name).write_text("")
            print(there(name.partition(".")[0].partition("/")[0]) == str(site / name))
    """
    assert env.run(code).stdout == "customized\nTrue True\nTrue\nTrue\n"


def test_site_goes_through_site_packages_once_and_through_other_folders_as_ever(fresh_project, wheels, tmp_path):
    env = fresh_project(manifest([at("leaf", wheels.pure("leaf", "1.0", {"leaf.py": ""}))]))
    (site,) = env.venv.resolve().glob("lib/python*/site-packages")
    site.chmod(0o755)
    other = tmp_path / "other"
    other.mkdir()
    (other / "other.pth").write_text("import sys; sys.stdout.write('other ')\n")
    (site / "a.pth").write_text(f"import sys; sys.stdout.write('site ')\nimport site; site.addsitedir({str(other)!r})\n")
    code = f"""
        import site, sys
        print(site.addsitedir.__module__, {str(other)!r} in sys.path)
        folder = site.getsitepackages()[0]
        site.addsitedir(folder), site.addsitedir(folder)
    """
    # By hand, folders are gone through as often as somebody asks.
    assert env.run(code).stdout.split() == ["site", "other", "site", "True", *["site", "other"] * 2]


def test_exit_handlers_still_import_as_who_they_are(project, wheels):
    leaf = {v: wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}"}) for v in ("1.0", "2.0")}
    code = "import atexit\ndef bye():\n    import leaf\n    print('bye', leaf.V)\natexit.register(bye)"
    old = wheels.pure("old", "1", {"old.py": code}, requires=["leaf"])
    env = project(manifest([at("old", old), at("leaf", leaf["2.0"])], {"old": [at("leaf", leaf["1.0"])]}))
    assert env.run("import old").stdout == "bye 1.0\n"


def test_nothing_is_written_into_the_store(env, tools):
    env.run("import leaf, old")
    env.run("import leaf, old", env={"PINFOLD_DISABLE": "1"})
    assert not [p for p in (tools.store / "wheels").rglob("__pycache__") if p.is_dir()]


def test_bytecode_is_kept_beside_the_wheels_and_used(project, wheels, tools, python):
    leaf = wheels.pure("cached-leaf", "1", {"cached_leaf.py": "V = 1\ndef where():\n    raise ValueError"})
    env = project(manifest([at("cached-leaf", leaf)]))
    env.run("import cached_leaf")
    kept = tools.store / "bytecode" / f"cpython-{python.minor.replace('.', '')}" / _sha256(leaf) / "cached_leaf.pyc"
    stamp = kept.stat().st_mtime_ns
    done = env.run("import cached_leaf; cached_leaf.where()", check=False)
    assert "raise ValueError" in done.stderr and kept.stat().st_mtime_ns == stamp
    kept.chmod(0o644)
    kept.write_bytes(b"garbage")
    assert env.run("import cached_leaf; print(cached_leaf.V)").stdout == "1\n"


def _sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_refusal_ends_the_process_and_says_why(fresh_project, wheels):
    env = fresh_project(manifest([at("leaf", wheels.pure("leaf", "1.0", {"leaf.py": ""}))]))
    generation = env.venv.resolve()
    moved = generation / "closure.json"
    for name in ("index.bin", "closure.json"):
        (generation / name).chmod(0o644)
        (generation / name).write_bytes(b"{}")
    done = env.run("print('ran')", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "refused to start its import hook" in done.stderr and "PINFOLD_DISABLE=1" in done.stderr
    assert env.run("print('ran')", env={"PINFOLD_DISABLE": "1"}).stdout == "ran\n"
    assert moved.exists()


def test_without_its_own_package_the_environment_does_not_start(fresh_project, wheels):
    """The .pth line itself must refuse: `site` would print its error and go on."""
    env = fresh_project(manifest([at("leaf", wheels.pure("leaf", "1.0", {"leaf.py": ""}))]))
    (package,) = env.venv.resolve().glob("lib/python*/site-packages/pinfold")
    package.unlink() if package.is_symlink() else shutil.rmtree(package)
    done = env.run("print('ran')", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pinfold" in done.stderr


def test_a_damaged_index_is_made_up_for_by_closure_json(fresh_project, wheels):
    env = fresh_project(manifest([at("leaf", wheels.pure("leaf", "1.0", {"leaf.py": "V = 1"}))]))
    index = env.venv.resolve() / "index.bin"
    index.chmod(0o644)
    index.write_bytes(index.read_bytes()[:-3])
    assert env.run("import leaf; print(leaf.V)").stdout == "1\n"


def test_a_sub_interpreter_is_refused_in_words(env, python):
    """And from 3.12 on, where making one can fail, the program goes on."""
    code = f"""
        import {"_interpreters" if python.minor == "3.13" else "_xxsubinterpreters"} as interpreters
        for _ in range(2):
            try:
                interpreters.create()
            except Exception as error:
                print(error)
        import leaf, old
        print(leaf.V, old.leaf.V, len(interpreters.list_all()))
    """
    done = env.run(code, check=False)
    assert "sub-interpreters are not supported" in done.stderr and "Traceback" not in done.stderr
    went_on = "interpreter creation failed\n" * 2 + "2.0 1.0 1\n"
    assert (done.returncode, done.stdout) == ((2, "") if python.minor == "3.11" else (0, went_on))


def test_a_child_starts_as_root_and_pinfold_as_chooses_otherwise(env):
    ask = "import leaf; print(leaf.V)"
    assert env.run(ask, env={"PINFOLD_AS": "old"}).stdout == "1.0\n"
    assert env.run(ask, env={"PINFOLD_AS": "old==1"}).stdout == "1.0\n"
    assert env.run(ask, env={"PINFOLD_AS": "root"}).stdout == "2.0\n"
    assert env.run_python("-m", "old", env={"PINFOLD_AS": "old"}).stdout == "main 1.0\n"
    done = env.run(ask, env={"PINFOLD_AS": "nobody"}, check=False)
    assert done.returncode == 2 and "PINFOLD_AS=nobody names no unit" in done.stderr
    for wrong, hint in (("nobody", "`pinfold tree` lists them"), ("leaves", "`pinfold tree` lists them"), ("lea", "leaf; `pinfold tree` lists them")):
        done = env.run(ask, env={"PINFOLD_AS": wrong}, check=False)
        assert done.stderr.splitlines()[1:] == [f"hint: {hint}"], done.stderr
    done = env.run(ask, env={"PINFOLD_AS": "leaf"}, check=False)
    assert done.returncode == 2 and "names several units\nhint: PINFOLD_AS=leaf==1.0 or PINFOLD_AS=leaf==2.0\n" in done.stderr
