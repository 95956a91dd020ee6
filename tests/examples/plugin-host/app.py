"""The host: attaches the environment of every plugin, and calls each as an ordinary object."""

import importlib
import importlib.metadata
from pathlib import Path

import click  # the host's own
import host_api
import pinfold


def load(folder):
    """The plugin whose code and environment are in this folder."""
    world = pinfold.attach(folder / ".venv", share=["host_api"], code=folder)
    plugin = world.import_module(folder.name).Plugin()
    assert isinstance(plugin, host_api.Plugin), "the shared type is one"
    return plugin


if __name__ == "__main__":
    for folder in sorted((Path(__file__).parent / "plugins").iterdir()):
        print(f"{folder.name}: {load(folder).describe()}")
    assert click.__file__ == importlib.import_module("click").__file__
    print(f"host: click {importlib.metadata.version('click')}")
