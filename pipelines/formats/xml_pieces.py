"""Large XML files as a row of pieces, the elements of one name, which are found by their bytes.

So a file can be cut between any two of them, one broken piece hides no other, and what stands before the first, such as
a document type with its entities, is never parsed. In well-formed XML `<NAME` begins an element unless it stands in a
comment, a CDATA section or a processing instruction (XML 1.0, sections 2.4 to 2.7), and these are passed over. That
holds in every encoding in which ASCII bytes are ASCII characters; UTF-16 is made UTF-8.
"""

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.compressed import ByteStream, DamagedStream
from pipelines.formats.line_arrays import Openable
from pipelines.formats.linewise import BadLine
from pipelines.formats.markup import parse
from pipelines.formats.protocol import Member, Split

_BLOCK: Final = 1 << 20
_PARSED_TOGETHER: Final = 1 << 18  # bytes
_PASSED: Final = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_DECLARED: Final = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_HEAD: Final = 1 << 12
_UTF_16: Final = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}


@dataclass(frozen=True)
class Piece:
    """An element: the number of the first of its `inner` elements, counted through the file, how many, and its bytes.

    `bad` says why it could not be read. One without inner elements takes a number all the same.
    """

    offset: int
    number: int
    inner: int
    data: bytes
    bad: BadLine | None = None

    @property
    def records(self) -> int:
        return max(self.inner, 1)


@dataclass(frozen=True)
class XmlPieces:
    """The elements `name` of the file `raw`, in which the elements `inner` are counted.

    A split is about `split_bytes`; an element of more than `max_bytes` is not read into memory whole.
    """

    raw: Openable
    name: str
    inner: str
    split_bytes: int
    max_bytes: int

    def plan(self) -> list[Split]:
        """Return splits that begin with an element; `first_record` counts the inner ones.

        A file in UTF-16 is one split.
        Raises UserError where the file cannot be read, is a decompression bomb, has none of the elements, or is in an
        encoding that is not known.
        """
        starts: list[Split] = []
        with self._open(0, Member()) as stream:
            for piece in self._pieces(stream, 0, 0):
                if not starts or (stream.can_be_cut and piece.offset - starts[-1].start >= self.split_bytes):
                    offset = piece.offset if stream.can_be_cut else 0
                    starts.append(Split(offset, 0, piece.number, stream.member(offset)))
            end = stream.tell() + 1  # where what is damaged would begin is before it
        if not starts:
            raise UserError(
                f"{self.raw.path}: the file is empty, or there is no <{self.name}> in it; "
                "check its format, or remove it from the config's sources"
            )
        stops = [*(split.start for split in starts[1:]), end]
        return [replace(split, stop=stop) for split, stop in zip(starts, stops, strict=True)]

    def read(self, split: Split) -> Iterator[Piece]:
        """Yield the elements that begin in the split."""
        with self._open(split.start, split.member) as stream:
            for piece in self._pieces(stream, split.start, split.first_record):
                if piece.offset >= split.stop:
                    return
                yield piece

    def parsed(self, split: Split) -> Iterator[tuple[Piece, etree._Element | BadLine]]:
        """Yield the elements that begin in the split, each with its tree, or why there is none."""
        encoding = self.encoding()
        together: list[Piece] = []
        size = 0
        for piece in self.read(split):
            together.append(piece)
            size += len(piece.data)
            if size >= _PARSED_TOGETHER:
                yield from zip(together, _trees(together, encoding), strict=True)
                together, size = [], 0
        yield from zip(together, _trees(together, encoding), strict=True)

    def encoding(self) -> str:
        """Return the encoding of the pieces. Raises UserError for one that is not known."""
        if self._utf_16():
            return "utf-8"
        declared = _DECLARED.match(self._head().removeprefix(codecs.BOM_UTF8))
        name = declared[1].decode() if declared else "utf-8"
        try:
            codecs.lookup(name)
        except LookupError as error:
            raise UserError(f"{self.raw.path}: declares the encoding {name}, which is not known; convert it") from error
        return name

    @contextmanager
    def _open(self, start: int, member: Member) -> Iterator["_Plain | _Utf16"]:
        codec = self._utf_16()
        with self.raw.open(start, member) as stream:
            yield _Utf16(stream, codec) if codec else _Plain(stream)

    def _head(self) -> bytes:
        with self.raw.open() as stream:
            try:
                return stream.read(_HEAD)
            except DamagedStream:
                return b""

    def _utf_16(self) -> str:
        head = self._head()
        return next((codec for mark, codec in _UTF_16.items() if head.startswith(mark)), "")

    def _pieces(self, stream: "_Plain | _Utf16", start: int, number: int) -> Iterator[Piece]:
        cutter = _Cutter(self.name, self.inner, start, number, self.max_bytes)
        try:
            while data := stream.read():
                yield from cutter.feed(data)
            yield from cutter.finish()
        except DamagedStream as error:
            yield from cutter.finish(f"{error}; nothing behind it was read")


class _Plain:
    """A stream as it is."""

    can_be_cut = True

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    def read(self) -> bytes:
        return self._stream.read(_BLOCK)

    def tell(self) -> int:
        return self._stream.tell()

    def member(self, offset: int) -> Member:
        return self._stream.member(offset)


