"""`sys.modules` seen from root and from a package: every dict method agrees with every other."""

import pytest
from test_rules import at, manifest

LOOK = """
    import sys
    def look(names):
        return {n: sys.modules[n] for n in names if n in sys.modules}
    def everything():
        return dict(sys.modules.items())
    def act(f):
        scope = {"__name__": __name__, "sys": sys}
        scope["__pinfold__"] = globals()["__pinfold__"]
        exec(f, scope)
        return scope.get("result")
    import leaf, leaf.sub
"""


CHECK = """
m = sys.modules
keys = list(m)
assert keys == list(m.keys()) == [k for k, _ in m.items()] and len(keys) == len(m) == len(set(keys)), "lists"
assert list(m.values()) == [v for _, v in m.items()] == [m[k] for k in keys], "values"
assert all(k in m and m.get(k) is m[k] for k in keys), "contains"
copy = m.copy()
assert type(copy) is dict and copy == dict(m) == {**m} == m | {} == {} | m and m == copy, "copies"
assert list(reversed(m)) == keys[::-1] and repr(m) == repr(copy), "repr"
for absent in ("no.such", 3, None, ("a",)):
    assert absent not in m and m.get(absent) is None and m.get(absent, 7) == 7 and m.pop(absent, 8) == 8
    try:
        m[absent]
    except KeyError as e:
        assert e.args == (absent,)
    else:
        raise AssertionError(absent)
result = m["leaf"].V, sorted(k for k in keys if k.rpartition(":")[2] in ("leaf", "leaf.sub", "only"))
"""


@pytest.fixture
def env(project, wheels):
    leaf = {v: wheels.pure("leaf", v, {"leaf/__init__.py": f"V = {v!r}", "leaf/sub.py": "from . import V"}) for v in ("1.0", "2.0")}
    only = wheels.pure("only", "1", {"only.py": ""})
    old = wheels.pure("old", "1", {"old.py": LOOK + "\n    import only"}, requires=["leaf", "only"])
    return project(manifest([at("old", old), at("leaf", leaf["2.0"])], {"old": [at("leaf", leaf["1.0"]), at("only", only)]}))


def test_every_way_of_asking_agrees(env):
    done = env.run(
        f"CHECK = {CHECK!r}\n"
        """
import sys, old, leaf, leaf.sub
exec(CHECK)
mine, theirs = result, old.act(CHECK)
assert mine[0] == "2.0" and theirs[0] == "1.0"
natural = lambda keys: [k for k in keys if ":" not in k]
print(natural(mine[1]), natural(theirs[1]), len(mine[1]), len(theirs[1]))
for key, module in sys.modules.items():
    assert sys.modules[key] is module
"""
    )
    assert done.stdout == "['leaf', 'leaf.sub'] ['leaf', 'leaf.sub', 'only'] 5 5\n"


def test_natural_names_are_the_askers_and_the_rest_is_qualified(env):
    done = env.run(
        """
        import sys, old, leaf, leaf.sub
        mine = {k: v for k, v in sys.modules.items() if v in (leaf, old.leaf, old.only)}
        theirs = {k: v for k, v in old.everything().items() if v in (leaf, old.leaf, old.only)}
        strip = lambda d: sorted((k.split("@")[0] if ":" in k else k, getattr(v, "V", None)) for k, v in d.items())
        print(strip(mine)); print(strip(theirs))
        """
    )
    mine, theirs = done.stdout.splitlines()
    assert mine == "[('leaf', '1.0'), ('leaf', '2.0'), ('only', None)]"
    assert theirs == "[('leaf', '1.0'), ('leaf', '2.0'), ('only', None)]"


