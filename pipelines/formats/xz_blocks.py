"""Where the blocks of an xz file begin, from the index at the end of each of its streams.

`xz -T` cuts its input into blocks, each of which can be unpacked alone; CPython's `lzma` knows streams alone. (The .xz
file format 1.2.1, sections 2 to 4, https://tukaani.org/xz/xz-file-format.txt)
"""

import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

MAGIC: Final = b"\xfd7zXZ\0"
_END: Final = b"YZ"
_HEADER = 12  # bytes of a stream's header, and of its footer
_MOST_INDEX = 1 << 26  # bytes of an index that is read
_MOST_STREAMS = 10_000  # a file of more can be read from any of them, and does not need its blocks


@dataclass(frozen=True)
class XzBlock:
    """A block: `start` and `stop` in the packed file, the bytes that it unpacks to, and the header of its stream."""

    start: int
    stop: int
    unpacked: int
    header: bytes


class XzBlockDecompressor:
    """Unpacks one block, with the names of `lzma`'s object. Raises lzma.LZMAError where the bytes are damaged."""

    def __init__(self, block: XzBlock, memory: int) -> None:
        self._object = lzma.LZMADecompressor(lzma.FORMAT_XZ, memory)
        self._object.decompress(block.header)
        self._left = block.stop - block.start
        self._missing = block.unpacked
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        return not self._left and self._object.needs_input

    @property
    def needs_input(self) -> bool:
        return self._object.needs_input

    def decompress(self, data: bytes, max_length: int) -> bytes:
        own, self.unused_data = data[: self._left], data[self._left :]
        self._left -= len(own)
        unpacked = self._object.decompress(own, max_length)
        self._missing -= len(unpacked)
        if self.eof and self._missing:
            raise lzma.LZMAError("a block is not as long as the index says")
        return unpacked


def find_blocks(file: BinaryIO) -> list[XzBlock]:
    """Return the blocks of a file in order; none where it is no whole xz file, or one of very many streams."""
    streams: list[list[XzBlock]] = []
    end = file.seek(0, 2)
    while end:
        stream = _last_stream(file, end)
        if stream is None or len(streams) == _MOST_STREAMS:
            return []
        end, blocks = stream
        streams.append(blocks)
    return [block for blocks in reversed(streams) for block in blocks]


def _last_stream(file: BinaryIO, end: int) -> tuple[int, list[XzBlock]] | None:
    """Return where the stream that ends at `end`, or at the padding before it, begins, and its blocks."""
    footer = _read(file, end - _HEADER, _HEADER)
    while footer.endswith(b"\0\0\0\0"):
        end -= 4
        footer = _read(file, end - _HEADER, _HEADER)
    size = (int.from_bytes(footer[4:8], "little") + 1) * 4
    if footer[10:] != _END or _checksum(footer[4:10]) != footer[:4] or size > min(_MOST_INDEX, end):
        return None
    index = _read(file, end - _HEADER - size, size)
    if index[:1] != b"\0" or _checksum(index[:-4]) != index[-4:]:
        return None
    sizes = list(_sizes(index))
    begin = end - _HEADER - size - sum(packed for packed, _ in sizes)
    header = _read(file, begin - _HEADER, _HEADER)
    if header[:8] != MAGIC + footer[8:10] or _checksum(header[6:8]) != header[8:]:
        return None
    blocks = []
    start = begin
    for packed, unpacked in sizes:
        blocks.append(XzBlock(start, start + packed, unpacked, header))
        start += packed
    return begin - _HEADER, blocks


def _sizes(index: bytes) -> Iterator[tuple[int, int]]:
    """Yield the bytes that each block takes in the file, padding included, and those that it unpacks to."""
    count, at = _number(index, 1)
    for _ in range(count):
        unpadded, at = _number(index, at)
        unpacked, at = _number(index, at)
        yield -(-unpadded // 4) * 4, unpacked


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at `at`, seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _read(file: BinaryIO, start: int, size: int) -> bytes:
    """Return `size` bytes from `start`, none where they are not all in the file."""
    if start < 0:
        return b""
    file.seek(start)
    return file.read(size)


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little")
