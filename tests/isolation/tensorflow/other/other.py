"""Uses the tensorflow of its pin."""

import tensorflow

__all__ = ["tensorflow"]
