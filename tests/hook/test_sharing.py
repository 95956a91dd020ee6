"""`share` in a pin: its closure uses root's unit, so that types which must cross are one type."""

import json

import pytest
from test_rules import at
from test_real_wheels import SCIENCE

CODE = "import leaf\ndef make(): return leaf.Thing()\ndef is_ours(x): return isinstance(x, leaf.Thing)\n"


@pytest.fixture
def dists(wheels):
    """leaf 1.0 and 2.0, each on its own base; `old` requires leaf in a spelling of its own."""
    leaf = {}
    for v in ("1.0", "2.0"):
        code = f"import base\nV = {v!r}\nclass Thing: pass\n"
        leaf["base", v] = wheels.pure("base", v, {"base.py": f"V = {v!r}"})
        leaf["Leaf.Lib", v] = wheels.pure("Leaf.Lib", v, {"leaf.py": code}, requires=[f"base=={v}"])
    return leaf


def manifest(wheels, dists, requirement, pin, own=()):
    """Root on leaf 2.0, and `old`, pinned, with this requirement on it."""
    old = wheels.pure("old", "1", {"old.py": CODE}, requires=[requirement, "base"])
    root = [at("old", old), at("leaf-lib", dists["Leaf.Lib", "2.0"]), at("base", dists["base", "2.0"])]
    return f"requires = {json.dumps(root)}\n[pins.old]\nrequires = {json.dumps([*own])}\n{pin}\n"


@pytest.mark.parametrize("spelling", ["leaf-lib", "Leaf_Lib", "LEAF.lib"])
def test_what_is_shared_is_one_with_all_that_it_needs(project, wheels, dists, spelling):
    env = project(manifest(wheels, dists, "leaf_lib", f'share = ["{spelling}"]'))
    done = env.run(
        """
        import base, leaf, old
        assert old.leaf is leaf and old.is_ours(leaf.Thing()) and isinstance(old.make(), leaf.Thing)
        print(leaf.V, old.leaf.base.V, type(old.make()) is leaf.Thing)
        """
    )
    assert done.stdout == "2.0 2.0 True\n"
    tree = json.loads(env.pinfold("tree", "--output-format", "json").stdout)
    assert tree["differences"] == []
    shared = next(unit for unit in tree["units"] if unit["name"] == "leaf-lib")
    assert shared["closures"] == ["root", "old"]
    why = json.loads(env.pinfold("why", "old", "leaf", "--output-format", "json").stdout)
    assert (why["unit"]["version"], why["rule"]) == ("2.0", 2)
    assert env.pinfold("check", "--no-notes").returncode == 0


def test_what_cannot_be_shared_names_both_requirements(fresh_project, wheels, dists):
    env = fresh_project(manifest(wheels, dists, "leaf-lib<2", 'share = ["leaf-lib"]'), sync=False)
    done = env.sync(check=False)
    assert done.returncode == 2
    assert "there is no solution for the closure of pin `old`" in done.stderr, done
    theirs = "`leaf-lib<2`, which old 1 requires, does not accept leaf-lib 2.0, which root has because the manifest requires"
    assert theirs in done.stderr, done
    assert "hint: what is shared must satisfy both sides" in done.stderr


@pytest.mark.parametrize(
    ("share", "words"),
    [
        ("leef-lib", ["root's closure has no `leef-lib`", "hint: did you mean `leaf-lib`?"]),
        ("somewhere", ["root's closure has no `somewhere`", "hint: require it (`pinfold add somewhere`)"]),
    ],
)
def test_a_shared_name_that_root_does_not_have_is_an_error(fresh_project, wheels, dists, share, words):
    env = fresh_project(manifest(wheels, dists, "leaf-lib", f'share = ["{share}"]'), sync=False)
    done = env.sync(check=False)
    assert done.returncode == 2 and all(word in done.stderr for word in words), done


def test_what_check_proposes_can_be_done_with_the_command_that_it_names(fresh_project, wheels, dists):
    own = [at("leaf-lib", dists["Leaf.Lib", "1.0"]), at("base", dists["base", "1.0"])]
    env = fresh_project(manifest(wheels, dists, "leaf-lib", "", own))
    apart = "import leaf, old; print(old.is_ours(leaf.Thing()))"
    assert env.run(apart).stdout == "False\n"
    done = env.pinfold("check", check=False)
    assert done.returncode == 1 and "types of `leaf-lib` may cross between root and old 1" in done.stdout, done
    # A requirement by file is one on that file: to share, it must go.
    text = (env.folder / "pinfold.toml").read_text().replace(json.dumps(own), "[]")
    (env.folder / "pinfold.toml").write_text(text)
    env.pinfold("pin", "old", "--share", "Leaf_Lib", "--python", env.interpreter.executable)
    assert 'share = ["leaf-lib"]' in (env.folder / "pinfold.toml").read_text()
    env.sync()
    assert env.run(apart).stdout == "True\n"
    assert env.pinfold("check", "--no-notes").stdout.endswith("nothing to say\n")


