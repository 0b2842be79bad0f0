"""What every input format offers: plan a raw file into splits, and read a split's bytes as RecordBatches."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import pyarrow as pa

from pipelines.datasets.reasons import Reason

BATCH_RECORDS = 8192
BATCH_CHARACTERS = 1 << 24  # at most 64 MiB of UTF-8: an Arrow string column ends at 2 GiB

# one row for each record; `language` as the source writes it, null where the source does not say; `offset` of its first
# byte in the unpacked file or archive member, -1 where it has none there; `score` of the pair that it is one side of,
# as the source gives it, not a number where it gives none
RECORDS = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("record", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("document", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("text", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Member:
    """Where a reader of a compressed file may begin: an offset in its bytes and the same place in the unpacked."""

    packed: int = 0
    unpacked: int = 0


@dataclass(frozen=True)
class Split:
    """A part of a raw file that one worker reads alone: `start` to `stop` in the format's own units.

    `first_record` is the number of its first record, for formats whose records are numbered through the file.
    `member` is the last one that begins at `start` or before, for formats that are read as a stream of bytes. `parts`
    are what belongs to it in each file, for formats of several files. `size` is what it has in bytes, for formats whose
    units are others.
    """

    start: int
    stop: int
    first_record: int = 0
    member: Member = Member()
    parts: tuple["Split", ...] = ()
    size: int = 0

    @property
    def unpacked(self) -> int:
        """About how many unpacked bytes it has."""
        return self.size or sum(part.unpacked for part in self.parts) or self.stop - self.start


@dataclass(frozen=True)
class Unreadable:
    """A record that could not be read: its place, the reason, the error in words, and the start of what was there."""

    file: str
    record: int
    reason: Reason
    error: str
    text: str = ""


@dataclass
class Records:
    """Up to some thousand records in the schema RECORDS, and the ones between them that could not be read."""

    batch: pa.RecordBatch
    unreadable: list[Unreadable] = field(default_factory=list)


class Format(Protocol):
    """An input format. Its instance holds only settings, so that it can be sent to any worker."""

    def plan(self) -> Sequence[Split]:
        """Return the splits; they depend on the bytes and the settings alone.

        Raises UserError where the whole file cannot be read.
        """

    def read(self, split: Split) -> Iterator[Records]:
        """Yield the split's records in order. One bad record never hides another."""


@runtime_checkable
class OfMembers(Format, Protocol):
    """A format of many files: members of an archive or files of a folder, which rows call `SOURCE/MEMBER`."""

    def split_of(self, file: str) -> Split:
        """Return the split that is the one member which rows call `file`.

        Raises UserError where there is no such member, or no such archive.
        """


class RecordBuilder:
    """Collects records one by one and hands them on as batches."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._columns: list[list[object]] = [[] for _ in RECORDS]
        self._unreadable: list[Unreadable] = []
        self._characters = 0

    def add(
        self,
        file: str,
        record: int,
        document: str,
        key: str,
        language: str | None,
        text: str,
        offset: int = -1,
        score: float = math.nan,
    ) -> None:
        row = (file, record, offset, document, key, language, text, score)
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        self._characters += len(text)

    def reject(self, unreadable: Unreadable) -> None:
        self._unreadable.append(unreadable)

    @property
    def is_full(self) -> bool:
        records = len(self._columns[0]) + len(self._unreadable)
        return records >= BATCH_RECORDS or self._characters >= BATCH_CHARACTERS

    def take(self) -> Iterator[Records]:
        """Yield what was collected, if anything, and begin anew."""
        if self._columns[0] or self._unreadable:
            arrays = [pa.array(column, field.type) for column, field in zip(self._columns, RECORDS, strict=True)]
            yield Records(pa.RecordBatch.from_arrays(arrays, schema=RECORDS), self._unreadable)
        self._clear()
