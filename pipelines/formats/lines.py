"""Plain text, one paragraph a line, as CC-100 is written. Only `\\n` ends a line.

Records are the lines, numbered from 0 through the whole file; they belong to no document, so `publish` puts equal
ones into one split. A file is split by byte ranges: a line belongs to the split in which its first byte lies.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import fsspec

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.protocol import RecordBuilder, Records, Split, Unreadable

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Lines:
    """The source `name`: the lines of the file at `path`.

    `language` is declared for all of them; None leaves it to identification.
    A split is about `split_bytes`; a line of more than `max_record_bytes` is not read into memory whole.
    """

    name: str
    path: str
    language: str | None
    split_bytes: int
    max_record_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits that begin and end at line ends. Raises UserError where the file cannot be read or is empty."""
        splits = []
        start = first = position = lines = 0
        with self._open() as file:
            while block := file.read(_BLOCK):
                at = 0
                while (due := start + self.split_bytes - position) <= len(block):
                    end = block.find(b"\n", max(due - 1, at))
                    if end < 0:
                        break
                    lines += block.count(b"\n", at, end + 1)
                    at = end + 1
                    splits.append(Split(start, position + at, first))
                    start, first = position + at, lines
                lines += block.count(b"\n", at)
                position += len(block)
        if position == 0:
            raise UserError(f"{self.path}: the file is empty; remove it from the config's sources")
        if position > start:
            splits.append(Split(start, position, first))
        return splits

    def read(self, split: Split) -> Iterator[Records]:
        builder = RecordBuilder()
        with self._open() as file:
            file.seek(split.start)
            record = split.first_record
            while file.tell() < split.stop:
                self._read_line(file, record, builder)
                record += 1
                if builder.is_full:
                    yield from builder.take()
        yield from builder.take()

    def _read_line(self, file: BinaryIO, record: int, builder: RecordBuilder) -> None:
        line = file.readline(self.max_record_bytes + 1)
        if len(line) > self.max_record_bytes and not line.endswith(b"\n"):
            size = len(line) + _skip_line(file)
            error = f"{size} bytes, more than {self.max_record_bytes}"
            builder.reject(Unreadable(self.name, record, Reason.OVERSIZED, error))
            return
        try:
            builder.add(self.name, record, "", "", self.language, line.removesuffix(b"\n").decode())
        except UnicodeDecodeError as error:
            shown = line.decode("utf-8", "backslashreplace")
            builder.reject(Unreadable(self.name, record, Reason.NOT_UTF8, str(error), shown))

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        try:
            file = fsspec.open(self.path, "rb").open()
        except (OSError, ValueError) as error:
            raise UserError(f"{self.path}: cannot be read ({error}); check the path in the config") from error
        with file:
            yield file


def _skip_line(file: BinaryIO) -> int:
    """Read to the end of the line, a block at a time, and return how many bytes that took."""
    skipped = 0
    while block := file.readline(_BLOCK):
        skipped += len(block)
        if block.endswith(b"\n"):
            break
    return skipped
