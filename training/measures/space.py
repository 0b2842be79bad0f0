"""Alignment and uniformity of the contrast's space (Wang and Isola 2020, section 4.2).

Alignment is the mean of ‖x − y‖² over positive pairs, 0 where translations coincide; uniformity is the logarithm of
the mean of e^(−2 ‖x − y‖²) over pairs of texts, 0 where all lie in one place and near −4 where they fill a sphere of
many dimensions. Vectors are scaled to length 1 first, whether or not the contrast itself does so.
"""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

_T: Final = 2.0
_MOST: Final = 1024  # keys of a step whose pairs are looked at: half a million


@torch.no_grad()
def distances(queries: Tensor, keys: Tensor) -> Tensor:
    """Return Σ ‖q − k‖² over queries `[n, D]` and their own keys `[n, D]`, a scalar; its mean is the alignment."""
    return (F.normalize(queries, dim=1) - F.normalize(keys, dim=1)).square().sum()


@torch.no_grad()
def potential(keys: Tensor) -> tuple[float, int]:
    """Return Σ e^(−2 ‖k − l‖²) over pairs of keys `[N, D]`, and how many pairs; the mean's log is the uniformity.

    Of more than 1,024 keys the first are taken; they come in random order.
    """
    keys = F.normalize(keys[:_MOST].float(), dim=1)
    pairs = len(keys) * (len(keys) - 1) // 2
    each = (2 * _T * (keys @ keys.T - 1)).exp()  # ‖k − l‖² = 2 − 2 k·l
    return float(each.fill_diagonal_(0.0).sum()) / 2, pairs
