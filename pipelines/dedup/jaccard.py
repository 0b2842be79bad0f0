"""The exact Jaccard similarity of pairs of shingle sets (|A ∩ B| / |A ∪ B|), many pairs at once."""

from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.dedup.shingles import Shingles

Rows = npt.NDArray[np.int64]
Similarities = npt.NDArray[np.float32]

_CHUNK: Final = 1 << 16  # shingles worked on at a time


def jaccard(left: Shingles, left_rows: Rows, right: Shingles, right_rows: Rows, least: float) -> Similarities:
    """Return the similarity of each pair of sets (`left_rows[i]`, `right_rows[i]`): float32 [n].

    Where the sizes alone say that it is below `least`, the sets are not read and it is 0.
    """
    sizes = left.sizes[left_rows], right.sizes[right_rows]
    smaller, larger = np.minimum(*sizes), np.maximum(*sizes)
    similarities = np.zeros(len(left_rows), np.float32)
    possible = np.flatnonzero((smaller > 0) & (smaller >= least * larger))
    ends = np.cumsum((smaller + larger)[possible])
    cuts = np.unique(np.searchsorted(ends, np.arange(_CHUNK, ends[-1] + _CHUNK, _CHUNK))) if len(ends) else ends
    for pairs in np.split(possible, cuts):
        if len(pairs):
            common = _common(left, left_rows[pairs], right, right_rows[pairs])
            similarities[pairs] = common / (smaller[pairs] + larger[pairs] - common)
    return similarities


def _common(left: Shingles, left_rows: Rows, right: Shingles, right_rows: Rows) -> npt.NDArray[np.int64]:
    """Return how many shingles the two sets of each pair share: int64 [n]."""
    keys = np.sort(np.concatenate([_keys(left, left_rows), _keys(right, right_rows)]))
    pair = (keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)).astype(np.int64)
    return np.bincount(pair, minlength=len(left_rows))


def _keys(sets: Shingles, rows: Rows) -> npt.NDArray[np.uint64]:
    """Return the shingles of the sets one after another, each with its pair's number above it: uint64 [n]."""
    sizes = sets.sizes[rows]
    before = np.cumsum(sizes) - sizes
    values = sets.values[np.arange(sizes.sum()) + np.repeat(sets.starts[rows] - before, sizes)]
    keys: npt.NDArray[np.uint64] = np.repeat(np.arange(len(rows), dtype=np.uint64), sizes) << np.uint64(32) | values
    return keys
