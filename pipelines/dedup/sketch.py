"""MinHash by one permutation: a document's shingles fall into bins, and each bin keeps the smallest.

One-permutation hashing is Li, Owen and Zhang's (2012); a bin that got no shingle borrows the value of another, drawn
anew for every empty bin, as Shrivastava's optimal densification does (2017). So a document costs one pass, not one
for each permutation, and two documents agree in a bin with the probability of their Jaccard similarity.
"""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.dedup.exact import Hashes
from pipelines.dedup.shingles import Shingles, Values
from pipelines.text.words import mixed

_NONE: Final = np.uint32(0xFFFFFFFF)  # an empty bin
_MULTIPLIER: Final = np.uint64(0xD6E8FEB86659FD93)


def band_keys(shingles: Shingles, bands: int, rows: int) -> Hashes:
    """Return the keys under which documents meet as candidates: uint64 [documents, bands].

    Two documents of similarity s share one with probability 1 - (1 - s^rows)^bands. A document without shingles gets
    keys too; leave it out.
    """
    sketches = sketch(shingles, bands * rows).reshape(-1, bands, rows)
    keys = np.broadcast_to(np.arange(1, bands + 1, dtype=np.uint64), sketches.shape[:2])
    for row in range(rows):
        keys = (keys ^ sketches[:, :, row]) * _MULTIPLIER
        keys = keys ^ (keys >> np.uint64(32))
    return mixed(keys)


def sketch(shingles: Shingles, bins: int) -> Values:
    """Return the smallest shingle of each bin, those of empty bins borrowed: uint32 [documents, bins]."""
    documents = len(shingles.starts) - 1
    smallest = np.full((documents, bins), _NONE)
    first = np.repeat(np.arange(documents, dtype=np.int64) * bins, shingles.sizes)
    place = first + (shingles.values.astype(np.uint64) * np.uint64(bins) >> np.uint64(32)).astype(np.int64)
    np.minimum.at(smallest.ravel(), place, shingles.values)
    _densify(smallest)
    return smallest


def _densify(smallest: Values) -> None:
    """Fill each empty bin from the first bin with a value in its own random order of bins."""
    orders = _orders(smallest.shape[1])
    filled = smallest != _NONE
    document, empty = np.nonzero(~filled & filled.any(1, keepdims=True))
    for step in range(smallest.shape[1]):
        if not len(document):
            return
        lender = orders[step, empty]
        found = filled[document, lender]
        smallest[document[found], empty[found]] = smallest[document[found], lender[found]]
        document, empty = document[~found], empty[~found]


@cache
def _orders(bins: int) -> npt.NDArray[np.int64]:
    """Return a random order of all bins for each bin: int64 [step, bin]."""
    cells = np.arange(bins * bins, dtype=np.uint64).reshape(bins, bins)
    return np.argsort(mixed(cells * _MULTIPLIER), axis=0)
