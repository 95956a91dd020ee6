"""Asks for versions, requirements, files and entry points of what this package sees."""

OLD = ["importlib_metadata==3.10.1"]
NEW = ["importlib_metadata==8.7.0"]
CODE = "-"

import importlib_metadata


def work():
    found = importlib_metadata.distribution("importlib_metadata")
    return [
        importlib_metadata.version("importlib_metadata"),
        found.metadata["Name"].replace("-", "_"),
        sorted(name for name in (str(file) for file in found.files) if name.endswith("_functools.py")),
        any("zipp" in requirement for requirement in importlib_metadata.requires("importlib_metadata")),
        importlib_metadata.version("zipp").count(".") >= 1,
    ]
