"""Pickles: what root does not see comes back as the very same, or not at all; root's own are stock's, byte for byte."""

import pytest
from test_rules import at, manifest

KINDS = """
    import collections, copyreg, dataclasses, enum, functools, typing
    V = {version!r}
    def function(x): return V, x
    def named_by_hand(x): return V, x
    named_by_hand.__module__ = "things"
    class Plain:
        def __init__(self, x=1): self.x = x
        def method(self): return V
        @classmethod
        def made(cls): return cls()
        @staticmethod
        def static(): return V
        class Nested:
            class Deeper: pass
    class ByHand: pass
    ByHand.__module__ = "things"
    class Reduces:
        def __reduce__(self): return make_reduces, ()
    def make_reduces(): return Reduces()
    make_reduces.__module__ = "things"
    class Alone:
        def __reduce__(self): return "ALONE"
    ALONE = Alone()
    class AloneByHand:
        __module__ = "things"
        def __reduce_ex__(self, protocol): return "ALONE_BY_HAND"
        __name__ = "ALONE_BY_HAND"
    ALONE_BY_HAND = AloneByHand()
    class Table: pass
    def reduce_table(table): return Table, ()
    copyreg.pickle(Table, reduce_table)
    class Colour(enum.Enum): RED = 1
    class Flags(enum.IntFlag): A, B = 1, 2
    class Meta(type): pass
    class WithMeta(metaclass=Meta): pass
    class Slots:
        __slots__ = ("a",)
        def __getstate__(self): return self.a
        def __setstate__(self, a): self.a = a
    Named = collections.namedtuple("Named", "a b")
    class Typed(typing.NamedTuple):
        a: "Plain"
    @dataclasses.dataclass(frozen=True)
    class Data:
        a: "Plain | None" = None
    T = typing.TypeVar("T")
    Id = typing.NewType("Id", int)
    class Error(Exception): pass
    class List(list): pass
    class Dict(dict): pass
    def objects():
        slots = Slots()
        slots.a = Plain()
        return dict(
            function=function, named_by_hand=named_by_hand, Plain=Plain, plain=Plain(2), method=Plain().method, made=Plain.made,
            static=Plain.static, Nested=Plain.Nested, Deeper=Plain.Nested.Deeper, deeper=Plain.Nested.Deeper(), ByHand=ByHand,
            by_hand=ByHand(), reduces=Reduces(), ALONE=ALONE, ALONE_BY_HAND=ALONE_BY_HAND, table=Table(), RED=Colour.RED,
            flags=Flags.A | Flags.B, Meta=Meta, WithMeta=WithMeta, with_meta=WithMeta(), slots=slots, named=Named(1, Plain()),
            typed=Typed(Plain()), data=Data(Plain()), T=T, Id=Id, error=Error("x", Plain()), list=List([Plain()]),
            dict=Dict(a=Plain()), partial=functools.partial(function, 1), cached=functools.lru_cache(function).__wrapped__,
            many=[Plain(1), {{"a": (Plain, function)}}, frozenset([Colour.RED])], TypeOf=type(Plain()), inside=collections.deque([Plain()]),
        )
"""

# The objects themselves are found under their names: they come back identical.
IDENTICAL = "function named_by_hand Plain made static Nested Deeper ByHand ALONE ALONE_BY_HAND RED Meta WithMeta T Id cached TypeOf".split()

ROUND_TRIP = """
    import pickle, sys, io
    def same(name, one, other):
        if name in IDENTICAL and name != "made":
            return one is other
        return type(one) is type(other)
    def picklers():
        class Own(pickle.Pickler):
            def reducer_override(self, obj): return NotImplemented
        class Slotted(Own):
            __slots__ = ()
        class Mixin:
            def reducer_override(self, obj): return NotImplemented
        class Behind(pickle.Pickler, Mixin): pass
        class BehindInPython(pickle._Pickler, Mixin): pass
        class Dynamic(pickle.Pickler):
            def __getattr__(self, name): raise AttributeError(name)
        class Persistent(pickle.Pickler):
            def persistent_id(self, obj): return None
        class Table(pickle.Pickler):
            dispatch_table = {}
        def through(pickler):
            def dumps(obj, protocol):
                file = io.BytesIO()
                pickler(file, protocol).dump(obj)
                return file.getvalue()
            return dumps
        return [pickle.dumps, pickle._dumps, *map(through, (pickle.Pickler, pickle._Pickler, Own, Slotted, Persistent, Behind, BehindInPython, Dynamic))]
    def check(objects):
        wrong = []
        for dumps in picklers():
            for name, one in objects.items():
                for protocol in range(6):
                    try:
                        other = pickle.loads(dumps(one, protocol))
                        if not same(name, one, other):
                            wrong.append((dumps, name, protocol, one, other))
                    except Exception as error:
                        wrong.append((dumps, name, protocol, repr(error)))
        return wrong
""".replace("IDENTICAL", repr(IDENTICAL))


