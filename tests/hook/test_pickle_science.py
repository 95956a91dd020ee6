"""Pickles of numpy, pandas and what pickles for them; and the bytes of what root sees."""

import textwrap

import pytest
from test_rules import at, manifest

# numpy before 2, or on 3.13 the oldest that has wheels, beside what root has.
OLD = {"3.13": ["numpy==2.1.0", "pandas==2.2.3"]}
NEW = ["numpy==2.2.6", "pandas==2.3.3"]
SCIENCE = "import numpy as np, pandas as pd, pickle\ndef dumps(*a): return pickle.dumps(*a)\ndef double(a): return a * 2"

OBJECTS = textwrap.dedent("""\
    import functools
    def objects(np, pd):
        return dict(
            array=np.arange(6).reshape(2, 3), of_objects=np.array([1, "a", None], dtype=object), record=np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
            big=np.zeros(70000), fortran=np.asfortranarray(np.ones((3, 3))), dtype=np.dtype("f8"), scalar=np.float64(1.5), masked=np.ma.array([1, 2], mask=[0, 1]),
            generator=np.random.default_rng(3), state=np.random.RandomState(3), ndarray=np.ndarray, float64=np.float64, zeros=np.zeros,
            zeros_like=np.zeros_like, add=np.add, sum=np.sum, dot=np.dot, inv=np.linalg.inv, partial=functools.partial(np.add, 1),
            error=np.linalg.LinAlgError("x"), ufunc=np.ufunc, no_value=np._NoValue, polynomial=np.poly1d([1, 2]),
            nested={"a": [np.float32(1), (np.int8(2),)]}, DataFrame=pd.DataFrame, frame=pd.DataFrame({"k": ["a", "b"], "x": [1.0, 2.0]}),
            dates=pd.to_datetime(pd.Series(["2024-02-28", "2024-03-01"])), timestamp=pd.Timestamp("2024-01-01", tz="Europe/Berlin"), delta=pd.Timedelta("1D"),
            period=pd.Period("2024-01"), NaT=pd.NaT, NA=pd.NA, categorical=pd.Categorical(["a", "b"]), index=pd.MultiIndex.from_tuples([(1, 2)]),
            interval=pd.Interval(1, 2), offset=pd.offsets.BDay(2), mean=pd.DataFrame.mean, concat=pd.concat, extension=pd.array([1, None], dtype="Int64"),
            cython=pd._libs.lib.infer_dtype, table=pd.Series([1, 2], name="s").to_frame(),
        )
""")


def with_objects(code):
    """Code that has `objects(np, pd)`: one of each kind of what numpy and pandas make."""
    return OBJECTS + textwrap.dedent(code)


@pytest.fixture
def science(project, wheels, python):
    """Root on a newer numpy and pandas, and `old`, which is pinned to older ones."""
    old = wheels.pure("old", "1", {"old.py": SCIENCE}, requires=["numpy", "pandas"])
    tools = ["cloudpickle==3.1.1", "dill==0.4.0", "joblib==1.5.2"]
    return project(manifest([at("old", old), *NEW, *tools], {"old": OLD.get(python.minor, ["numpy==1.26.4", "pandas==2.1.4"])}))


def test_numpy_and_pandas_in_every_protocol(science, tmp_path):
    write = with_objects("""
        import io, old, numpy, pandas, pickle, sys, pinfold
        theirs = objects(old.np, old.pd)
        def of(one):
            return type(one), pinfold.unit_of(one)
        for name, one in theirs.items():
            for protocol in range(6):
                written = [pickle.dumps(one, protocol), pickle._dumps(one, protocol), old.dumps(one, protocol)]
                for data in written:
                    got = pickle.loads(data)
                    assert of(got) == of(one) and (not callable(one) or name in ("partial", "polynomial") or got is one), (name, protocol)
        data = {(name, protocol): pickle.dumps(one, protocol) for name, one in theirs.items() for protocol in range(6)}
        buffers = []
        outside = pickle.dumps(theirs["big"], 5, buffer_callback=buffers.append)
        assert len(buffers) == 1 and type(pickle.loads(outside, buffers=buffers)) is old.np.ndarray
        pickle.dump(data, open(sys.argv[1] + "/data", "wb"))
        old.pd.to_pickle(theirs["frame"], sys.argv[1] + "/frame")
        old.np.save(sys.argv[1] + "/array.npy", theirs["of_objects"], allow_pickle=True)
    """)
    science.run(write, tmp_path)
    read = with_objects("""
        import pickle, sys
        data = pickle.load(open(sys.argv[1] + "/data", "rb"))
        got = {key: pickle.loads(one) for key, one in data.items()}
        import old, numpy, pinfold
        assert old.np is not numpy
        wanted = objects(old.np, old.pd)
        for (name, protocol), one in got.items():
            assert type(one) is type(wanted[name]) and pinfold.unit_of(one) == pinfold.unit_of(wanted[name]), (name, protocol)
        assert got["array", 2].tolist() == [[0, 1, 2], [3, 4, 5]] and got["frame", 3].equals(old.pd.DataFrame({"k": ["a", "b"], "x": [1.0, 2.0]}))
        import pandas
        assert type(pandas.read_pickle(sys.argv[1] + "/frame")) is type(old.pd.read_pickle(sys.argv[1] + "/frame")) is old.pd.DataFrame
        assert old.np.load(sys.argv[1] + "/array.npy", allow_pickle=True).tolist() == [1, "a", None]
        print("ok")
    """)
    assert science.run(read, tmp_path).stdout == "ok\n"


