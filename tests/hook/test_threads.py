"""Threads: whoever imports at the same time as others, at once or late, gets its own version, and nobody waits for ever.

Every case runs under a watchdog: a deadlock ends the process with the stacks of all threads.
"""

import textwrap

import pytest
from test_rules import at, manifest

# Switching threads a thousand times as often as usual finds races that otherwise take days.
WATCHDOG = """
import faulthandler, sys, threading
faulthandler.dump_traceback_later(240, exit=True)
sys.setswitchinterval(1e-6)

def together(jobs):
    # Runs the jobs in threads of their own, all at the same moment; what one raises fails the case.
    barrier, errors = threading.Barrier(len(jobs)), []
    def run(job):
        try:
            barrier.wait()
            job()
        except BaseException:
            import traceback
            errors.append(traceback.format_exc())
    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not errors, "\\n".join(errors[:3])
"""

PURE, NATIVE, SIDES = 24, 4, ("1.0", "2.0")
NAMES = [f"lib{i}" for i in range(PURE)] + [f"nat{i}" for i in range(NATIVE)]

# `draw` imports by the C API, from C code that whoever called it shares with nobody.
CORE = r"""
    #include <Python.h>
    static PyObject *draw(PyObject *self, PyObject *name) {
        PyObject *module = PyImport_ImportModule(PyUnicode_AsUTF8(name)), *value;
        if (!module) return NULL;
        value = PyObject_GetAttrString(module, "V");
        Py_DECREF(module);
        return value;
    }
    static PyMethodDef methods[] = {{"draw", draw, METH_O, NULL}, {0}};
    static PyModuleDef_Slot slots[] = {{0}};
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", NULL, 0, methods, slots};
    PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&def); }
"""


def body(name, version):
    """A module that imports its neighbour at once, its submodule at once, and others late."""
    at_once = NAMES[NAMES.index(name) + 1 :][:1]
    return "\n".join(
        [
            f"V = {version!r}",
            *(f"import {other}" for other in at_once),
            "from . import part",
            "def late(other):",
            "    import importlib",
            "    whole, sub = importlib.import_module(other), importlib.import_module(other + '.part')",
            "    assert sub is whole.part, (sub, whole.part)",
            "    return whole.V, sub.V",
        ]
    )


@pytest.fixture
def worlds(project, wheels):
    """Two versions of 24 pure and 4 compiled packages, one for root and one for `old`; all depend on all."""
    made = []
    for version in SIDES:
        for name in NAMES:
            files = {f"{name}/__init__.py": body(name, version), f"{name}/part.py": f"V = {version!r}"}
            requires = [other for other in NAMES if other != name]
            if name.startswith("nat"):
                # A file of its own for each, or the second would be the first to glibc.
                core = CORE + f"const char *pinfold_test_{name} = {version!r};".replace("'", '"')
                made.append(wheels.extension(name, version, {f"{name}._core": core}, files, requires))
            else:
                made.append(wheels.pure(name, version, files, requires))
    draws = """
        import importlib, sys
        def draw(name, way, other):
            if way == "late":
                return importlib.import_module(name).late(other)
            if way == "c":
                core = importlib.import_module(name + "._core")
                return core.draw(other), core.draw(other + ".part")
            whole = __import__(name, fromlist=["part"])
            return whole.V, whole.part.V
        def loaded():
            return {id(sys.modules[name]) for name in sys.modules if name.startswith(("lib", "nat")) and "@" not in name}
        def forget(names):
            for name in [name for name in sys.modules if name.split(".")[0] in names and "@" not in name]:
                del sys.modules[name]
    """
    draws = textwrap.dedent(draws)
    old = wheels.pure("old", "1", {"old.py": draws}, requires=NAMES)
    first, second = made[: len(NAMES)], made[len(NAMES) :]
    text = manifest(
        [at("old", old), *map(at, NAMES, second)],
        {"old": [*map(at, NAMES, first)]},
    )
    return project(text, {"new.py": draws})


