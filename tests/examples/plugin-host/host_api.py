"""What plugins are written against: a local module of the host's, which it shares with them."""


class Plugin:
    """Base class of every plugin."""

    def describe(self) -> str:
        """One line for the host to show."""
        raise NotImplementedError
