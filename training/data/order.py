"""The order of the data as a pure function: which row stands at which position of an endless sequence."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from training.data.random import key, permute


def language_quotas(sizes: Sequence[int], exponent: float) -> list[int]:
    """Return how many rows of each language one epoch takes; they sum to the number of rows.

    Language l is drawn with p_l ∝ n_l ** exponent (XLM, Lample and Conneau 2019, section 3.1; InfoXLM uses 0.7).
    Rounded by the largest remainder, so an exponent of 1 gives each language its own size.
    """
    total = sum(sizes)
    weights = np.asarray([float(size) ** exponent if size else 0.0 for size in sizes])
    exact = weights / weights.sum() * total
    quotas = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-(exact - quotas), kind="stable")
    quotas[order[: total - int(quotas.sum())]] += 1
    return [int(quota) for quota in quotas]


@dataclass(frozen=True)
class Order:
    """Rows of several languages in a shuffled endless sequence, without any state.

    An epoch takes `language_quotas` rows: each language goes through its rows in laps that run on from epoch to
    epoch, so every row is seen once in each lap, however small or large the language's share. Within an epoch
    the shuffle is windowed: chunks of `chunk_rows` neighbours are permuted, then rows within windows of
    `window_chunks` chunks. So what a window reads is `window_chunks` runs of a memory-mapped file.

    sizes: rows of each language; a row's number counts through all languages in this sequence.
    """

    sizes: tuple[int, ...]
    exponent: float
    seed: int
    chunk_rows: int
    window_chunks: int

    def rows(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row at each position, int64 `[n]` -> int64 `[n]`; positions ascend, from 0 without end."""
        epochs, within = np.divmod(positions, self.epoch_rows)
        result = np.empty_like(positions)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            result[chosen] = self._visit(int(epoch), self._shuffle(int(epoch), within[chosen]))
        return result

    def languages(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the language of each row, by its number in `sizes`, int64 `[n]` -> int64 `[n]`."""
        return np.asarray(np.searchsorted(np.cumsum(self.sizes), rows, side="right"))

    @property
    def epoch_rows(self) -> int:
        return sum(self.sizes)

    @cached_property
    def _quotas(self) -> NDArray[np.int64]:
        return np.asarray(language_quotas(self.sizes, self.exponent), dtype=np.int64)

    def _visit(self, epoch: int, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of each unshuffled slot of an epoch."""
        ends = np.cumsum(self._quotas)
        language = np.searchsorted(ends, slots, side="right")
        quota = self._quotas[language]
        size = np.asarray(self.sizes, dtype=np.int64)[language]
        first_row = np.cumsum((0, *self.sizes))[language]
        visit = epoch * quota + slots - (ends[language] - quota)
        return np.asarray(first_row + visit % size, dtype=np.int64)

    def _shuffle(self, epoch: int, index: NDArray[np.int64]) -> NDArray[np.int64]:
        result = self._shuffle_padded(epoch, index)
        outside = np.flatnonzero(result >= self.epoch_rows)
        while outside.size:
            result[outside] = self._shuffle_padded(epoch, result[outside])
            outside = outside[result[outside] >= self.epoch_rows]
        return result

    def _shuffle_padded(self, epoch: int, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Permute an epoch padded to whole windows; `_shuffle` walks on from what falls into the padding."""
        window_rows = self.chunk_rows * self.window_chunks
        windows = -(-self.epoch_rows // window_rows)
        window, offset = np.divmod(index, window_rows)
        shuffled = np.empty_like(index)
        for number in np.unique(window):
            chosen = window == number
            seed = key(self.seed, epoch, 1 + int(number))
            shuffled[chosen] = permute(offset[chosen], window_rows, seed)
        slot, row = np.divmod(shuffled, self.chunk_rows)
        chunks = windows * self.window_chunks
        chunk = permute(window * self.window_chunks + slot, chunks, key(self.seed, epoch, 0))
        return np.asarray(chunk * self.chunk_rows + row, dtype=np.int64)
