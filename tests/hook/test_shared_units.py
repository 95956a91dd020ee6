"""Units that several closures share, and that import names which they compute or do not declare.

The hard case is a function that a shared unit makes for a package of one world, and that somebody of another
world is the first to call.
"""

import pytest
from test_rules import at, manifest

# The pattern of scientific-python's lazy_loader (SPEC 1), and others that have it.
LAZY = {
    "function": """
        import importlib
        def attach(package, names):
            def __getattr__(name):
                if name in names:
                    return importlib.import_module(f"{package}.{name}")
                raise AttributeError(f"module {package} has no attribute {name}")
            return __getattr__
    """,
    "partial": """
        import functools, importlib
        def find(package, names, name):
            if name in names:
                return importlib.import_module(f"{package}.{name}")
            raise AttributeError(name)
        def attach(package, names):
            return functools.partial(find, package, names)
    """,
    "method": """
        class Lazy:
            def __init__(self, package, names):
                self.package, self.names = str(package), names
            def find(self, name):
                if name in self.names:
                    return __import__("%s.%s" % (self.package, name), fromlist=["x"])
                raise AttributeError(name)
        def attach(package, names):
            return Lazy(package, names).find
    """,
}


def lazy_worlds(wheels, lazy, more=()):
    """Two versions of `pkg`, whose attributes the shared `lazy` loads: 1.0 for `old`, 2.0 for root."""
    helper = wheels.pure("lazy", "1", {"lazy.py": lazy})
    pkg = {}
    for v in ("1.0", "2.0"):
        files = {
            "pkg/__init__.py": "import lazy\n__getattr__ = lazy.attach(__name__, {'sub', 'late'})",
            "pkg/sub.py": f"V = {v!r}\nimport pkg\ndef late(): return pkg.late.V",
            "pkg/late/__init__.py": f"V = {v!r}",
        }
        pkg[v] = wheels.pure("pkg", v, files, requires=["lazy"])
    old = wheels.pure("old", "1", {"old.py": "import lazy, pkg\ndef see(p): return p.sub.V, p.late.V"}, requires=["pkg", "lazy"])
    return manifest(
        [at("old", old), at("pkg", pkg["2.0"]), at("lazy", helper), *more],
        {"old": [at("pkg", pkg["1.0"]), at("lazy", helper)]},
    )


@pytest.mark.parametrize("way", LAZY)
def test_a_modules_attribute_is_loaded_for_the_module_whoever_touches_it_first(project, wheels, way):
    env = project(lazy_worlds(wheels, LAZY[way]), {"mine/__init__.py": "import lazy\n__getattr__ = lazy.attach(__name__, {'sub', 'late'})", "mine/sub.py": "V = 'mine'", "mine/late.py": "V = 'mine'"})
    see = "\ndef see(p): return p.sub.V, p.late.V\n"
    # Root touches the pinned package's attributes, and the pinned package root's and the user's own.
    first = env.run(f"import old, pkg, lazy, mine{see}print(old.lazy is lazy, see(old.pkg), old.see(pkg), old.see(mine))")
    assert first.stdout == "True ('1.0', '1.0') ('2.0', '2.0') ('mine', 'mine')\n"
    again = env.run(f"import pkg, old{see}print(see(pkg), see(old.pkg), old.see(old.pkg), pkg.sub.late(), old.pkg.sub.late())")
    assert again.stdout == "('2.0', '2.0') ('1.0', '1.0') ('1.0', '1.0') 2.0 1.0\n"


def test_what_a_module_has_for_getattr_is_as_the_package_made_it_but_for_its_frame(project, wheels):
    env = project(lazy_worlds(wheels, LAZY["function"]))
    done = env.run(
        """
        import old, importlib, inspect, traceback
        hook = old.pkg.__getattr__
        print(hook.__name__, hook.__qualname__, inspect.getsourcefile(inspect.unwrap(hook)).rpartition("/")[2])
        try:
            old.pkg.nothing
        except AttributeError as error:
            print(error, [frame.name for frame in traceback.extract_tb(error.__traceback__)])
        importlib.reload(old.pkg)
        print(old.pkg.sub.V)
        """
    )
    assert done.stdout.splitlines() == [
        "__getattr__ attach.<locals>.__getattr__ lazy.py",
        "module pkg has no attribute nothing ['<module>', '__getattr__', '__getattr__']",
        "1.0",
    ]


def test_without_pins_a_modules_getattr_is_the_packages_own_object(project, wheels):
    lazy = wheels.pure("lazy", "1", {"lazy.py": LAZY["function"]})
    pkg = wheels.pure("pkg", "1", {"pkg.py": "import lazy\nmade = __getattr__ = lazy.attach(__name__, ())"}, requires=["lazy"])
    env = project(manifest([at("pkg", pkg), at("lazy", lazy)]))
    assert env.run("import pkg; print(pkg.__getattr__ is pkg.made)").stdout == "True\n"


