"""Programs that reach into the import system themselves: who asks must still be who asks."""

import pytest
from test_rules import at, leaf, manifest, two_worlds

__all__ = ["leaf"]


def test_a_replaced_dunder_import_does_not_hide_who_asks(project, wheels, leaf):
    """Debuggers, lazy importers and tests replace `builtins.__import__`; their frame is not the importer."""
    code = """
        import leaf
        def late():
            import leaf
            from leaf import V
            return leaf.V, V
        def first():
            import fresh
            return fresh.V
        def by_name():
            import importlib
            return importlib.import_module("leaf").V
    """
    fresh = {v: wheels.pure("fresh", v, {"fresh.py": f"import leaf\nV = {v!r}, leaf.V"}, requires=["leaf"]) for v in ("1.0", "2.0")}
    old = wheels.pure("old", "1", {"old.py": code}, requires=["leaf", "fresh"])
    text = manifest(
        [at("old", old), at("leaf", leaf["2.0"]), at("fresh", fresh["2.0"])],
        {"old": [at("leaf", leaf["1.0"]), at("fresh", fresh["1.0"])]},
    )
    done = project(text).run(
        """
        import builtins
        real = builtins.__import__
        def spy(*args, **kwargs):
            return real(*args, **kwargs)
        builtins.__import__ = spy
        import old, leaf, fresh
        def callback():
            import leaf
            return leaf.V
        print(old.late(), old.first(), old.by_name(), leaf.V, fresh.V, [*map(lambda f: f(), [callback])])
        builtins.__import__ = real
        from unittest import mock
        with mock.patch("builtins.__import__", side_effect=real):
            print(old.late(), callback())
        """
    )
    assert done.stdout == "('1.0', '1.0') ('1.0', '1.0') 1.0 2.0 ('2.0', '2.0') ['2.0']\n('1.0', '1.0') 2.0\n"


def test_files_run_without_passing_through_sys_modules_belong_where_they_stand(project, wheels, leaf, tmp_path):
    code = """
        import importlib.util, os
        def call(f): return f()
        def own():
            path = os.path.join(os.path.dirname(__file__), "plugin.py")
            spec = importlib.util.spec_from_file_location("plugin", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    """
    plugin = "def see():\n    import leaf\n    return leaf.V"
    text = two_worlds(wheels, leaf, code, more={"old/plugin.py": plugin, "old/cli.py": "import leaf\nprint('cli', leaf.V)"}.items())
    (tmp_path / "plug.py").write_text(plugin)
    env = project(text)
    done = env.run(
        """
        import importlib.util, old, runpy, sys
        spec = importlib.util.spec_from_file_location("plug", sys.argv[1])
        mine = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(mine)
        print(old.call(mine.see), old.own().see(), mine.see())
        runpy.run_module("old.cli")
        runpy.run_path(old.__file__.replace("__init__", "cli"))
        """,
        tmp_path / "plug.py",
    )
    assert done.stdout == "2.0 1.0 2.0\ncli 1.0\ncli 1.0\n"
    assert env.run_python("-m", "old.cli").stdout == "cli 1.0\n"


def test_site_packages_under_another_spelling_is_still_roots_view(project, wheels, leaf):
    env = project(two_worlds(wheels, leaf, "import leaf"))
    code = "import sys, sysconfig; sys.path.insert(0, sysconfig.get_path('purelib')); import old, leaf; print(old.leaf.V, leaf.V)"
    assert env.run(code).stdout == "1.0 2.0\n"
    spelt = env.venv / "lib" / f"python{env.interpreter.minor}" / "site-packages"
    assert env.run("import old, leaf; print(old.leaf.V, leaf.V)", env={"PYTHONPATH": spelt}).stdout == "1.0 2.0\n"


def test_the_path_finder_by_its_name_answers_the_importer(project, wheels, leaf):
    code = """
        import importlib.machinery as m
        def ask(n): return m.PathFinder.find_spec(n)
    """
    old = wheels.pure("old", "1", {"old.py": code})
    env = project(manifest([at("old", old), at("leaf", leaf["2.0"])], {"old": [at("leaf", leaf["1.0"])]}))
    done = env.run("import old, leaf, importlib.machinery as m; print(old.ask('leaf').origin != leaf.__file__, old.ask('json').name, m.PathFinder.find_spec('leaf').name, old.ask('nowhere'))")
    assert done.stdout == "True json leaf None\n"


