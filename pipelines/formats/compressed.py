"""Raw files as byte streams: plain, gzip, bzip2, xz or zstd, told by their first bytes and never by their name.

A compressed file is a row of members (gzip), streams (bzip2), blocks (xz) or frames (zstd), here all called members.
Each can be unpacked alone, so a reader that wants the middle of a file begins at the last member before it. A file of
many members (`bgzip`, `pbzip2`, `xz -T0`, `pzstd`, a `.warc.gz`) is cheap to read in parts, one of a single member is
not.
"""

import bz2
import io
import lzma
import os
import threading
import zlib
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

import fsspec
import zstandard

from pipelines.datasets.errors import UserError
from pipelines.formats.protocol import Member
from pipelines.formats.xz_blocks import MAGIC, XzBlock, XzBlockDecompressor, find_blocks

_BLOCK = 1 << 20
_PACKED_BLOCK = 1 << 15
_ZSTD_BLOCK = 1 << 10  # zstd hands out all that it is given: 4 bytes may be a block of 128 KiB
_RATIO_FREE = 1 << 20  # up to so many unpacked bytes the ratio says little and any is harmless
_XZ_MEMORY = 1 << 29
_SKIPPABLE = tuple(bytes([mark]) for mark in range(0x50, 0x60))  # zstd's frames without data
_BUFFER = 1 << 18
_HELD = _BLOCK + _BUFFER  # bytes unpacked last that can be read again: as many as a reader reads ahead
_MOST_OPEN = 4
_WORTH_KEEPING = 1 << 22
_GZIP = 31  # zlib's wbits for a gzip header and checksum


class DamagedStream(Exception):
    """Packed bytes that end too early or are not what they should be; its text is the cause."""


