"""Which copy is kept, and which rows would leak what is held out: plain functions over arrays."""

from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.dedup.exact import Hashes

TRAIN: Final = 0
DEV: Final = 1
TEST: Final = 2
SPLITS: Final = ("train", "dev", "test")  # the more held out, the later

Levels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


def losers(clusters: Hashes, levels: Levels, ranks: npt.NDArray[np.int32]) -> Mask:
    """Return which rows are dropped as copies: bool [n], one row of each cluster False.

    The row that is held out the most is kept, among equals the one of lowest rank. The rows given are those that
    passed the thresholds, so no text is lost because its first copy did not pass.
    """
    order = np.lexsort((ranks, -levels.astype(np.int8), clusters))
    ordered = clusters[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, bool)
    lost = np.ones(len(clusters), bool)
    lost[order[first]] = False
    return lost


def leaks(hashes: Hashes, levels: Levels) -> Mask:
    """Return which texts are equal to one that is held out more: bool [n].

    `hashes` are of folded texts whatever their language; a pair takes part with each of its sides.
    """
    order = np.argsort(hashes)
    ordered = hashes[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else order
    highest = np.maximum.reduceat(levels[order], starts) if len(starts) else levels
    leaking = np.zeros(len(hashes), bool)
    leaking[order] = levels[order] < np.repeat(highest, np.diff(np.append(starts, len(hashes))))
    return leaking
