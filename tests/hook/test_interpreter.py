"""The interpreter at its edges: how it is started, what happens in the middle of an import, and how it ends.

Every case asks for both versions and must get each from its own package, as a program of stock Python would go on.
"""

import signal
import subprocess
import textwrap
import zipfile

import pytest
from test_rules import at, manifest

ASK = "import leaf, old; print(leaf.V, old.leaf.V, old.late())"
RIGHT = "2.0 1.0 1.0\n"


@pytest.fixture
def env(project, wheels):
    late = "import builtins\nif hasattr(builtins, 'meanwhile'): builtins.meanwhile()\nV = {!r}"
    leaf = {
        v: wheels.pure("leaf", v, {"leaf/__init__.py": f"V = {v!r}", "leaf/late.py": late.format(v)})
        for v in ("1.0", "2.0")
    }
    code = "import leaf\ndef late():\n    import leaf.late\n    return leaf.late.V\ndef call(f, *a): return f(*a)"
    old = wheels.pure("old", "1", {"old/__init__.py": code}, requires=["leaf"])
    return project(manifest([at("old", old), at("leaf", leaf["2.0"])], {"old": [at("leaf", leaf["1.0"])]}))


FLAGS = ["-s", "-OO", "-u", "-q", "-bb", "-X dev", "-X frozen_modules=off", "-X faulthandler", "-X tracemalloc=5", "-W error"]


@pytest.mark.parametrize("flags", FLAGS)
def test_whatever_the_flags(env, flags):
    done = env.run(ASK, flags=flags.split())
    assert (done.stdout, done.stderr) == (RIGHT, "")


@pytest.mark.parametrize("flags", ["-v", "-X importtime"])
def test_flags_that_tell_of_imports_tell_of_ours(env, flags):
    done = env.run(ASK, flags=flags.split())
    assert done.stdout == RIGHT and "leaf.late" in done.stderr


def test_pythonpath_is_roots_and_never_a_pins(env, tmp_path):
    (tmp_path / "leaf").mkdir()
    (tmp_path / "leaf" / "__init__.py").write_text("V = 'local'")
    assert env.run(ASK, env={"PYTHONPATH": tmp_path}).stdout == "local 1.0 1.0\n"
    assert env.run(ASK, env={"PYTHONSAFEPATH": "1"}).stdout == RIGHT


def test_scripts_from_everywhere(env, tmp_path):
    assert env.run_python(stdin=ASK).stdout == RIGHT
    assert env.run_python("-i", "-q", stdin="", env={"PYTHONSTARTUP": _file(tmp_path / "start.py", ASK)}).stdout.startswith(RIGHT)
    app = tmp_path / "app.pyz"
    with zipfile.ZipFile(app, "w") as archive:
        archive.writestr("__main__.py", ASK)
        archive.writestr("beside.py", "import leaf; V = leaf.V")
    assert env.run_python(app).stdout == RIGHT
    assert env.run(f"import sys; sys.path.insert(0, {str(app)!r}); import beside; print(beside.V)").stdout == "2.0\n"


def _file(path, text):
    path.write_text(text)
    return path


def test_the_current_folder_changes_or_is_gone(env, tmp_path):
    for name, version in (("one", "local one"), ("two", "local two")):
        (tmp_path / name / "lib").mkdir(parents=True)
        (tmp_path / name / "lib" / f"from_{name}.py").write_text(f"V = {version!r}")
    code = f"""
        import os, sys
        sys.path.insert(0, "lib")
        os.chdir({str(tmp_path / "one")!r})
        import from_one
        os.chdir({str(tmp_path / "two")!r})
        sys.path_importer_cache.clear()
        import from_two, old, leaf
        print(from_one.V, from_two.V, leaf.V, old.late())
    """
    assert env.run(code).stdout == "local one local two 2.0 1.0\n"
    inside = tmp_path / "gone"
    inside.mkdir()
    script = 'cd "$1" && rmdir "$1" && exec "$2" -c "$3"'
    done = subprocess.run(["bash", "-c", script, "x", inside, env.python, ASK], capture_output=True, text=True, env=env.tools.environment())
    assert done.stdout == RIGHT, done


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_standard_streams_that_are_closed_at_the_start(env, tmp_path, closed):
    """The lock on the generation must not take their place: a program that opens them again would end it."""
    code = f"""
        import os, leaf, old
        held = [n for n in range(3) if os.path.exists(f"/proc/self/fd/{{n}}") and os.readlink(f"/proc/self/fd/{{n}}").endswith("/lock")]
        with open({str(tmp_path / "out")!r}, "w") as file:
            print(leaf.V, old.leaf.V, old.late(), held, file=file)
    """
    script = f'exec "$1" -c "$2" {closed}'
    done = subprocess.run(["bash", "-c", script, "x", env.python, textwrap.dedent(code)], env=env.tools.environment(), cwd=env.folder)
    assert done.returncode == 0
    assert (tmp_path / "out").read_text() == "2.0 1.0 1.0 []\n"


