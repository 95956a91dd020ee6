"""Wheels from the index, two versions of each in one process: the main job and what makes it hard."""

from pathlib import Path

import pytest
from frame.project import execute
from test_rules import at, manifest

# Python -> (old, new): on 3.13 the oldest pair that has wheels.
SCIENCE = {
    "3.11": (["numpy==1.26.4", "pandas==2.1.4", "scipy==1.11.4"], ["numpy>=2,<3", "pandas==2.3.*", "scipy==1.16.*"]),
    "3.12": (["numpy==1.26.4", "pandas==2.1.4", "scipy==1.11.4"], ["numpy>=2,<3", "pandas==2.3.*", "scipy==1.16.*"]),
    "3.13": (["numpy==2.1.0", "pandas==2.2.3", "scipy==1.14.1"], ["numpy>=2.2,<3", "pandas==2.3.*", "scipy==1.16.*"]),
}

REPORT = """
    import numpy as np, pandas as pd, scipy
    def versions():
        return np.__version__, pd.__version__, scipy.__version__
    def make():
        return np.arange(12.0).reshape(3, 4)
    def frame():
        return pd.DataFrame({"k": ["a", "a", "b"], "x": [1.0, 2.0, 5.0], "t": ["2024-01-01", "2024-03-01", "2024-02-01"]})
    def work():
        import scipy.stats
        from scipy import linalg
        a = np.array([[4.0, 1.0], [2.0, 3.0]])
        df = frame()
        df["t"] = pd.to_datetime(df["t"])
        grouped = df.groupby("k").agg({"x": ["sum", "mean"], "t": "max"})
        return [
            float(make().sum()),
            float(np.linalg.inv(a).sum()),
            float(abs(np.fft.fft([1.0, 2.0, 3.0])).sum()),
            grouped["x"]["sum"].tolist(),
            str(grouped["t"]["max"].iloc[0].date()),
            float(linalg.svd(a)[1].sum()),
            float(scipy.stats.norm.cdf(0.5)),
        ]
    def each(f):
        return [f(x) for x in make()]
"""

EXPECTED = [66.0, 0.4, 9.4641016, [3.0, 5.0], "2024-03-01", 7.0710678, 0.6914625]


def test_the_main_job(project, wheels, python):
    old, new = SCIENCE[python.minor]
    libraries = [wheels.pure(f"report-{n}", "1", {f"report_{n}.py": REPORT}, requires=["numpy", "pandas", "scipy"]) for n in ("old", "new")]
    env = project(manifest([at("report-old", libraries[0]), at("report-new", libraries[1]), *new], {"report-old": old, "report-new": new}))
    code = f"""
        import numpy, pandas, threading
        import report_old, report_new
        expected = {EXPECTED!r}
        def near(got):
            return all(abs(g - e) < 1e-3 if isinstance(e, float) else g == e for g, e in zip(got, expected, strict=True))
        assert report_old.np is not numpy and report_new.np is numpy
        for report in (report_old, report_new, report_old):
            assert near(report.work()), report.work()
            # From root's own frame: here C code imports what it needs, lazily.
            a = report.make()
            assert type(a) is report.np.ndarray and (type(a) is numpy.ndarray) == (report is report_new)
            assert (a.sum(), a.mean(), a.max()) == (66.0, 5.5, 11.0) and abs(a.std() - 3.452) < 1e-3
            assert "11." in repr(a) and a.astype(int).tolist()[2][3] == 11
            f = report.frame()
            assert f.groupby("k").x.sum().tolist() == [3.0, 5.0] and "2024" in f.to_string()
            assert report.each(lambda row: float(row.mean())) == [1.5, 5.5, 9.5]
            assert report.each(lambda row: numpy.__version__)[0] == numpy.__version__
            got = []
            thread = threading.Thread(target=lambda: got.append((report.work(), report.make().std())))
            thread.start()
            thread.join()
            assert near(got[0][0])
        print(*report_old.versions(), "|", *report_new.versions())
    """
    # Root's own first use, or the pin's: both must do.
    first, second = env.run(code).stdout, env.run("import report_old\nreport_old.make().sum()\n" + "\n".join(l[8:] for l in code.splitlines())).stdout
    assert first == second
    mine, theirs = first.strip().split(" | ")
    assert mine.split() == [requirement.partition("==")[2] for requirement in old]
    assert theirs.split()[1].startswith("2.3.")


def pair(project, wheels, requires_old, requires_new, code, root=()):
    """A project whose packages `u_old` and `u_new` run the same `code` over different requirements."""
    names = [r.partition("=")[0].partition("<")[0].partition(">")[0] for r in requires_old]
    made = [at(f"u-{n}", wheels.pure(f"u-{n}", "1", {f"u_{n}/__init__.py": code}, requires=names)) for n in ("old", "new")]
    return project(manifest([*made, *root], {"u-old": requires_old, "u-new": requires_new}))


