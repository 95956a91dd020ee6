"""Uses the torch and the numpy of its pin."""

import numpy
import torch

__all__ = ["numpy", "torch"]
