"""The rule of resolution, one small project of local wheels for each sentence of it."""

import pytest

WHO = "import leaf; print(leaf.V, leaf.__file__.rpartition('/')[2])"


@pytest.fixture
def leaf(wheels):
    """Three versions of one module."""
    return {v: wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}"}) for v in ("1.0", "2.0", "3.0")}


def manifest(requires, pins=None):
    """A manifest whose requirements are wheels by path; `pins` maps names to lists of requirements or to text."""
    lines = [f"requires = {[str(r) for r in requires]!r}".replace("'", '"')]
    for name, pin in (pins or {}).items():
        rest = "" if isinstance(pin, list) else pin[1]
        needed = pin if isinstance(pin, list) else pin[0]
        lines += [f"[pins.{name}]", f"requires = {[str(r) for r in needed]!r}".replace("'", '"'), rest]
    return "\n".join(lines)


def at(name, wheel):
    return f"{name} @ file://{wheel}"


def two_worlds(wheels, leaf, code, pin_extra="", root_extra=(), more=()):
    """Root on leaf 2.0, package `old` pinned to leaf 1.0; `code` is old's `__init__`."""
    old = wheels.pure("old", "1", {"old/__init__.py": code, **dict(more)}, requires=["leaf"])
    return manifest(
        [at("old", old), at("leaf", leaf["2.0"]), *root_extra],
        {"old": ([at("leaf", leaf["1.0"])], pin_extra)},
    )


def test_each_importer_gets_its_own_version_at_every_kind_of_import(project, wheels, leaf):
    code = """
        import leaf
        from leaf import V
        def late():
            import leaf as again
            return again
        def by_name():
            import importlib
            return importlib.import_module("leaf")
        def by_dunder():
            return __import__("leaf")
        def by_exec():
            scope = {}
            exec("import leaf", scope)
            return scope["leaf"]
        def by_exec_here():
            exec("import leaf as it", globals())
            return it
        def by_spec():
            import importlib.util
            return importlib.util.find_spec("leaf").origin == leaf.__file__
    """
    env = project(two_worlds(wheels, leaf, code))
    done = env.run(
        """
        import leaf, old, sys
        ways = [old.late(), old.by_name(), old.by_dunder(), old.by_exec(), old.by_exec_here()]
        assert all(way is old.leaf for way in ways), ways
        assert old.V == "1.0" and leaf.V == "2.0" and old.by_spec()
        assert sys.modules["leaf"] is leaf and old.leaf is not leaf
        def callback():
            import leaf
            return leaf.V
        old.call = lambda f: f()
        print(old.call(callback), [*map(lambda f: f(), [callback])][0])
        """
    )
    assert done.stdout == "2.0 2.0\n"


def test_a_callback_of_roots_is_root_also_under_a_pins_frames(project, wheels, leaf):
    env = project(two_worlds(wheels, leaf, "def call(f): return f()"))
    assert env.run("import old, leaf\ndef f():\n import leaf\n return leaf.V\nprint(old.call(f))").stdout == "2.0\n"


def test_relative_imports_and_submodules_stay_in_the_unit(project, wheels):
    pkg = {
        v: wheels.pure("pkg", v, {"pkg/__init__.py": f"V = {v!r}", "pkg/sub.py": "from . import V"})
        for v in ("1.0", "2.0")
    }
    old = wheels.pure("old", "1", {"old.py": "import pkg.sub\nfrom pkg import sub"}, requires=["pkg"])
    env = project(manifest([at("old", old), at("pkg", pkg["2.0"])], {"old": [at("pkg", pkg["1.0"])]}))
    done = env.run(
        """
        import old, pkg.sub, sys, importlib
        print(old.pkg.sub.V, pkg.sub.V, old.pkg.sub is old.sub)
        print(old.pkg.sub.__name__, old.pkg.sub.__package__, old.pkg.__spec__.parent, sys.modules[old.sub.__name__] is old.sub)
        assert importlib.reload(old.sub) is old.sub and old.sub.V == "1.0"
        assert importlib.reload(pkg.sub) is pkg.sub and pkg.sub.V == "2.0"
        """
    )
    assert done.stdout == "1.0 2.0 True\npkg.sub pkg pkg True\n"


def test_the_standard_library_is_never_shadowed_inside_a_pin(project, wheels, leaf):
    """Root's local `random.py` and `leaf.py` are root's, as in any environment."""
    code = "import random, statistics\nimport leaf\ndef r(): return random.randint(1, 1), leaf.V"
    env = project(two_worlds(wheels, leaf, code))
    here = {"random.py": "HERE = 1", "leaf.py": "V = 'local'"}
    for name, text in here.items():
        (env.folder / "app").mkdir(exist_ok=True)
        (env.folder / "app" / name).write_text(text)
    (env.folder / "app" / "first_root.py").write_text("import random, leaf, old\nprint(random.HERE, leaf.V, old.r())")
    (env.folder / "app" / "first_pin.py").write_text("import old, random, leaf\nprint(random.HERE, leaf.V, old.r())")
    for script in ("first_root.py", "first_pin.py"):
        assert env.run_python(f"app/{script}").stdout == "1 local (1, '1.0')\n"