def test_compiled_code_on_a_shared_unit_is_of_roots_domain(project, wheels):
    """`ext`, in two versions, is built on `core`, whose registry it finds by a key in the interpreter's dictionary."""
    code = """
        #include <Python.h>
        static PyObject *f(PyObject *m, PyObject *a) {{ return PyLong_FromLong({}); }}
        static PyMethodDef methods[] = {{{{"f", f, METH_NOARGS, 0}}, {{0}}}};
        static struct PyModuleDef def = {{PyModuleDef_HEAD_INIT, "{name}", 0, -1, methods}};
        PyMODINIT_FUNC PyInit_{name}(void) {{ return PyModule_Create(&def); }}
    """
    core = wheels.extension("core", "1", {"core": code.format(1, name="core")})
    ext = {v: wheels.extension("ext", v, {"ext": code.format(v, name="ext")}, requires=["core"]) for v in ("1", "2")}
    old = wheels.pure("old", "1", {"old.py": "import core, ext\n"}, requires=["core", "ext"])
    requires = [at("old", old), at("core", core), at("ext", ext["2"])]
    pin = f'requires = {json.dumps([at("ext", ext["1"])])}\nshare = ["core"]'
    env = project(f"requires = {json.dumps(requires)}\n[pins.old]\n{pin}\n")
    done = env.run("import core, ext, old; print(old.core is core, ext.f(), old.ext.f())")
    assert done.stdout == "True 2 1\n"
    units = json.loads((env.venv / "closure.json").read_text())["units"]
    assert sorted((u["name"], u["version"], u["domain"]) for u in units if u["native"]) == [
        ("core", "1", "root"),
        ("ext", "1", "old"),
        ("ext", "2", "root"),
    ]


@pytest.mark.one_python("3.12")
def test_a_frame_crosses_between_two_scipys_where_pandas_is_shared(project, wheels):
    code = """
        import numpy as np, pandas as pd, scipy.linalg
        def make(): return pd.DataFrame({"x": np.arange(3.0)})
        def work(frame): return scipy.__version__, float(scipy.linalg.norm(frame["x"].to_numpy())), isinstance(frame, pd.DataFrame)
    """
    old = wheels.pure("report-old", "1", {"report_old.py": code}, requires=["numpy", "pandas", "scipy"])
    requires = json.dumps([at("report-old", old), "numpy==2.3.*", "pandas==2.3.*", "scipy==1.16.*"])
    text = f'requires = {requires}\n[pins.report-old]\nrequires = ["scipy==1.15.*"]\n'
    env = project(text + 'share = ["pandas"]\n')
    done = env.run(
        """
        import numpy as np, pandas as pd, report_old, scipy
        assert report_old.pd is pd and report_old.np is np and report_old.scipy is not scipy
        both = pd.concat([report_old.make(), pd.DataFrame({"x": [3.0]})], ignore_index=True)
        version, norm, ours = report_old.work(both)
        print(version[:4], scipy.__version__[:4], round(norm**2), ours, len(both), type(both) is type(report_old.make()))
        """
    )
    assert done.stdout == "1.15 1.16 14 True 4 True\n"


@pytest.mark.one_python("3.12")
def test_check_names_the_real_types_that_cross(project, python, wheels):
    old, new = SCIENCE[python.minor]
    code = "import numpy as np, pandas as pd\ndef frame(): return pd.DataFrame({'x': np.arange(3)})\n"
    names = ["numpy", "pandas"]
    report = wheels.pure("report-old", "1", {"report_old.py": code}, requires=names)
    requires = json.dumps([at("report-old", report), *new])
    env = project(f'requires = {requires}\n[pins.report-old]\nrequires = {json.dumps(old[:2])}\n')
    done = env.pinfold("check", "--output-format", "json", check=False)
    assert done.returncode == 1, done
    crossing = {f["message"].split("`")[1]: f for f in done.json["findings"] if f["code"] == "PF101" and f["severity"] == "warning"}
    assert sorted(crossing) == names
    assert crossing["pandas"]["evidence"][1].startswith("root -> report-old 1 -> pandas 2.1.4")
    assert crossing["pandas"]["evidence"][2] == "report-old 1, report_old.py:2: `frame` returns one"
    assert crossing["numpy"]["hints"][0].startswith("they cannot be one as it stands: [pins.report-old] requires `numpy==1.26.4`")
    assert not [f for f in done.json["findings"] if f["code"] == "PF201" and f["severity"] == "warning"], done