def test_first_and_late_imports_of_32_threads_never_draw_the_wrong_version(worlds):
    """10,240 draws in 32 rounds; before each round both worlds forget what they have loaded."""
    done = worlds.run(
        WATCHDOG
        + textwrap.dedent(
            f"""
            import new, old, random
            names = {NAMES!r}
            native = [name for name in names if name.startswith("nat")]
            draws, wrong = [], []
            def work(seed):
                r = random.Random(seed)
                for _ in range(10):
                    way = r.choice(["late", "c", "from"])
                    side, version = r.choice([(new, "2.0"), (old, "1.0")])
                    name, other = r.choice(native if way == "c" else names), r.choice(names)
                    got = side.draw(name, way, other)
                    draws.append(1)
                    if got != (version, version):
                        wrong.append((way, name, other, version, got))
            for round in range(32):
                new.forget(names)
                old.forget(names)
                together([lambda seed=(round, i): work(str(seed)) for i in range(32)])
            print(len(draws), wrong, len(new.loaded() & old.loaded()))
            """
        )
    )
    assert done.stdout == "10240 [] 0\n", str(done)


def test_crossed_circular_imports_keep_to_their_world_and_end(project, wheels):
    """`aa` and `bb` of each world import each other; stock Python tolerates that from two threads, so must we."""
    code = "def draw(first):\n    m = __import__(first)\n    import aa, bb\n    return aa.V, bb.V"

    def pair(v):
        body = "import time\ntime.sleep(0.0005)\nV = {!r}\nimport {}\n"
        a = wheels.pure("aa", v, {"aa.py": body.format(v, "bb")}, requires=["bb"])
        b = wheels.pure("bb", v, {"bb.py": body.format(v, "aa")}, requires=["aa"])
        return [at("aa", a), at("bb", b)]

    old = wheels.pure("old", "1", {"old.py": code}, requires=["aa", "bb"])
    env = project(manifest([at("old", old), *pair("2.0")], {"old": pair("1.0")}), {"new.py": code})
    done = env.run(
        WATCHDOG
        + textwrap.dedent(
            """
            import new, old
            draws, wrong = [], []
            def draw(side, first, version):
                got = side.draw(first)
                draws.append(1)
                if got != (version, version):
                    wrong.append((version, got))
            def forget():
                for name in ("aa", "bb"):
                    sys.modules.pop(name, None)
            forget_old = type(forget)(forget.__code__, vars(old))
            vars(old)["sys"] = sys
            for round in range(60):
                forget(); forget_old()
                jobs = [(new, "aa", "2.0"), (new, "bb", "2.0"), (old, "aa", "1.0"), (old, "bb", "1.0")] * 2
                together([lambda job=job: draw(*job) for job in jobs])
            print(len(draws), wrong)
            """
        )
    )
    assert done.stdout == "480 []\n", str(done)


def test_what_two_worlds_vendor_under_one_name_may_import_crosswise(project, wheels):
    """Modules in a folder that a package puts on `sys.path` are no unit's by name, and locked per world all the same."""
    code = """
        import os, sys
        sys.path.append(os.path.join(os.path.dirname(__file__), "_vendor"))
        def draw(first):
            __import__(first)
            import va, vb
            return va.V, vb.V
        def forget():
            for name in ("va", "vb"):
                sys.modules.pop(name, None)
    """
    body = "import time\ntime.sleep(0.001)\nV = {!r}\nimport {}\n"
    b = {v: wheels.pure("bundle", v, {"bundle/__init__.py": code, "bundle/_vendor/va.py": body.format(v, "vb"), "bundle/_vendor/vb.py": body.format(v, "va")}) for v in ("1.0", "2.0")}
    old = wheels.pure("old", "1", {"old.py": "from bundle import draw, forget"}, requires=["bundle"])
    new = wheels.pure("new", "1", {"new.py": "from bundle import draw, forget"}, requires=["bundle"])
    env = project(manifest([at("old", old), at("new", new)], {"old": [at("bundle", b["1.0"])], "new": [at("bundle", b["2.0"])]}))
    done = env.run(WATCHDOG
        + textwrap.dedent(
            """
        import new, old
        draws, wrong = [], []
        def draw(side, first, version):
            got = side.draw(first)
            draws.append(1)
            if got != (version, version):
                wrong.append((version, got))
        for round in range(60):
            new.forget(); old.forget()
            jobs = [(new, "va", "2.0"), (new, "vb", "2.0"), (old, "va", "1.0"), (old, "vb", "1.0")] * 2
            together([lambda job=job: draw(*job) for job in jobs])
        print(len(draws), wrong)
    """
        )
    )
    assert done.stdout == "480 []\n", str(done)


