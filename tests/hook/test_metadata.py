"""`importlib.metadata`, its backport and `pkg_resources`: each importer gets the distributions of its view."""

import pytest
from test_rules import at, manifest

ACT = """
    import sys
    def act(code, **names):
        scope = {"__name__": __name__, "__pinfold__": globals()["__pinfold__"], **names}
        exec(code, scope)
        return scope.get("result")
    def call(function, *args):
        return function(*args)
"""

# Root sees leaf 2.0, `fresh` (which needs leaf 2.0), `plain` and `deep`; the pinned `host` sees leaf 1.0 and `inner`. All have entry points of one group.
POINT = """
    [demo.plugins]
    {name} = {module}:who
"""


@pytest.fixture
def env(project, wheels):
    def one(name, version, requires=(), code=""):
        files = {f"{name}.py": f"{code}\ndef who():\n    return '{name} {version}'", f"{name}_data/__init__.py": "", f"{name}_data/note.txt": version}
        return wheels.pure(name, version, files, requires=requires, entry_points=POINT.format(name=name, module=name))

    leaf = {v: one("leaf", v) for v in ("1.0", "2.0")}
    fresh, plain, deep, inner = one("fresh", "1", ["leaf"]), one("plain", "1", ["deep"]), one("deep", "1"), one("inner", "1")
    host = one("host", "1", ["leaf", "inner"], code="\n".join(line[4:] for line in ACT.splitlines()))
    return project(
        manifest(
            [at("host", host), at("leaf", leaf["2.0"]), at("fresh", fresh), at("plain", plain), at("deep", deep)],
            {"host": [at("leaf", leaf["1.0"]), at("inner", inner)]},
        )
    )


def test_every_question_is_answered_from_the_askers_view(env):
    done = env.run(
        """
        import host
        ASK = '''
        import importlib.metadata as m
        def version(name):
            try:
                return m.version(name)
            except m.PackageNotFoundError:
                return None
        result = {
            "version": {n: version(n) for n in ("leaf", "Inner", "fresh", "plain", "deep", "nowhere")},
            "requires": {n: m.requires(n) for n in ("host", "leaf")},
            "metadata": m.metadata("leaf")["Version"],
            "files": [f.read_text() for f in m.files("leaf") if f.name == "note.txt"],
            "located": [f.locate().exists() for f in m.files("leaf")],
            "listed": sorted(d.name + " " + d.version for d in m.distributions() if d.name != "pinfold"),
            "packages": m.packages_distributions().get("leaf"),
            "inner": m.packages_distributions().get("inner"),
            "path": len(list(m.distributions(path=[]))),
        }
        '''
        scope = {"__name__": "__main__"}
        exec(ASK, scope)
        print(scope["result"])
        print(host.act(ASK))
        """
    )
    mine, theirs = map(eval, done.stdout.splitlines())
    assert mine["version"] == {"leaf": "2.0", "Inner": None, "fresh": "1", "plain": "1", "deep": "1", "nowhere": None}
    # `fresh` needs leaf 2.0: neither an import nor this question mixes it into host's view.
    assert theirs["version"] == {"leaf": "1.0", "Inner": "1", "fresh": None, "plain": "1", "deep": "1", "nowhere": None}
    assert mine["requires"] == theirs["requires"] == {"host": ["leaf", "inner"], "leaf": None}
    assert (mine["metadata"], theirs["metadata"], mine["files"], theirs["files"]) == ("2.0", "1.0", ["2.0"], ["1.0"])
    assert set(mine["located"]) == set(theirs["located"]) == {True}
    assert mine["listed"] == ["deep 1", "fresh 1", "host 1", "leaf 2.0", "plain 1"]
    assert theirs["listed"] == ["deep 1", "host 1", "inner 1", "leaf 1.0", "plain 1"]
    assert mine["packages"] == theirs["packages"] == ["leaf"] and (mine["inner"], theirs["inner"]) == (None, ["inner"])
    assert mine["path"] == theirs["path"] == 0


def test_a_host_sees_its_view_and_roots_direct_dependencies_and_loads_exactly_those(env):
    done = env.run(
        """
        import host
        ASK = '''
        import importlib.metadata as m
        points = m.entry_points(group="demo.plugins")
        result = [(p.name, p.value, p.dist.version, p.load()()) for p in sorted(points)], {p.name: p for p in points}
        '''
        scope = {"__name__": "__main__"}
        exec(ASK, scope)
        mine, theirs = scope["result"], host.act(ASK)
        print([who for *_, who in mine[0]])
        print([who for *_, who in theirs[0]])
        # Whoever loads it, and from wherever: an entry point is of its distribution.
        print(theirs[1]["leaf"].load()(), host.call(mine[1]["deep"].load)(), host.call(lambda: theirs[1]["leaf"].load()()))
        import plain, deep
        print(theirs[1]["plain"].load() is plain.who, theirs[1]["leaf"] == mine[1]["leaf"], theirs[1]["inner"].module)
        """
    )
    assert done.stdout.splitlines() == [
        "['deep 1', 'fresh 1', 'host 1', 'leaf 2.0', 'plain 1']",
        "['deep 1', 'host 1', 'inner 1', 'leaf 1.0', 'plain 1']",
        "leaf 1.0 deep 1 leaf 1.0",
        "True True inner",
    ]