@pytest.fixture
def things(project, wheels):
    """Root on things 2.0 and `other`, which is pinned to things 1.0; both packages run the same code."""
    made = {v: wheels.pure("things", v, {"things.py": KINDS.format(version=v), "things_more/sub.py": "class Sub: pass"}) for v in ("1.0", "2.0")}
    code = "import things, things_more.sub\nimport pickle\ndef dumps(*a): return pickle.dumps(*a)\ndef loads(*a): return pickle.loads(*a)"
    other = wheels.pure("other", "1", {"other.py": code}, requires=["things"])
    return project(manifest([at("other", other), at("things", made["2.0"])], {"other": [at("things", made["1.0"])]}))


def test_every_kind_of_object_in_every_protocol(things):
    done = things.run(
        ROUND_TRIP.replace("\n    ", "\n")
        + """
import other, things
assert other.things is not things
print(check(other.things.objects()), check(things.objects()))
exec(compile("wrong = check(objects)", "somewhere", "exec"), {**vars(other), "check": check, "objects": other.things.objects()})
"""
    )
    assert done.stdout == "[] []\n"


def test_a_package_pickles_its_own_and_what_root_gave_it(things):
    done = things.run(
        """
        import other, things, pickle
        for protocol in range(6):
            for theirs in (other.things.Plain, other.things.named_by_hand, other.things_more.sub.Sub):
                data = other.dumps(theirs, protocol)
                assert other.loads(data) is theirs and pickle.loads(data) is theirs, (protocol, theirs)
            # Root's are written as root writes them, and mean what the reader sees.
            for mine, theirs in ((things.Plain, other.things.Plain), (things.named_by_hand, other.things.named_by_hand)):
                data = other.dumps(mine, protocol)
                assert data == pickle.dumps(mine, protocol) and b"@" not in data
                assert pickle.loads(data) is mine and other.loads(data) is theirs
        print("ok")
        """
    )
    assert done.stdout == "ok\n"


def test_another_process_loads_the_same_and_another_environment_says_what_it_lacks(things, project, wheels, merged, tmp_path):
    write = "import other, pickle, sys\nfor p in range(6): open(f'{sys.argv[1]}/{p}', 'wb').write(pickle.dumps(other.things.objects(), p))"
    things.run(write, tmp_path)
    read = """
        import pickle, sys
        for protocol in range(6):
            got = pickle.load(open(f"{sys.argv[1]}/{protocol}", "rb"))
            assert got["function"](1) == ("1.0", 1) and got["plain"].method() == "1.0" and got["named_by_hand"](1)[0] == "1.0"
        import things
        assert things.V == "2.0" and type(got["plain"]) is not things.Plain and type(got["plain"]).__module__ == "things"
        import other
        assert type(got["plain"]) is other.things.Plain and got["ALONE_BY_HAND"] is other.things.ALONE_BY_HAND
        print("ok")
    """
    assert things.run(read, tmp_path).stdout == "ok\n"
    without = project(manifest([at("things", wheels.pure("things", "3.0", {"things.py": "V = '3.0'"}))]))
    for environment in (without, merged()):
        done = environment.run("import pickle, sys\npickle.load(open(f'{sys.argv[1]}/' + sys.argv[2], 'rb'))", tmp_path, "2", check=False)
        assert done.returncode == 1 and "ModuleNotFoundError: No module named 'things@" in done.stderr, done
    done = without.run("import pickle, sys\npickle.load(open(f'{sys.argv[1]}/0', 'rb'))", tmp_path, check=False)
    assert "and this environment has things 3.0 (things@" in done.stderr and "\nhint: a pickle of" in done.stderr, done