def test_local_modules_and_pythonpath_come_before_units_for_root_only(project, wheels, leaf, tmp_path):
    env = project(two_worlds(wheels, leaf, "import leaf"))
    (tmp_path / "leaf.py").write_text("V = 'path'")
    done = env.run("import leaf, old; print(leaf.V, old.leaf.V)", env={"PYTHONPATH": tmp_path})
    assert done.stdout == "path 1.0\n"
    assert env.run("import leaf; print(leaf.V)", env={"PYTHONPATH": tmp_path}, flags=["-E"]).stdout == "2.0\n"


def test_a_local_package_of_a_units_name_keeps_its_own_submodules(project, wheels, tmp_path):
    pkg = wheels.pure("pkg", "1", {"pkg/__init__.py": "", "pkg/sub.py": "V = 'unit'"})
    other = wheels.pure("other", "1", {"other.py": ""})
    env = project(manifest([at("pkg", pkg), at("other", other)], {"other": [at("pkg", pkg)]}))
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    done = env.run("import pkg.sub", env={"PYTHONPATH": tmp_path}, check=False)
    assert "No module named 'pkg.sub'" in done.stderr


def test_optional_dependencies_are_found_in_the_closure(project, wheels, leaf):
    """`mid` declares nothing, and finds leaf because the closure has it."""
    mid = wheels.pure("mid", "1", {"mid.py": "try:\n    import leaf\n    V = leaf.V\nexcept ImportError:\n    V = None"})
    old = wheels.pure("old", "1", {"old.py": "import mid"}, requires=["mid", "leaf"])
    text = manifest([at("old", old), at("leaf", leaf["2.0"])], {"old": [at("mid", mid), at("leaf", leaf["1.0"])]})
    assert project(text).run("import old; print(old.mid.V)").stdout == "1.0\n"


def test_a_shared_unit_asks_the_closure_of_whoever_called_it(project, wheels, leaf):
    """The same `mid`, without dependencies, is one unit of two closures."""
    mid = wheels.pure("mid", "1", {"mid.py": "def find():\n    import leaf\n    return leaf.V"})
    old = wheels.pure("old", "1", {"old.py": "import mid\ndef ask(): return mid.find()"}, requires=["mid", "leaf"])
    text = manifest(
        [at("old", old), at("leaf", leaf["2.0"]), at("mid", mid)],
        {"old": [at("mid", mid), at("leaf", leaf["1.0"])]},
    )
    done = project(text).run("import mid, old; print(old.mid is mid, old.ask(), mid.find(), old.ask())")
    assert done.stdout == "True 1.0 2.0 1.0\n"


def test_the_callers_module_is_found_up_the_stack(project, wheels, leaf):
    """`numpy.add_newdoc` imports its caller's module by name."""
    tool = wheels.pure("tool", "1", {"tool.py": "def load(name): return __import__(name, fromlist=['x'])"})
    old = wheels.pure("old", "1", {"old.py": "import tool\nX = 1\ndef me(): return tool.load('old')"}, requires=["tool"])
    env = project(manifest([at("old", old)], {"old": [at("tool", tool)]}))
    assert env.run("import old; print(old.me() is old)").stdout == "True\n"


def test_roots_packages_are_the_last_resort_and_worlds_do_not_mix(project, wheels, leaf):
    """`plain` sees nothing else: fine. `fast` sees leaf 2 where the importer sees leaf 1: not found, and why."""
    plain = wheels.pure("plain", "1", {"plain.py": "V = 'plain'"})
    fast = wheels.pure("fast", "1", {"fast.py": "import leaf"}, requires=["leaf"])
    code = """
        import importlib.util
        def plain():
            import plain
            return plain.V
        def fast():
            import fast
        def there():
            return importlib.util.find_spec("fast") is not None
    """
    text = two_worlds(wheels, leaf, code, root_extra=[at("plain", plain), at("fast", fast)])
    env = project(text)
    done = env.run(
        """
        import old, fast
        print(old.plain(), old.there())
        try:
            old.fast()
        except ModuleNotFoundError as error:
            print(error.name, error)
        """
    )
    first, second = done.stdout.splitlines()
    assert first == "plain False"
    assert second.startswith("fast No module named 'fast' for importer old 1")
    assert "it sees leaf 2.0 where this importer sees leaf 1.0, and two versions must not mix" in second


