"""The bins of histograms of any measure: float32 numbers with 11 bits of fraction, in ascending order.

Exact for whole numbers to 4,096, else right to 1 in 2,048; no range has to be known beforehand.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

_DROPPED_BITS: Final = np.uint32(12)
_SIGN: Final = np.uint32(0x80000000)

Bins = npt.NDArray[np.uint32]


def bins_of(values: npt.NDArray[Any]) -> Bins:
    """Return the bin of each number: uint32 [n], larger for larger numbers."""
    bits = (values.astype(np.float32) + np.float32(0)).view(np.uint32)  # adding 0 turns -0 into 0
    return np.where(bits & _SIGN, ~bits, bits | _SIGN) >> _DROPPED_BITS


def edges_of(bins: Bins) -> npt.NDArray[np.float32]:
    """Return the least number of each bin: float32 [n]."""
    ordered = bins << _DROPPED_BITS
    edges: npt.NDArray[np.float32] = np.where(ordered & _SIGN, ordered ^ _SIGN, ~ordered).view(np.float32)
    return edges


def floored(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return each number as its bin has it, what is not a number as it is: float32 [n]."""
    return np.where(np.isnan(values), np.float32(np.nan), edges_of(bins_of(values)))