@pytest.mark.parametrize("installed", ["sys.settrace(see)", "sys.setprofile(see)", "sys.addaudithook(see)", "threading.settrace(see)"])
def test_tracers_profilers_and_audit_hooks_that_import(env, installed):
    """What they import is theirs, in the middle of anybody's import."""
    code = f"""
        import sys, threading, leaf
        seen = set()
        def see(*arguments):
            if len(seen) < 200:
                import leaf
                seen.add(leaf.V)
            return see
        {installed}
        {ASK}
        import threading
        thread = threading.Thread(target=lambda: old.late()); thread.start(); thread.join()
        print(*seen)
    """
    done = env.run(code)
    assert done.stdout in (RIGHT + "2.0\n", RIGHT + "\n"), str(done)


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "SystemExit", "MemoryError", "GeneratorExit"])
def test_an_import_that_is_interrupted_can_be_done_again(env, error):
    code = f"""
        import builtins, leaf, old, pinfold
        def meanwhile():
            del builtins.meanwhile
            raise {error}("now")
        builtins.meanwhile = meanwhile
        try:
            old.late()
        except {error} as error:
            print(error)
        print(pinfold.importer(), old.call(pinfold.importer).split("@")[0], leaf.V, old.late())
    """
    assert env.run(code).stdout == "now\nroot old 2.0 1.0\n"


def test_an_interrupt_by_signal_leaves_no_trace(env):
    code = """
        import builtins, os, signal, time, leaf, old, pinfold
        def meanwhile():
            del builtins.meanwhile
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        builtins.meanwhile = meanwhile
        try:
            old.late()
        except KeyboardInterrupt:
            print("interrupted", pinfold.importer())
        print(leaf.V, old.late())
    """
    assert env.run(code).stdout == "interrupted root\n2.0 1.0\n"


def test_an_import_near_the_end_of_the_stack_raises_and_can_be_done_again(env):
    code = """
        import sys, leaf, pinfold
        def deep(n):
            if n:
                return deep(n - 1)
            import old
            return old.late()
        limit = sys.getrecursionlimit()
        failed = 0
        for room in range(-8, 60):
            sys.setrecursionlimit(300)
            try:
                deep(290 - room)
                break
            except RecursionError:
                failed += 1
            finally:
                sys.setrecursionlimit(limit)
        import old
        print(failed > 0, pinfold.importer(), leaf.V, old.leaf.V, old.late())
    """
    assert env.run(code).stdout == "True root 2.0 1.0 1.0\n"


def test_a_table_of_modules_that_is_replaced_is_roots_affair(env):
    code = f"""
        import sys, leaf, old
        kept = sys.modules
        sys.modules = dict(sys.modules)
        import json
        sys.modules = kept
        {ASK}
    """
    assert env.run(code).stdout == RIGHT


def test_programs_that_start_themselves_again(env, tmp_path):
    again = "import os, sys\nif 'AGAIN' not in os.environ:\n    os.environ['AGAIN'] = '1'\n    import old\n    os.execv(sys.executable, [sys.executable, *sys.argv])\n"
    script = _file(tmp_path / "again.py", again + ASK)
    assert env.run_python(script).stdout == RIGHT


@pytest.mark.parametrize("how", ["os._exit(0)", "sys.exit()", "os.kill(os.getpid(), signal.SIGTERM)", "raise SystemExit"])
def test_however_it_ends(env, how):
    done = env.run(f"import os, signal, sys\n{ASK}\nsys.stdout.flush()\n{how}", check=False)
    assert done.stdout == RIGHT
    assert done.returncode == (-signal.SIGTERM if "kill" in how else 0)


def test_finalizers_and_forks_at_the_end_import_or_fail_in_python(env):
    code = """
        import atexit, os, sys, leaf, old
        class Late:
            def __del__(self):
                try:
                    import leaf.late
                except BaseException:
                    pass
        leaf.keep = Late()
        old.keep = Late()
        old.leaf.keep = Late()
        def fork():
            try:
                child = os.fork()
            except RuntimeError:
                # 3.12 and later refuse it here.
                return print(old.late(), flush=True)
            if not child:
                print(old.late(), flush=True)
                os._exit(0)
            os.waitpid(child, 0)
        atexit.register(fork)
    """
    done = env.run(code)
    assert (done.stdout, done.stderr) == ("1.0\n", "")


WAITS = {
    "body": "import builtins, time\nbuiltins.meanwhile = lambda: (ready.set(), time.sleep(0.3))\nwork = old.late",
    "finder": """
import sys, time
class Slow:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "nowhere":
            ready.set()
            time.sleep(0.3)
sys.meta_path.append(Slow)
work = lambda: old.call(__import__, "nowhere")
""",
    "loop": """
import sys
def work():
    while True:
        old.late()
        import leaf.late
        del sys.modules["leaf.late"]
        try:
            import nowhere
        except ImportError:
            ready.set()
""",
}


@pytest.mark.parametrize("where", WAITS)
def test_a_daemon_thread_that_is_importing_when_the_process_ends(env, where):
    """Before 3.14, Python ends such a thread by unwinding its stack when it wants the GIL again."""
    code = f"""
import threading, leaf, old
ready = threading.Event()
{WAITS[where]}
thread = threading.Thread(target=work, daemon=True)
thread.start()
ready.wait()
print(leaf.V)
import atexit, time
class Slowly:
    def __del__(self, sleep=time.sleep): sleep(0.6)
leaf.keep = Slowly()
"""
    done = env.run(code, check=False)
    assert (done.returncode, done.stdout) == (0, "2.0\n"), str(done)
