"""The frame itself: what it makes must be what the programs get from the world outside."""

from frame.project import execute

COUNTER = """
    #include <Python.h>
    int helper_value(void);
    static PyObject *value(PyObject *self, PyObject *none) { return PyLong_FromLong(helper_value() + LOCAL); }
    static PyMethodDef methods[] = {{"value", value, METH_NOARGS, 0}, {0}};
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", 0, -1, methods};
    PyMODINIT_FUNC PyInit__core(void) { return PyModule_Create(&def); }
"""


def test_a_compiled_wheel_with_a_helper_library_works_in_an_ordinary_environment(python, wheels, merged):
    sources = {"tally._core": COUNTER, "libtally": "int helper_value(void) { return 40; }"}
    wheel = wheels.extension("tally", "1.0", sources, files={"tally/__init__.py": ""}, flags=["-DLOCAL=2"])
    environment = merged(f"tally @ file://{wheel}")
    assert environment.run("import tally._core; print(tally._core.value())").stdout == "42\n"


def test_wheels_made_twice_have_the_same_bytes_and_one_version_differs_from_the_next(wheels):
    make = lambda version: wheels.pure("some-lib", version, {"some_lib.py": f"v = {version!r}"}).read_bytes()  # noqa: E731
    assert make("1.0") == make("1.0") != make("2.0")


def test_uv_installs_from_the_local_index_with_credentials_only(python, wheels, index, tools, tmp_path):
    index.add(wheels.pure("leaf", "1.5", {"leaf.py": "v = 1"}))
    index.add(wheels.pure("stem", "2.0", {"stem.py": "import leaf"}, requires=["leaf>=1"]))
    index.require("ann", "secret")
    target = tmp_path / "target"

    def install(url):
        command = [tools.uv, "--no-config", "pip", "install", "--no-cache", "--target", target, "stem"]
        environment = tools.environment({"UV_INDEX_URL": url})
        where = ["--python", python.executable]
        return execute([*command, *where], env=environment, cwd=tmp_path, check=False)

    assert install(index.url).returncode != 0
    assert install(index.url_for("ann", "secret")).returncode == 0
    assert (target / "leaf.py").read_text() == "v = 1"
    assert "/simple/stem/" in index.requests
