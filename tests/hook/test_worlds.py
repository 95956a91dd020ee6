"""What the code of an attached world does besides importing: files by path, `sys.path`, runpy, pickles, errors."""

import pytest
from test_attach import host, leaf, plugin, refused  # noqa: F401
from test_rules import at, manifest

BY_PATH = "import leaf\nV = leaf.V\ndef late():\n    import leaf\n    return leaf.V\n"
# Nothing is imported while it runs: whose it is has to be known before somebody else calls it.
QUIET = "def late():\n    import leaf\n    return leaf.V\n"

TOOLS = """
    import leaf

    def by_spec(path, keep=False):
        import importlib.util, sys
        spec = importlib.util.spec_from_file_location("by_spec", path)
        module = importlib.util.module_from_spec(spec)
        if keep:
            sys.modules["by_spec"] = module
        spec.loader.exec_module(module)
        return module.late

    def by_lazy_spec(path):
        import importlib.util
        spec = importlib.util.spec_from_file_location("by_lazy_spec", path)
        spec.loader = importlib.util.LazyLoader(spec.loader)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.late

    def by_loader(path):
        import importlib.machinery
        return importlib.machinery.SourceFileLoader("by_loader", path).load_module().late

    def by_runpy(path, **more):
        import runpy
        return runpy.run_path(path, **more)["late"]

    def by_runpy_as_main(path):
        return by_runpy(path, run_name="__main__")

    def by_runpy_with_globals(path):
        return by_runpy(path, init_globals=globals())

    def kept(path):
        return by_spec(path, keep=True)

    ALL = (by_spec, kept, by_lazy_spec, by_loader, by_runpy, by_runpy_as_main, by_runpy_with_globals)

    def execute(code, **scope):
        exec(code, scope)
        return scope
"""


def code(text):
    return "\n".join(line.removeprefix("    ") for line in text.splitlines())


@pytest.fixture
def foo(plugin, leaf):  # noqa: F811
    return plugin("foo", code(TOOLS), leaf["3.0"])


def test_what_a_world_loads_by_the_path_of_a_file_is_the_worlds(host, foo, tmp_path):  # noqa: F811
    for name, text in (("loud", BY_PATH), ("quiet", QUIET)):
        (tmp_path / f"{name}.py").write_text(text)
    done = host(files={"tools.py": code(TOOLS)}).run(
        f"""
        import pinfold, tools, leaf
        world = pinfold.attach({str(foo)!r}, name="foo")
        foo = world.import_module("foo")
        for path in ({str(tmp_path / "loud.py")!r}, {str(tmp_path / "quiet.py")!r}):
            for load in foo.ALL:
                late = load(path)
                assert late() == "3.0", (path, load)
                assert pinfold.explain(late).owner == "world foo", (path, load)
            # The host loads the same files for itself, and through the world for the world.
            assert [load(path)() for load in tools.ALL] == ["2.0"] * len(tools.ALL), path
            import runpy
            assert world.run(runpy.run_path, path)["late"]() == "3.0"
        for scope in ({{"__name__": "__main__"}}, {{"__name__": "x", "__file__": "/nowhere/x.py"}}):
            text = "import leaf\\ndef late():\\n    import leaf as late\\n    return leaf.V, late.V"
            assert foo.execute(text, **scope)["late"]() == ("3.0", "3.0"), scope
            assert tools.execute(text, **scope)["late"]() == ("2.0", "2.0"), scope
        print("ok")
        """
    )
    assert done.stdout == "ok\n"


def test_a_module_that_the_host_shares_is_the_hosts_whoever_loads_it(host, foo):  # noqa: F811
    done = host(files={"application/__init__.py": "", "application/events.py": BY_PATH}).run(
        f"""
        import pinfold, leaf
        foo = pinfold.attach({str(foo)!r}, share=["application"]).import_module("foo")
        events = foo.execute("import application.events as it")["it"]
        import application.events
        print(events is application.events, events.V, events.late(), pinfold.unit_of(events))
        """
    )
    assert done.stdout == "True 2.0 2.0 None\n"


