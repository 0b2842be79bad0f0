"""The exact Jaccard similarity of pairs of shingle sets (|A ∩ B| / |A ∪ B|), many pairs at once."""

from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.dedup.shingles import Shingles, gathered

Rows = npt.NDArray[np.int64]
Similarities = npt.NDArray[np.float32]

_CHUNK: Final = 1 << 16  # shingles worked on at a time


def jaccard(left: Shingles, left_rows: Rows, right: Shingles, right_rows: Rows, least: float) -> Similarities:
    """Return the similarity of each pair of sets (`left_rows[i]`, `right_rows[i]`): float32 [n].

    Where the sizes alone say that it is below `least`, the sets are not read and it is 0.
    """
    both, offset = _together(left, right)
    sizes = left.sizes[left_rows], right.sizes[right_rows]
    smaller, larger = np.minimum(*sizes), np.maximum(*sizes)
    similarities = np.zeros(len(left_rows), np.float32)
    possible = np.flatnonzero((smaller > 0) & (smaller >= least * larger))
    ends = np.cumsum((smaller + larger)[possible])
    cuts = np.unique(np.searchsorted(ends, np.arange(_CHUNK, ends[-1] + _CHUNK, _CHUNK))) if len(ends) else ends
    for pairs in np.split(possible, cuts):
        if len(pairs):
            common = _common(both, left_rows[pairs], right_rows[pairs] + offset)
            similarities[pairs] = common / (smaller[pairs] + larger[pairs] - common)
    return similarities


def _together(left: Shingles, right: Shingles) -> tuple[Shingles, int]:
    """Return all sets together, and how many come before those of `right`."""
    starts = np.concatenate([left.starts[:-1], right.starts + len(left.values)])
    return Shingles(np.concatenate([left.values, right.values]), starts), len(left.starts) - 1


def _common(sets: Shingles, left: Rows, right: Rows) -> npt.NDArray[np.int64]:
    """Return how many shingles the two sets of each pair share: int64 [n].

    The sets of a pair stand side by side, each with the pair's number above its values, so that sorting is merging.
    """
    rows = np.stack([left, right], axis=1).ravel()
    sizes = sets.sizes[rows]
    number = np.repeat(np.arange(len(rows), dtype=np.uint64) >> np.uint64(1), sizes)
    keys = np.sort(number << np.uint64(32) | gathered(sets.values, sets.starts[rows], sizes), kind="stable")
    pair = (keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)).astype(np.int64)
    return np.bincount(pair, minlength=len(left))
