"""Environments attached to a running process: worlds of their own, in hosts with and without pins."""

import json

import pytest
from test_c_code import INLINE_HELPER, MULTI
from test_rules import at, manifest

LEAF = "V = {v!r}\nclass Leaf: pass\ndef make(): return Leaf()\n"


@pytest.fixture
def leaf(wheels):
    return {v: at("leaf", wheels.pure("leaf", v, {"leaf.py": LEAF.format(v=v)})) for v in ("1.0", "2.0", "3.0", "4.0")}


@pytest.fixture(params=["no pins", "pins"])
def host(request, project, wheels, leaf):
    """`host(*requirements, files={})`: a host on leaf 2.0; the second kind has a pin on leaf 1.0."""
    old = at("old", wheels.pure("old", "1", {"old.py": "import leaf"}, requires=["leaf"]))

    def make(*requires, files=None):
        pins = {"old": [leaf["1.0"]]} if request.param == "pins" else {}
        with_old = [old] if pins else []
        return project(manifest([leaf["2.0"], *with_old, *requires], pins), files)

    return make


@pytest.fixture
def plugin(project, wheels):
    """`plugin(name, code, *requirements)`: the environment of a plugin, a package with entry points."""

    def make(name, code, *requires, needs=("leaf",), more=None):
        entry_points = f"[host.plugins]\n{name} = {name}.late:main\n"
        files = {f"{name}/__init__.py": code, **(more or {})}
        wheel = wheels.pure(name, "1", files, requires=list(needs), entry_points=entry_points)
        return project(manifest([at(name, wheel), *requires])).venv

    return make


LATE = {"{}/late.py": "def main():\n    import leaf, {}.later\n    return leaf.V, {}.later.leaf.V\n", "{}/later.py": "import leaf\n"}


def late(name):
    return {path.format(name): text.replace("{}", name) for path, text in LATE.items()}


def test_a_world_imports_its_own_now_and_later_from_any_thread(host, plugin, leaf):
    foo = plugin("foo", "import leaf", leaf["3.0"], more=late("foo"))
    bar = plugin("bar", "import leaf", leaf["4.0"], more=late("bar"))
    done = host().run(
        f"""
        import leaf, pinfold, threading, importlib.metadata, sys
        foo, bar = pinfold.attach({str(foo)!r}), pinfold.attach({str(bar)!r}, name="second")
        assert pinfold.attach({str(foo)!r}) is foo and pinfold.worlds() == [foo, bar]
        print(foo.name.count("/"), bar.name, [u.name for u in foo.units()], [u.version for u in bar.units()])
        plugins = [foo.import_module("foo"), bar.import_module("bar")]
        print(leaf.V, *[plugin.leaf.V for plugin in plugins])
        # Nothing of leaf's later modules is loaded yet; the entry point loads them.
        entries = [*foo.entry_points(group="host.plugins"), *bar.entry_points(group="host.plugins")]
        seen = []
        threads = [threading.Thread(target=lambda e=e: seen.append((e.name, e.load()()))) for e in entries for _ in range(4)]
        [t.start() for t in threads]; [t.join() for t in threads]
        print(sorted(set(seen)), len(seen))
        print([w.run(importlib.metadata.version, "leaf") for w in (foo, bar)], importlib.metadata.version("leaf"))
        assert foo.import_module("foo.later", None) is plugins[0].later and not foo.entry_points(group="nothing")
        assert pinfold.unit_of(plugins[0].leaf.Leaf()) in foo.units() and pinfold.unit_of(leaf) not in foo.units()
        assert {{e.name for e in foo.entry_points()}} == {{"foo"}}
        import leaf as again
        assert again is leaf and "foo" not in sys.modules
        """
    )
    assert done.stdout.splitlines() == [
        "0 second ['foo', 'leaf'] ['1', '4.0']",
        "2.0 3.0 4.0",
        "[('bar', ('4.0', '4.0')), ('foo', ('3.0', '3.0'))] 8",
        "['3.0', '4.0'] 2.0",
    ]