ALTERNATE = "import u_old, u_new\nfor u in (u_old, u_new) * 3:\n    r = u.run()\nprint(u_old.run())\nprint(u_new.run())"


def both(env):
    """What the two packages computed, and the other order gives the same."""
    first = env.run(ALTERNATE).stdout
    assert env.run(ALTERNATE.replace("(u_old, u_new)", "(u_new, u_old)").replace("import u_old, u_new", "import u_new, u_old")).stdout == first
    return first.splitlines()


def test_contourpy_two_versions_of_a_pybind11_module(project, wheels, python):
    old = {"3.13": "contourpy==1.3.0"}.get(python.minor, "contourpy==1.2.1")
    new = {"3.13": "contourpy==1.3.1"}.get(python.minor, "contourpy==1.3.0")
    code = "import contourpy\ndef run(): return contourpy.__version__, len(contourpy.contour_generator(z=[[0, 1, 2], [1, 2, 3], [2, 3, 4]]).lines(1.5))"
    got = both(pair(project, wheels, [old], [new], code))
    assert got == [str((old.partition("==")[2], 1)), str((new.partition("==")[2], 1))]


def test_lxml_two_versions_keep_their_thread_contexts_apart(project, wheels, python):
    old = {"3.11": "lxml==4.9.4", "3.12": "lxml==4.9.4"}.get(python.minor, "lxml==5.3.0")
    code = """
        from lxml import etree
        STYLE = '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><r><xsl:value-of select="count(//b)"/></r></xsl:template></xsl:stylesheet>'
        def run():
            tree = etree.fromstring("<a><b x='1'/><b/></a>")
            return etree.__version__, tree.xpath("count(//b)"), str(etree.XSLT(etree.XML(STYLE))(tree)).split("\\n")[1]
    """
    got = both(pair(project, wheels, [old], ["lxml==6.0.0"], code))
    assert got == [str((old.partition("==")[2], 2.0, "<r>2</r>")), "('6.0.0', 2.0, '<r>2</r>')"]


def test_onnx_two_versions_with_two_protobufs(project, wheels, python):
    code = """
        import onnx, google.protobuf
        from onnx import TensorProto, checker, helper
        def run():
            info = lambda n: helper.make_tensor_value_info(n, TensorProto.FLOAT, [1])
            graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["c"])], "g", [info("a"), info("b")], [info("c")])
            model = helper.make_model(graph)
            checker.check_model(model)
            return onnx.__version__, google.protobuf.__version__.split(".")[0], len(model.SerializeToString()) > 50
    """
    old, new = (["onnx==1.16.0", "protobuf<5"], ["onnx==1.17.0", "protobuf>=5,<6"])
    if python.minor == "3.13":
        old, new = (["onnx==1.18.0", "protobuf<5"], ["onnx==1.19.0", "protobuf>=5,<6"])
    got = both(pair(project, wheels, [*old, "numpy<2.3"], [*new, "numpy<2.4"], code))
    assert got == [f"('{r[0].partition('==')[2]}', '{major}', True)" for r, major in ((old, 4), (new, 5))]


def test_opencv_two_versions_which_edit_sys_path_for_themselves(project, wheels, python):
    code = """
        import cv2, numpy
        def run():
            blurred = cv2.GaussianBlur(numpy.eye(9, dtype="uint8") * 255, (3, 3), 0)
            return cv2.__version__, int(blurred.sum()), numpy.__version__[0]
    """
    old, numpy_old = ("opencv-python-headless==4.8.1.78", "numpy==1.26.4")
    if python.minor == "3.13":
        old, numpy_old = ("opencv-python-headless==4.10.0.84", "numpy==2.1.0")
    new = ["opencv-python-headless==4.12.0.88", "numpy>=2.2,<2.3"]
    got = both(pair(project, wheels, [old, numpy_old], new, code))
    assert got == [f"('{old.partition('==')[2].rpartition('.')[0]}', 2368, '{numpy_old[7]}')", "('4.12.0', 2368, '2')"]


def test_one_scipy_wheel_under_two_numpys(project, wheels, python):
    code = """
        import numpy, scipy
        from scipy import linalg, special
        def run():
            return scipy.__version__, numpy.__version__, round(float(special.jv(0, numpy.arange(3.0)).sum()), 6), float(linalg.inv(numpy.eye(2) * 2)[0, 0])
    """
    one = {"3.13": "scipy==1.14.1"}.get(python.minor, "scipy==1.13.1")
    numpys = {"3.13": ("2.1.0", "2.2.6")}.get(python.minor, ("1.26.4", "2.2.6"))
    env = pair(project, wheels, [one, f"numpy=={numpys[0]}"], [one, f"numpy=={numpys[1]}"], code)
    assert both(env) == [str((one.partition("==")[2], numpy, 1.989088, 0.5)) for numpy in numpys]
    done = env.run("import u_old, u_new; print(u_old.special._ufuncs.__file__ != u_new.special._ufuncs.__file__, u_old.scipy is u_new.scipy)")
    assert done.stdout == "True False\n"


