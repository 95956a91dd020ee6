"""Damaged environments: whatever happens to a file that the hook reads, the answer is right or a clear refusal.

Each case runs a program that knows what it must see. Allowed are the right versions, exit code 2 with a message that
says what to do, and an ImportError that names what is gone; never a signal, never another version.
"""

import dataclasses
import os
import shutil

import pytest
from frame.project import synced
from test_rules import at, manifest

PROGRAM = "import leaf, old; print(leaf.V, old.leaf.V, old.late())"
RIGHT = "2.0 1.0 1.0\n"


def files_of(wheels):
    leaf = {
        v: wheels.pure("leaf", v, {"leaf/__init__.py": f"V = {v!r}", "leaf/late.py": f"V = {v!r}", "leaf/unseen.py": ""})
        for v in ("1.0", "2.0")
    }
    code = "import leaf\ndef late():\n    import leaf.late\n    return leaf.late.V\ndef unseen():\n    import leaf.unseen"
    old = wheels.pure("old", "1", {"old/__init__.py": code}, requires=["leaf"])
    return manifest([at("old", old), at("leaf", leaf["2.0"])], {"old": [at("leaf", leaf["1.0"])]})


@pytest.fixture
def own(tools, python, wheels, tmp_path):
    """A project with a store of its own, for both are damaged."""
    tools = dataclasses.replace(tools, store=tmp_path / "store")
    env = synced(tools, python, tmp_path / "projects", files_of(wheels), {})
    assert env.run(PROGRAM).stdout == RIGHT
    return env