def test_folders_that_a_world_puts_on_sys_path_are_its_own(host, foo, plugin, leaf, tmp_path):  # noqa: F811
    bar = plugin("bar", code(TOOLS), leaf["4.0"])
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vendored.py").write_text(f"import leaf\nPLACE = {name!r}\nV = leaf.V\n")
    (tmp_path / "one" / "leaf.py").write_text("V = 'ahead'\n")
    done = host().run(
        f"""
        import pinfold, sys, leaf
        foo = pinfold.attach({str(foo)!r}, name="foo").import_module("foo")
        bar = pinfold.attach({str(bar)!r}, name="bar").import_module("bar")
        one, two = {str(tmp_path / "one")!r}, {str(tmp_path / "two")!r}
        before = list(sys.path)

        def absent():
            try:
                import vendored
            except ModuleNotFoundError:
                return "vendored" not in sys.modules
        foo.execute(f"import sys; sys.path.append({{one!r}}); assert {{one!r}} in sys.path")
        bar.execute(f"import sys; assert {{one!r}} not in sys.path; sys.path[:0] = [{{two!r}}]")
        assert sys.path == before and absent()
        theirs = [plugin.execute("import vendored")["vendored"] for plugin in (foo, bar)]
        print([(module.PLACE, module.V, pinfold.explain(module).owner) for module in theirs])
        assert absent() and foo.execute("import vendored")["vendored"] is theirs[0]

        # The host's own entry of the same folder is one more, and each takes away its own.
        sys.path.insert(0, two)
        import vendored
        assert vendored.V == "2.0" and vendored is not theirs[1]
        bar.execute(f"import sys; sys.path.remove({{two!r}}); assert {{two!r}} not in sys.path")
        assert two in sys.path
        sys.path.remove(two)
        assert sys.path == before
        # A list in the place of the old one leaves the host's folders where they are.
        foo.execute(f"import sys; sys.path = [{{two!r}}] + sys.path\\ntry: import nowhere\\nexcept ImportError: pass")
        assert sorted(sys.path) == sorted(before), (sys.path, before)
        print(foo.execute("import sys; print(sys.path[0])")["sys"] is sys)
        """
    )
    assert done.stdout.splitlines() == [
        "[('one', '3.0', 'world foo'), ('two', '4.0', 'world bar')]",
        str(tmp_path / "two"),
        "True",
    ]


def test_a_folder_ahead_of_a_worlds_units_hides_them_as_it_does_for_root(host, foo, tmp_path):  # noqa: F811
    (tmp_path / "first.py").write_text("")
    (tmp_path / "leaf.py").write_text("V = 'ahead'\n")
    done = host().run(
        f"""
        import pinfold, sys
        world = pinfold.attach({str(foo)!r}, name="foo")
        world.run(sys.path.insert, 0, {str(tmp_path)!r})
        print(world.import_module("leaf").V, world.import_module("foo").leaf.V)
        import leaf
        print(leaf.V)
        """
    )
    assert done.stdout.splitlines() == ["ahead ahead", "2.0"]


def test_a_module_that_only_the_host_has_is_an_error_that_says_how_to_share_it(host, foo, wheels):  # noqa: F811
    extra = at("ex-tra", wheels.pure("ex-tra", "1.5", {"ex_tra.py": ""}))
    done = host(extra, files={"local_one.py": ""}).run(
        f"""
        import pinfold
        world = pinfold.attach({str(foo)!r}, name="foo")
        for name in ("ex_tra", "local_one", "local_one.sub", "nowhere"):
            try:
                world.import_module(name)
            except ModuleNotFoundError as error:
                print(str(error).partition("hint: ")[2].partition(":")[0], "share=[" in str(error))
        """
    )
    assert done.stdout.splitlines() == ["the process has ex-tra 1.5 True", *["the process has a module `local_one` True"] * 2, " False"]


