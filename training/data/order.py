"""The order of the data as a pure function: which rows stand in which window of an endless sequence."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from training.data import random

_CHUNKS, _LAPS = 0, 1


@dataclass(frozen=True)
class Window:
    """Rows to be shuffled together. rows, languages, laps: int64 `[n]`; a language's laps go through all its rows."""

    rows: NDArray[np.int64]
    languages: NDArray[np.int64]
    laps: NDArray[np.int64]


@dataclass(frozen=True)
class Order:
    """Rows of several languages as an endless sequence of windows, without any state.

    An epoch takes `quotas` rows of each language. Each language goes through its rows in laps that run on from epoch
    to epoch, so all are seen equally often, to one, however small or large its share. A lap takes the language's
    chunks of `chunk_rows` neighbours in random order, and so does an epoch with those of all languages: what is read
    first is a fair part of the whole. `window_chunks` chunks make a window, the last of an epoch fewer; so what a
    window reads is that many runs of a memory-mapped file.

    sizes: rows of each language; a row's number counts through all languages in this sequence.
    """

    sizes: tuple[int, ...]
    quotas: tuple[int, ...]
    seed: int
    chunk_rows: int
    window_chunks: int

    def window(self, number: int) -> Window:
        """Return the rows of a window, counted from 0 without end."""
        epoch, within = divmod(number, self.epoch_windows)
        first = within * self.window_chunks
        places = np.arange(first, min(first + self.window_chunks, self._epoch_chunks))
        chunks = random.permute(places, self._epoch_chunks, random.key(self.seed, _CHUNKS, epoch))
        slots = (chunks[:, None] * self.chunk_rows + np.arange(self.chunk_rows)).ravel()
        return self._visited(epoch, slots[slots < self.epoch_rows])

    @property
    def epoch_rows(self) -> int:
        return sum(self.quotas)

    @property
    def epoch_windows(self) -> int:
        return -(-self._epoch_chunks // self.window_chunks)

    @property
    def _epoch_chunks(self) -> int:
        return -(-self.epoch_rows // self.chunk_rows)

    @cached_property
    def _by_language(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the size, first row, quota and last slot's successor of each language."""
        sizes, quotas = np.asarray(self.sizes, np.int64), np.asarray(self.quotas, np.int64)
        return sizes, np.cumsum(sizes) - sizes, quotas, np.cumsum(quotas)

    def _visited(self, epoch: int, slots: NDArray[np.int64]) -> Window:
        sizes, first_rows, quotas, ends = self._by_language
        language = np.searchsorted(ends, slots, side="right")
        size, quota = sizes[language], quotas[language]
        laps, place = np.divmod(epoch * quota + slots - (ends[language] - quota), size)
        seed = random.bits(laps * len(sizes) + language, random.key(self.seed, _LAPS))
        return Window(first_rows[language] + self._shuffled(place, size, seed), language, laps)

    def _shuffled(
        self, place: NDArray[np.int64], size: NDArray[np.int64], seed: NDArray[np.uint64]
    ) -> NDArray[np.int64]:
        """Permute the chunks of a lap, which begins anywhere, so that the rows beyond the last whole chunk come too."""
        place = (place + (seed % size.astype(np.uint64)).astype(np.int64)) % size
        chunk, row = np.divmod(place, self.chunk_rows)
        chunks = size // self.chunk_rows
        whole = np.flatnonzero(chunk < chunks)
        moved = random.permute(chunk[whole], chunks[whole], seed[whole])
        place[whole] = moved * self.chunk_rows + row[whole]
        return place


def spread(languages: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Return the numbers 0, …, n - 1 in random order, with each language spread evenly over it; int64 `[n]`.

    A language with c of the n stands in each n-th part of c, give or take one place: so any stretch of 2n/c or more
    holds it, and a batch is of one language only where nearly all the window is.
    """
    shuffled = generator.permutation(len(languages))
    by_language = shuffled[np.argsort(languages[shuffled], kind="stable")]
    _, counts = np.unique(languages, return_counts=True)
    rank = np.arange(len(languages)) - np.repeat(np.cumsum(counts) - counts, counts)
    place = (rank + generator.random(len(languages))) / np.repeat(counts, counts)
    return np.asarray(by_language[np.argsort(place, kind="stable")])