@pytest.mark.parametrize("who", ["root", "package"])
def test_clear_and_update_restore_exactly(env, who):
    code = """
import sys
before = dict(sys.modules)
saved = sys.modules.copy()
sys.modules.clear()
sys.modules.update(saved)
after = dict(sys.modules)
result = [k for k in before | after if before.get(k) is not after.get(k)]
"""
    run = "exec(CODE)" if who == "root" else "result = old.act(CODE)"
    done = env.run(f"import sys, old, leaf, leaf.sub\nCODE = {code!r}\n{run}\nimport leaf as l, leaf.sub\nprint(result, l is leaf, l.V, old.look(['leaf'])['leaf'].V)")
    assert done.stdout == "[] True 2.0 1.0\n"


def test_what_a_package_puts_there_by_hand_stays_its_own_when_all_is_put_back(env):
    done = env.run(
        """
        import sys, old
        from unittest import mock
        old.act("import types; sys.modules['handmade'] = types.ModuleType('handmade'); sys.modules['handmade.part'] = 1")
        assert old.act("import handmade; result = handmade") and dict(sys.modules) == {**sys.modules}
        with mock.patch.dict(sys.modules):
            pass
        sys.modules["handmade.other"] = 2
        print("handmade" in sys.modules, old.act("result = 'handmade' in sys.modules, 'handmade.other' in sys.modules"))
        """
    )
    assert done.stdout == "False (True, False)\n"


@pytest.mark.parametrize("who", ["root", "package"])
def test_mock_patch_dict_of_sys_modules(env, who):
    code = """
import sys
from unittest import mock
fake = object()
with mock.patch.dict(sys.modules, {"leaf": fake, "brand_new": fake}):
    import leaf, brand_new
    inside = leaf is fake and brand_new is fake
    import this_is_not_loaded_yet_json_tool if False else json
result = inside, "brand_new" in sys.modules, sys.modules["leaf"].V
""".replace("import this_is_not_loaded_yet_json_tool if False else json", "import colorsys")
    run = "exec(CODE)" if who == "root" else "result = old.act(CODE)"
    done = env.run(f"import old, leaf\nCODE = {code!r}\n{run}\nimport leaf\nprint(result, leaf.V, old.look(['leaf'])['leaf'].V, old.leaf.V)")
    assert done.stdout == f"(True, False, '{ {'root': '2.0', 'package': '1.0'}[who] }') 2.0 1.0 1.0\n"


def test_deleting_and_importing_again_loads_the_askers_version_again(env):
    done = env.run(
        """
        import sys, old, leaf
        del sys.modules["leaf"]
        assert "leaf" not in sys.modules and old.look(["leaf"])["leaf"] is old.leaf
        import leaf as again
        print(again is leaf, again.V, old.act("del sys.modules['leaf']; import leaf; result = leaf.V"))
        sys.modules["leaf"] = None
        try:
            import leaf
        except ModuleNotFoundError as error:
            print(error)
        print(old.act("import leaf; result = leaf.V"))
        """
    )
    assert done.stdout == "False 2.0 1.0\nimport of leaf halted; None in sys.modules\n1.0\n"


def test_keys_may_be_any_object_and_a_str_of_any_class(env):
    done = env.run(
        """
        import sys, old, leaf
        class Odd(str):
            def __hash__(self):
                sys.modules.get("leaf"); return str.__hash__(self)
            def __eq__(self, other):
                sys.modules.get("leaf"); return str.__eq__(self, other)
        assert sys.modules[Odd("leaf")] is leaf and Odd("leaf") in sys.modules
        sys.modules[(1, 2)] = "tuple"
        assert sys.modules.pop((1, 2)) == "tuple" and (1, 2) not in sys.modules
        sys.modules["not a module"] = 5
        print(sys.modules.pop("not a module"), sys.modules.setdefault("leaf", 1) is leaf, sys.modules.setdefault("fresh", 2))
        try:
            sys.modules[[]]
        except TypeError as error:
            print(error)
        """
    )
    assert done.stdout.startswith("5 True 2\n")


