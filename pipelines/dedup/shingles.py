"""Shingles of documents (Broder 1997): every run of so many words, as a 32-bit hash.

Two different shingles of a document of n share a hash with a probability of about n²/2^33.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.text.characters import chunks
from pipelines.text.words import tokens, windows

_TARGET: Final = np.uint32(0x9E3779B9)

Values = npt.NDArray[np.uint32]
Starts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shingles:
    """The shingles of documents: those of d are `values[starts[d]:starts[d + 1]]`."""

    values: Values
    starts: Starts

    @property
    def sizes(self) -> Starts:
        return np.diff(self.starts)

    def sets(self, documents: npt.NDArray[np.int64]) -> "Shingles":
        """Return the shingles of these documents as sets: ascending, each once."""
        sizes = self.sizes[documents]
        ends = np.cumsum(sizes)
        begins = ends - sizes
        values = gathered(self.values, self.starts[documents], sizes)
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):  # many small sorts are faster than one
            values[begin:end].sort()
        new = np.concatenate([np.ones(min(len(values), 1), bool), values[1:] != values[:-1]])
        new[begins[sizes > 0]] = True
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(new)])[np.append(begins, len(values))]
        return Shingles(values[new], starts)


def gathered(values: Values, starts: Starts, sizes: Starts) -> Values:
    """Return `values[start:start + size]` of every start and size, one after another."""
    before = np.cumsum(sizes) - sizes
    found: Values = values[np.arange(sizes.sum()) + np.repeat(starts - before, sizes)]
    return found


def shingled(texts: Sequence[str], document_starts: Starts, words: int) -> Iterator[Shingles]:
    """Yield the shingles of documents in their order, as many documents at a time as stay in cache.

    The texts of document d are `texts[document_starts[d]:document_starts[d + 1]]`; shingles run over their borders.
    A shingle is `words` words; where it begins in a script without spaces, as many characters as so many words have.
    A document that is shorter than its first shingle should be has one shingle, its whole text; one without words has
    none.
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    for first, last in chunks(np.diff(before[document_starts])):
        starts = document_starts[first : last + 1]
        yield _shingles(texts[starts[0] : starts[-1]], starts - starts[0], words)


def joined(parts: Sequence[Shingles]) -> Shingles:
    """Return the shingles of all parts together."""
    sizes = np.concatenate([np.zeros(1, np.int64), *(part.sizes for part in parts)])
    values = np.concatenate([np.zeros(0, np.uint32), *(part.values for part in parts)])
    return Shingles(values, np.cumsum(sizes))


def side_by_side(source: Shingles, target: Shingles) -> Shingles:
    """Return the shingles of each pair: those of its source, and those of its target as others than any source's.

    So the share that two pairs have in common is at least the smaller of their two sides' shares.
    """
    values = np.concatenate([source.values, target.values ^ _TARGET])
    starts = np.stack([source.starts[:-1], target.starts[:-1] + len(source.values)], axis=1).ravel()
    sizes = np.stack([source.sizes, target.sizes], axis=1)
    found = gathered(values, starts, sizes.ravel())
    return Shingles(found, np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes.sum(axis=1))]))


def _shingles(texts: Sequence[str], document_starts: Starts, words: int) -> Shingles:
    found = tokens(texts)
    bounds = np.searchsorted(found.row, document_starts)  # the first token of each document
    sizes = np.diff(bounds)
    last = np.repeat(bounds[1:], sizes)
    begins = np.arange(len(found.hashes))
    ends = begins + (np.ceil(np.float32(words) / found.words).astype(np.int64) if found.unspaced.any() else words)
    whole = ends <= last
    short = bounds[:-1][sizes > 0]
    short = short[~whole[short]]  # first tokens where no shingle begins
    whole[short] = True
    ends[short] = last[short]
    begins = np.flatnonzero(whole)
    hashes = windows(found.hashes, begins, ends[begins] - begins)
    counts = np.concatenate([np.zeros(1, np.int64), np.cumsum(whole)])[bounds]
    return Shingles((hashes >> np.uint64(32)).astype(np.uint32), counts)
