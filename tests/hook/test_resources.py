"""`importlib.resources`, `pkgutil`, `find_spec`, `reload` and `sys.path` itself: each importer's own."""

import pytest
from test_metadata import ACT
from test_rules import at, leaf, manifest

__all__ = ["leaf"]


@pytest.fixture
def env(project, wheels):
    """Root sees pkg 2.0 and `space.two`, the pinned `host` pkg 1.0 and `space.one`, as parts of namespace packages."""
    def pkg(v):
        files = {"pkg/__init__.py": f"V = {v!r}", "pkg/sub/__init__.py": f"V = {v!r}", "pkg/sub/deep.py": f"V = {v!r}"}
        return wheels.pure("pkg", v, {**files, "pkg/note.txt": v, "pkg/data/more.txt": v, "only_" + v[0] + ".py": "", f"space/v{v[0]}.py": f"V = {v!r}", "space/note.txt": v})

    host = wheels.pure("host", "1", {"host/__init__.py": ACT, "host/own.txt": "own", "host/inner.py": "V = 'inner'"}, requires=["pkg"])
    return project(manifest([at("host", host), at("pkg", pkg("2.0"))], {"host": [at("pkg", pkg("1.0"))]}), {"local.py": ""})


BOTH = """
import host
def both(code):
    scope = {"__name__": "__main__"}
    exec(code, scope)
    print(scope["result"]); print(host.act(code))
"""


def answers(env, ask):
    """What root and the pinned package get for the same code."""
    return tuple(env.run(f"{BOTH}\nboth({ask!r})").stdout.splitlines())


def test_resources_are_the_askers(env):
    ask = """
import importlib.resources as r, pkgutil
result = [
    r.files("pkg").joinpath("note.txt").read_text(),
    (r.files("pkg") / "data" / "more.txt").read_text(),
    (r.files("space") / "note.txt").read_text(),
    sorted(p.name for p in r.files("space").iterdir() if p.name != "__pycache__"),
    pkgutil.get_data("pkg", "note.txt").decode(),
]
with r.as_file(r.files("pkg") / "note.txt") as path:
    result.append(path.read_text())
try:
    result += [r.read_text("pkg", "note.txt"), r.is_resource("pkg", "note.txt"), "note.txt" in r.contents("pkg")]
    with r.path("pkg", "note.txt") as path:
        result.append(path.read_text())
except AttributeError:
    # `contents` and its like are not in every version.
    result += [r.files("pkg").joinpath("note.txt").read_text(), True, True, path.read_text()]
"""
    two, one = answers(env, ask)
    assert eval(two) == ["2.0", "2.0", "2.0", ["note.txt", "v2.py"], "2.0", "2.0", "2.0", True, True, "2.0"]
    assert eval(one) == ["1.0", "1.0", "1.0", ["note.txt", "v1.py"], "1.0", "1.0", "1.0", True, True, "1.0"]


def test_pkgutil_lists_what_the_asker_can_import(env):
    ask = """
import pkgutil, importlib
names = {m.name for m in pkgutil.iter_modules() if m.name in ("pkg", "only_1", "only_2", "host", "space", "local")}
import pkg, space
walked = [(m.name, importlib.import_module(m.name).V) for m in pkgutil.walk_packages(pkg.__path__, "pkg.")]
result = sorted(names), walked, [m.name for m in pkgutil.iter_modules(space.__path__)], [len(x) for x in pkgutil.walk_packages(pkg.__path__, "pkg.", onerror=print)]
"""
    two, one = answers(env, ask)
    deep = lambda v: [("pkg.sub", v), ("pkg.sub.deep", v)]
    assert eval(two) == (["host", "local", "only_2", "pkg"], deep("2.0"), ["v2"], [3, 3])
    assert eval(one) == (["host", "local", "only_1", "pkg"], deep("1.0"), ["v1"], [3, 3])


def test_extend_path_gathers_the_portions_of_the_asker(project, wheels):
    init = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)"
    part = lambda name, v: wheels.pure(f"legacy-{name}", v, {"legacy/__init__.py": init, f"legacy/{name}.py": f"V = {v!r}"})
    host = wheels.pure("host", "1", {"host.py": ACT}, requires=["legacy-one", "legacy-two"])
    pins = {"host": [at("legacy-one", part("one", "1.0")), at("legacy-two", part("two", "1.0"))]}
    env = project(manifest([at("host", host), at("legacy-one", part("one", "2.0")), at("legacy-three", part("three", "2.0"))], pins))
    ask = """
import importlib, pkgutil, legacy
def get(name):
    try:
        return importlib.import_module("legacy." + name).V
    except ImportError:
        return None
result = [get(n) for n in ("one", "two", "three")], sorted({m.name for m in pkgutil.iter_modules(legacy.__path__)})
"""
    two, one = answers(env, ask)
    assert eval(two) == (["2.0", None, "2.0"], ["one", "three"])
    assert eval(one)[0][:2] == ["1.0", "1.0"] and eval(one)[1][:1] == ["one"] and "two" in eval(one)[1]