class _Utf16:
    """A stream of UTF-16 as UTF-8, which is read from its start."""

    can_be_cut = False

    def __init__(self, stream: ByteStream, codec: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(codec)()
        self._position = 0

    def read(self) -> bytes:
        text, data = b"", b" "
        while data and not text:
            data = self._stream.read(_BLOCK)
            try:
                text = self._decoder.decode(data, final=not data).encode()
            except UnicodeDecodeError as error:
                raise DamagedStream(f"not UTF-16 ({error})") from error
        self._position += len(text)
        return text

    def tell(self) -> int:
        return self._position

    def member(self, _offset: int) -> Member:
        return Member()


class _Cutter:
    """Cuts bytes that are fed to it into pieces; holds those of the piece that has begun."""

    def __init__(self, name: str, inner: str, start: int, number: int, max_bytes: int) -> None:
        opens, inside, closes = f"<{name}".encode(), f"<{inner}".encode(), f"</{name}".encode()
        tags = (re.escape(tag) + rb"(?=[\s/>])" for tag in (opens, inside, closes))
        self._token = re.compile(b"|".join([*map(re.escape, _PASSED), *tags]))
        self._longest = max(map(len, (*_PASSED, opens, inside, closes)))
        self._opens, self._inside = opens, inside
        self._max_bytes = max_bytes
        self._number = number
        self._buffer = b""
        self._base = start  # the offset of the buffer
        self._at = 0  # where to look on in the buffer
        self._passing = b""  # the end of the comment or the like that is passed over
        self._begun = -1  # where the piece begins in the buffer, -1: there is none
        self._offset = start  # and in the file
        self._closed = -1  # where its end tag begins in the buffer
        self._inner = 0
        self._dropped = 0  # bytes of a piece that is too large

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield the pieces that end in `data`: where the next begins."""
        self._buffer += data
        while self._pass_over() and (token := self._token.search(self._buffer, self._at)):
            self._at = token.end()
            if token[0] in _PASSED:
                self._passing = _PASSED[token[0]]
            elif token[0] == self._inside:
                self._inner += self._begun >= 0
            elif token[0] == self._opens:
                yield from self._piece(token.start())
                self._begun, self._offset = token.start(), self._base + token.start()
            else:
                self._closed = token.start()
        self._at = max(self._at, len(self._buffer) - self._longest)
        self._drop()

    def finish(self, damage: str = "") -> Iterator[Piece]:
        """Yield the last piece. Where the file is damaged behind it, one more stands for all that was not read."""
        if damage and (self._closed < 0 or self._passing):
            self._begun = -1
        else:
            yield from self._piece(len(self._buffer))
        if damage:
            end = self._base + len(self._buffer)
            yield Piece(end, self._number, 0, b"", BadLine(Reason.UNREADABLE, damage))

    def _pass_over(self) -> bool:
        """Pass over a comment or the like; return whether its end is there."""
        if self._passing:
            end = self._buffer.find(self._passing, self._at)
            if end < 0:
                self._at = max(self._at, len(self._buffer) - len(self._passing) + 1)
                return False
            self._at, self._passing = end + len(self._passing), b""
        return True

    def _piece(self, stop: int) -> Iterator[Piece]:
        if self._begun < 0:
            return
        if self._closed >= 0:
            stop = self._buffer.find(b">", self._closed, stop) + 1 or stop
        size = self._dropped + stop - self._begun
        bad = None
        if size > self._max_bytes:
            bad = BadLine(Reason.OVERSIZED, f"{size} bytes, more than {self._max_bytes}")
        piece = Piece(self._offset, self._number, self._inner, b"" if bad else self._buffer[self._begun : stop], bad)
        yield piece
        self._number += piece.records
        self._begun = self._closed = -1
        self._inner = self._dropped = 0

    def _drop(self) -> None:
        """Drop what is behind, and what has been seen of a piece that is too large."""
        kept = self._at if self._begun < 0 else self._begun
        if self._begun >= 0 and self._dropped + self._at - self._begun > self._max_bytes:
            kept = min(self._at, self._closed if self._closed >= 0 else self._at)
            self._dropped += kept - self._begun
            self._begun = kept
        self._buffer = self._buffer[kept:]
        self._base += kept
        self._at -= kept
        self._begun -= kept if self._begun >= 0 else 0
        self._closed -= kept if self._closed >= 0 else 0


def _trees(pieces: Sequence[Piece], encoding: str) -> list[etree._Element | BadLine]:
    """Return the tree of each piece, or why there is none."""
    good = [piece for piece in pieces if piece.bad is None]
    try:
        found = list(parse(b"<pieces>" + b"".join(piece.data for piece in good) + b"</pieces>", encoding))
    except etree.XMLSyntaxError:
        found = []
    if len(found) == len(good):
        trees = iter(found)
        return [piece.bad or next(trees) for piece in pieces]
    return [piece.bad or _tree(piece, encoding) for piece in pieces]


def _tree(piece: Piece, encoding: str) -> etree._Element | BadLine:
    try:
        return parse(piece.data, encoding)
    except etree.XMLSyntaxError as error:
        shown = piece.data.decode(encoding, "backslashreplace")
        try:
            piece.data.decode(encoding)
        except UnicodeDecodeError as wrong:
            return BadLine(Reason.NOT_UTF8, str(wrong), shown)
        return BadLine(Reason.NOT_XML, str(error).replace("\n", ""), shown)