@pytest.mark.parametrize("worlds", [1, 2])
def test_a_module_that_waits_for_who_asks_is_given_as_it_is(project, wheels, worlds):
    """One thread is in `va` and waits for `vb`; the other is in `vb` and asks for `va` where importlib locks once more.

    Stock Python raises `_DeadlockError` there. `va` and `vb` are found on `sys.path`, `oa` and `ob` are the unit's own.
    """
    code = """
        import importlib, os, sys, threading
        from importlib import _bootstrap
        sys.path.append(os.path.join(os.path.dirname(__file__), "_vendor"))
        started, loading = {name: threading.Event() for name in ("vb", "ob")}, {}
        def waits(thread):
            locks = _bootstrap._blocking_on.get(thread) or []
            # Who is counted has looked for deadlocks, and sleeps.
            return any(lock.waiters for lock in (locks if isinstance(locks, list) else [locks]))
        def cross(first, second):
            other = threading.Thread(target=__import__, args=(first,))
            other.start()
            whole = importlib.import_module(second)
            other.join()
            partly = importlib.import_module(first)
            return whole.V, whole.seen, whole.other is partly, partly.END
    """
    first = "import bundle, threading\nV = {!r}\nbundle.loading[{!r}] = threading.get_ident()\nbundle.started[{!r}].wait()\nimport {}\nEND = True\n"
    second = "import bundle, importlib, time\nV = {!r}\nbundle.started[__name__].set()\nwhile not bundle.waits(bundle.loading.get({!r})): time.sleep(0.001)\nother = importlib.import_module({!r})\nseen = other.V, hasattr(other, 'END')\n"
    bundles = {}
    for v in SIDES:
        files = {"bundle/__init__.py": code}
        for folder, a, b in (("bundle/_vendor/", "va", "vb"), ("", "oa", "ob")):
            files |= {f"{folder}{a}.py": first.format(v, a, b, b), f"{folder}{b}.py": second.format(v, a, a)}
        bundles[v] = at("bundle", wheels.pure("bundle", v, files))
    old, new = (at(name, wheels.pure(name, "1", {f"{name}.py": "from bundle import cross"}, requires=["bundle"])) for name in ("old", "new"))
    text = manifest([new, bundles["2.0"]]) if worlds == 1 else manifest([old, new], {"old": [bundles["1.0"]], "new": [bundles["2.0"]]})
    done = project(text).run(
        WATCHDOG
        + textwrap.dedent(
            f"""
            import new
            sides, got = {{"2.0": new}}, []
            if {worlds} == 2:
                import old
                sides["1.0"] = old
            def draw(version, side):
                for pair in (("va", "vb"), ("oa", "ob")):
                    got.append((side.cross(*pair), (version, (version, False), True, True)))
            together([lambda side=side: draw(*side) for side in sides.items()])
            print(len(got), [wrong for wrong in got if wrong[0] != wrong[1]])
            """
        )
    )
    assert done.stdout == f"{2 * worlds} []\n", str(done)


def test_a_deadlock_error_of_code_that_an_import_runs_is_raised(project, wheels):
    """It is about another lock than the one of the module that was asked for, which is there."""
    raising = "import sys\nfrom importlib import _bootstrap\nsys.modules.setdefault(__name__, sys)\nraise _bootstrap._DeadlockError(__name__)"
    env = project(manifest([at("raising", wheels.pure("raising", "1", {"raising.py": raising}))]))
    done = env.run(
        f"""
        import importlib, sys
        class Finder:
            def find_spec(self, name, path=None, target=None):
                if name == "found":
                    exec({raising!r}, {{"__name__": "found"}})
        sys.meta_path.append(Finder())
        for name in ("raising", "found"):
            try:
                print("given", importlib.import_module(name))
            except RuntimeError as error:
                print(type(error).__name__, error, name in sys.modules)
        """
    )
    assert done.stdout == "_DeadlockError raising False\n_DeadlockError found True\n", str(done)


