"""Libraries that Python code opens for everyone (RTLD_GLOBAL), of two versions of one package: each version is to use its own."""

import json
import zipfile

import pytest
from test_by_name import LIBRARY, MODULE
from test_rules import at, manifest

CODE = """
    import ctypes, pathlib

    LIBRARY = pathlib.Path(__file__).parents[1] / "pack.libs" / "libcore.so"
    ctypes.CDLL(str(LIBRARY), mode=ctypes.RTLD_GLOBAL)
    from pack._core import count

    def again():
        return ctypes.CDLL("libcore.so", ctypes.RTLD_GLOBAL).core_number()
"""


def versions(wheels, make):
    """A manifest with version 2 of `pack` in root and version 1 in a pin."""
    user = wheels.pure("user", "1", {"user/__init__.py": "import pack"}, requires=["pack"])
    return manifest([at("user", user), at("pack", make(2))], {"user": [at("pack", make(1))]})


def module(number):
    # Both versions define what they use, so that nothing fails: the first one's is found.
    return MODULE.format(number=number).replace(f"core_only_{number}", "core_number")


def library(number):
    return LIBRARY.format(number=number).replace(f"core_only_{number}", f"core_unused_{number}")


@pytest.fixture
def both(project, wheels):
    def make(number):
        sources = {"libcore": library(number), "pack._core": module(number)}
        return wheels.extension("pack", str(number), sources, {"pack/__init__.py": CODE})

    return project(versions(wheels, make))


def own_scopes(project):
    units = json.loads((project.venv / "closure.json").read_text())["units"]
    return sorted((unit["name"], unit["version"]) for unit in units if unit.get("own_scope"))


@pytest.mark.parametrize("first", ["import user, pack", "import pack, user"])
def test_each_version_uses_what_it_opens_for_everyone(both, first):
    assert own_scopes(both) == [("pack", "1"), ("pack", "2")]
    both.run(
        f"""
        {first}
        assert [pack.count(), user.pack.count(), pack.count()] == [201, 101, 202]
        assert [pack.again(), user.pack.again()] == [2, 1]
        assert [pack.count(), user.pack.count()] == [203, 102]
        """
    )


def test_flags_and_errors_are_as_ever(both):
    both.run(
        """
        import ctypes, sys, pack
        events = []
        sys.addaudithook(lambda event, arguments: event == "ctypes.dlopen" and events.append(arguments))
        assert ctypes.CDLL(str(pack.LIBRARY), mode=ctypes.RTLD_GLOBAL).core_number() == 2
        assert events == [(str(pack.LIBRARY),)], events
        try:
            ctypes.CDLL(str(pack.LIBRARY) + ".no", mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            assert "cannot open shared object file" in str(error), error
        # What no unit of such a kind has is open to everyone as before.
        assert ctypes.CDLL("libm.so.6", ctypes.RTLD_GLOBAL) and ctypes.CDLL(None)
        """
    )


def test_what_finds_its_symbols_in_no_other_way_stays_with_a_warning(fresh_project, wheels):
    def make(number):
        # The module does not say which library it needs.
        brought = wheels.extension("brought", str(number), {"libcore": library(number)})
        with zipfile.ZipFile(brought) as archive:
            files = {"pack.libs/libcore.so": archive.read("brought.libs/libcore.so"), "pack/__init__.py": CODE}
        return wheels.extension("pack", str(number), {"pack._core": module(number)}, files)

    project = fresh_project(versions(wheels, make), sync=False)
    said = project.sync().stderr
    assert "warning: not isolated: pack 1 and 2: " in said or "warning: not isolated: pack 2 and 1: " in said, said
    assert "RTLD_GLOBAL" in said and "in no other way" in said, said
    assert own_scopes(project) == []
    for name in ("pack", "user"):
        project.run(f"import {name} as one; assert one.__dict__.get('pack', one).count() % 100 == 1")