def test_everything_of_a_dict_from_a_package_and_from_root(env):
    code = """
import copy, sys, types
m = sys.modules
one, two = types.ModuleType("one"), types.ModuleType("two")
m |= {"hand.one": one}
m.update([("hand.two", two)], hand=one)
seen = [m["hand.one"] is one, m.get("hand.two") is two, m.setdefault("hand", two) is one, "hand" in m, (m | {"x": 1})["x"]]
seen += [({"leaf": 0} | m)["leaf"] is m["leaf"], dict(m)["hand"] is one, {**m}["hand"] is one, list(m.items())[-1][1] is m[list(m)[-1]]]
key, value = m.popitem()
seen += [key not in m, m.__setitem__(key, value), m[key] is value, m.pop("hand") is one, m.pop("hand", 5)]
del m["hand.one"], m["hand.two"]
try:
    del m["hand.two"]
except KeyError as error:
    seen.append(error.args)
seen += [type(m.copy()), type(m.fromkeys("ab")), m.fromkeys("ab", 1)["a"], m == m.copy(), m != {}, bool(m)]
for wrong in (lambda: m.update(3), lambda: m.setdefault(), lambda: m.setdefault("a", 1, 2), lambda: m.popitem(1), lambda: m < m, lambda: m | 3, lambda: hash(m)):
    try:
        wrong()
    except TypeError:
        continue
    seen.append("no TypeError")
copies = [type(m)(a=1), copy.deepcopy({"in": {"leaf": 1}, "of": m.keys()}.keys() | m.keys()) >= {"in", "leaf"}, m.__reduce_ex__(2)[0], m.__reduce_ex__(2)[1][0] == m.copy()]
seen += [copies == [{"a": 1}, True, dict, True], copy.copy(m) == m.copy()]
for name in (m.keys() & {"leaf", "nowhere"}):
    seen.append(name)
result = seen
"""
    want = "[True, True, True, True, 1, True, True, True, True, True, None, True, True, 5, ('hand.two',), <class 'dict'>, <class 'dict'>, 1, True, True, True, True, True, 'leaf']"
    done = env.run(f"import old, leaf\nCODE = {code!r}\nscope = {{}}\nexec(CODE, scope)\nprint(scope['result']); print(old.act(CODE))")
    assert done.stdout.splitlines() == [want, want]


def test_a_package_cannot_delete_what_it_does_not_see(env):
    done = env.run(
        """
        import sys, old, types
        sys.modules["roots_own"] = types.ModuleType("roots_own")
        import leaf
        print(old.act("import leaf; del sys.modules['leaf']; result = 'leaf' in sys.modules"), sys.modules["leaf"] is leaf)
        for code in ("del sys.modules['leaf']", "sys.modules.pop('leaf')"):
            try:
                old.act(code)
            except KeyError as error:
                print(error)
        print(sys.modules["leaf"] is leaf, leaf.V)
        """
    )
    assert done.stdout == "False True\n'leaf'\n'leaf'\nTrue 2.0\n"


def test_listing_while_other_threads_import(env):
    """`dict(sys.modules)` and its like raise nothing where stock Python's do not."""
    done = env.run(
        """
        import sys, threading, types, old, leaf
        sys.setswitchinterval(1e-6)
        stop = threading.Event()
        def churn(package):
            n = 0
            while not stop.is_set():
                n += 1
                name = f"churn_{package}_{n % 50}"
                code = f"import sys, types; sys.modules[{name!r}] = types.ModuleType({name!r}); sys.modules.pop({name!r})"
                old.act(code) if package else exec(code, {"__name__": "__main__"})
        threads = [threading.Thread(target=churn, args=(i % 2,)) for i in range(4)]
        [t.start() for t in threads]
        try:
            for _ in range(300):
                dict(sys.modules), list(sys.modules.items()), {**sys.modules}, sys.modules.copy(), len(sys.modules)
                old.act("dict(sys.modules), list(sys.modules.items())")
        finally:
            stop.set()
            [t.join() for t in threads]
        print("fine")
        """
    )
    assert done.stdout == "fine\n"