def test_undeclared_deny_stops_after_what_is_declared(project, wheels, leaf):
    plain = wheels.pure("plain", "1", {"plain.py": ""})
    dep = wheels.pure("dep", "1", {"dep.py": "def plain():\n    import plain\n    return 'found'"})
    code = """
        import dep, leaf
        def plain():
            import plain
        def local():
            import mine
        def there():
            import importlib.util
            return importlib.util.find_spec("plain"), importlib.util.find_spec("mine")
    """
    old = wheels.pure("old", "1", {"old.py": code}, requires=["leaf", "dep"])
    text = manifest(
        [at("old", old), at("leaf", leaf["2.0"]), at("plain", plain)],
        {"old": ([at("leaf", leaf["1.0"]), at("dep", dep)], 'undeclared = "deny"')},
    )
    env = project(text, {"mine.py": ""})
    done = env.run(
        """
        import mine, plain, old
        print(old.dep.plain(), old.there())
        for ask in (old.plain, old.local):
            try:
                ask()
            except ModuleNotFoundError as error:
                print(error)
        """
    )
    found, *refused = done.stdout.splitlines()
    assert found == "found (None, None)"
    assert [line.split(" for ")[0] for line in refused] == ["No module named 'plain'", "No module named 'mine'"]
    assert all('its pin says `undeclared = "deny"`' in line for line in refused)


def test_undeclared_any_lifts_the_rule_against_mixing(project, wheels, leaf):
    fast = wheels.pure("fast", "1", {"fast.py": "import leaf\nV = leaf.V"}, requires=["leaf"])
    text = two_worlds(wheels, leaf, "import fast, leaf", 'undeclared = "any"', root_extra=[at("fast", fast)])
    assert project(text).run("import old; print(old.fast.V, old.leaf.V)").stdout == "2.0 1.0\n"