def test_specs_and_reloading_are_the_askers(env):
    ask = """
import importlib, importlib.util as u, os
import pkg, pkg.sub.deep
result = [
    open(os.path.join(os.path.dirname(u.find_spec("pkg").origin), "note.txt")).read(),
    u.find_spec("pkg.sub.deep").origin == pkg.sub.deep.__file__, u.find_spec(".sub", "pkg").origin == pkg.sub.__file__,
    u.find_spec("no_such_module"), importlib.reload(pkg.sub.deep) is pkg.sub.deep, importlib.reload(pkg).V,
    len(list(u.find_spec("space").submodule_search_locations)),
]
spec = u.spec_from_file_location("by_hand", os.path.join(os.path.dirname(pkg.__file__), "sub", "__init__.py"))
module = u.module_from_spec(spec)
spec.loader.exec_module(module)
result.append(module.V)
"""
    two, one = answers(env, ask)
    assert eval(two) == ["2.0", True, True, None, True, "2.0", 1, "2.0"]
    assert eval(one) == ["1.0", True, True, None, True, "1.0", 1, "1.0"]


ALL_READS_AGREE = """
import sys, os
path = sys.path
values = list(path)
assert values == path[:] == path.copy() == [*path] == [path[i] for i in range(len(path))] == path + [] == [] + path and path == values
assert all(p in path and path.index(p) == i for i, p in enumerate(values)) and list(reversed(path)) == values[::-1] and repr(path) == repr(values)
result = [sum(os.path.exists(os.path.join(p, n)) for p in values) for n in ("host", "pkg")], [p for p in values if os.path.exists(os.path.join(p, "only_2.py"))]
"""

CHANGES = [
    "sys.path.insert(0, '/x'); assert sys.path[0] == '/x'; sys.path.pop(0)",
    "saved = sys.path[:]; sys.path.insert(0, '/x'); sys.path[:] = saved",
    "saved = list(sys.path); sys.path.clear(); sys.path.extend(saved)",
    "sys.path.append('/x'); del sys.path[-1]",
    "sys.path += ['/x']; sys.path.remove('/x')",
    "sys.path[:] = [p for p in sys.path]",
    "sys.path = ['/x'] + sys.path; import this_is_not_there",
    "import copy; sys.path = copy.copy(sys.path); sys.path = sys.path + []",
]


def test_sys_path_has_the_view_and_what_a_package_changes_stands_where_it_stood(env):
    done = env.run(
        f"""
        import importlib.util, sys, host
        raw = list(sys.path)
        print(host.act({ALL_READS_AGREE!r}), [p.endswith("site-packages") for p in sys.path].count(True))
        for change in {CHANGES!r}:
            try:
                host.act("import sys; " + change)
            except ModuleNotFoundError:
                pass
            importlib.util.find_spec("nowhere")
            now = [p for p in sys.path if p != "/x"]
            print(now == raw, type(sys.path).__name__)
        import pkg
        print(pkg.V, host.act("import pkg; result = pkg.V"))
        """
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "([1, 1], []) 1"
    assert lines[1:-1] == ["True Path"] * 8 and lines[-1] == "2.0 1.0"


def test_child_processes_that_get_sys_path_start_as_root(env):
    """multiprocessing's spawn hands `sys.path` over; a package's view of it must not become the child's."""
    done = env.run(
        """
        import multiprocessing, sys, host
        code = "import multiprocessing.spawn as s; result = s.get_preparation_data('x')['sys_path']"
        path = host.act(code)
        sys.path = path
        import pkg
        print(pkg.V, host.act("import pkg; result = pkg.V"), sum(p.endswith("site-packages") for p in sys.path))
        """
    )
    assert done.stdout == "2.0 1.0 1\n"


def test_finders_of_a_package_answer_for_its_world_only(project, wheels):
    """What six and setuptools do: each version puts its own finder on `sys.meta_path`, and removes others of its kind."""
    code = """
        import importlib.machinery as m, sys
        class Maker:
            name = "leaf"
            def find_spec(self, name, path, target=None):
                return m.ModuleSpec(name, self) if name in ("virtual", "leaf.virtual") else None
            def create_module(self, spec): pass
            def exec_module(self, module): module.V = VERSION
        for i, other in enumerate(sys.meta_path):
            if type(other).__name__ == "Maker":
                del sys.meta_path[i]
                break
        sys.meta_path.append(Maker())
        __path__ = []
    """
    def make(v):
        lines = [line[8:] for line in code.splitlines()]
        return wheels.pure("leaf", v, {"leaf/__init__.py": "\n".join([f"VERSION = {v!r}", *lines])})

    host = wheels.pure("host", "1", {"host.py": ACT}, requires=["leaf"])
    env = project(manifest([at("host", host), at("leaf", make("2.0"))], {"host": [at("leaf", make("1.0"))]}))
    first = "import leaf.virtual, virtual; result = virtual.V, leaf.virtual.V"
    for order in ("mine, theirs = root(CODE), host.act(CODE)", "theirs, mine = host.act(CODE), root(CODE)"):
        done = env.run(
            f"""
            import host, sys
            def root(code):
                scope = {{"__name__": "__main__"}}
                exec(code, scope)
                return scope["result"]
            CODE = {first!r}
            {order}
            late = "import sys; sys.modules.pop('virtual', None); sys.modules.pop('leaf.virtual', None); import leaf.virtual, virtual; result = virtual.V, leaf.virtual.V"
            print(mine, theirs, root(late), host.act(late), sum(type(f).__name__ == "Maker" for f in sys.meta_path), sum(type(f).__name__ == "Maker" for f in list.copy(sys.meta_path)))
            """
        )
        assert done.stdout == "('2.0', '2.0') ('1.0', '1.0') ('2.0', '2.0') ('1.0', '1.0') 1 2\n"