def test_finders_with_three_required_arguments_are_asked_as_stock_python_does(project, wheels, leaf):
    env = project(two_worlds(wheels, leaf, "def ask():\n    import made_up\n    return made_up"))
    done = env.run(
        """
        import importlib.machinery as m, sys, old
        class Finder:
            def find_spec(self, name, path, target):
                return m.ModuleSpec(name, self) if name == "made_up" else None
            def create_module(self, spec): pass
            def exec_module(self, module): module.V = 1
        sys.meta_path.append(Finder())
        print(old.ask().V)
        try:
            import nowhere
        except ModuleNotFoundError as error:
            print(error.name)
        """
    )
    assert done.stdout == "1\nnowhere\n"


def test_names_keep_their_unit_in_relative_imports_asked_by_anybody(project, wheels):
    pkg = {v: wheels.pure("pkg", v, {"pkg/__init__.py": "", "pkg/sub.py": f"V = {v!r}"}) for v in ("1.0", "2.0")}
    old = wheels.pure("old", "1", {"old.py": "import pkg"}, requires=["pkg"])
    env = project(manifest([at("old", old), at("pkg", pkg["2.0"])], {"old": [at("pkg", pkg["1.0"])]}))
    done = env.run(
        """
        import copy, importlib, old, pkgutil
        print(importlib.import_module(".sub", old.pkg.__package__).V, importlib.import_module(old.pkg.__name__ + ".sub").V)
        print([importlib.import_module(m.name).V for m in pkgutil.walk_packages(old.pkg.__path__, old.pkg.__name__ + ".")])
        name = old.pkg.__name__
        print(copy.copy(name) is name, copy.deepcopy([name])[0] is name, name[1:], name[::-1], type(name)("x"), importlib.import_module(type(name)("pkg.sub")).V)
        """
    )
    assert done.stdout.splitlines()[:2] == ["1.0 1.0", "['1.0']"]
    assert done.stdout.splitlines()[2] == "True True kg gkp x 2.0"


def test_a_tool_in_a_pin_runs_roots_code_which_may_import_the_tool(project, wheels, leaf):
    """What a pinned pytest does with root's tests."""
    tool = wheels.pure("tool", "1", {"tool.py": "import helper\ndef run(path):\n    exec(compile(open(path).read(), path, 'exec'), {'__name__': 'test', '__file__': path})"}, requires=["helper"])
    helper = wheels.pure("helper", "1", {"helper.py": "V = 'helper'"})
    text = manifest([at("tool", tool), at("leaf", leaf["2.0"])], {"tool": [at("helper", helper), at("leaf", leaf["1.0"])]})
    env = project(text, {"case.py": "import helper, leaf, tool\nprint(helper.V, leaf.V)"})
    assert env.run("import tool; tool.run('case.py')").stdout == "helper 2.0\n"
    assert "No module named 'helper' for importer root" in env.run("import tool, helper", check=False).stderr


def test_finders_that_look_the_name_up_themselves_do_not_become_the_importer(project, wheels, leaf):
    """What wrapt's and pytest's import hooks do: first of `sys.meta_path`, they ask the others from their own frame."""
    pkg = {v: wheels.pure("pkg", v, {"pkg/__init__.py": f"V = {v!r}", "pkg/sub.py": f"V = {v!r}"}) for v in ("1.0", "2.0")}
    code = "def late():\n    import leaf, pkg.sub\n    return leaf.V, pkg.V, pkg.sub.V"
    old = wheels.pure("old", "1", {"old.py": code}, requires=["leaf", "pkg"])
    text = manifest(
        [at("old", old), at("leaf", leaf["2.0"]), at("pkg", pkg["2.0"])],
        {"old": [at("leaf", leaf["1.0"]), at("pkg", pkg["1.0"])]},
    )
    env = project(text)
    for way in ("importlib.util.find_spec(name)", "importlib.machinery.PathFinder.find_spec(name, path)"):
        done = env.run(
            f"""
            import importlib.machinery, importlib.util, sys
            class Hook:
                busy = set()
                def find_spec(self, name, path, target=None):
                    if name in self.busy or name.partition(".")[0] not in ("leaf", "pkg"):
                        return None
                    self.busy.add(name)
                    try:
                        return {way}
                    finally:
                        self.busy.discard(name)
            sys.meta_path.insert(0, Hook())
            import old
            print(old.late())
            import leaf, pkg.sub
            print(leaf.V, pkg.V, pkg.sub.V)
            """
        )
        assert done.stdout == "('1.0', '1.0', '1.0')\n2.0 2.0 2.0\n"