def test_a_module_of_a_shared_packages_class_imports_for_itself(project, wheels):
    """What lazy_imports and apipkg do: an instance of a class of theirs stands in the module's place."""
    lazy = """
        import importlib, sys, types
        class LazyModule(types.ModuleType):
            def __getattr__(self, name):
                if name.startswith("_"):
                    raise AttributeError(name)
                return importlib.import_module(str(self.__dict__["package"]) + "." + name)
        def install(name, globals):
            module = LazyModule(name)
            module.__dict__.update({k: v for k, v in globals.items() if k.startswith("__")}, package=name)
            sys.modules[name] = module
    """
    helper = wheels.pure("lazy", "1", {"lazy.py": lazy})
    body = "import lazy\nlazy.install(__name__, globals())"
    pkg = {v: wheels.pure("pkg", v, {"pkg/__init__.py": body, "pkg/sub.py": f"V = {v!r}", "pkg/late.py": f"V = {v!r}"}, requires=["lazy"]) for v in ("1.0", "2.0")}
    see = "def see(p): return p.sub.V, p.late.V"
    old = wheels.pure("old", "1", {"old.py": f"import lazy, pkg\n{see}"}, requires=["pkg", "lazy"])
    text = manifest(
        [at("old", old), at("pkg", pkg["2.0"]), at("lazy", helper)], {"old": [at("pkg", pkg["1.0"]), at("lazy", helper)]}
    )
    env = project(text, {"mine/__init__.py": body, "mine/sub.py": "V = 'mine'", "mine/late.py": "V = 'mine'"})
    done = env.run(f"import old, pkg, lazy, mine\n{see}\nprint(old.lazy is lazy, see(old.pkg), old.see(pkg), old.see(mine))")
    assert done.stdout == "True ('1.0', '1.0') ('2.0', '2.0') ('mine', 'mine')\n"
    done = env.run(f"import pkg, old\n{see}\nprint(old.see(pkg), see(old.pkg), old.see(old.pkg), type(pkg).__name__)")
    assert done.stdout == "('2.0', '2.0') ('1.0', '1.0') ('1.0', '1.0') LazyModule\n"


def test_where_the_stack_does_not_decide_between_pins_the_error_names_the_candidates(project, wheels):
    """`mid` is one unit of two pins and not of root's: root's own call of it says nothing about whose it is."""
    mid = wheels.pure("mid", "1", {"mid.py": "def find():\n    import leaf\n    return leaf.V\ndef same():\n    import one\n    return one.V"})
    leaf = {v: wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}"}) for v in ("1.0", "2.0")}
    one = wheels.pure("one", "1", {"one.py": "V = 'one'"})
    code = "import mid\ndef ask(): return mid.find(), mid.same()"
    pins = [wheels.pure(n, "1", {f"{n}.py": code}, requires=["mid", "leaf", "one"]) for n in ("first", "second")]
    needs = {n: [at("mid", mid), at("one", one), at("leaf", leaf[v])] for n, v in (("first", "1.0"), ("second", "2.0"))}
    env = project(manifest([at("first", pins[0]), at("second", pins[1])], needs))
    done = env.run(
        """
        import first, second
        print(first.mid is second.mid, first.ask(), second.ask(), first.mid.same())
        try:
            first.mid.find()
        except ImportError as error:
            print(type(error).__name__, error)
        print(first.ask(), second.ask())
        """
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "True ('1.0', 'one') ('2.0', 'one') one"
    assert lines[1].startswith("ImportError No module named 'leaf' for importer mid 1 (in closure first, second)")
    assert "leaf 1.0 in closure `first`, leaf 2.0 in closure `second`" in lines[1]
    assert lines[2] == "('1.0', 'one') ('2.0', 'one')"


@pytest.mark.one_python("3.12")
def test_scikit_image_touched_by_root_first(project, wheels):
    """Two versions on one lazy_loader, networkx and numpy; whoever is the first to touch a lazy attribute."""
    code = "import lazy_loader, numpy, skimage\ndef use(sk): return sk.filters.gaussian(numpy.eye(5)).shape, int(sk.morphology.disk(2).sum()), sk.measure.label(numpy.eye(4)).max()"
    old = wheels.pure("old", "1", {"old.py": code}, requires=["scikit-image"])
    env = project(manifest([at("old", old), "scikit-image==0.25.2", "numpy==2.2.6"], {"old": ["scikit-image==0.24.0", "numpy==2.2.6"]}))
    for order in ("old, skimage", "skimage, old"):
        done = env.run(
            f"""
            import {order}, lazy_loader, os
            assert old.lazy_loader is lazy_loader and old.skimage is not skimage
            for package in {'(old.skimage, skimage)' if order[0] == 'o' else '(skimage, old.skimage)'}:
                home = os.path.dirname(package.__file__)
                lazy = [getattr(package, name) for name in dir(package) if not name.startswith("_") and name != "__version__"]
                files = [m.__file__ for m in lazy if type(m) is type(os) and hasattr(m, "__file__")]
                print(package.__version__, len(files) > 15, [f for f in files if not f.startswith(home)], *map(str, old.use(package)))
            """
        )
        said = [f"{v} True [] (5, 5) 13 1" for v in ("0.24.0", "0.25.2")]
        assert done.stdout.splitlines() == (said if order[0] == "o" else said[::-1])
