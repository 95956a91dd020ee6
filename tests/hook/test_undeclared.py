"""Names that nobody declares: optional dependencies, names from a configuration, names of the caller's own."""

import pytest
from test_rules import at, leaf, manifest, two_worlds

__all__ = ["leaf"]

HOST = """
    import importlib
    def import_string(dotted):
        module, _, name = dotted.partition(":")
        return getattr(importlib.import_module(module), name)
    def plugin():
        try:
            import extra
        except ImportError as error:
            return type(error).__name__, str(error)
        return extra.V
"""


def hosted(wheels, leaf):
    """A shared `host` without dependencies, which imports what it is told and an optional `extra`."""
    host = wheels.pure("host", "1", {"host.py": HOST})
    extra = {v: wheels.pure("extra", v, {"extra.py": f"import leaf\nV = {v!r}\nassert leaf.V == V"}, requires=["leaf"]) for v in ("1.0", "2.0")}
    code = "import host\ndef ask(): return host.import_string('leaf:V'), host.import_string('old.inner:V'), host.plugin()"
    old = wheels.pure("old", "1", {"old/__init__.py": code, "old/inner.py": "V = 'inner'"}, requires=["host", "leaf"])
    return host, extra, old


def test_names_from_a_configuration_are_the_callers(project, wheels, leaf):
    host, extra, old = hosted(wheels, leaf)
    text = manifest(
        [at("old", old), at("host", host), at("leaf", leaf["2.0"]), at("extra", extra["2.0"])],
        {"old": [at("host", host), at("leaf", leaf["1.0"]), at("extra", extra["1.0"])]},
    )
    env = project(text, {"mine.py": "V = 'mine'"})
    ask = "(host.import_string('leaf:V'), host.import_string('mine:V'), host.plugin())"
    for code in (f"import host; first = {ask}; import old; print(first, old.ask(), {ask})", f"import old, host; again = old.ask(); print({ask}, old.ask(), {ask})"):
        assert env.run(code).stdout == "('2.0', 'mine', '2.0') ('1.0', 'inner', '1.0') ('2.0', 'mine', '2.0')\n"


def test_what_only_root_has_is_found_where_that_mixes_no_versions(project, wheels, leaf):
    """`extra` of root's sees leaf 2: not for host on behalf of `old`, which sees leaf 1."""
    host, extra, old = hosted(wheels, leaf)
    plain = wheels.pure("plain", "1", {"plain.py": "V = 'plain'"})
    pandas = wheels.pure("pandas", "1", {"pandas.py": HOST + "\n    import leaf\n    def read(): return import_string('plain:V'), plugin()"}, requires=["leaf"])
    text = manifest(
        [at("pandas", pandas), at("leaf", leaf["2.0"]), at("extra", extra["2.0"]), at("plain", plain)],
        {"pandas": [at("leaf", leaf["1.0"])]},
    )
    done = project(text).run("import extra, pandas; found, missing = pandas.read(); print(found, *missing, sep='\\n')")
    found, kind, message = done.stdout.splitlines()
    assert (found, kind) == ("plain", "ModuleNotFoundError")
    assert message.startswith("No module named 'extra' for importer pandas 1 (in closure ")
    assert "its own modules, its dependencies (leaf), its closures" in message
    assert message.endswith("extra 2.0 is there, but it sees leaf 2.0 where this importer sees leaf 1.0, and two versions must not mix")


