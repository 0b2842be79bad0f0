"""Lines as Arrow arrays, a block at a time, and where they begin: for formats whose lines are read many at once.

The same lines as `linewise` gives, with the same numbers, offsets and bad ones. Only `\\n` ends a line.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.reasons import Reason
from pipelines.formats.compressed import ByteStream, DamagedStream
from pipelines.formats.linewise import MOST_LINES, BadLine
from pipelines.formats.protocol import Member, Split

_BLOCK = 1 << 20
_MEMBER_SPLITS = 16
_LINE_FEED = 10


class Openable(Protocol):
    """A file whose unpacked bytes can be read from any place, such as RawFile; `path` is its name in messages."""

    @property
    def path(self) -> str: ...

    def open(self, start: int = 0, member: Member | None = None, /) -> AbstractContextManager[ByteStream]:
        """Open the unpacked bytes from `start`, which lies in `member` or behind it."""


@dataclass(frozen=True)
class LineBlock:
    """Lines that follow each other, without their `\\n`: binary [n], empty where they could not be read (`bad`).

    `first` is the number of the first one, `offsets` (int64 [n]) where each begins in the unpacked file.
    """

    first: int
    offsets: npt.NDArray[np.int64]
    lines: pa.BinaryArray
    bad: Mapping[int, BadLine] = field(default_factory=dict)  # by place in the block

    def __len__(self) -> int:
        return len(self.lines)

    def slice(self, start: int, stop: int) -> "LineBlock":
        bad = {place - start: line for place, line in self.bad.items() if start <= place < stop}
        return LineBlock(self.first + start, self.offsets[start:stop], self.lines.slice(start, stop - start), bad)


def read_line_blocks(raw: Openable, split: Split, max_bytes: int) -> Iterator[LineBlock]:
    """Yield the lines that begin in `split`, whose `first_record` is the number of the first.

    A line of more than `max_bytes` is not held in memory.
    """
    number, start, rest = split.first_record, split.start, b""
    with raw.open(split.start, split.member) as stream:
        while start < split.stop:
            try:
                data = stream.read(_BLOCK)
                if not data and not rest:
                    return
                whole, rest = _cut(rest + data, at_end=not data)
                if whole:
                    block = _block(whole, number, start, max_bytes)
                    block = block.slice(0, int(np.searchsorted(block.offsets, split.stop)))
                    number += len(block)
                    start += len(whole)
                    yield block
                if len(rest) > max_bytes and start < split.stop:
                    size, length = _pass_line(stream, len(rest))
                    error = BadLine(Reason.OVERSIZED, f"{length} bytes, more than {max_bytes}")
                    yield _bad(number, start, error)
                    number, start, rest = number + 1, start + size, b""
            except DamagedStream as error:
                yield _bad(number, start, BadLine(Reason.UNREADABLE, f"{error}; nothing behind it was read"))
                return


def _cut(data: bytes, at_end: bool) -> tuple[bytes, bytes]:
    """Return the whole lines and what is behind them; at the end of the file all are whole."""
    end = len(data) if at_end else data.rfind(b"\n") + 1
    return data[:end], data[end:]


def _block(data: bytes, first: int, start: int, max_bytes: int) -> LineBlock:
    lines = pc.split_pattern(pa.array([data.removesuffix(b"\n")], pa.binary()), b"\n").values
    sizes = pc.binary_length(lines).to_numpy().astype(np.int64)
    offsets = start + np.append(0, np.cumsum(sizes[:-1] + 1))
    long = np.flatnonzero(sizes > max_bytes).tolist()
    if long:
        lines = pc.if_else(pa.array(sizes <= max_bytes), lines, b"")
    bad = {place: BadLine(Reason.OVERSIZED, f"{sizes[place]} bytes, more than {max_bytes}") for place in long}
    return LineBlock(first, offsets, lines, bad)


def _bad(number: int, start: int, line: BadLine) -> LineBlock:
    return LineBlock(number, np.array([start]), pa.array([b""], pa.binary()), {0: line})


def _pass_line(stream: ByteStream, size: int) -> tuple[int, int]:
    """Pass to the line's end; return its bytes with its `\\n`, and without."""
    while part := stream.readline(_BLOCK):
        size += len(part)
        if part.endswith(b"\n"):
            return size, size - 1
    return size, size


class Cut(NamedTuple):
    """A place where a file may be cut: a line's number, where it begins, and the member to begin to read at."""

    number: int
    start: int
    member: Member


@dataclass(frozen=True)
class Cuts:
    """Where a file may be cut. `lines` are all that it has, and `end` is where they end.

    Where the file is damaged, `damage` is the cause, and the last line stands for all behind it.
    """

    places: Sequence[Cut]
    lines: int
    end: int
    damage: str

    def few(self) -> list[int]:
        """Return which of the cuts to keep, so that at most _MEMBER_SPLITS are in one member."""
        kept = []
        for _, inside in groupby(range(len(self.places)), key=lambda at: self.places[at].member):
            own = list(inside)
            kept += own[:: -(-len(own) // _MEMBER_SPLITS)]
        return kept

    def only(self, kept: Sequence[int]) -> "Cuts":
        return Cuts([self.places[at] for at in kept], self.lines, self.end, self.damage)


def cut_by_bytes(raw: Openable, split_bytes: int) -> Cuts:
    """Return a cut at the start, and one at the first line that begins `split_bytes` or more behind the last cut.

    There are at most `MOST_LINES` between two cuts.
    """
    with raw.open() as stream:
        scan = _Scan(stream)
        found = [(0, 0)]
        for begins in scan.blocks():
            while (place := _next_cut(begins, found[-1], scan.lines, split_bytes)) < len(begins):
                found.append((scan.lines + place + 1, int(begins[place])))
        return scan.cuts(found)


def _next_cut(begins: npt.NDArray[np.int64], last: tuple[int, int], lines: int, split_bytes: int) -> int:
    """Return the place in `begins`, of lines `lines + 1` and so on, where to cut next behind the `last` cut."""
    number, start = last
    return min(int(np.searchsorted(begins, start + split_bytes)), number + MOST_LINES - lines - 1)


def cut_by_lines(raw: Openable, numbers: Sequence[int]) -> Cuts:
    """Return a cut at each line of `numbers` that the file has; they ascend from 0."""
    with raw.open() as stream:
        scan = _Scan(stream)
        found = [(0, 0)]
        for begins in scan.blocks():
            while len(found) < len(numbers) and (place := numbers[len(found)] - scan.lines - 1) < len(begins):
                found.append((numbers[len(found)], int(begins[place])))
        return scan.cuts(found)


class _Scan:
    """Passes over a stream and counts its lines."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self.lines = self.end = 0
        self.damage = ""

    def blocks(self) -> Iterator[npt.NDArray[np.int64]]:
        """Yield where lines begin, behind each line feed of a block; `lines` and `end` count what is before it."""
        is_open = False
        try:
            while data := self._stream.read(_BLOCK):
                begins = self.end + 1 + np.flatnonzero(np.frombuffer(data, np.uint8) == _LINE_FEED)
                yield begins
                self.lines += len(begins)
                self.end += len(data)
                is_open = not data.endswith(b"\n")
        except DamagedStream as error:
            self.damage, is_open = str(error), True
            self.end += 1
        self.lines += is_open

    def cuts(self, found: Sequence[tuple[int, int]]) -> Cuts:
        places = [Cut(number, start, self._stream.member(start)) for number, start in found if number < self.lines]
        return Cuts(places, self.lines, self.end, self.damage)