def test_urllib3_pure_python_with_late_imports(project, wheels):
    code = """
        import urllib3
        def run():
            import importlib
            from urllib3.util import retry
            m = importlib.import_module("urllib3")
            assert m is urllib3 and importlib.import_module(".util", "urllib3") is urllib3.util
            return urllib3.__version__, retry.Retry(3).total, m.PoolManager().clear()
    """
    assert both(pair(project, wheels, ["urllib3==1.26.20"], ["urllib3==2.2.3"], code)) == ["('1.26.20', 3, None)", "('2.2.3', 3, None)"]


def test_google_namespace_split_over_units(project, wheels):
    code = """
        import google, google.protobuf, google.api_core.exceptions
        from google.protobuf import struct_pb2, timestamp_pb2
        def run():
            s = struct_pb2.Struct()
            s["a"] = 1
            return google.protobuf.__version__, len(s.SerializeToString()), google.api_core.exceptions.NotFound.code.value
    """
    env = pair(project, wheels, ["protobuf==3.20.3", "google-api-core"], ["protobuf==5.29.5", "google-api-core"], code)
    assert both(env) == ["('3.20.3', 16, 404)", "('5.29.5', 16, 404)"]


@pytest.fixture
def pandas_and_numexpr(project, wheels, python):
    code = "import pandas as pd\ndef add():\n    df = pd.DataFrame({'a': range(200_000), 'b': range(200_000)}, dtype='float64')\n    return float((df.a + df.b).sum()), pd.get_option('compute.use_numexpr')"
    requires = {"3.13": ["pandas==2.2.3", "numpy==2.1.0"]}.get(python.minor, ["pandas==2.1.4", "numpy==1.26.4"])
    old = wheels.pure("u-old", "1", {"u_old.py": code}, requires=["pandas"])
    return project(manifest([at("u-old", old), "numexpr", "numpy>=2.2"], {"u-old": requires}))


def test_a_pinned_pandas_does_not_take_roots_numexpr_of_another_world(pandas_and_numexpr):
    """It would find it, and die in `df.a + df.b` with a strange TypeError."""
    done = pandas_and_numexpr.run("import numexpr, u_old; print(u_old.add()[0], 'numexpr' in vars(u_old.pd.core.computation.expressions))")
    assert done.stdout.startswith("39999800000.0")
    done = pandas_and_numexpr.run("import u_old; exec('import numexpr', vars(u_old))", check=False)
    assert "two versions must not mix" in done.stderr


@pytest.mark.one_python("3.11")
def test_two_pyarrows_have_libraries_of_their_own(project, tools):
    """The project of `cargo xtask isolation`: with its libraries shared abicheck finds an error, and after a plain sync none."""
    folder = Path(__file__).resolve().parents[1] / "isolation" / "pyarrow"
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    text = files.pop("pinfold.toml").decode()
    abicheck = [tools.pinfold.with_name("abicheck"), "-q", ".venv"]
    for asked, broken in ((text.replace("[pins.other]", '[pins.other]\nnative = "shared"'), True), (text, False)):
        env = project(asked, files)
        found = execute(abicheck, env=tools.environment({}), cwd=env.folder, check=False)
        assert found.returncode == broken, str(found)
        ran = [env.run_python("app.py", first, check=not broken).returncode for first in ("root", "pin")]
        assert any(ran) == broken, ran


@pytest.mark.one_python("3.11")
def test_h5py_and_netcdf4_each_write_with_their_own_hdf5(project, tools):
    """Two wheels that bring one `libhdf5_hl` over two `libhdf5`: an exception in either order where they share it."""
    pins = {"h5py": ["numpy==1.26.4"], "netcdf4": ["numpy==1.26.4"]}
    text = manifest(["h5py==3.11.0", "netCDF4==1.7.1.post1"], pins)
    h5 = "import h5py; f = h5py.File('a.h5', 'w'); f.create_dataset('a', data=[1.0, 2.0]).make_scale('n'); f.close(); print(list(h5py.File('a.h5')['a']))"
    nc = "import netCDF4; d = netCDF4.Dataset('a.nc', 'w'); d.createDimension('x', 2); d.createVariable('x', 'f8', ('x',))[:] = [1, 2]; d.close(); print(netCDF4.Dataset('a.nc')['x'][:].tolist())"
    for asked, broken in ((text.replace("[pins.h5py]", '[pins.h5py]\nnative = "shared"'), True), (text, False)):
        env = project(asked)
        found = execute([tools.pinfold.with_name("abicheck"), "-q", ".venv"], env=tools.environment({}), cwd=env.folder, check=False)
        assert found.returncode == broken, str(found)
        for code in (f"import h5py, netCDF4\n{h5}\n{nc}", f"import netCDF4, h5py\n{nc}\n{h5}"):
            done = env.run(code, check=not broken)
            assert (done.stdout.split("\n")[:2] == ["[1.0, 2.0]"] * 2) != broken, str(done)
