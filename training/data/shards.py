"""Token rows of variable length, gathered from memory-mapped Arrow files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_SAMPLE: Final = 8192  # rows whose lengths tell a mean


@dataclass(frozen=True)
class Ragged:
    """Rows of variable length, one after another. values: int32 `[sum of lengths]`; lengths: int64 `[n]`."""

    values: NDArray[np.int32]
    lengths: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def starts(self) -> NDArray[np.int64]:
        return np.asarray(np.cumsum(self.lengths) - self.lengths)

    def take(self, rows: NDArray[np.int64]) -> "Ragged":
        """Return the chosen rows, in the order of `rows`."""
        lengths = self.lengths[rows]
        return Ragged(self.values[spans(self.starts[rows], lengths)], lengths)

    def part(self, start: int, stop: int) -> "Ragged":
        """Return the rows from `start` to before `stop`; nothing is copied."""
        first = int(self.lengths[:start].sum())
        lengths = self.lengths[start:stop]
        return Ragged(self.values[first : first + int(lengths.sum())], lengths)

    @staticmethod
    def concat(parts: Sequence["Ragged"]) -> "Ragged":
        """Return the rows of all parts, one part after another."""
        if len(parts) == 1:
            return parts[0]
        return Ragged(np.concatenate([part.values for part in parts]), np.concatenate([part.lengths for part in parts]))

    def tolist(self) -> list[list[int]]:
        return [part.tolist() for part in np.split(self.values, np.cumsum(self.lengths)[:-1])]

    @staticmethod
    def of(rows: Sequence[Sequence[int]]) -> "Ragged":
        values = np.asarray([value for row in rows for value in row], dtype=np.int32)
        return Ragged(values, np.asarray([len(row) for row in rows], dtype=np.int64))


def spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the indices `start, …, start + length - 1` of all spans, one after another."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths))


class TokenColumn:
    """One list column of several Arrow tables, as one long sequence of rows. Nothing is copied until `gather`."""

    def __init__(self, tables: Sequence[pa.Table], column: str) -> None:
        chunks = [chunk for table in tables for chunk in table[column].chunks if len(chunk)]
        self._offsets = [chunk.offsets.to_numpy() for chunk in chunks]
        self._values = [chunk.values.to_numpy() for chunk in chunks]
        self._ends = np.cumsum([len(chunk) for chunk in chunks], dtype=np.int64)
        self.rows = int(self._ends[-1]) if chunks else 0

    def mean_length(self, first: int, rows: int, longest: int) -> float:
        """Return the mean length of `rows` rows from `first` on, cut to `longest`, by 8,192 of them or by all."""
        sample = min(rows, _SAMPLE)
        chosen = first + np.arange(sample, dtype=np.int64) * rows // max(1, sample)
        total = sum(int(np.minimum(lengths, longest).sum()) for _, _, lengths in self._runs(chosen))
        return total / max(1, sample)

    def gather(self, rows: NDArray[np.int64], longest: int) -> Ragged:
        """Return the rows, in their order, each cut to its first `longest` tokens. They are read in ascending order."""
        ascending = bool((rows[1:] >= rows[:-1]).all())
        order = None if ascending else np.argsort(rows)
        parts = []
        for chunk, starts, lengths in self._runs(rows if order is None else rows[order]):
            lengths = np.minimum(lengths, longest)
            parts.append(Ragged(self._values[chunk][spans(starts, lengths)].astype(np.int32), lengths))
        found = Ragged.concat(parts or [Ragged(np.zeros(0, np.int32), np.zeros(0, np.int64))])
        if order is None:
            return found
        unsorted = np.empty_like(order)
        unsorted[order] = np.arange(len(order))
        return found.take(unsorted)

    def _runs(self, rows: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """Yield each chunk that ascending rows are of, and where those start and how long they are, int64 `[n]`."""
        borders = np.searchsorted(rows, self._ends)
        begin = 0
        for chunk in np.flatnonzero(np.diff(borders, prepend=0)).tolist():
            offsets, end = self._offsets[chunk], int(borders[chunk])
            local = rows[begin:end] - (self._ends[chunk] - (len(offsets) - 1))
            starts = offsets[local].astype(np.int64)
            yield chunk, starts, offsets[local + 1] - starts
            begin = end


class NumberColumn:
    """One fixed-width column of several Arrow tables, as one long sequence of rows."""

    def __init__(self, tables: Sequence[pa.Table], column: str) -> None:
        chunks = [chunk.to_numpy() for table in tables for chunk in table[column].chunks if len(chunk)]
        self._chunks = chunks
        self._ends = np.cumsum([len(chunk) for chunk in chunks], dtype=np.int64)

    def gather(self, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the values of the rows, uint64 `[n]`."""
        chunk_of = np.searchsorted(self._ends, rows, side="right")
        values = np.empty(len(rows), dtype=np.uint64)
        for chunk in np.unique(chunk_of):
            chosen = chunk_of == chunk
            numbers = self._chunks[chunk]
            values[chosen] = numbers[rows[chosen] - (self._ends[chunk] - len(numbers))]
        return values
