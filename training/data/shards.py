"""Token rows of variable length, gathered from memory-mapped Arrow files."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


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

    def head(self, rows: int) -> "Ragged":
        """Return the first rows."""
        lengths = self.lengths[:rows]
        return Ragged(self.values[: int(lengths.sum())], lengths)

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

    def gather(self, rows: NDArray[np.int64], longest: int) -> Ragged:
        """Return the rows, in their order, each cut to its first `longest` tokens."""
        chunk_of = np.searchsorted(self._ends, rows, side="right")
        by_chunk = np.argsort(chunk_of, kind="stable")
        sorted_rows = rows[by_chunk]
        chunks, firsts = np.unique(chunk_of[by_chunk], return_index=True)
        runs = [slice(*run) for run in pairwise([*firsts.tolist(), len(rows)])]
        starts, lengths = np.empty_like(rows), np.empty_like(rows)
        for chunk, run in zip(chunks, runs, strict=True):
            offsets = self._offsets[chunk]
            local = sorted_rows[run] - (self._ends[chunk] - (len(offsets) - 1))
            starts[run] = offsets[local]
            lengths[run] = offsets[local + 1] - starts[run]
        lengths = np.minimum(lengths, longest)
        places = spans(starts, lengths)
        values = np.empty(len(places), dtype=np.int32)
        ends = np.concatenate(([0], np.cumsum(lengths)))
        for chunk, run in zip(chunks, runs, strict=True):
            tokens = slice(ends[run.start], ends[run.stop])
            values[tokens] = self._values[chunk][places[tokens]]
        unsorted = np.empty_like(by_chunk)
        unsorted[by_chunk] = np.arange(len(rows))
        return Ragged(values, lengths).take(unsorted)


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