def test_a_failed_import_names_the_importer_the_name_and_what_was_searched(project, wheels, leaf):
    env = project(two_worlds(wheels, leaf, "def f():\n    import nowhere.at_all"))
    done = env.run("import old\nold.f()", check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: No module named 'nowhere' for importer old 1")
    assert "its dependencies (leaf)" in last
    done = env.run("import nowhere", check=False)
    assert "No module named 'nowhere' for importer root; searched: sys.path" in done.stderr


def test_a_pinned_package_may_depend_on_a_pinned_package(project, wheels, leaf):
    inner = wheels.pure("inner", "1", {"inner.py": "import leaf"}, requires=["leaf"])
    outer = wheels.pure("outer", "1", {"outer.py": "import leaf, inner"}, requires=["leaf", "inner"])
    text = manifest(
        [at("outer", outer), at("leaf", leaf["3.0"])],
        {"outer": [at("inner", inner), at("leaf", leaf["2.0"])], "inner": [at("leaf", leaf["1.0"])]},
    )
    done = project(text).run("import leaf, outer; print(leaf.V, outer.leaf.V, outer.inner.leaf.V)")
    assert done.stdout == "3.0 2.0 1.0\n"


def test_a_namespace_package_is_assembled_per_view(project, wheels):
    """`ns.core` in two versions, `ns.extra` shared: `import ns.core` binds what its importer sees."""
    core = {v: wheels.pure("ns-core", v, {"ns/core/__init__.py": f"V = {v!r}"}) for v in ("1.0", "2.0")}
    extra = wheels.pure("ns-extra", "1", {"ns/extra.py": "E = 1"})
    use = "import ns.core, ns.extra, ns\nfrom ns import core\ndef see(): return ns.core.V, core.V, ns.extra.E, sorted(p.rpartition('/')[2] for p in ns.__path__)"
    old = wheels.pure("old", "1", {"old.py": use}, requires=["ns-core", "ns-extra"])
    text = manifest(
        [at("old", old), at("ns-core", core["2.0"]), at("ns-extra", extra)],
        {"old": [at("ns-core", core["1.0"]), at("ns-extra", extra)]},
    )
    env = project(text)
    for order in ("import old, ns.core, ns.extra", "import ns.extra, ns.core, old"):
        done = env.run(f"{order}\nprint(ns.core.V, ns.extra.E, old.see(), old.ns is ns, old.ns.extra is ns.extra)")
        assert done.stdout == "2.0 1 ('1.0', '1.0', 1, ['ns', 'ns']) False True\n"


def test_modules_put_into_sys_modules_by_hand_stay_with_their_package(project, wheels):
    """What six does: modules that no file stands for, under the package's own name."""
    code = "import sys, types\nm = types.ModuleType(__name__ + '.moves')\nm.V = {!r}\nsys.modules[__name__ + '.moves'] = moves = m\n"
    six = {v: wheels.pure("sixth", v, {"sixth.py": code.format(v)}) for v in ("1.0", "2.0")}
    use = "import sixth.moves\nfrom sixth.moves import V\nfrom sixth import moves"
    old = wheels.pure("old", "1", {"old.py": use}, requires=["sixth"])
    text = manifest([at("old", old), at("sixth", six["2.0"])], {"old": [at("sixth", six["1.0"])]})
    done = project(text).run("import old, sixth.moves; print(old.V, old.moves.V, sixth.moves.V)")
    assert done.stdout == "1.0 1.0 2.0\n"


def test_folders_that_a_package_puts_on_sys_path_are_its_own(project, wheels):
    """What setuptools does with `setuptools/_vendor`: not provided by any unit, and not for anybody else."""
    code = """
        import os, sys
        sys.path.append(os.path.join(os.path.dirname(__file__), "_vendor"))
        import vendored, vendored.part
        def again():
            import vendored
            from vendored import part
            return vendored, part.V
    """
    bundle = {
        v: wheels.pure(
            "bundle",
            v,
            {
                "bundle/__init__.py": code,
                "bundle/_vendor/vendored/__init__.py": f"from .part import *\nW = {v!r}",
                "bundle/_vendor/vendored/part.py": f"V = {v!r}",
            },
        )
        for v in ("1.0", "2.0")
    }
    old = wheels.pure("old", "1", {"old.py": "import bundle"}, requires=["bundle"])
    new = wheels.pure("new", "1", {"new.py": "import bundle"}, requires=["bundle"])
    pins = {"old": [at("bundle", bundle["1.0"])], "new": [at("bundle", bundle["2.0"])]}
    env = project(manifest([at("old", old), at("new", new)], pins))
    done = env.run(
        """
        import old, new
        for package in (old, new):
            module, part = package.bundle.again()
            print(module.W, module.V, part, module is package.bundle.vendored)
        import vendored
        """,
        check=False,
    )
    assert done.stdout == "1.0 1.0 1.0 True\n2.0 2.0 2.0 True\n"
    assert "No module named 'vendored' for importer root" in done.stderr


def test_a_package_that_puts_a_folder_ahead_in_its_path_gets_the_files_there(project, wheels, merged):
    files = {
        "pkg/__init__.py": "import os\n__path__.insert(0, os.path.join(__path__[0], 'ahead'))\n__path__.append(__path__[1] + '/behind')",
        "pkg/sub.py": "V = 'usual'",
        "pkg/only.py": "V = 'usual'",
        "pkg/ahead/sub.py": "V = 'ahead'",
        "pkg/behind/sub.py": "V = 'behind'",
        "pkg/behind/late.py": "V = 'behind'",
    }
    pkg = wheels.pure("pkg", "1", files)
    ask = "import pkg.sub, pkg.only, pkg.late\ndef see(): return pkg.sub.V, pkg.only.V, pkg.late.V"
    old = wheels.pure("old", "1", {"old.py": ask}, requires=["pkg", "leaf"])
    leaf = {v: at("leaf", wheels.pure("leaf", v, {"leaf.py": ""})) for v in ("1.0", "2.0")}
    other = wheels.pure("pkg", "2", files)
    env = project(manifest([at("old", old), at("pkg", other), leaf["2.0"]], {"old": [at("pkg", pkg), leaf["1.0"]]}))
    done = env.run(ask + "\nimport old; print(see(), old.see(), old.pkg is pkg)")
    assert done.stdout == "('ahead', 'usual', 'behind') ('ahead', 'usual', 'behind') False\n"
    assert merged(at("pkg", pkg)).run(ask + "\nprint(see())").stdout == "('ahead', 'usual', 'behind')\n"


def test_metadata_asked_from_a_package_is_its_views(project, wheels, leaf):
    code = "import importlib.metadata as md\nV = md.version('leaf')\ndef late(): return md.version('leaf'), md.version('old')"
    env = project(two_worlds(wheels, leaf, code))
    done = env.run("import old, importlib.metadata as md; print(old.V, old.late(), md.version('leaf'))")
    assert done.stdout == "1.0 ('1.0', '1') 2.0\n"


def test_a_pinned_package_finds_local_modules_last_and_as_roots(project, wheels, leaf):
    """A framework that is pinned finds the program's settings; a local file of a unit's name is not in its way."""
    code = "import leaf\ndef ask(name):\n    return __import__(name)\n"
    here = {"settings.py": "import leaf\nV = leaf.V", "leaf.py": "V = 'local'"}
    env = project(two_worlds(wheels, leaf, code), here)
    done = env.run("import old; it = old.ask('settings'); import settings; print(it is settings, it.V, old.ask('leaf').V)")
    assert done.stdout == "True local 1.0\n"
