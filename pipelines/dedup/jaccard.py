"""The exact Jaccard similarity of pairs of shingle sets (|A ∩ B| / |A ∪ B|), many pairs at once."""

from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.dedup.shingles import ShingleSets, Starts, Values

Rows = npt.NDArray[np.int64]
Similarities = npt.NDArray[np.float32]

_CHUNK: Final = 1 << 16  # shingles worked on at a time


def jaccard(left: ShingleSets, left_rows: Rows, right: ShingleSets, right_rows: Rows, least: float) -> Similarities:
    """Return the similarity of each pair (`left_rows[i]`, `right_rows[i]`): float32 [n].

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


def _common(left: ShingleSets, left_rows: Rows, right: ShingleSets, right_rows: Rows) -> npt.NDArray[np.int64]:
    """Return how many shingles the two sets of each pair share: int64 [n]."""
    keys = np.sort(np.concatenate([_keys(left, left_rows), _keys(right, right_rows)]))
    pair = (keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)).astype(np.int64)
    return np.bincount(pair, minlength=len(left_rows))


def _keys(sets: ShingleSets, rows: Rows) -> npt.NDArray[np.uint64]:
    """Return the shingles of the sets one after another, each with its pair's number above it: uint64 [n]."""
    sizes = sets.sizes[rows]
    number = np.repeat(np.arange(len(rows)), sizes)
    return number.astype(np.uint64) << np.uint64(32) | _gather(sets.values, sets.starts[rows], sizes)


def _gather(values: Values, starts: Starts, sizes: Starts) -> Values:
    before = np.cumsum(sizes) - sizes
    gathered: Values = values[np.arange(sizes.sum()) + np.repeat(starts - before, sizes)]
    return gathered
