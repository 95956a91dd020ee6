"""A module that needs another package."""

import leaf


def seen():
    """The version of the other one as this module sees it."""
    return leaf.VERSION
