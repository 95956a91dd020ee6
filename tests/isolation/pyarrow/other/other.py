"""Uses the pyarrow of its pin."""

import pyarrow

__all__ = ["pyarrow"]