@pytest.mark.parametrize("pins", ["with pins", "without"])
def test_a_reducer_override_is_found_where_stock_finds_it(things, project, wheels, pins):
    """In front of the pickler, behind it, in the instance, by `__getattr__`; asked for by anybody else, it is stock's."""
    env = things if pins == "with pins" else project(manifest([at("leaf", wheels.pure("leaf", "1", {"leaf.py": ""}))]))
    code = """
        import io, pickle
        def f(): pass
        def five(self, obj):
            return (int, ("5",)) if obj is f else NotImplemented
        Mixin = type("Mixin", (), {"reducer_override": five})
        for stock in (pickle.Pickler, pickle._Pickler):
            assert not hasattr(stock(io.BytesIO()), "reducer_override") or stock is pickle._Pickler
            class InFront(Mixin, stock): pass
            class Behind(stock, Mixin): pass
            class Dynamic(stock):
                def __getattr__(self, name):
                    if name == "reducer_override":
                        return lambda obj: five(self, obj)
                    raise AttributeError(name)
            class Plain(stock): pass
            def of_instance(file):
                pickler = Plain(file)
                pickler.reducer_override = lambda obj: five(None, obj)
                return pickler
            for make in (InFront, Behind, Dynamic, of_instance):
                for _ in range(2):
                    file = io.BytesIO()
                    pickler = make(file)
                    pickler.dump([f, five])
                    pickler.dump(f)
                    assert pickle.loads(file.getvalue()) == [5, five], make
                    assert pickler.reducer_override(f) == (int, ("5",))
        class Failing(pickle.Pickler):
            def __getattr__(self, name): raise ZeroDivisionError(name)
        try:
            Failing(io.BytesIO()).dump(f)
        except ZeroDivisionError:
            print("ok")
    """
    assert env.run(code).stdout == "ok\n"


def test_what_cannot_be_exact_is_an_error_and_never_a_bare_name(things):
    done = things.run(
        """
        import other, things, pickle, io, copyreg, sys
        class Impostor(pickle.Pickler):
            "Asks nobody: what it says is not asked about is written by stock pickle."
            def __getattribute__(self, name):
                if name == "reducer_override":
                    return lambda obj: NotImplemented
                return super().__getattribute__(name)
        class Gone: pass
        other.things.Gone = type("Gone", (), {"__module__": other.things.__name__})
        gone, local = other.things.Gone(), (lambda: None)
        del other.things.Gone
        copyreg.add_extension("things", "Plain", 240)
        for protocol in range(6):
            for dumps in (pickle.dumps, pickle._dumps, other.dumps):
                for what in (gone, local):
                    try:
                        print("written", dumps(what, protocol))
                    except (pickle.PicklingError, AttributeError) as error:
                        assert "Can't pickle" in str(error) or "Can't get local" in str(error), error
                # An extension's code stands for root's class only.
                assert pickle.loads(dumps(other.things.Plain, protocol)) is other.things.Plain
                assert pickle.loads(dumps(things.Plain, protocol)) is things.Plain
            try:
                Impostor(io.BytesIO(), protocol).dump(other.things.Plain)
                print("written", protocol)
            except pickle.PicklingError as error:
                assert "Can't pickle" in str(error) or "cannot write" in str(error), error
        print("ok")
        """
    )
    assert done.stdout == "ok\n"


def test_a_pickler_in_python_that_a_package_has_completed_writes_for_root(things):
    """Its `save` stands on the stack below stock's `save_global`, as dill's and cloudpickle's do."""
    code = """
        import io, pickle
        class Pickler(pickle._Pickler):
            def save(self, obj, save_persistent_id=True):
                super().save(obj, save_persistent_id)
            def save_global(self, obj, name=None):
                super().save_global(obj, name)
            dispatch = {**pickle._Pickler.dispatch, type: save_global}
        def dumps(obj, protocol):
            file = io.BytesIO()
            Pickler(file, protocol).dump(obj)
            return file.getvalue()
    """
    done = things.run(
        f"""
        import other, pickle, textwrap, things
        scope = {{"__name__": "other"}}
        exec(textwrap.dedent({code!r}), scope)
        theirs = other.things
        for protocol in range(6):
            for one in (things.Plain, things.Plain(), things.function, int, len):
                assert scope["dumps"](one, protocol) == pickle._dumps(one, protocol), (one, protocol)
            for one in (theirs.Plain, theirs.Plain(), theirs.function):
                again = pickle.loads(scope["dumps"](one, protocol))
                assert again is one or type(again) is theirs.Plain, (one, protocol)
        print("ok")
        """
    )
    assert done.stdout == "ok\n"


