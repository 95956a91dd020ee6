"""`pinfold.explain`, `pinfold.units` and `PINFOLD_TRACE=imports`: who got what, by which rule, and why."""

import re

import pytest

LEAF = """
    V = {v!r}
    class Thing:
        def make(self): return self
    def make(): return Thing()
"""
TRACE = {"PINFOLD_TRACE": "imports"}


@pytest.fixture
def env(project, wheels):
    """Root on leaf 2.0; `old`, pinned, gets leaf 1.0 by way of `mid`."""
    leaf = {v: wheels.pure("leaf", v, {"leaf.py": LEAF.format(v=v)}) for v in ("1.0", "2.0")}
    mid = wheels.pure("mid", "3", {"mid/__init__.py": "import leaf", "mid/sub.py": ""}, requires=["leaf<1.5"])
    old = "import mid\nlate = lambda name: __import__(name)\n"
    old = wheels.pure("old", "1", {"old.py": old}, requires=["mid>=2"])
    at = {name: f"{name} @ file://{wheel}" for name, wheel in (("mid", mid), ("old", old))}
    at |= {v: f"leaf @ file://{wheel}" for v, wheel in leaf.items()}
    return project(f'requires = ["{at["old"]}", "{at["2.0"]}"]\n[pins.old]\nrequires = ["{at["mid"]}", "{at["1.0"]}"]\n')


def lines(result):
    """The lines of the trace, without process numbers, identifiers and folders."""
    found = [line for line in result.stderr.splitlines() if line.startswith("pinfold[")]
    found = [re.sub(r"^pinfold\[\d+\]: ", "", line) for line in found]
    return [re.sub(r" <[^>]*>", "", re.sub(r" /\S*/", " …/", line)) for line in found]


def test_a_thing_of_another_version_is_explained_with_its_way_and_its_namesakes(env):
    done = env.run(
        """
        import leaf, old, pinfold
        theirs = old.mid.leaf
        for what in (theirs, theirs.Thing, theirs.make, theirs.Thing(), theirs.Thing().make):
            told = pinfold.explain(what)
            assert told.unit.version == "1.0" and told.module == "leaf" and told.file == theirs.__file__, told
            assert told.unit.id.startswith("leaf@") and told.unit.closures == ["old"], told
            assert told.importer.startswith("mid@") and (told.rule, told.reason) == (2, "a dependency that it declares")
            assert [unit.name for unit in told.path] == ["old", "leaf"]
            assert [(other.version, other.loaded) for other in told.others] == [("2.0", True)]
        print(pinfold.explain(theirs.Thing))
        assert pinfold.explain(leaf).unit.version == "2.0" and pinfold.explain("leaf") == pinfold.explain(leaf)
        """
    )
    text = re.sub(r"@\w{12}", "@ID", re.sub(r" /\S*/", " …/", done.stdout))
    assert text.splitlines()[:5] == [
        "class leaf.Thing is of leaf 1.0",
        "  unit       leaf@ID, in closure old",
        "  file       …/leaf.py",
        "  loaded by  mid 3 (mid@ID): rule 2, a dependency that it declares",
        "  why        root -> old 1 -> leaf 1.0",
    ]
    assert text.splitlines()[5].startswith("             [pins.old] requires `leaf @ file:")
    assert text.splitlines()[6:] == [
        "             mid 3 requires `leaf<1.5`",
        "  others     leaf 2.0 (leaf@ID), in closure root, loaded",
    ]


def test_a_wrong_type_between_versions_can_be_understood(env):
    done = env.run(
        """
        import leaf, old, pinfold
        told = pinfold.explain(leaf.Thing(), old.mid.leaf.Thing)
        assert not told.same and told.first.unit.version == "2.0" and told.second.unit.version == "1.0"
        assert pinfold.explain(leaf.Thing, leaf.make).same
        print(str(told).partition("they are")[2])
        """
    )
    assert done.stdout.startswith(" of two units of leaf, 2.0 and 1.0: classes of one are not those of the other")
    # `mid` requires `leaf<1.5`: root's is none that could be shared.
    assert "share" not in done.stdout and "hint: hand over" in done.stdout