def test_what_the_host_had_loaded_before_stays_the_hosts(host, plugin, leaf):
    """Without pins nothing said so until now: nobody had to be told apart."""
    foo = plugin("foo", "import leaf\ndef call(function):\n    return function()", leaf["3.0"])
    late = "def late():\n    import leaf\n    return leaf.V\n"
    done = host(files={"local.py": late}).run(
        f"""
        import sys, types, pinfold, local
        made = sys.modules["made"] = types.ModuleType("made")
        exec({late!r}, vars(made))
        exec({late!r})
        foo = pinfold.attach({str(foo)!r}).import_module("foo")
        print(foo.leaf.V, *[foo.call(function) for function in (local.late, made.late, late)])
        """
    )
    assert done.stdout == "3.0 2.0 2.0 2.0\n"


def test_a_program_that_replaced_the_path_finders_function_before_may_attach(host, plugin, leaf):
    """The rest is set up as ever, and what the program put there is still asked."""
    code = "def version(name):\n    import importlib.metadata\n    return importlib.metadata.version(name)\ndef late():\n    import local\n"
    foo = plugin("foo", "import leaf\n" + code, leaf["3.0"])
    done = host(files={"local.py": ""}).run(
        f"""
        import importlib.machinery, importlib.metadata, sys, pinfold
        finder = importlib.machinery.PathFinder
        before, asked = finder.find_spec, []
        def find_spec(cls, name, path=None, target=None):
            asked.append(name)
            return before(name, path, target)
        finder.find_spec = classmethod(find_spec)
        foo = pinfold.attach({str(foo)!r}).import_module("foo")
        import colorsys, local
        print(foo.leaf.V, foo.version("leaf"), importlib.metadata.version("leaf"), "colorsys" in asked, type(sys.path) is list)
        # A file of the host's.
        del sys.modules["local"]
        try:
            foo.late()
        except ModuleNotFoundError as error:
            print(error.name)
        """
    )
    assert done.stdout == "3.0 3.0 2.0 True False\nlocal\n", str(done)


def test_a_world_does_not_find_what_the_host_has(host, plugin, leaf, wheels):
    """Neither the host's distributions nor its local modules, loaded or not; nor the host the world's."""
    extra = at("extra", wheels.pure("extra", "1", {"extra.py": "V = 1"}))
    code = """
        def find(name):
            import importlib
            try:
                importlib.import_module(name)
            except ModuleNotFoundError as error:
                assert error.name == name, error.name
                return str(error)
            return "found"
    """
    foo = plugin("foo", code, leaf["3.0"])
    done = host(extra, files={"local_one.py": "", "local_two.py": "", "hosts.py": "def call(f, *a): return f(*a)"}).run(
        f"""
        import local_one, extra, hosts, pinfold
        world = pinfold.attach({str(foo)!r}, name="foo")
        foo = world.import_module("foo")
        for name in ("extra", "local_one", "local_two", "hosts"):
            said = hosts.call(foo.find, name)
            assert f"No module named '{{name}}' for importer foo 1 (in closure foo/root)" in said, said
            try:
                world.import_module(name)
            except ModuleNotFoundError as error:
                assert "for importer world foo" in str(error), error
            else:
                raise SystemExit(name)
        try:
            import foo
        except ModuleNotFoundError:
            print("ok")
        """
    )
    assert done.stdout == "ok\n"


def test_types_of_what_is_shared_are_one(host, plugin, leaf, wheels):
    """A distribution with what it needs, and a local module of the host's."""
    api = at("host-api", wheels.pure("host-api", "1.5", {"host_api/__init__.py": "import leaf\nclass Plugin: pass"}, requires=["leaf"]))
    older = at("host-api", wheels.pure("host-api", "1.0", {"host_api/__init__.py": "class Plugin: old = 1"}))
    code = """
        import host_api, leaf
        class Foo(host_api.Plugin):
            def local(self):
                import application.events
                return application.events.Event()
    """
    foo = plugin("foo", code, leaf["3.0"], older, needs=["leaf", "host-api>=1"])
    alone = plugin("alone", code, leaf["3.0"], older, needs=["leaf", "host-api>=1"])
    done = host(api, files={"application/__init__.py": "", "application/events.py": "class Event: pass"}).run(
        f"""
        import pinfold, leaf, host_api, pickle
        world = pinfold.attach({str(foo)!r}, share=["host_api", "application"])
        module = world.import_module("foo")
        event = module.Foo().local()  # the world is the first to import it
        from application.events import Event
        print(isinstance(module.Foo(), host_api.Plugin), isinstance(event, Event), module.leaf is leaf)
        print({{u.name: u.version for u in world.units()}})
        print([e.name for e in world.entry_points(group="host.plugins")])
        own = pinfold.attach({str(alone)!r}).import_module("alone")
        print(issubclass(own.Foo, host_api.Plugin), own.leaf.V, own.host_api.Plugin.old)
        one = pickle.loads(pickle.dumps(own.leaf.make()))
        assert type(one) is own.leaf.Leaf is not leaf.Leaf
        """
    )
    assert done.stdout.splitlines() == [
        "True True True",
        "{'foo': '1', 'host-api': '1.5', 'leaf': '2.0'}",
        "['foo']",
        "False 3.0 1",
    ]