def test_deny_holds_for_every_way_to_import_and_for_every_finder(project, wheels, leaf, tmp_path):
    """Also for what other finders of root's would find, and for code that the package runs by `exec`."""
    code = """
        import leaf, importlib, json
        def ways():
            def by_exec():
                exec("import plain", {})
            def by_compiled_exec():
                exec(compile("import plain", __file__, "exec"), {"__name__": "elsewhere"})
            def statement():
                import plain
            def sub():
                import plain.part
            def other():
                import made
            def path():
                import onpath
            return {
                "statement": statement, "sub": sub, "exec": by_exec, "compiled": by_compiled_exec, "finder": other, "PYTHONPATH": path,
                "import_module": lambda: importlib.import_module("plain"), "dunder": lambda: __import__("plain"),
            }
    """
    plain = wheels.pure("plain", "1", {"plain/__init__.py": "", "plain/part.py": ""})
    env = project(two_worlds(wheels, leaf, code, 'undeclared = "deny"', root_extra=[at("plain", plain)]))
    (tmp_path / "onpath.py").write_text("")
    done = env.run(
        """
        import importlib.abc, importlib.machinery, sys
        class Maker(importlib.abc.Loader):
            def find_spec(self, name, path=None, target=None):
                return importlib.machinery.ModuleSpec(name, self) if name == "made" else None
            def create_module(self, spec): return None
            def exec_module(self, module): pass
        sys.meta_path.append(Maker())
        import made, plain.part, onpath, old
        for name, way in old.ways().items():
            try:
                way()
            except ModuleNotFoundError as error:
                print(name, 'undeclared = "deny"' in str(error))
            else:
                print(name, "found")
        """,
        env={"PYTHONPATH": tmp_path},
    )
    ways = ["statement", "sub", "exec", "compiled", "finder", "PYTHONPATH", "import_module", "dunder"]
    assert done.stdout.splitlines() == [f"{way} True" for way in ways]


def test_code_made_at_run_time_imports_as_the_package_that_made_it(project, wheels, leaf):
    """Called by root, long after: functions with globals of their own, templates, generated classes."""
    code = """
        import leaf, types
        source = "def f():\\n    import leaf\\n    return leaf.V"
        def made():
            named, filed = {"__name__": __name__}, {}
            exec(source, named)
            exec(compile(source, __file__, "exec"), filed)
            def f():
                import leaf
                return leaf.V
            copied = types.FunctionType(f.__code__, {"__builtins__": __builtins__})
            class Lazy:
                @property
                def leaf(self):
                    return eval("__import__('leaf').V", dict(globals()))
            return [named["f"], filed["f"], copied, lambda: Lazy().leaf]
    """
    env = project(two_worlds(wheels, leaf, code), {"mine.py": code})
    assert env.run("import old, mine; print(*(f() for side in (old, mine) for f in side.made()))").stdout == "1.0 1.0 1.0 1.0 2.0 2.0 2.0 2.0\n"


def test_templates_run_as_the_jinja2_that_renders_them(project, wheels):
    """A template is code with a `__file__` and no `__name__`, that imports `jinja2.runtime` for whoever runs it."""
    code = """
        import jinja2, os
        inside = jinja2.Environment(loader=jinja2.FileSystemLoader(os.path.join(os.path.dirname(__file__), "templates")))
        def runtime(template):
            assert template.render(items=[1, 2]) == "1, 2", template.render(items=[1, 2])
            return template.root_render_func.__globals__["Undefined"] is jinja2.runtime.Undefined
        def see(folder):
            outside = jinja2.Environment(loader=jinja2.FileSystemLoader(folder))
            templates = [jinja2.Template(TEXT), outside.get_template("t.html"), outside.get_template("t.py"), inside.get_template("t.html")]
            return [runtime(t) for t in templates], [jinja2.__file__ for _ in "1"]
    """
    text = "{% for i in items %}{{ i }}{{ ', ' if not loop.last }}{% endfor %}"
    files = {"old/__init__.py": code.replace("TEXT", repr(text)), "old/templates/t.html": text}
    old = wheels.pure("old", "1", files, requires=["jinja2"])
    env = project(manifest([at("old", old), "jinja2==3.1.6"], {"old": ["jinja2==3.0.3"]}), {"mine/__init__.py": files["old/__init__.py"], "mine/templates/t.html": text, "t/t.html": text, "t/t.py": text})
    done = env.run("import old, mine; a, b = old.see('t'), mine.see('t'); print(a[0], b[0], a[1] == b[1], a[0] == old.see('t')[0])")
    assert done.stdout == "[True, True, True, True] [True, True, True, True] False True\n"


def test_a_lazily_loaded_module_is_that_of_who_asked_for_it(project, wheels, leaf):
    """`importlib.util.LazyLoader`: found when it is asked for, loaded when somebody touches it."""
    code = """
        import importlib.util, sys
        def lazy(name):
            spec = importlib.util.find_spec(name)
            spec.loader = importlib.util.LazyLoader(spec.loader)
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
            return module
        leaf = lazy("leaf")
        def state(module): return type(module).__name__
    """
    env = project(two_worlds(wheels, leaf, code), {"mine.py": code})
    done = env.run("import old, mine; print(old.state(old.leaf), mine.state(mine.leaf)); import sys; print(old.leaf.V, mine.leaf.V, sys.modules['leaf'] is mine.leaf, old.state(old.leaf))")
    assert done.stdout == "_LazyModule _LazyModule\n1.0 2.0 True module\n"