def test_an_entry_point_of_root_loads_roots_module_where_the_host_has_one_of_that_name(project, wheels):
    """Two distributions with a module of one name: by name the host's would answer."""
    mine = wheels.pure("host-plugin", "1", {"plug.py": "who = 'host'"}, entry_points=POINT.format(name="a", module="plug"))
    roots = wheels.pure("roots-plugin", "1", {"plug.py": "who = 'root'"}, entry_points=POINT.format(name="b", module="plug"))
    host = wheels.pure("host", "1", {"host.py": ACT}, requires=["host-plugin"])
    env = project(manifest([at("host", host), at("roots-plugin", roots)], {"host": [at("host-plugin", mine)]}))
    done = env.run(
        """
        import host
        code = "import importlib.metadata as m; result = {p.name: p.load() for p in m.entry_points(group='demo.plugins')}; import plug; result['import'] = plug.who"
        print(sorted(host.act(code).items()))
        """
    )
    assert done.stdout == "[('a', 'host'), ('b', 'root'), ('import', 'host')]\n"


def test_undeclared_deny_sees_only_what_it_declares(project, wheels):
    leaf, other = wheels.pure("leaf", "1", {"leaf.py": ""}, requires=["deep"]), wheels.pure("other", "1", {"other.py": ""})
    deep = wheels.pure("deep", "1", {"deep.py": ""})
    host = wheels.pure("host", "1", {"host.py": ACT}, requires=["leaf"])
    pins = {"host": ([at("leaf", leaf), at("deep", deep)], 'undeclared = "deny"')}
    env = project(manifest([at("host", host), at("other", other)], pins))
    done = env.run("import host; print(host.act('import importlib.metadata as m; result = sorted(d.name for d in m.distributions())'))")
    assert done.stdout == "['deep', 'host', 'leaf']\n"


def test_a_library_that_two_closures_share_answers_for_who_called_it(project, wheels):
    """What pluggy does for two pytests: the library asks, and is one unit for both."""
    code = "import importlib.metadata as m\ndef ask():\n    return m.version('leaf'), sorted(p.load()() for p in m.entry_points(group='demo.plugins'))"
    manager = wheels.pure("manager", "1", {"manager.py": code})
    point = POINT.format(name="leaf", module="leaf")
    leaf = {v: wheels.pure("leaf", v, {"leaf.py": f"def who():\n    return {v!r}"}, entry_points=point) for v in ("1.0", "2.0")}
    host = wheels.pure("host", "1", {"host.py": "import manager\ndef ask():\n    return manager.ask()"}, requires=["leaf", "manager"])
    env = project(
        manifest([at("host", host), at("leaf", leaf["2.0"]), at("manager", manager)], {"host": [at("leaf", leaf["1.0"]), at("manager", manager)]})
    )
    done = env.run("import host, manager; print(manager.ask(), host.ask(), manager.ask(), host.manager is manager)")
    assert done.stdout == "('2.0', ['2.0']) ('1.0', ['1.0']) ('2.0', ['2.0']) True\n"