def test_the_table_may_be_listed_while_other_threads_imports_fail(project, wheels):
    """Modules come and go under whoever lists them; a listing is of one moment."""
    broken = {v: wheels.pure("broken", v, {f"broken{i}.py": f"V = {v!r}\n1 / 0" for i in range(10)}) for v in SIDES}
    # Who waits for another thread's import of a module gets the module even if its code fails, in stock Python too.
    code = "def fail(i):\n    try:\n        __import__(f'broken{i}')\n    except ZeroDivisionError:\n        pass\n    return 1\n"
    old = wheels.pure("old", "1", {"old.py": code}, requires=["broken"])
    env = project(manifest([at("old", old), at("broken", broken["2.0"])], {"old": [at("broken", broken["1.0"])]}), {"new.py": code})
    done = env.run(
        WATCHDOG
        + textwrap.dedent(
            """
            import new, old
            failed = []
            def fail(side):
                for i in range(150):
                    failed.append(side.fail(i % 10))
            def look():
                for _ in range(40):
                    whole = sys.modules.copy()
                    assert whole["sys"] is sys and whole["old"] is old
                    assert len(list(sys.modules.items())) > 20 and "sys" in set(sys.modules)
                    assert all(sys.modules.get(name, sys) for name in sys.modules)
            together([lambda: fail(new), lambda: fail(old)] * 4 + [look] * 4)
            print(sum(failed), [name for name in sys.modules if "broken" in name])
            """
        )
    )
    assert done.stdout == "1200 []\n", str(done)


def test_a_child_forked_while_others_import_imports_both_versions(worlds):
    """Pushes and searches of threads that are not in the child are not the child's; handlers run as their own."""
    done = worlds.run(
        WATCHDOG
        + textwrap.dedent(
            """
            import os, signal, new, old
            def busy(side, names):
                while not stop:
                    side.forget(names)
                    for name in names:
                        side.draw(name, "late", name)
            stop, handled = [], []
            os.register_at_fork(after_in_child=lambda: handled.append(new.draw("lib20", "from", "")))
            vars(old)["handle"] = lambda: handled.append(old.draw("lib20", "from", ""))
            os.register_at_fork(after_in_child=old.handle)
            # Loaded before: a lock that another thread holds at the fork is held in the child for ever, also in stock Python.
            for side in (new, old):
                [side.draw(name, "from", "") for name in ("lib20", "nat3")]
            mine = ["lib20", "lib21", "lib22", "lib23", "nat0", "nat1", "nat2", "nat3"]
            theirs = [f"lib{i}" for i in range(10)]
            threads = [threading.Thread(target=busy, args=(side, [f"lib{9 - i}", f"lib{8 - i}"])) for i in (0, 2) for side in (new, old)]
            [thread.start() for thread in threads]
            codes = []
            for _ in range(30):
                pid = os.fork()
                if not pid:
                    signal.alarm(60)  # not faulthandler: its watchdog thread is not in the child
                    wanted = [("2.0", "2.0"), ("1.0", "1.0")]
                    got = [side.draw("nat3", "c", "lib23") for side in (new, old)]
                    os._exit(0 if handled == got == wanted else 3)
                codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            stop.append(1)
            [thread.join() for thread in threads]
            print(codes.count(0), set(codes))
            """
        )
    )
    assert done.stdout == "30 {0}\n", str(done)