def test_the_message_says_what_was_searched_also_for_a_dependency_of_a_pin(project, wheels, leaf):
    dep = wheels.pure("dep", "1", {"dep.py": "def late():\n    import nowhere"})
    old = wheels.pure("old", "1", {"old.py": "import dep, leaf"}, requires=["dep", "leaf"])
    env = project(manifest([at("old", old), at("leaf", leaf["2.0"])], {"old": [at("dep", dep), at("leaf", leaf["1.0"])]}))
    last = env.run("import old; old.dep.late()", check=False).stderr.strip().splitlines()[-1]
    assert last == (
        "ModuleNotFoundError: No module named 'nowhere' for importer dep 1 (in closure old); searched: its own modules, "
        "no dependencies, its closures, the units that called it, root, and sys.meta_path"
    )


def test_six_moves_of_a_shared_six(project, wheels):
    """six makes its modules by hand and finds them with a finder of its own, one unit for both worlds."""
    code = "def see():\n    from six.moves import urllib, reduce\n    import six.moves.urllib.parse as parse\n    import six\n    return six, parse.quote('/ '), reduce"
    old = wheels.pure("old", "1", {"old.py": code}, requires=["six"])
    new = wheels.pure("new", "1", {"new.py": code}, requires=["six"])
    env = project(manifest([at("old", old), at("new", new), "six==1.17.0"], {"old": ["six==1.17.0"], "new": ["six==1.16.0"]}))
    for order in ("old, new", "new, old"):
        done = env.run(f"import {order}\nimport six.moves.urllib.parse, six\nprint(old.see()[0] is six, new.see()[0] is six, [s.see()[0].__version__ for s in (old, new)], old.see()[1], new.see()[1])")
        assert done.stdout == "True False ['1.17.0', '1.16.0'] /%20 /%20\n"


@pytest.mark.one_python("3.12")
def test_tqdm_pandas_patches_the_callers_pandas(project, wheels):
    """tqdm declares no pandas; one tqdm is shared by both worlds, and each calls it on its own."""
    code = "import pandas, tqdm\ndef go():\n    tqdm.tqdm.pandas(disable=True)\n    return pandas.DataFrame({'a': [1, 2]}).progress_apply(lambda c: c * 2)['a'].tolist()"
    old = wheels.pure("old", "1", {"old.py": code}, requires=["pandas", "tqdm"])
    env = project(
        manifest([at("old", old), "pandas==2.3.3", "tqdm", "numpy==2.3.5"], {"old": ["pandas==2.1.4", "numpy==1.26.4", "tqdm"]})
    )
    done = env.run(
        """
        import old, pandas, tqdm
        has = lambda: (hasattr(old.pandas.DataFrame, "progress_apply"), hasattr(pandas.DataFrame, "progress_apply"))
        print(tqdm is old.tqdm, has(), old.go(), has())
        tqdm.tqdm.pandas(disable=True)
        print(has(), pandas.DataFrame({"a": [3]}).progress_apply(lambda c: c)["a"].tolist())
        """
    )
    assert done.stdout == "True (False, False) [2, 4] (True, False)\n(True, True) [3]\n"


@pytest.mark.one_python("3.12")
def test_numpy_documents_its_callers_module(project, wheels):
    """`numpy.add_newdoc(place, ...)` imports `place`, which nobody declares to it, whoever calls the package."""
    code = "import numpy\nclass C:\n    @property\n    def x(self): return 1\nclass D:\n    pass\ndef document(): numpy.add_newdoc(__name__.partition('.')[0], 'C', ('x', 'what x is')); return C.x.__doc__"
    old = wheels.pure("old", "1", {"old/__init__.py": code}, requires=["numpy"])
    env = project(manifest([at("old", old), "numpy==2.3.5"], {"old": ["numpy==1.26.4"]}))
    done = env.run("import old; print(old.numpy.__version__); old.numpy.add_newdoc('old', 'D', 'what D is'); print(old.D.__doc__, old.document())")
    assert done.stdout.startswith("1.26.4\n"), str(done)
    assert "what x is" in done.stdout