def test_what_stands_in_a_folder_of_code_belongs_to_the_world(host, plugin, leaf, tmp_path):
    foo = plugin("foo", "", leaf["3.0"])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").write_text("import leaf\nfrom . import part\n")
    (tmp_path / "mine" / "part.py").write_text("def late():\n    import leaf, other\n    return leaf.V, other.__file__\n")
    (tmp_path / "other.py").write_text("")
    done = host().run(
        f"""
        import pinfold, leaf
        world = pinfold.attach({str(foo)!r}, code={str(tmp_path)!r})
        mine = world.import_module("mine")
        print(mine.leaf.V, mine.part.late()[0], mine.part.late()[1] == {str(tmp_path / "other.py")!r}, leaf.V)
        print(pinfold.unit_of(mine).name == "world " + world.name)
        """
    )
    assert done.stdout.splitlines() == ["3.0 3.0 True 2.0", "True"]


@pytest.mark.one_python("3.12")
def test_twenty_plugins_with_one_native_wheel_and_a_leaf_each(host, plugin, project, wheels):
    """One wheel under twenty versions of what it needs: twenty units, each with extensions of its own."""
    native = at("native", wheels.extension("native", "1", {"native._core": MULTI + INLINE_HELPER}, {"native/__init__.py": "from native._core import *\nfrom native import _core"}, requires=["leaf"], flags=["-O2"]))
    code = "import native\ndef claims(who):\n    return [getattr(native, kind)(who) for kind in ('thread_dict', 'interp_dict', 'builtins')]"
    folders = []
    for number in range(20):
        version = f"3.{number}"
        own = at("leaf", wheels.pure("leaf", version, {"leaf.py": LEAF.format(v=version)}))
        folders.append(str(plugin("plug", code, own, native, needs=["native"])))
    done = host(native).run(
        f"""
        import json, pinfold, native, leaf
        before = native.tail()  # loaded, and redirected only when the first world comes
        worlds = [pinfold.attach(folder) for folder in json.loads({json.dumps(folders)!r})]
        plugs = [world.import_module("plug") for world in worlds]
        print([plug.native.tail().V for plug in plugs] == [f"3.{{n}}" for n in range(20)])
        print([plug.native.by_thread().V for plug in plugs] == [f"3.{{n}}" for n in range(20)])
        print(len({{plug.native._core.__file__ for plug in plugs}}), native.tail() is before is leaf)
        print([plug.claims(f"w{{n}}") for n, plug in enumerate(plugs)] == [[f"w{{n}}"] * 3 for n in range(20)])
        print(len({{world.name for world in worlds}}))
        """
    )
    assert done.stdout.splitlines() == ["True", "True", "20 True", "True", "20"]


def test_a_unit_of_both_sides_answers_by_who_called_it(host, plugin, leaf, wheels):
    """`both` is one unit; it imports what it is told to. `given` is the same, shared on purpose."""
    code = "def ask(name):\n    import importlib\n    return importlib.import_module(name)\n"
    both = at("both", wheels.pure("both", "1", {"both.py": code}))
    given = at("given", wheels.pure("given", "1", {"given.py": code}))
    extra = at("extra", wheels.pure("extra", "1", {"extra.py": ""}))
    asks = "import both, given\ndef ask(which, name):\n    return getattr(globals()[which], 'ask')(name)\n"
    foo = plugin("foo", asks, leaf["3.0"], both, given, needs=["leaf", "both", "given"])
    done = host(both, given, extra, files={"settings.py": "", "loaded.py": "", "application.py": ""}).run(
        f"""
        import both, given, leaf, loaded, extra, pinfold
        world = pinfold.attach({str(foo)!r}, share=["given", "application"])
        foo = world.import_module("foo")
        def tried(ask, *names):
            for name in names:
                try:
                    module = ask(name)
                except ModuleNotFoundError:
                    yield name, None
                else:
                    yield name, getattr(module, "V", "found")
        names = ("leaf", "extra", "loaded", "settings", "application")
        assert foo.both is both and foo.given is given
        print(*tried(lambda name: foo.ask("both", name), *names))
        print(*tried(both.ask, *names))
        print(*tried(lambda name: foo.ask("given", name), *names))
        """
    )
    found = "('extra', 'found') ('loaded', 'found') ('settings', 'found') ('application', 'found')"
    assert done.stdout.splitlines() == [
        "('leaf', '3.0') ('extra', None) ('loaded', None) ('settings', None) ('application', 'found')",
        f"('leaf', '2.0') {found}",
        f"('leaf', '3.0') {found}",
    ]