class _Decompressor(Protocol):
    """What `bz2` and `lzma` offer; one object unpacks one member."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


@dataclass(frozen=True)
class RawFile:
    """The file at `path`, a path or an fsspec URL.

    One that unpacks to more than `max_unpacked_bytes`, or to more than `max_ratio` times its size, is refused.
    """

    path: str
    max_unpacked_bytes: int
    max_ratio: int

    @contextmanager
    def open(self, start: int = 0, member: Member | None = None) -> Iterator["ByteStream"]:
        """Open the unpacked bytes from `start`, which lies in `member` or behind it.

        A compressed file stays open for a while, and whoever opens it next a little further on reads on from there: the
        splits of one long member are unpacked once by each process that reads them in their order.
        Raises UserError where there is no such file.
        """
        with ExitStack() as closing:
            file = closing.enter_context(self._file())
            begin = _decompressor(file.read(10))
            if begin is None:
                file.seek(start)
                yield ByteStream(file, None)
                return
            version = _version(file)
            unpacked = _opened.take((self, version), start, member or Member())
            if unpacked is None:
                blocks = find_blocks(file) if begin is _xz else []
                unpacked = _Unpacked(self, file, begin, blocks, member or Member())
            else:
                closing.close()
                closing.callback(unpacked.release)
                unpacked.go_back(start)
            buffered = io.BufferedReader(unpacked, _BUFFER)
            stream = ByteStream(buffered, unpacked)
            stream.skip(start - stream.tell())
            yield stream
            if version is not None and unpacked.damage is None and unpacked.tell() >= _WORTH_KEEPING:
                closing.pop_all()
                buffered.detach()  # else the garbage collector closes what it read from
                _opened.keep((self, version), unpacked)

    @contextmanager
    def open_packed(self) -> Iterator[BinaryIO]:
        """Open the bytes as they are. Raises UserError where there is no such file."""
        with self._file() as file:
            yield file

    def _file(self) -> BinaryIO:
        try:
            return fsspec.open(self.path, "rb").open()  # type: ignore[no-any-return]
        except (OSError, ValueError) as error:
            raise UserError(f"{self.path}: cannot be read ({error}); check the path in the config") from error

    def guard(self, unpacked: int, packed: int) -> None:
        """Raise UserError where `packed` bytes unpack to more bytes than the limits allow."""
        if unpacked > self.max_unpacked_bytes:
            limit = f"max_unpacked_bytes = {self.max_unpacked_bytes:,}"
        elif unpacked > max(_RATIO_FREE, self.max_ratio * packed):
            limit = f"max_ratio = {self.max_ratio} times its size"
        else:
            return
        raise UserError(
            f"{self.path}: unpacks to more than {limit}; if it is no decompression bomb, raise that key of this source"
        )


class Unpacked(Protocol):
    """What unpacks a file: why its bytes end early, None while they do not, and where to begin to read from a place."""

    damage: DamagedStream | None

    def member_of(self, offset: int) -> Member: ...


class ByteStream:
    """An open file's unpacked bytes. Reading raises DamagedStream and, at a decompression bomb, UserError."""

    def __init__(self, file: BinaryIO | io.BufferedReader, unpacked: Unpacked | None) -> None:
        self._file = file
        self._unpacked = unpacked

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes. What stands before damage is handed out first."""
        block = self._file.read(size)
        if not block:
            self._check()
        return block

    def readline(self, limit: int) -> bytes:
        """Return up to the end of the line. A line that damage cuts is damage."""
        line = self._file.readline(limit)
        if len(line) < limit and not line.endswith(b"\n"):
            self._check()
        return line

    def tell(self) -> int:
        """Return the offset in the unpacked bytes."""
        return self._file.tell()

    def skip(self, size: int) -> None:
        while size > 0 and (block := self.read(min(_BLOCK, size))):
            size -= len(block)

    def member(self, offset: int) -> Member:
        """Return where to begin to read from `offset`: there in a plain file, at its member in a compressed one."""
        return Member(offset, offset) if self._unpacked is None else self._unpacked.member_of(offset)

    def _check(self) -> None:
        if self._unpacked is not None and self._unpacked.damage is not None:
            raise self._unpacked.damage


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of a compressed file from one of its members on. They end at `damage`, where there is any."""

    def __init__(
        self,
        raw: RawFile,
        file: BinaryIO,
        begin: Callable[[], _Decompressor],
        blocks: Sequence[XzBlock],
        member: Member,
    ) -> None:
        file.seek(member.packed)
        self._raw = raw
        self._file = file
        self._begin = begin
        self._blocks = blocks
        self.damage: DamagedStream | None = None
        self._members: list[Member] = []
        self._packed = member.packed  # bytes handed to decompressors, all members together
        self._unpacked = member.unpacked
        self._rest = b""  # read from the file, not yet handed on
        self._block = _ZSTD_BLOCK if begin is _Zstd else _PACKED_BLOCK
        self._decompressor: _Decompressor | None = self._next_block() if blocks else self._begin_member()
        self._last: deque[bytes] = deque()  # what was unpacked last, to be read again
        self._held = 0
        self._again = memoryview(b"")

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._unpacked - len(self._again)

    @property
    def earliest(self) -> int:
        """The first offset that can be gone back to."""
        return self._unpacked - self._held

    def go_back(self, offset: int) -> None:
        """Read on from `offset`, where that is behind what was unpacked and not before `earliest`."""
        last = b"".join(self._last)
        self._again = memoryview(last)[max(len(last) - max(self._unpacked - offset, 0), 0) :]

    def release(self) -> None:
        """Close the file."""
        self._file.close()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._again:
            size = min(len(buffer), len(self._again))
            buffer[:size], self._again = self._again[:size], self._again[size:]
            return size
        if self.damage is not None:
            return 0
        try:
            data = self._unpack(len(buffer))
        except DamagedStream as error:
            self.damage = error
            return 0
        buffer[: len(data)] = data
        self._unpacked += len(data)
        self._last.append(data)
        self._held += len(data)
        while self._held - len(self._last[0]) > _HELD:
            self._held -= len(self._last.popleft())
        self._raw.guard(self._unpacked, self._packed)
        return len(data)

    def member_of(self, offset: int) -> Member:
        after = bisect_right(self._members, offset, key=lambda member: member.unpacked)
        return self._members[max(after - 1, 0)]

    def _unpack(self, most: int) -> bytes:
        while decompressor := self._decompressor or self._next_member():
            packed = self._take() if decompressor.needs_input else b""
            try:
                data = decompressor.decompress(packed, most)
            except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error, zstandard.ZstdError) as error:
                raise DamagedStream(f"the packed bytes are damaged ({error})") from error
            if decompressor.eof:
                self._rest = decompressor.unused_data
                self._packed -= len(decompressor.unused_data)
                self._decompressor = None
            if data:
                return data
            if not packed and not decompressor.eof and decompressor.needs_input:
                raise DamagedStream("the packed bytes end before their end mark: the file is cut off")
        return b""

    def _take(self) -> bytes:
        packed, self._rest = self._rest or self._file.read(self._block), b""
        self._packed += len(packed)
        return packed

    def _next_member(self) -> _Decompressor | None:
        """Return the next member's decompressor; zeros between members are padding (gzip, xz)."""
        if self._blocks:
            return self._next_block()
        while not self._rest.lstrip(b"\0"):
            self._packed += len(self._rest)
            self._rest = self._file.read(self._block)
            if not self._rest:
                return None
        padded = len(self._rest)
        self._rest = self._rest.lstrip(b"\0")
        self._packed += padded - len(self._rest)
        return self._begin_member()

    def _next_block(self) -> _Decompressor | None:
        """Return the decompressor of the block that begins here, or behind the end of a stream."""
        after = bisect_left(self._blocks, self._packed, key=lambda block: block.start)
        if after == len(self._blocks):
            return None
        block = self._blocks[after]
        self._packed, self._rest = self._file.seek(block.start), b""
        self._members.append(Member(block.start, self._unpacked))
        self._decompressor = XzBlockDecompressor(block, _XZ_MEMORY)
        return self._decompressor

    def _begin_member(self) -> _Decompressor:
        self._members.append(Member(self._packed, self._unpacked))
        self._decompressor = self._begin()
        return self._decompressor