def test_the_standard_librarys_modules_that_root_hides(things, tmp_path):
    """`other` sees the standard library's `fractions`, root a file of that name; the next process hides nothing."""
    (tmp_path / "hides").mkdir()
    (tmp_path / "hides" / "fractions.py").write_text("class Fraction: pass\n")
    write = """
        import fractions, other, pickle, sys
        scope = {"__name__": "other"}
        exec("import fractions", scope)
        half = scope["fractions"].Fraction(1, 2)
        assert type(half) is not fractions.Fraction and pickle.loads(pickle.dumps(half)) == half
        pickle.dump(half, open(sys.argv[1], "wb"))
    """
    read = """
        import pickle, sys
        half = pickle.load(open(sys.argv[1], "rb"))
        import fractions
        print(half + 1, type(half) is fractions.Fraction)
    """
    things.run(write, tmp_path / "half", cwd=tmp_path / "hides")
    assert things.run(read, tmp_path / "half").stdout == "3/2 True\n"
    assert things.run(read, tmp_path / "half", cwd=tmp_path / "hides").stdout == "3/2 False\n"


def test_copies_stay_exact(things):
    done = things.run(
        """
        import copy, other
        for name, one in other.things.objects().items():
            for other_one in (copy.copy(one), copy.deepcopy(one)):
                assert type(other_one) is type(one), name
        print("ok")
        """
    )
    assert done.stdout == "ok\n"


# Every way for C code to make a class or a function; what it is called, it says itself, in plain text.
NATIVE = r"""
    #include <Python.h>
    static PyObject *version(PyObject *s, PyObject *n) { return PyUnicode_FromString(VERSION); }
    static PyObject *make(PyObject *s, PyObject *n) { return PyObject_CallMethod(s, "Static", NULL); }
    static PyMethodDef functions[] = {{"version", version, METH_NOARGS, ""}, {"make", make, METH_NOARGS, ""}, {0}};
    static PyObject *reduce(PyObject *self, PyObject *n) { return Py_BuildValue("(O())", Py_TYPE(self)); }
    static PyMethodDef methods[] = {{"version", version, METH_NOARGS, ""}, {"__reduce__", reduce, METH_NOARGS, ""}, {0}};
    static PyTypeObject Static = {
        PyVarObject_HEAD_INIT(NULL, 0) .tp_name = "native.Static", .tp_basicsize = sizeof(PyObject),
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, .tp_methods = methods, .tp_new = PyType_GenericNew,
    };
    static PyType_Slot slots[] = {{Py_tp_methods, methods}, {0}};
    static PyType_Spec heap = {"native.Heap", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    static PyType_Spec fixed = {"native.Immutable", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};
    static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "native._core", NULL, -1, functions};
    PyMODINIT_FUNC PyInit__core(void) {
        PyObject *m = PyModule_Create(&module);
        PyType_Ready(&Static);
        PyModule_AddObject(m, "Static", Py_NewRef((PyObject *)&Static));
        PyModule_AddObject(m, "Heap", PyType_FromSpec(&heap));
        PyModule_AddObject(m, "Immutable", PyType_FromSpec(&fixed));
        PyModule_AddObject(m, "Error", PyErr_NewException("native.Error", NULL, NULL));
        return m;
    }
"""


@pytest.fixture
def native(project, wheels):
    files = {"native/__init__.py": "from ._core import *\nfrom ._core import Static, Heap, Immutable, Error, version"}
    made = {v: wheels.extension("native", v, {"native._core": NATIVE.replace("VERSION", f'"{v}"')}, files) for v in ("1.0", "2.0")}
    other = wheels.pure("other", "1", {"other.py": "import native"}, requires=["native"])
    return project(manifest([at("other", other), at("native", made["2.0"])], {"other": [at("native", made["1.0"])]}))