@pytest.mark.one_python("3.12")
def refused(host, attach):
    """What AttachError says; the process must be as it was."""
    done = host.run(
        f"""
        import leaf, pinfold
        before = pinfold.units()
        try:
            {attach}
        except pinfold.AttachError as error:
            print(error)
        else:
            raise SystemExit("attached")
        assert pinfold.units() == before and pinfold.worlds() == []
        """
    )
    assert "hint: " in done.stdout, done.stdout
    return done.stdout


def test_what_cannot_be_attached_is_said(host, plugin, leaf, merged, tmp_path, wheels, fresh_project):
    env = host()
    foo = plugin("foo", "", leaf["3.0"], needs=["leaf>=3"])

    def said(path, more=""):
        return refused(env, f"pinfold.attach({str(path)!r}{more})")

    assert "there is no such folder" in said(tmp_path / "nothing")
    assert "has no closure.json" in said(tmp_path)
    assert "did not make" in said(merged().venv)
    assert f"attach the one in it: {foo}" in said(foo.parent)
    assert "this process runs in it" in said(env.venv)
    unfit = said(foo, ', share=["leaf"]')
    assert "`leaf>=3`, which foo 1 requires, does not accept leaf 2.0" in unfit
    assert "share `nobody`" in said(foo, ', share=["nobody"]')
    assert "`leaf.sub`, and root of this process has no distribution of that name" in said(foo, ', share=["leaf.sub"]')
    assert "which is a requirement\nhint: share takes a name without a version: `leaf`" in said(foo, ', share=["leaf>=2"]')
    assert "cannot be called `a/b`" in said(foo, ', name="a/b"')
    assert "cannot be called `root`" in said(foo, ', name="root"')
    assert "it is no path" in said("")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    assert f"it is a link to {tmp_path / 'gone'}, which is not there" in said(tmp_path / "dangling")
    wrong = env.run(f"import pinfold; pinfold.attach({str(foo)!r}).import_module(3)", check=False)
    assert "TypeError: the name of a module is a str, not int" in wrong.stderr

    mine = fresh_project(manifest([leaf["3.0"]]))
    closure = mine.venv / "closure.json"
    right = closure.read_text()
    for wrong, words in (
        (right.replace('"python": "3.', '"python": "2.'), "it was made for Python 2."),
        (right.replace('"platform": "linux_', '"platform": "amiga_'), "it was made for amiga_"),
        (right[:100], "is not a closure.json"),
        (right.replace("/wheels/", "/gone/"), "folders of its units are gone: leaf 3.0"),
    ):
        closure.chmod(0o644)
        closure.write_text(wrong)
        (mine.venv / "index.bin").unlink(missing_ok=True)
        assert words in said(mine.venv), wrong[:300]
    done = merged("pip").run("import sys; sys.path.insert(0, sys.argv[1]); import pinfold; pinfold.attach('x')", _package(env), check=False)
    assert "hook is not active" in done.stderr and "hint: " in done.stderr