@pytest.mark.one_python("3.12")
def test_arguments_of_the_wrong_kind_and_names_that_cannot_be_shared(host, foo, tmp_path):  # noqa: F811
    env = host()
    done = env.run(
        f"""
        import pinfold
        path = {str(foo)!r}
        for given in ({{"path": 5}}, {{"share": 5}}, {{"share": "leaf"}}, {{"share": None}}, {{"share": ["leaf", 5]}}, {{"name": 5}}, {{"code": 5}}):
            try:
                pinfold.attach(given.pop("path", path), **given)
            except TypeError as error:
                print(error)
        assert pinfold.worlds() == []
        """
    )
    assert done.stdout.splitlines() == [
        "the folder of an environment is a str or an os.PathLike, not int",
        'share is a list of names, such as share=["host-api"], and not int, 5',
        "share is a list of names, such as share=[\"leaf\"], and not 'leaf'",
        'share is a list of names, such as share=["host-api"], and not NoneType, None',
        'share is a list of names, such as share=["host-api"], and not int, 5',
        "name is what the world is called, a str, not int",
        "the folder of the world's own code is a str or an os.PathLike, not int",
    ]
    for more, words in (
        ("share=['json']", "share `json`, which is of the standard library"),
        ("share=['os.path']", "share `os.path`, which is of the standard library"),
        ("share=['__main__']", "share `__main__`, which is the program itself"),
        ("share=['pinfold']", "share `pinfold`, which is Pinfold itself"),
        ("share=['']", "share ``, which is no name"),
        ("share=['nobody']", "share `nobody`, and root of this process has no distribution and no module"),
        ("share=['some.thing']", "if it is a part of the module `some`, share that"),
        (f"code={str(tmp_path / 'no')!r}", "there is no folder"),
        (f"code={str(env.folder)!r}", "has in it what is the host's"),
        ("code='/'", "has in it what is the host's"),
    ):
        assert words in refused(env, f"pinfold.attach({str(foo)!r}, {more})"), more
    assert "no such folder" in refused(env, "pinfold.attach('a' + chr(0))")


@pytest.mark.one_python("3.12")
def test_what_does_not_fit_is_said_with_both_requirements(project, plugin, leaf, wheels):  # noqa: F811
    """`host-api` is what was asked for; `leaf`, which it needs, is what does not fit."""
    api = at("host-api", wheels.pure("host-api", "1.5", {"host_api.py": ""}, requires=["leaf<3"]))
    older = at("host-api", wheels.pure("host-api", "1.0", {"host_api.py": ""}))
    foo = plugin("foo", "", leaf["3.0"], older, needs=["leaf>=3", "host-api"])
    said = refused(project(manifest([leaf["2.0"], api])), f"pinfold.attach({str(foo)!r}, share=['host-api'])")
    assert "`leaf>=3`, which foo 1 requires, does not accept leaf 2.0" in said
    assert "share with it as `host-api`; here host-api 1.5 requires `leaf<3`" in said
    assert "leave `host-api` out of `share`" in said


def test_a_folder_of_code_that_links_to_itself(host, foo, tmp_path):  # noqa: F811
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").write_text(BY_PATH)
    (tmp_path / "mine" / "again").symlink_to(tmp_path)
    (tmp_path / "mine" / "more").symlink_to(tmp_path / "mine")
    done = host().run(f"import pinfold; print(pinfold.attach({str(foo)!r}, code={str(tmp_path)!r}).import_module('mine').V)")
    assert done.stdout == "3.0\n"