def test_signals_finalizers_and_exit_handlers_import_as_whoever_wrote_them(project, wheels):
    """They run in the middle of somebody else's import: of its search, its file's reading, its module's code."""
    code = """
        import atexit, gc, signal, weakref
        def late():
            import leaf
            return leaf.V
        class Cycle:
            def __init__(self, seen):
                self.me, self.seen = self, seen
            def __del__(self):
                import leaf
                self.seen.append(leaf.V)
        def callback(seen):
            cycle = Cycle([])
            return weakref.ref(cycle, lambda _: seen.append(late()))
        def on_signal(seen):
            signal.signal(signal.SIGALRM, lambda *_: seen.append(late()))
        def at_exit():
            atexit.register(lambda: print("exit", late()))
    """
    text = {v: {"leaf/__init__.py": f"V = {v!r}", **{f"leaf/s{i}.py": f"V = {v!r}" for i in range(200)}} for v in SIDES}
    made = {v: wheels.pure("leaf", v, text[v]) for v in SIDES}
    old = wheels.pure("old", "1", {"old.py": textwrap.dedent(code) + "\ndef many(n):\n    import importlib\n    return {importlib.import_module(f'leaf.s{i}').V for i in range(*n)}"}, requires=["leaf"])
    env = project(
        manifest([at("old", old), at("leaf", made["2.0"])], {"old": [at("leaf", made["1.0"])]}),
        {"new.py": textwrap.dedent(code) + "\ndef many(n):\n    import importlib\n    return {importlib.import_module(f'leaf.s{i}').V for i in range(*n)}"},
    )
    done = env.run(
        """
        import faulthandler, gc, signal, sys, new, old
        faulthandler.dump_traceback_later(240, exit=True)
        deaths, refs, alarms = {}, {}, {}
        for writer, importer in ((new, old), (old, new)):
            name = writer.__name__
            deaths[name], refs[name], alarms[name] = [], [], []
            gc.collect(); gc.set_threshold(40, 2, 2)
            writer.on_signal(alarms[name])
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0005)
            half = (0, 100) if writer is new else (100, 200)
            kept = []
            for i in range(*half, 2):
                [writer.Cycle(deaths[name]) for _ in range(3)]
                kept.append(writer.callback(refs[name]))
                print(end="".join(importer.many((i, i + 2)) - {"2.0" if importer is new else "1.0"}))
            # A hundred modules may be faster than the clock.
            while not alarms[name]:
                importer.many(half)
            signal.setitimer(signal.ITIMER_REAL, 0)
            gc.set_threshold(700); gc.collect()
        # Inside a search: the finder's own code is interrupted by a finalizer that asks for the same name.
        class Interrupted:
            def find_spec(self, name, path, target=None):
                if name == "leaf":
                    old.Cycle(deaths["old"]), new.Cycle(deaths["new"])
                    gc.collect()
        sys.meta_path.insert(0, Interrupted())
        for side in (new, old):
            drop = "def drop(sys):\\n for name in [n for n in sys.modules if n.partition('.')[0] == 'leaf']: del sys.modules[name]"
            exec(drop, vars(side)); side.drop(sys)
        old.at_exit(); new.at_exit()
        print(old.late(), new.late(), *(sorted(set(seen)) for table in (deaths, refs, alarms) for seen in (table["new"], table["old"])))
        """
    )
    assert done.stdout == "1.0 2.0 ['2.0'] ['1.0'] ['2.0'] ['1.0'] ['2.0'] ['1.0']\nexit 2.0\nexit 1.0\n", str(done)


@pytest.mark.one_python("3.12", "3.11")
def test_real_extensions_imported_for_the_first_time_by_32_threads(project, wheels):
    """numpy and lxml in two versions each: all threads begin at the same moment, in each world half of them.

    One numpy is there before, in turn: numpy sets an environment variable while it is imported and removes it, of which
    a process has one, so that two first imports of it at the same moment can fail (docs/limits.md).
    """
    code = """
        import importlib
        def draw(order):
            for name in order:
                importlib.import_module(name)
            import numpy
            from lxml import etree
            tree = etree.fromstring("<a><b/></a>")
            assert numpy.linalg.inv(numpy.eye(2) * 2).sum() == 1 and numpy.fft.fft([1, 1])[0] == 2
            assert etree.tostring(tree) == b"<a><b/></a>" and type(tree) is etree._Element
            return numpy.__version__, etree.__version__, numpy.random.default_rng(0).integers(5, size=3).tolist() != []
    """
    code = textwrap.dedent(code)
    old = wheels.pure("old", "1", {"old.py": code}, requires=["numpy", "lxml"])
    env = project(
        manifest([at("old", old), "numpy==2.3.5", "lxml==6.0.2"], {"old": ["numpy==1.26.4", "lxml==4.9.4"]}), {"new.py": code}
    )
    for seed in range(3):
        done = env.run(
            WATCHDOG
            + textwrap.dedent(
                f"""
                import random, new, old
                # Not numpy.linalg and others in any order: stock Python fails at numpy's own cycles then.
                names = ["numpy", "lxml.etree", "lxml.objectify"]
                seen = {{new: set(), old: set()}}
                def job(side, r):
                    seen[side].add(side.draw(r.sample(names, len(names))))
                (new, old)[{seed} % 2].draw(["numpy"])
                together([lambda i=i: job((new, old)[i % 2], random.Random(i + {seed})) for i in range(32)])
                print(sorted(seen[new]), sorted(seen[old]))
                """
            )
        )
        assert done.stdout == "[('2.3.5', '6.0.2', True)] [('1.26.4', '4.9.4', True)]\n", str(done)