def test_what_root_sees_is_pickled_byte_for_byte_as_ever(science, merged):
    code = with_objects("""
        import array, collections, datetime, decimal, enum, fractions, hashlib, io, ipaddress, pathlib, pickle, random, sys, typing, types, uuid, zoneinfo
        if sys.argv[1:]:
            import old
            old.np.zeros(1)
        import numpy, pandas, dataclasses
        class Plain:
            class Nested: pass
            def method(self): pass
        Named = collections.namedtuple("Named", "a b")
        class Colour(enum.Enum): RED = 1
        @dataclasses.dataclass
        class Data: a: int = 1
        T = typing.TypeVar("T")
        class Reduced(pickle.Pickler):
            def reducer_override(self, obj): return (Plain, ()) if type(obj) is Plain else NotImplemented
        class Identified(pickle.Pickler):
            def persistent_id(self, obj): return "x" if type(obj) is Plain else None
        class Table(pickle.Pickler):
            dispatch_table = {Plain: lambda one: (dict, ())}
        things = dict(
            **objects(numpy, pandas), plain=Plain(), Plain=Plain, Nested=Plain.Nested, method=Plain().method, named=Named(1, 2), RED=Colour.RED, data=Data(),
            T=T, loads=pickle.loads, dumps=pickle.dumps, Pickler=pickle.Pickler, len=len, sin=__import__("math").sin, append=[].append, join="".join,
            partial_int=functools.partial(int, base=2), getitem=dict.__getitem__, none=None, ellipsis=..., not_implemented=NotImplemented, types=[type(None), type(...), int],
            containers=[(1, 2), {"a": {1}}, frozenset([1]), bytearray(b"x"), b"x" * 70000, "x" * 70000, 1 << 3000, 1.5, 1j, range(3), slice(1)],
            date=datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), zone=zoneinfo.ZoneInfo("Europe/Berlin"), decimal=decimal.Decimal("1.5"),
            fraction=fractions.Fraction(1, 3), deque=collections.deque([1]), ordered=collections.OrderedDict(a=1), counter=collections.Counter("aab"),
            default=collections.defaultdict(list, a=[1]), uuid=uuid.UUID(int=5), path=pathlib.PurePosixPath("a/b"), ip=ipaddress.ip_address("::1"), key_error=KeyError("x", 1),
            random=random.Random(3), c_array=array.array("d", [1.0]), namespace=types.SimpleNamespace(a=1), alias=list[int], union=int | str, generic=typing.List[int],
            recursive=(lambda l: l.append(l) or l)([]), function=objects,
        )
        def through(pickler):
            def dumps(obj, protocol):
                file = io.BytesIO()
                pickler(file, protocol).dump(obj)
                return file.getvalue()
            return dumps
        def into_file(obj, protocol):
            file = io.BytesIO()
            pickle.dump(obj, file, protocol, fix_imports=False)
            return file.getvalue()
        ways = dict(dumps=pickle.dumps, _dumps=pickle._dumps, dump=into_file, pickler=through(pickle.Pickler), reduced=through(Reduced), identified=through(Identified), table=through(Table))
        for name, one in things.items():
            for way, dumps in ways.items():
                for protocol in range(6):
                    try:
                        data = dumps(one, protocol)
                    except Exception as error:
                        # Objects are at other addresses.
                        data = type(error).__name__.encode()
                    print(name, way, protocol, len(data), hashlib.sha256(data).hexdigest()[:16])
    """)
    stock = merged(*NEW).run(code).stdout.splitlines()
    assert len(stock) > 3000 and science.run(code, "with others loaded").stdout.splitlines() == stock
    assert science.run(code).stdout.splitlines() == stock


def test_cloudpickle_dill_and_joblib(science):
    done = science.run(
        with_objects("""
        import cloudpickle, dill, joblib, io, old, numpy, pandas, pinfold, pickle
        theirs = objects(old.np, old.pd)
        def through_joblib(one):
            file = io.BytesIO()
            joblib.dump(one, file)
            return joblib.load(io.BytesIO(file.getvalue()))
        ways = [lambda one, p=p, lib=lib: lib.loads(lib.dumps(one, protocol=p)) for lib in (cloudpickle, dill) for p in range(6)]
        for way in [*ways, through_joblib]:
            for name, one in theirs.items():
                got = way(one)
                assert type(got) is type(one) and pinfold.unit_of(got) == pinfold.unit_of(one), (way.__defaults__, name)
                assert not callable(one) or name in ("partial", "polynomial") or got is one, (way.__defaults__, name)
        np = old.np
        class Local:
            kind = np.float64
            def make(self): return np.zeros(2)
        for lib in (cloudpickle, dill):
            assert lib.loads(lib.dumps(lambda a: np.sum(a) + 1))(np.arange(3)) == 4
            assert lib.loads(lib.dumps(old.double)) is old.double
            local = lib.loads(lib.dumps(Local))
            assert type(local().make()) is np.ndarray and local.kind is np.float64
            assert lib.loads(lib.dumps(np.linalg)) is np.linalg and lib.loads(lib.dumps(numpy.linalg)) is numpy.linalg
        old.made = lambda a: double(a)
        exec("def maker():\\n import numpy\\n def inner(a): return numpy, double(a)\\n return inner", vars(old))
        module, doubled = cloudpickle.loads(cloudpickle.dumps(old.maker()))(np.ones(1))
        assert module is np and doubled[0] == 2
        print("ok")
        """)
    )
    assert done.stdout == "ok\n"