def test_real_plugin_hosts_backport_and_pkg_resources(project, wheels, python):
    """Both versions of each, in one process, in the order that hurts: the pinned ones first."""
    host = wheels.pure("host", "1", {"host.py": ACT})
    point = POINT.format(name="leaf", module="leaf")
    leaf = {v: wheels.pure("leaf", v, {"leaf.py": f"def who():\n    return {v!r}"}, entry_points=point) for v in ("1.0", "2.0")}
    text = """
        requires = ["host @ file://HOST", "leaf @ file://LEAF2", "stevedore==5.4.1", "importlib_metadata==8.7.0", "setuptools==80.9.0", "packaging==25.0"]
        [pins.host]
        requires = ["leaf @ file://LEAF1", "stevedore==5.1.0", "importlib_metadata==6.8.0", "setuptools==68.2.2", "packaging==23.2"]
    """.replace("HOST", str(host)).replace("LEAF1", str(leaf["1.0"])).replace("LEAF2", str(leaf["2.0"]))
    done = project(text).run(
        """
        import warnings
        warnings.simplefilter("ignore")
        import host
        ASK = '''
        import importlib_metadata as b, importlib.metadata as m, pkg_resources as p, setuptools, stevedore
        names = ("stevedore", "importlib_metadata", "setuptools", "packaging")
        result = {
            "backport": [b.version(n) for n in names],
            "stock": [m.version(n) for n in names],
            "twice": [d.name for l in (list(b.distributions()), list(m.distributions())) for d in l if sum(x._path == d._path for x in l) > 1],
            "pkg_resources": [p.get_distribution(n).version for n in names],
            "working_set": [d.version for d in p.working_set if d.key == "packaging"],
            "require": [d.version for d in p.require("stevedore") if d.key == "stevedore"],
            "points": {e.dist.version for e in p.iter_entry_points("distutils.commands") if e.dist.key == "setuptools"},
            "file": p.resource_filename("packaging", "version.py") == __import__("packaging").__path__[0] + "/version.py",
            "stevedore": [x.obj for x in stevedore.ExtensionManager("demo.plugins", invoke_on_load=True)],
            "distutils": __import__("distutils").__path__[0].startswith(setuptools.__path__[0]),
        }
        '''
        theirs = host.act(ASK)
        scope = {"__name__": "__main__"}
        exec(ASK, scope)
        print(scope["result"]); print(theirs); print(host.act(ASK))
        """
    )
    mine, theirs, again = map(eval, done.stdout.splitlines())
    assert {**again, "distutils": None} == {**theirs, "distutils": None}
    old, new = ["5.1.0", "6.8.0", "68.2.2", "23.2"], ["5.4.1", "8.7.0", "80.9.0", "25.0"]
    for found, wanted in ((mine, new), (theirs, old)):
        assert found["backport"] == found["stock"] == found["pkg_resources"] == wanted
        assert found["twice"] == [] and found["file"] and found["working_set"] == [wanted[3]]
        assert found["require"] == [wanted[0]] and found["points"] == {wanted[2]}
    assert (mine["stevedore"], theirs["stevedore"]) == (["2.0"], ["1.0"])
    # On 3.11 `distutils` is the standard library's, which a setuptools replaces for everybody.
    assert python.minor == "3.11" or (mine["distutils"] and theirs["distutils"])


def test_a_backport_that_only_root_has_does_not_answer_for_a_pin(project, wheels):
    """It takes the place of the standard path finder for the whole process."""
    host = wheels.pure("host", "1", {"host.py": ACT}, requires=["leaf"])
    point = POINT.format(name="leaf", module="leaf")
    leaf = {v: wheels.pure("leaf", v, {"leaf.py": f"def who():\n    return {v!r}"}, entry_points=point) for v in ("1.0", "2.0")}
    backport = "importlib_metadata==8.7.0"
    env = project(manifest([at("host", host), at("leaf", leaf["2.0"]), backport], {"host": [at("leaf", leaf["1.0"])]}))
    done = env.run(
        """
        import host, importlib_metadata, importlib.machinery
        assert not hasattr(importlib.machinery.PathFinder, "find_distributions")
        ASK = '''
        import importlib.metadata as m
        points = m.entry_points(group="demo.plugins")
        listed = [d.version for d in m.distributions() if d.name == "leaf"]
        result = m.version("leaf"), listed, m.files("leaf")[0].locate().exists(), [p.load()() for p in points]
        '''
        scope = {"__name__": "__main__"}
        for _ in range(2):
            print(host.act(ASK))
            exec(ASK, scope)
            print(scope["result"], importlib_metadata.version("leaf"))
        """
    )
    mine, theirs = "('2.0', ['2.0'], True, ['2.0']) 2.0\n", "('1.0', ['1.0'], True, ['1.0'])\n"
    assert done.stdout == (theirs + mine) * 2


def test_without_pins_metadata_is_as_in_a_merged_environment(project, merged, wheels):
    """The same lists, in the same order, of the same classes."""
    leaf, plain = wheels.pure("leaf", "1", {"leaf.py": "def who(): return 1"}, entry_points=POINT.format(name="leaf", module="leaf")), wheels.pure("plain", "1", {"plain.py": ""})
    code = """
        import importlib.metadata as m, sys
        points = m.entry_points(group="demo.plugins")
        print(sorted((d.name, d.version) for d in m.distributions() if d.name != "pinfold"), [(p.name, p.value, type(p).__module__) for p in points])
        print({type(d).__module__ for d in m.distributions()}, type(sys.path).__name__, type(sys.meta_path).__name__, "pinfold._metadata" in sys.modules)
        print(sorted(str(f) for f in m.files("leaf") if "__pycache__" not in str(f) and f.name not in ("INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")))
    """
    ours = project(manifest([at("leaf", leaf), at("plain", plain)])).run(code).stdout
    assert ours == merged(at("leaf", leaf), at("plain", plain)).run(code).stdout and "('leaf', 'leaf:who', 'importlib.metadata')" in ours