def test_a_share_is_proposed_where_the_requirements_accept_it(project, wheels):
    leaf = {v: wheels.pure("leaf", v, {"leaf.py": LEAF.format(v=v)}) for v in ("1.0", "2.0")}
    old = wheels.pure("old", "1", {"old.py": "import leaf"}, requires=["leaf>=1,<2.0.1"])
    env = project(f'requires = ["old @ file://{old}", "leaf @ file://{leaf["2.0"]}"]\n[pins.old]\nrequires = ["leaf @ file://{leaf["1.0"]}"]\n')
    done = env.run("import leaf, old, pinfold; print(pinfold.explain(leaf, old.leaf))")
    assert done.stdout.endswith(', or make them one with `share = ["leaf"]` in the pin\n')


def test_an_instance_of_a_subclass_of_str_is_no_name(env):
    done = env.run(
        """
        import leaf, old, pinfold
        class Word(str): pass
        told = pinfold.explain(Word("leaf"))
        assert told.owner == "root" and told.what == "an instance of __main__.Word", told
        assert pinfold.explain(old.mid.leaf.__name__).module == "leaf" and pinfold.explain("leaf").unit.version == "2.0"
        """
    )
    assert not done.stderr


def test_roots_and_the_standard_librarys_things_have_no_unit(env):
    code = """
        import json, pinfold
        class Mine: pass
        for what in (Mine, Mine(), json, json.dumps, len, 3, "json", json.decoder.JSONDecoder, None):
            told = pinfold.explain(what)
            print(told.owner, told.unit, bool(str(told)))
    """
    done = env.run(code)
    assert done.stdout.splitlines() == ["root None True"] * 2 + ["the standard library None True"] * 7


def test_what_is_not_loaded_is_an_error_that_says_so(env):
    done = env.run("import pinfold; pinfold.explain('leaf')", check=False)
    assert "LookupError: no module 'leaf' is loaded for root" in done.stderr
    done = env.run("import pinfold; pinfold.explain(3)", env={"PINFOLD_DISABLE": "1"}, check=False)
    assert "RuntimeError: pinfold's import hook is not active" in done.stderr


def test_units_know_what_they_depend_on_and_whether_they_are_loaded(env):
    done = env.run(
        """
        import leaf, pinfold
        for unit in pinfold.units():
            ids = [name.partition("@")[0] for name in unit.dependencies]
            print(unit.name, unit.version, unit.closures, ids, unit.pinned, unit.loaded)
        """
    )
    assert sorted(done.stdout.splitlines()) == [
        "leaf 1.0 ['old'] [] False False",
        "leaf 2.0 ['root'] [] False True",
        "mid 3 ['old'] ['leaf'] False False",
        "old 1 ['root', 'old'] ['leaf', 'mid'] True False",
    ]


def test_the_trace_says_every_first_import_with_its_rule_and_file(env):
    done = env.run("import leaf, old; import leaf", env=TRACE)
    ours = [line for line in lines(done) if line.split()[0] in ("leaf", "old", "mid")]
    assert ours == [
        "leaf for root: rule 2 (it is in root's closure) -> leaf 2.0 …/leaf.py",
        "old for root: rule 2 (it is in root's closure) -> old 1 …/old.py",
        "mid for old 1: rule 2 (a dependency that it declares) -> mid 3 …/__init__.py",
        "leaf for mid 3: rule 2 (a dependency that it declares) -> leaf 1.0 …/leaf.py",
    ]
    assert not env.run("import leaf, old").stderr


def test_the_trace_says_why_something_is_not_found(env):
    code = "import old\ntry: old.late('nowhere')\nexcept ImportError: pass\ntry: import mid\nexcept ImportError: pass"
    told = [line for line in lines(env.run(code, env=TRACE)) if ": not found: " in line and "customize" not in line]
    assert told[0].startswith("nowhere for old 1: not found: No module named 'nowhere' for importer old 1 (in closure")
    assert told[1].startswith("mid for root: not found: No module named 'mid' for importer root")