def truncated(path):
    content = path.read_bytes()
    for length in sorted({0, 1, 8, len(content) // 2, max(len(content) - 1, 0)}):
        path.write_bytes(content[:length])
        yield f"cut to {length}"


def flipped(path):
    content = bytearray(path.read_bytes())
    for position in {0, len(content) // 3, len(content) - 1} if content else ():
        path.write_bytes(bytes(content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]))
        yield f"byte {position} flipped"


def gone(path):
    path.unlink()
    yield "gone"


def folder(path):
    path.unlink()
    path.mkdir()
    yield "a folder"


def loop(path):
    path.unlink()
    path.symlink_to(path.name)
    yield "a link to itself"


def foreign(path):
    path.write_bytes(b"\x7fELF" + bytes(4096))
    yield "something else"


DAMAGES = [truncated, flipped, gone, folder, loop, foreign]


def put_back(path, content):
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.write_bytes(content)


def check(done, what):
    """Right, refused, or an ImportError, in words."""
    if done.returncode == 0:
        assert (done.stdout, done.stderr) == (RIGHT, ""), f"{what}\n{done}"
    elif done.returncode == 2:
        assert done.stdout == "" and "error: pinfold" in done.stderr and "hint: " in done.stderr, f"{what}\n{done}"
    else:
        assert done.returncode == 1 and "Error" in done.stderr, f"{what}\n{done}"
        assert "is gone or cannot be read" in done.stderr and "hint: " in done.stderr, f"{what}\n{done}"


def writable(path):
    """Store and generation are read-only: open what stands above `path`, and it."""
    for place in (path.parent.parent, path.parent):
        place.chmod(0o755)
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("file", ["index.bin", "closure.json", "lock", "index.bin closure.json"])
def test_a_damaged_file_of_a_generation_is_made_up_for_or_refused(own, file):
    generation = own.venv.resolve()
    paths = [writable(generation / name) for name in file.split()]
    contents = [path.read_bytes() for path in paths]
    for damage in DAMAGES:
        for steps in zip(*(damage(path) for path in paths)):
            check(own.run(PROGRAM, check=False), f"{file}: {steps[0]}")
        for path, content in zip(paths, contents):
            put_back(path, content)
    assert own.run(PROGRAM).stdout == RIGHT


@pytest.mark.parametrize("pattern", ["wheels/*/modules.idx", "bytecode/**/*.pack", "bytecode/**/*.pyc"])
def test_a_damaged_file_of_the_store_is_made_again_or_done_without(own, pattern):
    found = [path for path in own.tools.store.glob(pattern) if path.is_file()]
    # A wheel's bytecode is packed, or not yet.
    assert found or pattern.endswith(".pyc")
    for path in found:
        content = writable(path).read_bytes()
        for damage in DAMAGES:
            for what in damage(path):
                check(own.run(PROGRAM, check=False), f"{path}: {what}")
            put_back(path, content)
    assert own.run(PROGRAM).stdout == RIGHT


@pytest.mark.parametrize("module", ["__init__.py", "_boot.py", "_loaders.py", "_hook.abi3.so"])
def test_a_damaged_file_of_the_hook_itself_ends_the_process(own, module, tmp_path):
    """Python must not run on without the hook. What is cut in the middle of a shared object may be mapped past its
    end, which no program survives: of those only what the loader notices is tried."""
    (linked,) = own.venv.resolve().glob("lib/python*/site-packages/pinfold")
    copy = tmp_path / "pinfold"
    shutil.copytree(linked.resolve(), copy)
    writable(linked.parent / "0_pinfold.pth")
    linked.unlink() if linked.is_symlink() else shutil.rmtree(linked)
    linked.symlink_to(copy)
    path = writable(copy / module)
    content = path.read_bytes()
    damages = [gone, folder, loop, foreign] if module.endswith(".so") else [gone, folder, loop, flipped]
    for damage in damages:
        for what in damage(path):
            done = own.run(PROGRAM, check=False)
            # Python's own bytecode, or a package without its `__init__`, may make up for it.
            assert done.returncode in (0, 2), f"{module}: {what}\n{done}"
            check(done, f"{module}: {what}")
        put_back(path, content)
    assert own.run(PROGRAM).stdout == RIGHT


def unit_folder(env, name, version):
    code = "import pinfold; print([u.path for u in pinfold.units() if (u.name, u.version) == (%r, %r)][0])"
    return env.run(code % (name, version)).stdout.strip()


def open_all(folder):
    for place, _folders, _files in os.walk(os.path.dirname(folder)):
        os.chmod(place, 0o755)


@pytest.mark.parametrize("name, version", [("leaf", "1.0"), ("leaf", "2.0"), ("old", "1")])
def test_a_units_folder_that_is_gone_is_an_import_error_that_names_it(own, name, version):
    where = unit_folder(own, name, version)
    open_all(where)
    wheel = os.path.dirname(where)
    for missing in (where, wheel):
        if os.path.isdir(missing):
            shutil.rmtree(missing)
        shutil.rmtree(own.tools.store / "bytecode", ignore_errors=True)
        done = own.run(PROGRAM, check=False)
        assert done.returncode == 1 and "ImportError: " in done.stderr, str(done)
        assert f"of {name} {version} is gone or cannot be read" in done.stderr and "hint: " in done.stderr, str(done)


def test_a_units_folder_that_vanishes_under_a_running_program_names_it_at_the_next_import(own):
    where = unit_folder(own, "leaf", "1.0")
    open_all(where)
    code = f"""
        import leaf, old, shutil
        shutil.rmtree({where!r})
        for attempt in range(2):
            try:
                old.unseen()
            except ImportError as error:
                print(type(error).__name__, error.name, "of leaf 1.0 is gone" in str(error), "hint: " in str(error))
        import leaf.late
        print(leaf.late.V, old.leaf.V)
    """
    assert own.run(code, env={"PYTHONDONTWRITEBYTECODE": "1"}).stdout == "ImportError leaf.unseen True True\n" * 2 + "2.0 1.0\n"


def test_an_extension_module_that_vanishes_names_its_unit(tools, python, wheels, tmp_path):
    tools = dataclasses.replace(tools, store=tmp_path / "store")
    source = """
        #include <Python.h>
        static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "native", 0, -1, 0};
        PyMODINIT_FUNC PyInit_native(void) { return PyModule_Create(&def); }
    """
    native = {v: wheels.extension("native", v, {"native": source}, {"helper.py": ""}) for v in ("1", "2")}
    old = wheels.pure("old", "1", {"old.py": "def late():\n    import native\n    return native"}, requires=["native"])
    lines = manifest([at("old", old), at("native", native["2"])], {"old": [at("native", native["1"])]})
    env = synced(tools, python, tmp_path / "projects", lines, {})
    where = unit_folder(env, "native", "1")
    open_all(where)
    code = f"""
        import native, old, shutil
        shutil.rmtree({where!r})
        try:
            old.late()
        except ImportError as error:
            print("of native 1 is gone" in str(error), "hint: " in str(error))
    """
    assert env.run(code).stdout == "True True\n"


@pytest.mark.parametrize("damage", ["index.bin", "closure.json", "pyvenv.cfg", "0_pinfold.pth", "unit"])
def test_what_the_hints_promise_is_true_sync_repairs(own, python, damage):
    generation = own.venv.resolve()
    if damage == "unit":
        where = unit_folder(own, "leaf", "1.0")
        open_all(where)
        shutil.rmtree(where)
    elif damage.endswith(".pth"):
        (line,) = generation.glob(f"lib/python*/site-packages/{damage}")
        writable(line).write_bytes(b"")
    else:
        names = ["index.bin", "closure.json"] if damage == "index.bin" else [damage]
        for name in names:
            writable(generation / name).write_bytes(b"")
    own.sync()
    assert own.run(PROGRAM).stdout == RIGHT