def test_sys_path_may_be_a_tuple_and_globals_may_be_copied_and_pickled(project, wheels, leaf):
    env = project(two_worlds(wheels, leaf, "import leaf"))
    done = env.run(
        """
        import sys
        sys.path = tuple(sys.path)
        import old, leaf, copy, pickle
        mark = globals()["__pinfold__"]
        print(old.leaf.V, leaf.V, copy.deepcopy({"m": mark})["m"] is mark, pickle.loads(pickle.dumps(mark)) == "")
        """
    )
    assert done.stdout == "1.0 2.0 True True\n"


def test_an_import_that_is_handed_over_to_a_thread_is_of_who_handed_it_over(project, wheels, leaf):
    """`importlib.import_module` has no frame of any package's above it in a worker; nor has a partial of it."""
    code = """
        import functools, importlib, leaf, threading
        from concurrent.futures import ThreadPoolExecutor
        def submit(pool):
            yes = [pool.submit(importlib.import_module, "leaf"), pool.submit(__import__, "leaf"), pool.submit(functools.partial(importlib.import_module, "leaf"))]
            return [future.result().V for future in yes] + [m.V for m in pool.map(importlib.import_module, ["leaf"])]
        def own_pool():
            with ThreadPoolExecutor(1) as pool:
                return submit(pool)
        def thread(found):
            t = threading.Thread(target=found, args=("leaf",))
            t.start()
            t.join()
    """
    text = two_worlds(wheels, leaf, code)
    done = project(text, {"mine.py": "\n".join(line[8:] for line in code.splitlines())}).run(
        """
        import importlib, mine, old, asyncio
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        for who in (old, mine, old, mine):
            print(who.submit(pool), who.own_pool())
        found = []
        import_and_keep = type("F", (), {"__call__": staticmethod(lambda name: found.append(importlib.import_module(name).V))})()
        old.thread(import_and_keep), mine.thread(import_and_keep)
        print(found, pool.submit(lambda: importlib.import_module("leaf").V).result())
        async def main():
            return (await asyncio.to_thread(importlib.import_module, "leaf")).V
        print(asyncio.run(main()))
        """
    )
    one, two = [["1.0"] * 4] * 2, [["2.0"] * 4] * 2
    assert done.stdout.splitlines() == [*(f"{a} {b}" for a, b in (one, two, one, two)), "['2.0', '2.0'] 2.0", "2.0"]


def test_naming_the_classes_of_one_version_does_not_wake_lazy_attributes_of_the_other(project, wheels):
    """numpy 2 imports `numpy.char` when it is asked for; classes of numpy 1 say that they are `numpy.char`'s."""
    lazy = """
        def __getattr__(name):
            import importlib
            if name == "late":
                return importlib.import_module("leaf.late").Thing
            raise AttributeError(name)
    """
    made = "class Thing: pass\nThing.__module__ = 'leaf'\nThing.__qualname__ = 'late'"
    old_leaf = wheels.pure("leaf", "1.0", {"leaf/__init__.py": "from leaf.late import Thing as late", "leaf/late.py": made})
    new_leaf = wheels.pure("leaf", "2.0", {"leaf/__init__.py": lazy, "leaf/late.py": made})
    old = wheels.pure("old", "1", {"old.py": "import leaf"}, requires=["leaf"])
    env = project(manifest([at("old", old), at("leaf", new_leaf)], {"old": [at("leaf", old_leaf)]}))
    done = env.run("import sys, leaf, old; print('leaf.late' in sys.modules, old.leaf.late is not leaf.late, 'leaf.late' in sys.modules)")
    assert done.stdout == "False True True\n"


@pytest.mark.parametrize("pins", ["with pins", "without"])
def test_modules_whose_names_are_not_utf8(project, wheels, leaf, pins, tmp_path):
    """As CPython's own test_import has them: a file name that is not UTF-8 comes as lone surrogates."""
    (tmp_path / "odd\udcff.py").write_text("import leaf\nV = leaf.V")
    env = project(two_worlds(wheels, leaf, "import leaf") if pins == "with pins" else manifest([at("leaf", leaf["2.0"])]))
    code = """
        import importlib, importlib.util, sys
        name = "odd" + chr(0xdcff)
        for odd in (__import__(name), importlib.reload(sys.modules[name])):
            assert odd.V == "2.0" and importlib.util.find_spec(name).name == name
        for missing in (name + "x", name + ".sub"):
            try:
                importlib.import_module(missing)
            except ModuleNotFoundError as error:
                assert error.name == missing
            else:
                raise AssertionError(missing)
    """
    env.run(code, env={"PYTHONPATH": tmp_path})