_Key = tuple[RawFile, object]


class _Opened:
    """Compressed files that were read to somewhere and may be read on from there, the last few of this process."""

    def __init__(self) -> None:
        self._files: list[tuple[_Key, _Unpacked]] = []
        self._lock = threading.Lock()

    def take(self, key: _Key, start: int, member: Member) -> "_Unpacked | None":
        """Return what was read to a place between `member` and `start`, or a little behind."""
        with self._lock:
            for place, (known, unpacked) in enumerate(self._files):
                if known == key and unpacked.earliest <= start and unpacked.tell() >= member.unpacked:
                    del self._files[place]
                    return unpacked
        return None

    def keep(self, key: _Key, unpacked: "_Unpacked") -> None:
        """Keep a file open, and close the one that was kept longest where there are too many."""
        with self._lock:
            self._files.append((key, unpacked))
            while len(self._files) > _MOST_OPEN:
                self._files.pop(0)[1].release()


def _version(file: BinaryIO) -> object:
    """Return what an open file is known by until it changes; None where that cannot be said."""
    try:
        status = os.fstat(file.fileno())
    except (OSError, AttributeError):
        return repr(file.details) if hasattr(file, "details") else None  # fsspec's, of a remote file
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


_opened: Final = _Opened()


def _decompressor(head: bytes) -> Callable[[], _Decompressor] | None:
    """Return what unpacks a file that begins with these ten bytes, None for a plain one.

    The marks: RFC 1952 (gzip), the block and end marks behind bzip2's header, the xz format 1.2 section 2.1.1.1,
    RFC 8878 (zstd's frames and skippable frames).
    """
    if head.startswith(b"\x1f\x8b"):
        return _Gzip
    if head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return bz2.BZ2Decompressor
    if head.startswith(MAGIC):
        return _xz
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[:1] in _SKIPPABLE and head[1:4] == b"\x2a\x4d\x18"):
        return _Zstd
    return None


def _xz() -> _Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY)


class _Gzip:
    """zlib's object for one gzip member, with the names of `bz2` and `lzma`."""

    def __init__(self) -> None:
        self._object = zlib.decompressobj(_GZIP)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._object.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._object.decompress(self._object.unconsumed_tail + data, max_length)


class _Zstd:
    """zstandard's object for one frame, with the names of `bz2` and `lzma`; it holds back what was not asked for."""

    def __init__(self) -> None:
        self._object = zstandard.ZstdDecompressor().decompressobj()
        self._ready = b""

    @property
    def eof(self) -> bool:
        return self._object.eof and not self._ready

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._ready

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if data:
            self._ready += self._object.decompress(data)
        data, self._ready = self._ready[:max_length], self._ready[max_length:]
        return data
