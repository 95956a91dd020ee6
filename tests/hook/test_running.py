"""`runpy`, `python -m`, console scripts: a pinned package's code runs as that package, and root's as root."""

import pytest
from test_rules import at, leaf, manifest

__all__ = ["leaf"]

TELL = """
import leaf, sys
def late():
    import leaf
    return leaf.V
if __name__ == "__main__":
    import importlib.metadata
    print(__name__, leaf.V, late(), sys.argv[1:], importlib.metadata.version("leaf"), (__spec__ or sys).__class__.__name__, __package__)
"""


@pytest.fixture
def env(project, wheels, leaf):
    files = {"old/__init__.py": "", "old/__main__.py": TELL, "old/sub/__init__.py": "", "old/sub/__main__.py": TELL, "old/tell.py": TELL + "\ndef main():\n    print('main', leaf.V, late())\n    return 3\n"}
    script = "[console_scripts]\n{0} = {1}:main\n"
    old = wheels.pure("old", "1", files, requires=["leaf"], entry_points=script.format("old-tell", "old.tell"))
    new = wheels.pure("new", "1", {"new.py": TELL + "\ndef main():\n    print('main', leaf.V, late())\n"}, requires=["leaf"], entry_points=script.format("new-tell", "new"))
    return project(manifest([at("old", old), at("new", new), at("leaf", leaf["2.0"])], {"old": [at("leaf", leaf["1.0"])]}), {"mine.py": TELL})


def test_dash_m_runs_a_module_as_its_package(env):
    for module, version, package in (("old", "1.0", "old"), ("old.sub", "1.0", "old.sub"), ("old.tell", "1.0", "old"), ("new", "2.0", ""), ("mine", "2.0", "")):
        done = env.run_python("-m", module, "a", "-b")
        assert done.stdout == f"__main__ {version} {version} ['a', '-b'] {version} ModuleSpec {package}\n", module
    assert "No module named old.nowhere" in env.run_python("-m", "old.nowhere", check=False).stderr


@pytest.mark.parametrize("alter_sys", [False, True])
def test_run_module_runs_it_as_its_package_and_leaves_no_trace(env, alter_sys):
    done = env.run(
        f"""
        import runpy, sys
        before = dict(sys.modules)
        for name in ("old", "old.tell", "old.sub", "new", "mine"):
            scope = runpy.run_module(name, run_name="__main__", alter_sys={alter_sys})
            late = scope.get("late") or scope["leaf"]
        scope = runpy.run_module("old.tell", run_name="renamed", alter_sys={alter_sys})
        import leaf
        print(scope["leaf"].V, leaf.V, "renamed" in sys.modules, sys.modules["__main__"] is before["__main__"])
        """
    )
    told = [line.split()[1:3] for line in done.stdout.splitlines()[:-1]]
    assert told == [["1.0", "1.0"]] * 3 + [["2.0", "2.0"]] * 2, done.stdout
    assert done.stdout.splitlines()[-1] == "1.0 2.0 False True"


def test_run_path_runs_a_file_as_the_unit_in_whose_folder_it_stands(env):
    done = env.run(
        """
        import runpy, old, sys
        folder = old.__path__[0]
        runpy.run_path(folder + "/tell.py", run_name="__main__")
        runpy.run_path(folder + "/sub", run_name="__main__")
        runpy.run_path("mine.py", run_name="__main__")
        """
    )
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["1.0", "1.0", "2.0"]


def test_console_scripts_run_their_own_package(env):
    done = env.run_program("old-tell", check=False)
    assert (done.stdout, done.returncode) == ("main 1.0 1.0\n", 3), str(done)
    assert env.run_program("new-tell").stdout == "main 2.0 2.0\n"


def test_a_script_by_its_path_and_a_zip_run_as_root(env, tmp_path):
    import zipfile

    script = tmp_path / "script.py"
    script.write_text(TELL)
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.writestr("__main__.py", TELL)
    for path in (script, tmp_path / "app.zip"):
        assert env.run_python(path).stdout.split()[1:3] == ["2.0", "2.0"]


def test_sources_files_and_tracebacks_are_the_versions_own(env):
    done = env.run(
        """
        import inspect, linecache, old.tell, leaf, traceback, sys
        theirs = old.tell.leaf
        print(inspect.getfile(theirs) == theirs.__file__, inspect.getsource(theirs).strip(), inspect.getsource(leaf).strip(), inspect.getsourcefile(old.tell.late) == old.tell.__file__)
        print(linecache.getline(theirs.__file__, 1).strip(), linecache.getline(leaf.__file__, 1).strip(), inspect.getsource(old.tell.late).splitlines()[1].strip())
        scope = {}
        try:
            exec(compile("1/0", theirs.__file__, "exec"), theirs.__dict__)
        except ZeroDivisionError:
            print([line.strip() for line in traceback.format_exc().splitlines() if "leaf.V" not in line and "V =" in line])
        """
    )
    assert done.stdout == "True V = '1.0' V = '2.0' True\nV = '1.0' V = '2.0' import leaf\n[\"V = '1.0'\"]\n"


def test_the_program_is_the_users_whoever_makes_its_main(project, wheels, leaf):
    """A shell or a kernel in a pin puts a `__main__` of its own making there and runs the user's code in it."""
    shell = """
    import sys, types
    def run(source):
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        exec(source, module.__dict__)
    """
    tool = at("tool", wheels.pure("tool", "1", {"tool.py": shell}, requires=["leaf"]))
    env = project(manifest([tool, at("leaf", leaf["2.0"])], {"tool": [at("leaf", leaf["1.0"])]}))
    ask = "import tool\ntool.run('import leaf; print(leaf.V)')"
    assert env.run(ask).stdout == "2.0\n"
    assert env.run(ask, env={"PINFOLD_AS": "tool"}).stdout == "1.0\n"


