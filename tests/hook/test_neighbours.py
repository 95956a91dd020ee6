"""Libraries that another distribution brings, found by `$ORIGIN` as in one `site-packages`."""

import json
import subprocess
import zipfile

import pytest
from test_rules import at, manifest

# What the library says, and what it finds beside itself, as Qt finds its plugins.
LIBRARY = r"""
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <stdio.h>
    #include <string.h>
    static int calls;
    int back_version(void) { return VERSION; }
    int back_count(void) { return ++calls; }
    int back_data(void) {
        Dl_info info; char path[4096]; int value = -1;
        dladdr((void *)back_version, &info);
        strcpy(path, info.dli_fname);
        strcpy(strrchr(path, '/'), "/../data.txt");
        FILE *file = fopen(path, "r");
        if (file) { if (fscanf(file, "%d", &value) != 1) value = -2; fclose(file); }
        return value;
    }
"""
MORE = r"""
    int back_version(void);
    int more_version(void) { return back_version() * 10; }
"""
CORE = r"""
    #include <Python.h>
    int back_version(void); int back_count(void); int back_data(void);
    #define CALL(name) static PyObject *name(PyObject *s, PyObject *n) { return PyLong_FromLong(back_##name()); }
    CALL(version) CALL(count) CALL(data)
    static PyMethodDef methods[] = {
        {"version", version, METH_NOARGS, NULL}, {"count", count, METH_NOARGS, NULL}, {"data", data, METH_NOARGS, NULL}, {0}};
    static PyModuleDef_Slot slots[] = {{0}};
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", NULL, 0, methods, slots};
    PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&def); }
"""
SEES = "import {0}\ndef seen():\n    import os\n    return {0}.seen()\n"
FRONT = """
    import os
    from front import _core
    def seen():
        folder = os.path.join(os.path.dirname(__file__), "back")
        return _core.version(), _core.data(), _core.count(), sorted(os.listdir(folder))
"""


@pytest.fixture
def parts(wheels, tmp_path):
    """`front`, whose module needs a library in `front/back/lib`, and `front-back`, which brings that, in two versions.

    `front-more` has another library there, which needs the first and looks beside itself, and declares nothing.
    """

    def build(name, source, *flags):
        code, output = tmp_path / f"{name}.c", tmp_path / name
        code.write_text(source)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", output, code, *flags], check=True)
        return output

    def back(version):
        library = build("libback.so.1", LIBRARY.replace("VERSION", version), "-Wl,-soname,libback.so.1")
        files = {"front/back/lib/libback.so.1": library.read_bytes(), "front/back/data.txt": version}
        return at("front-back", wheels.pure("front-back", f"{version}.0", files))

    backs = {version: back(version) for version in "12"}
    beside = ["-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN"]
    more = build("libmore.so.1", MORE, "-Wl,-soname,libmore.so.1", tmp_path / "libback.so.1", *beside)
    more = at("front-more", wheels.pure("front-more", "1", {"front/back/lib/libmore.so.1": more.read_bytes(), "front/more.py": ""}))
    flags = [tmp_path / "libback.so.1", "-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/back/lib"]
    files = {"front/__init__.py": FRONT, "front/back/doc/index.txt": "of front itself"}
    front = at("front", wheels.extension("front", "1", {"front._core": CORE}, files, requires=["front-back"], flags=flags))
    return front, backs, more


def test_a_library_of_another_distribution_is_found_and_finds_its_data(project, parts):
    front, backs, _ = parts
    env = project(manifest([front, backs["2"]]))
    assert env.run("import front; print(front.seen())").stdout == "(2, 2, 1, ['data.txt', 'doc', 'lib'])\n"
    # Also without the hook, by the merged folder of links.
    stock = env.run("import front; print(front.seen())", env={"PINFOLD_DISABLE": "1"})
    assert stock.stdout == "(2, 2, 1, ['data.txt', 'doc', 'lib'])\n"


def test_each_closure_has_the_library_of_its_own_version(project, parts, wheels):
    front, backs, _ = parts
    old = at("old", wheels.pure("old", "1", {"old.py": SEES.format("front")}, requires=["front"]))
    env = project(manifest([old, front, backs["2"]], {"old": [front, backs["1"]]}))
    closure = json.loads((env.venv / "closure.json").read_text())
    libraries = {}
    for unit in closure["units"]:
        if unit["name"] == "front":
            library = f"{unit['path']}/front/back/lib/libback.so.1"
            libraries[tuple(unit["closures"])] = subprocess.run(["realpath", library], check=True, capture_output=True).stdout
    assert len(set(libraries.values())) == 2, libraries
    # One after the other: libraries of one name meet in a process (docs/limits.md), so each has one of its own.
    for first, version in (("front", 2), ("old", 1)):
        assert env.run(f"import {first}; print({first}.seen()[:2])").stdout == f"({version}, {version})\n"


def test_two_that_look_into_one_folder_have_one_library(project, parts, wheels):
    """By two links, or by a link and the library's own folder: the loader goes by the inode."""
    front, backs, _ = parts
    again = CORE.replace("_core", "_again")
    other = {"front_too/__init__.py": "from front_too import _again"}
    back = zipfile.ZipFile(backs["2"].partition("@ ")[2].strip().removeprefix("file://"))
    library = wheels.folder / "libback.so.1"
    library.write_bytes(back.read("front/back/lib/libback.so.1"))
    flags = [library, "-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/../front/back/lib"]
    too = at("front-too", wheels.extension("front-too", "1", {"front_too._again": again}, other, requires=["front-back"], flags=flags))
    env = project(manifest([front, too, backs["2"]]))
    count = "import front, front_too; print(front._core.count(), front_too._again.count(), front._core.count())"
    assert env.run(count).stdout == "1 2 3\n"


def test_what_stands_beside_a_library_undeclared_is_there_too(project, parts):
    """As a folder that several distributions share: a library finds its neighbour from where it is opened."""
    front, backs, more = parts
    env = project(manifest([front, backs["2"], more]))
    look = """
        import ctypes, os, front
        library = ctypes.CDLL(os.path.join(os.path.dirname(front.__file__), "back/lib/libmore.so.1"))
        print(library.more_version(), front._core.count())
    """
    assert env.run(look).stdout == "20 1\n"
