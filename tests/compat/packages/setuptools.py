"""Reads a project's metadata, lists its packages, and makes a source distribution in a temporary folder."""

OLD = ["setuptools==68.2.2"]
NEW = ["setuptools==80.9.0"]
CODE = "-"
PYTHON = "3.12"

import contextlib
import io
import os
import pathlib
import tarfile
import tempfile

import setuptools


def work():
    from setuptools.dist import Distribution

    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "shop/till").mkdir(parents=True)
        for package in ("shop", "shop/till"):
            pathlib.Path(folder, package, "__init__.py").write_text("")
        os.chdir(folder)
        try:
            packages = sorted(setuptools.find_packages())
            project = Distribution({"name": "shop", "version": "1.0", "packages": packages, "script_name": "setup.py"})
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                project.run_command("sdist")
            with tarfile.open("dist/shop-1.0.tar.gz") as archive:
                names = sorted(name for name in archive.getnames() if name.endswith(".py"))
        finally:
            os.chdir(here)
    return [setuptools.__version__, packages, names, Distribution.__module__]