def test_c_types_and_functions(native, tmp_path):
    code = """
        import other, native, pickle, sys, inspect, pinfold
        theirs = other.native
        kinds = [theirs.Static, theirs.Heap, theirs.Immutable, theirs.Error, theirs.version, theirs._core.make]
        kinds.append(type("Sub", (theirs.Static,), {"__module__": theirs.__name__}))
        theirs.Sub = kinds[-1]
        made = [kind() for kind in (theirs.Static, theirs.Heap, theirs.Immutable, theirs.Sub)]
        for protocol in range(6):
            for dumps in (pickle.dumps, pickle._dumps):
                for kind in kinds:
                    assert pickle.loads(dumps(kind, protocol)) is kind, (kind, protocol)
                for one in made:
                    assert type(pickle.loads(dumps(one, protocol))) is type(one), (one, protocol)
                assert type(pickle.loads(dumps(theirs.Error(1), protocol))) is theirs.Error
                bound = pickle.loads(dumps(theirs.Static().version, protocol))
                assert bound() == "1.0"
            for kind in (native.Static, native.Heap, native.Immutable, native.Error, native.version):
                data = pickle.dumps(kind, protocol)
                assert pickle.loads(data) is kind and b"@" not in data
            open(f"{sys.argv[1]}/{protocol}", "wb").write(pickle.dumps([*kinds[:-1], *made[:-1]], protocol))
        for kind in (theirs.Static, theirs.Heap, theirs.Immutable, theirs.Error, theirs.version):
            assert pinfold.unit_of(kind).version == "1.0" and kind.__module__.startswith("native"), kind
            assert inspect.getmodule(kind) in (theirs, theirs._core), kind
            told = pinfold.explain(kind)
            assert told.owner == "native 1.0" and told.module.startswith("native") and told.file in (theirs.__file__, theirs._core.__file__), told
            assert [(other.version, other.loaded) for other in told.others] == [("2.0", True)], told
            assert repr(kind) == repr(getattr(native, kind.__name__)), kind
        for kind in (native.Static, native.Heap, native.Immutable, native.Error, native.version):
            assert pinfold.unit_of(kind).version == "2.0" and type(kind.__module__) is str, kind
            assert inspect.getmodule(kind) in (native, native._core), kind
        assert pinfold.unit_of(made[0]).version == pinfold.unit_of(made[0].version).version == "1.0"
        assert inspect.getfile(theirs.Static) == theirs.__file__ != native.__file__ == inspect.getfile(native.Static)
    """
    native.run(code, tmp_path)
    read = """
        import pickle, sys
        for protocol in range(6):
            static, heap, immutable, error, version, make, one, *others = pickle.load(open(f"{sys.argv[1]}/{protocol}", "rb"))
            assert version() == "1.0" and one.version() == "1.0" and type(one) is static and type(make()) is static
        import native
        assert native.version() == "2.0" and static is not native.Static
        print("ok")
    """
    assert native.run(read, tmp_path).stdout == "ok\n"


def test_whose_an_object_is(things):
    done = things.run(
        """
        import dataclasses, functools, inspect, other, pinfold, sys, things, typing
        theirs = other.things
        mine, root = pinfold.unit_of(theirs), pinfold.unit_of(things)
        assert (mine.version, root.version) == ("1.0", "2.0")
        by_type = {"partial", "method", "many", "inside"}
        for name, one in theirs.objects().items():
            if name not in by_type:
                assert pinfold.unit_of(one) == mine, name
        for name, one in things.objects().items():
            if name not in by_type | {"T", "Id"}:
                assert pinfold.unit_of(one) == root, name
        assert pinfold.unit_of(theirs.Plain().method) == mine and pinfold.unit_of(theirs.Plain.Nested) == mine
        class Here: pass
        for one in (1, int, len, sys, inspect, Here, Here(), lambda: 1, None):
            assert pinfold.unit_of(one) is None, one
        # By their names, which numpy's set_module and the like set by hand.
        for one in (theirs.Plain, theirs.function, theirs.named_by_hand, theirs.AloneByHand, theirs.Plain.method):
            assert inspect.getmodule(one) is theirs and inspect.getfile(one) == theirs.__file__ and inspect.getsource(one)
        assert inspect.getmodule(theirs.ByHand) is theirs
        for one in (things.Plain, things.named_by_hand, things.ByHand):
            assert inspect.getmodule(one) is things and type(one.__module__) is str
        assert typing.get_type_hints(theirs.Data)["a"] == theirs.Plain | None
        assert typing.get_type_hints(theirs.Typed) == {"a": theirs.Plain}
        @functools.singledispatch
        def what(x): return "other"
        @what.register
        def _(x: theirs.Plain): return "1.0"
        @what.register(things.Plain)
        def _(x): return "2.0"
        assert [what(theirs.Plain()), what(things.Plain()), what(1)] == ["1.0", "2.0", "other"]
        class Derived(theirs.ByHand): pass
        print(dataclasses.replace(theirs.Data(), a=theirs.Plain()).a.method(), pinfold.unit_of(Derived))
        """
    )
    assert done.stdout == "1.0 None\n"