def test_a_worker_is_whom_its_parent_was_started_as(env, tmp_path):
    (tmp_path / "program.py").write_text(
        "import multiprocessing, sys\n"
        "def version():\n    import leaf\n    return leaf.V\n"
        "if __name__ == '__main__':\n"
        "    for how in ('fork', 'spawn', 'forkserver'):\n"
        "        with multiprocessing.get_context(how).Pool(1) as pool:\n"
        "            print(how, pool.apply(version))\n"
    )
    for unit, seen in (("root", "2.0"), ("old", "1.0")):
        done = env.run_python(str(tmp_path / "program.py"), env={"PINFOLD_AS": unit})
        assert done.stdout.split() == ["fork", seen, "spawn", seen, "forkserver", seen], done


def test_what_runs_in_mains_globals_belongs_to_whose_file_it_is(env, tmp_path):
    """A debugger runs a module in a `__main__` that was its own, or root's, before."""
    (tmp_path / "debug.py").write_text(
        "import leaf, runpy, sys\nprint(leaf.V)\nsys.argv = ['x', sys.argv[1]]\n"
        "runpy._run_module_as_main(sys.argv[1], alter_argv=False)\n"
    )
    for name, version in (("old", "1.0"), ("old.tell", "1.0"), ("new", "2.0"), ("timeit", None)):
        done = env.run_python(str(tmp_path / "debug.py"), name, check=version is not None)
        first, *rest = done.stdout.splitlines()
        assert first == "2.0" and (version is None or rest[0].startswith(f"__main__ {version} {version} [")), done
    # The traceback is stock's: what stands around the code shows no frame.
    done = env.run_python("-m", "timeit", "nowhere()", check=False)
    assert "NameError" in done.stderr and "pinfold" not in done.stderr.replace(str(env.folder), ""), done.stderr


def test_globals_that_are_given_to_run_path_do_not_say_whose_the_file_is(env, tmp_path):
    (tmp_path / "file.py").write_text("import leaf\nV = leaf.V, given\n")
    done = env.run(
        f"""
        import old.tell, runpy
        scope = {{**vars(old.tell), "given": 1}}
        import importlib
        for _ in range(2):
            print(runpy.run_path({str(tmp_path / "file.py")!r}, init_globals=scope)["V"])
            importlib.reload(runpy)
        """
    )
    assert done.stdout.splitlines() == ["('2.0', 1)"] * 2


ASK = '''
import functools, importlib, sys, threading, time

MAKE = (
    lambda: threading.Thread(target=importlib.import_module, args=("leaf",)),
    lambda: threading.Thread(target=importlib.import_module, kwargs={"name": "leaf"}, daemon=True),
    lambda: threading.Thread(target=__import__, args=("leaf",)),
    lambda: threading.Thread(target=functools.partial(functools.partial(importlib.import_module), "leaf")),
    lambda: threading.Timer(0, importlib.import_module, ["leaf"]),
)

def before(make):
    """What the thread itself imported: nobody else imports it afterwards."""
    sys.modules.pop("leaf", None)
    thread = make()
    thread.start()
    thread.join()
    return getattr(sys.modules.get("leaf"), "V", None)

def in_pool():
    from multiprocessing.pool import ThreadPool
    with ThreadPool(2) as pool:
        work = importlib.import_module
        modules = [pool.apply(func=work, args=("leaf",)), *pool.map(work, ["leaf"]), *pool.imap_unordered(work, ["leaf"])]
    return [module.V for module in modules]
'''


def test_a_thread_whose_target_is_an_import_imports_for_who_starts_it(project, wheels, leaf):
    old = at("old", wheels.pure("old", "1", {"old.py": ASK}, requires=["leaf"]))
    env = project(manifest([old, at("leaf", leaf["2.0"])], {"old": [at("leaf", leaf["1.0"])]}), {"mine.py": ASK})
    done = env.run(
        """
        import importlib, threading, mine, old
        for position in range(len(old.MAKE)):
            print(old.before(old.MAKE[position]), mine.before(mine.MAKE[position]))
        print(old.in_pool(), mine.in_pool())
        # Who starts it counts, and not who made it.
        print(old.before(mine.MAKE[0]), mine.before(old.MAKE[0]))
        thread = threading.Thread(target=importlib.import_module, args=("nowhere",), name="mine")
        print(thread.name, threading.Thread(target=importlib.import_module).name.partition(" ")[2])
        """
    )
    assert done.stdout.splitlines() == ["1.0 2.0"] * 5 + ["['1.0', '1.0', '1.0'] ['2.0', '2.0', '2.0']", "1.0 2.0", "mine (import_module)"], done
    # What imports nothing of its own accord is called as it is.
    done = env.run(
        """
        import threading, time
        class Kept(threading.Thread):
            def run(self):
                print(self._target is time.sleep)
        Kept(target=time.sleep).start()
        """
    )
    assert done.stdout == "True\n"
    # Daemon threads that are in such an import at the end do no harm.
    done = env.run(
        "import time, threading, old\n"
        "for _ in range(4): threading.Thread(target=__import__, args=('slow',), daemon=True).start()\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nprint('ok')",
        cwd=_slow(env),
    )
    assert (done.stdout, done.stderr) == ("ok\n", "")


def _slow(env):
    (env.folder / "slow.py").write_text("import time\ntime.sleep(60)\n")
    return env.folder
