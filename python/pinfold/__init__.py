"""Pinfold: every Python package in its own enclosure of dependencies.

In an environment that ``pinfold sync`` made, the import hook answers every import by who asks. The functions
here tell what it knows; outside such an environment they raise ``RuntimeError``.
"""

_ATTACHING = ["AttachError", "World", "attach", "worlds"]
__all__ = [*_ATTACHING, "Unit", "explain", "importer", "unit_of", "units"]


def __getattr__(name):
    # Loaded at the first use: this package is imported at every start of the interpreter.
    if name == "explain":
        from pinfold import _explain

        return _explain.explain
    if name in _ATTACHING:
        from pinfold import _attach

        return getattr(_attach, name)
    if name in __all__:
        from pinfold import _public

        return getattr(_public, name)
    if name == "__version__":
        from pinfold import _hook

        return _hook.__version__
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