def test_a_worlds_things_are_explained_with_their_way_from_the_world(host, foo, tmp_path):  # noqa: F811
    (tmp_path / "mine.py").write_text("import leaf\nclass Thing: pass\n")
    done = host().run(
        f"""
        import pinfold, leaf
        world = pinfold.attach({str(foo)!r}, name="foo", code={str(tmp_path)!r})
        mine = world.import_module("mine")
        for what in (mine, mine.Thing, mine.Thing()):
            told = pinfold.explain(what)
            assert told.owner == told.unit.name == "world foo" and told.unit.version == "", told
            assert repr(told.unit).startswith("<pinfold unit world foo@"), told.unit
            assert told.unit not in pinfold.units() + world.units()
        told = pinfold.explain(mine.leaf)
        assert (told.origin, [unit.name for unit in told.path]) == ("world foo", ["leaf"]), told
        assert "why        world foo -> leaf 3.0" in str(told) and "the manifest of world foo requires" in str(told), str(told)
        assert "loaded by  world foo: rule 2, it is in the world's root closure" in str(told), str(told)
        assert pinfold.explain(leaf).origin == "root"
        assert not pinfold.explain(leaf, mine.leaf).same
        assert pinfold.explain(3).origin is None
        """
    )
    assert done.returncode == 0


PROCESSES = """
import concurrent.futures, multiprocessing, pickle, sys
import pinfold

def attach():
    return pinfold.attach({venv!r}, name="foo", code={code!r})

def back(thing):
    return thing

if __name__ == "__main__":
    world = attach()
    foo, mine = world.import_module("foo"), world.import_module("mine")
    for thing in (foo.leaf.Leaf, foo.leaf.Leaf(), foo.leaf.make, mine.Thing, mine.Thing(), mine.make):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            for dumps in (pickle.dumps, pickle._dumps):
                again = pickle.loads(dumps(thing, protocol))
                assert again is thing or type(again) is type(thing), (thing, protocol)
        assert world.run(pickle.dumps, thing) == pickle.dumps(thing)
    things = foo.leaf.Leaf(), mine.Thing()
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context, initializer=attach) as pool:
            assert [type(pool.submit(back, thing).result()) is type(thing) for thing in things] == [True, True], method
            assert pool.submit(mine.make).result() == "3.0", method
    with open(sys.argv[1], "wb") as file:
        pickle.dump(things[0], file)
    with open(sys.argv[2], "wb") as file:
        pickle.dump(things[1], file)
    print("ok")
"""


def test_a_worlds_objects_between_processes(host, foo, tmp_path):  # noqa: F811
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "mine.py").write_text("import leaf\nclass Thing: pass\ndef make(): return leaf.V\n")
    (tmp_path / "program.py").write_text(PROCESSES.format(venv=str(foo), code=str(folder)))
    env = host()
    files = [tmp_path / "leaf.pickle", tmp_path / "mine.pickle"]
    assert env.run_python(tmp_path / "program.py", *files).stdout == "ok\n"
    # A process that has not attached it: an error that names the unit and what to do.
    for file, unit in zip(files, ("leaf@", "world foo@")):
        done = env.run(f"import leaf, pickle; pickle.load(open({str(file)!r}, 'rb'))", check=False)
        assert f"ModuleNotFoundError: No module named '{unit}" in done.stderr, done.stderr
        assert "`pinfold.attach`: in a pool of processes, call it in the pool's initializer" in done.stderr


def test_a_function_of_the_program_that_a_plugin_calls_is_the_programs(host, plugin, leaf):  # noqa: F811
    """The program has imported nothing since there is something to tell apart."""
    foo = plugin("foo", "import leaf\ndef call(f):\n    return f()", leaf["3.0"])
    program = f"""
        import manager, threading
        def callback():
            import leaf
            return leaf.V
        thread = threading.Thread(target=manager.work, args=({str(foo)!r}, callback))
        thread.start(), thread.join()
        print(callback())
    """
    manager = "import pinfold\ndef work(path, f):\n    print(pinfold.attach(path).import_module('foo').call(f))\n"
    assert host(files={"manager.py": manager}).run(program).stdout == "2.0\n2.0\n"