def test_requirements_of_extras_count_where_the_extra_was_asked_for(host, project, wheels, leaf):
    """`fast` narrows what `foo` requires of leaf anyway; markers that do not hold never count."""
    requires = ["leaf>=1", "leaf>=3; extra == 'fast'", "leaf>=9; extra == 'no'", "leaf>=9; sys_platform == 'amiga'"]
    extras = {"Provides-Extra": ["fast", "no"]}
    env = host()
    for required, v, accepted in (("foo", "1.0", True), ("foo[fast]", "3.0", False)):
        foo = at(required, wheels.pure("foo", "1", {"foo.py": "import leaf"}, requires=requires, extra=extras))
        other = str(project(manifest([foo, leaf[v]])).venv)
        if accepted:
            code = f"import leaf, pinfold; print(pinfold.attach({other!r}, share=['leaf']).import_module('foo').leaf is leaf)"
            assert env.run(code).stdout == "True\n"
        else:
            said = refused(env, f"pinfold.attach({other!r}, share=['leaf'])")
            assert "`leaf>=3`, which foo 1 requires, does not accept leaf 2.0" in said


def _package(env):
    return env.run("import os, pinfold; print(os.path.dirname(os.path.dirname(pinfold.__file__)))").stdout.strip()


def test_a_generation_that_is_attached_is_in_use(host, fresh_project, leaf):
    mine = fresh_project(manifest([leaf["3.0"]]))
    done = host().run(
        f"""
        import fcntl, os, pinfold
        lock = os.path.join(os.path.realpath({str(mine.venv)!r}), "lock")
        def free():
            with open(lock) as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
                return True
        print(free())
        try:
            pinfold.attach({str(mine.venv)!r}, share=["nobody"])
        except pinfold.AttachError:
            print(free())
        pinfold.attach({str(mine.venv)!r})
        print(free())
        """
    )
    assert done.stdout.split() == ["True", "True", "False"]


def test_one_unit_of_both_is_one_module_also_below_a_namespace(project, plugin, wheels, leaf):
    """The host has loaded a part of a namespace; the world has the same part, and another."""
    part = {n: at(f"ns-{n}", wheels.pure(f"ns-{n}", "1", {f"ns/{n}.py": "import leaf\ndef late():\n    import ns.a\n    return ns.a"}, requires=["leaf"])) for n in "ab"}
    foo = plugin("foo", "import ns.a, ns.b, leaf", leaf["2.0"], part["a"], part["b"], needs=["leaf", "ns-a", "ns-b"])
    done = project(manifest([leaf["2.0"], part["a"]])).run(
        f"""
        import ns.a, leaf, pinfold
        foo = pinfold.attach({str(foo)!r}).import_module("foo")
        assert foo.ns.a is ns.a and foo.leaf is leaf and foo.ns.b.late() is ns.a and ns.a.late() is ns.a
        assert foo.ns is not ns and not hasattr(ns, "b")
        try:
            import ns.b
        except ModuleNotFoundError:
            print("ok")
        """
    )
    assert done.stdout == "ok\n"


def test_pins_of_a_plugin_are_its_own(host, project, wheels, leaf):
    inner = at("inner", wheels.pure("inner", "1", {"inner.py": "import leaf\ndef late():\n    import leaf\n    return leaf.V"}, requires=["leaf"]))
    foo = at("foo", wheels.pure("foo", "1", {"foo.py": "import leaf, inner"}, requires=["leaf", "inner"]))
    env = project(manifest([foo, inner, leaf["3.0"]], {"inner": [leaf["4.0"]]}))
    done = host().run(
        f"""
        import leaf, pinfold
        foo = pinfold.attach({str(env.venv)!r}, share=["leaf"]).import_module("foo")
        print(leaf.V, foo.leaf is leaf, foo.inner.leaf.V, foo.inner.late())
        """
    )
    assert done.stdout == "2.0 True 4.0 4.0\n"


def test_many_threads_attach_at_once(host, plugin, leaf):
    foo, bar = (plugin(name, "import leaf", leaf[v]) for name, v in (("foo", "3.0"), ("bar", "4.0")))
    done = host().run(
        f"""
        import pinfold, threading
        barrier, got = threading.Barrier(16), []
        def work(number):
            folder, name = [({str(foo)!r}, "foo"), ({str(bar)!r}, "bar")][number % 2]
            barrier.wait()
            world = pinfold.attach(folder)
            got.append((name, world.import_module(name).leaf.V, world))
        threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
        [t.start() for t in threads]; [t.join() for t in threads]
        print(sorted({{g[:2] for g in got}}), len(got), len({{g[2] for g in got}}), len(pinfold.worlds()))
        """
    )
    assert done.stdout == "[('bar', '4.0'), ('foo', '3.0')] 16 2 2\n"
