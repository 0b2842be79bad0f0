"""Files that are read line by line: cut at line ends, whether compressed or not. Only `\\n` ends a line.

A plain file is read from any place. In a compressed one a reader must unpack from the start of a member; the next split
goes on from where it stopped (`RawFile.open`), so that a split's size is that of the config however long members are.
A split ends early where it has `MOST_LINES` lines: what a line takes in memory besides its bytes is bounded too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.compressed import ByteStream, DamagedStream, RawFile
from pipelines.formats.protocol import Split

MOST_LINES = 1 << 19
_SCANNED = 1 << 16
_BLOCK = 1 << 20


@dataclass(frozen=True)
class BadLine:
    """A line that was not read, or all that follows it in a damaged file; `text` is what of it can be shown."""

    reason: Reason
    error: str
    text: str = ""


def is_any_line(_line: bytes) -> bool:
    return True


def is_blank_line(line: bytes) -> bool:
    return line in (b"\n", b"\r\n")


def plan_lines(raw: RawFile, split_bytes: int, may_end: Callable[[bytes], bool] = is_any_line) -> Sequence[Split]:
    """Return splits of about `split_bytes` unpacked bytes that end behind a line which `may_end` one.

    The bytes behind damage are one record more, in the last split.
    Raises UserError where the file cannot be read, is empty, or is a decompression bomb.
    """
    splits = []
    with raw.open() as stream:
        scan = _Scan(stream)
        while not scan.at_end:
            start, first, member = scan.position, scan.lines, stream.member(scan.position)
            scan.pass_bytes(split_bytes - 1, first + MOST_LINES)
            scan.pass_line()
            if may_end is not is_any_line:
                while not scan.at_end and not may_end(scan.pass_line()):
                    pass
            if scan.position > start:
                splits.append(Split(start, scan.position, first, member))
    if not splits:
        raise UserError(f"{raw.path}: the file is empty; remove it from the config's sources")
    return splits


def read_lines(raw: RawFile, split: Split, max_bytes: int) -> Iterator[tuple[int, int, bytes | BadLine]]:
    """Yield each line of the split, without its `\\n`, behind its number and its offset in the unpacked file.

    A line of more than `max_bytes` is not held in memory.
    """
    with raw.open(split.start, split.member) as stream:
        number = split.first_record
        position = split.start
        while position < split.stop:
            try:
                line = _read_line(stream, max_bytes)
            except DamagedStream as error:
                yield number, position, BadLine(Reason.UNREADABLE, f"{error}; nothing behind it was read")
                return
            yield number, position, line
            number += 1
            position = stream.tell()


def _read_line(stream: ByteStream, max_bytes: int) -> bytes | BadLine:
    line = stream.readline(max_bytes + 1)
    if len(line) > max_bytes and not line.endswith(b"\n"):
        size = len(line)
        while (block := stream.readline(_BLOCK)) and not block.endswith(b"\n"):
            size += len(block)
        return BadLine(Reason.OVERSIZED, f"{size + len(block)} bytes, more than {max_bytes}")
    return line.removesuffix(b"\n")


class _Scan:
    """Passes over a stream and counts its lines. Damage ends it one byte behind what can be read."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self.position = self.lines = 0
        self.at_end = False

    def pass_bytes(self, size: int, most_lines: int) -> None:
        """Pass over `size` bytes, or to a little behind the line of this number."""
        while size > 0 and self.lines < most_lines:
            size -= len(self._take(self._stream.read, min(_SCANNED, size))) or size

    def pass_line(self) -> bytes:
        """Pass to the end of the line; return its last part, which is the whole of a short line."""
        while block := self._take(self._stream.readline, _BLOCK):
            if block.endswith(b"\n"):
                break
        return block

    def _take(self, read: Callable[[int], bytes], size: int) -> bytes:
        try:
            block = read(size)
        except DamagedStream:
            self.position, self.at_end = self._stream.tell() + 1, True
            return b""
        self.at_end = not block
        self.position += len(block)
        self.lines += block.count(b"\n")
        return block
