"""Shingle sets of documents (Broder 1997): every run of so many words, as a set of 32-bit hashes.

Two different shingles of a document of n share a hash with a probability of about n²/2^33.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.text.characters import chunks
from pipelines.text.words import tokens, windows

Values = npt.NDArray[np.uint32]
Starts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ShingleSets:
    """The shingles of documents: those of d are `values[starts[d]:starts[d + 1]]`, ascending, each once."""

    values: Values
    starts: Starts

    @property
    def sizes(self) -> Starts:
        return np.diff(self.starts)


def shingle_sets(texts: Sequence[str], document_starts: Starts, words: int) -> Iterator[ShingleSets]:
    """Yield the shingle sets of documents, as many documents at a time as stay in cache.

    The texts of document d are `texts[document_starts[d]:document_starts[d + 1]]`; shingles run over their borders.
    A shingle is `words` words; where it begins in a script without spaces, as many characters as so many words have.
    A document that is shorter than its first shingle should be has one shingle, its whole text; one without words has
    none.
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    for first, last in chunks(np.diff(before[document_starts])):
        starts = document_starts[first : last + 1]
        yield _sets(texts[starts[0] : starts[-1]], starts - starts[0], words)


def joined(parts: Sequence[ShingleSets]) -> ShingleSets:
    """Return the sets of all parts together."""
    sizes = np.concatenate([np.zeros(1, np.int64), *(part.sizes for part in parts)])
    values = np.concatenate([np.zeros(0, np.uint32), *(part.values for part in parts)])
    return ShingleSets(values, np.cumsum(sizes))


def _sets(texts: Sequence[str], document_starts: Starts, words: int) -> ShingleSets:
    found = tokens(texts)
    bounds = np.searchsorted(found.row, document_starts)  # the first token of each document
    documents = len(bounds) - 1
    document = np.repeat(np.arange(documents), np.diff(bounds))
    begins = np.arange(len(found.hashes))
    ends = begins + np.ceil(np.float32(words) / found.words).astype(np.int64)
    whole = ends <= bounds[1:][document]
    short = bounds[:-1][np.diff(bounds) > 0]
    short = short[~whole[short]]  # first tokens where no shingle begins
    whole[short] = True
    ends[short] = bounds[1:][document[short]]
    begins = np.flatnonzero(whole)
    values = windows(found.hashes, begins, ends[begins] - begins)
    keys = np.sort(document[begins].astype(np.uint64) << np.uint64(32) | values >> np.uint64(32))
    if len(keys):
        keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])]
    starts = np.searchsorted(keys, np.arange(documents + 1, dtype=np.uint64) << np.uint64(32))
    return ShingleSets(keys.astype(np.uint32), starts.astype(np.int64))