def test_the_trace_says_decisions_that_the_call_stack_makes(project, wheels):
    """`shared` is one unit of two closures, and asks for what it does not declare: each caller's own."""
    late = "def ask():\n    import leaf\n    return leaf.V"
    shared = wheels.pure("shared", "1", {"shared.py": late})
    pins, requires = "", []
    for v in ("1.0", "2.0"):
        leaf = wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}"})
        user = wheels.pure(f"user{v[0]}", "1", {f"user{v[0]}.py": "from shared import ask as a\ndef ask(): return a()"}, requires=["shared", "leaf"])
        requires.append(f"user{v[0]} @ file://{user}")
        pins += f'[pins.user{v[0]}]\nrequires = ["leaf @ file://{leaf}", "shared @ file://{shared}"]\n'
    env = project(f"requires = {requires!r}\n".replace("'", '"') + pins)
    done = env.run("import user1, user2; print(user1.ask(), user2.ask(), user1.ask(), user1.ask())", env=TRACE)
    assert done.stdout == "1.0 2.0 1.0 1.0\n"
    told = [line for line in lines(done) if line.startswith("leaf for shared 1: ")]
    rule = "leaf for shared 1: rule 3 (not declared, but in closure `user{0}`, which it belongs to) -> leaf {0}.0"
    first = [told[0], next(line for line in told if "user2" in line)]
    assert first == [rule.format(1) + " …/leaf.py", rule.format(2) + " …/leaf.py"]
    assert told[-1] == rule.format(1) + " (loaded already)"


def test_the_trace_is_whole_lines_from_threads_and_in_subprocesses(env):
    code = """
        import subprocess, sys, threading
        names = ["leaf", "old", "json.tool", "wave", "cmd", "code", "difflib", "nowhere1", "nowhere2"]
        def load(name):
            try: __import__(name)
            except ImportError: pass
        threads = [threading.Thread(target=load, args=(name,)) for name in names]
        [t.start() for t in threads], [t.join() for t in threads]
        subprocess.run([sys.executable, "-c", "import leaf"], check=True)
    """
    done = env.run(code, env=TRACE)
    told = done.stderr.splitlines()
    assert all(re.match(r"pinfold\[\d+\]: [\w.]+ for .+: (rule|not found)", line) for line in told), done.stderr
    loaded = [line for line in told if ": leaf for root: " in line]
    assert len(loaded) == 2 and len({line.partition(":")[0] for line in loaded}) == 2


def test_an_environment_without_pins_has_a_trace_too(project, wheels):
    leaf = wheels.pure("leaf", "1.0", {"leaf.py": ""})
    env = project(f'requires = ["leaf @ file://{leaf}"]')
    told = lines(env.run("import leaf, json\ntry: import nowhere\nexcept ImportError: pass", env=TRACE))
    assert "leaf for root: rule 2 (it is in root's closure) -> leaf 1.0 …/leaf.py" in told
    assert any(line.startswith("json for root: rule 1 (the standard library) -> …/__init__.py") for line in told)
    assert not [line for line in told if "  " in line or line.startswith("pinfold")]
    assert any(line.startswith("nowhere for root: not found") for line in told)


def test_the_trace_tells_a_local_file_from_the_standard_librarys(project, wheels):
    leaf = wheels.pure("leaf", "1.0", {"leaf.py": ""})
    env = project(f'requires = ["leaf @ file://{leaf}"]', {"colorsys.py": ""})
    told = lines(env.run("import colorsys, wave", env=TRACE))
    assert any(line.startswith("colorsys for root: rule 1 (a file in the place of the standard library's) -> …") for line in told), told
    assert any(line.startswith("wave for root: rule 1 (the standard library) -> …") for line in told), told


def test_an_unknown_value_of_the_trace_is_an_error_that_names_the_known(env):
    done = env.run("print(1)", env={"PINFOLD_TRACE": "import"}, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "PINFOLD_TRACE=import is not known; the one known value is `imports`" in done.stderr
    assert env.run("print(1)", env={"PINFOLD_TRACE": ""}).stdout == "1\n"
