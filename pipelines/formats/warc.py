"""WET and WARC files, plain or compressed: one web page a record, with its URL as the document.

From a `conversion` record (WET) the text is taken as it is, from a `response` record (WARC) the main text of its HTML,
which resiliparse extracts. Records of other types are not counted. FastWARC reads; the numbers count all records of
the file, from 0. (WARC 1.1, https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/)
"""

import io
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.compressed import DamagedStream, RawFile
from pipelines.formats.html_text import NoHtmlError, main_text, parse
from pipelines.formats.protocol import Member, RecordBuilder, Records, Split, Unreadable

_BLOCK = 1 << 16
_HELD = 1 << 20
_NEXT = b"\r\n\r\nWARC/"
_BLANK_LINE = 4
_OK = 200
_HTML = ("text/html", "application/xhtml+xml")
_READ = (WarcRecordType.conversion, WarcRecordType.response)


@dataclass(frozen=True)
class _Found:
    """A record, or in words why there is none, at `start` in the unpacked bytes."""

    start: int
    member: Member
    record: WarcRecord | str


class _NoTextError(Exception):
    def __init__(self, reason: Reason, error: str, shown: str = "") -> None:
        super().__init__(error)
        self.reason = reason
        self.shown = shown


@dataclass(frozen=True)
class Warc:
    """The source `name`: the pages in the file `raw`. `language` is declared for all; None leaves it to identification.

    A split is about `split_bytes` of unpacked records; a record of more than `max_record_bytes` is not read.
    """

    name: str
    raw: RawFile
    language: str | None
    split_bytes: int
    max_record_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits that begin at records. A stretch of bytes that is no record counts as one, which is unreadable.

        Raises UserError where the file cannot be read, is empty, or is a decompression bomb.
        """
        begins: list[Split] = []
        end = 0
        for number, found in enumerate(self._find(Split(0, sys.maxsize))):
            is_due = not begins or found.start >= begins[-1].start + self.split_bytes
            if is_due and not (begins and isinstance(found.record, str)):
                begins.append(Split(found.start, found.start, number, found.member))
            end = found.start + 1
        if not begins:
            raise UserError(f"{self.raw.path}: the file is empty; remove it from the config's sources")
        stops = [*(split.start for split in begins[1:]), end]
        return [replace(split, stop=stop) for split, stop in zip(begins, stops, strict=True)]

    def read(self, split: Split) -> Iterator[Records]:
        builder = RecordBuilder()
        for number, found in enumerate(self._find(split), split.first_record):
            self._add(found, number, builder)
            if builder.is_full:
                yield from builder.take()
        yield from builder.take()

    def _add(self, found: _Found, number: int, builder: RecordBuilder) -> None:
        record = found.record
        if isinstance(record, str):
            builder.reject(Unreadable(self.name, number, Reason.UNREADABLE, record))
        elif record.record_type in _READ:
            document = record.headers.get("WARC-Target-URI") or ""
            try:
                text = _text(record, self.max_record_bytes)
            except _NoTextError as error:
                builder.reject(Unreadable(self.name, number, error.reason, f"{document}: {error}", error.shown))
            else:
                builder.add(self.name, number, document, "", self.language, text, found.start)

    def _find(self, split: Split) -> Iterator[_Found]:
        """Yield the records that begin in the split, and each stretch between them that is none, in order."""
        at: int | None = split.start
        last, length, member = split.start, 0, split.member
        in_stretch = False
        with _Source(self.raw, split.start, member) as source:
            while at is not None and at < split.stop:
                source.go_to(at, member)
                try:
                    for record in ArchiveIterator(cast(BinaryIO, source), parse_http=False, stream_detect=False):
                        if not (record.headers.get("Content-Length") or "").strip().isdigit():
                            raise OSError("a header without Content-Length")
                        start = source.start + record.stream_pos
                        if start >= split.stop:
                            return
                        member, in_stretch = source.stream.member(start), False
                        length = record.content_length
                        yield _Found(start, member, record)
                        last, at = start, start + max(length, 1)
                except OSError as error:
                    if not in_stretch:
                        yield _Found(at, member, f"no WARC record ({error})")
                    in_stretch = True
                else:
                    if source.damage:
                        yield _Found(at, member, f"{source.damage}; nothing behind it was read")
                    elif not in_stretch and self._is_cut_off(last, length, member):
                        yield _Found(at, member, "no WARC record (the file ends in a header)")
                    return
                source.go_to(at, member)
                at = _next_start(source)

    def _is_cut_off(self, last: int, length: int, member: Member) -> bool:
        """Return whether more than blank lines stands behind the last record, whose content has `length` bytes.

        FastWARC passes over a header that the file's end cuts.
        """
        with self.raw.open(last, member) as stream:
            while stream.readline(_BLOCK).strip():  # its header
                pass
            stream.skip(length)
            return bool(stream.read(_BLOCK).strip())


class _Source:
    """The bytes that FastWARC reads, from `start` on. Damage ends them, and is kept: what stands before it is read.

    The bytes read last are held, so that to go back a little, as behind every broken record, unpacks nothing again.
    """

    def __init__(self, raw: RawFile, at: int, member: Member) -> None:
        self._raw = raw
        self._opened = ExitStack()
        self._open(at, member)

    def __enter__(self) -> "_Source":
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _open(self, at: int, member: Member) -> None:
        self._opened.close()
        self.stream = self._opened.enter_context(self._raw.open(at, member))
        self.start = at
        self.damage = ""
        self._again = io.BytesIO()  # what is read before the stream goes on
        self._held: deque[bytes] = deque()  # the last bytes that the stream gave

    @property
    def position(self) -> int:
        return self.stream.tell() - self._again.getbuffer().nbytes + self._again.tell()

    def go_to(self, at: int, member: Member) -> None:
        """Read on from the offset `at`, which lies in `member` or behind it."""
        held = b"".join(self._held)
        back = self.stream.tell() - at
        if not 0 <= back <= len(held):
            self._open(at, member)
            return
        self.start = at
        self._again = io.BytesIO(held[len(held) - back :])

    def read(self, size: int = -1) -> bytes:
        if again := self._again.read(size):
            return again
        try:
            block = b"" if self.damage else self.stream.read(size)
        except DamagedStream as error:
            self.damage = str(error)
            return b""
        self._held.append(block)
        while sum(map(len, self._held)) - len(self._held[0]) > _HELD:
            self._held.popleft()
        return block

    def tell(self) -> int:
        return self.position - self.start


def _next_start(source: _Source) -> int | None:
    """Return where the first record behind the source's position seems to begin."""
    window = b""
    while block := source.read(_BLOCK):
        window = window[-len(_NEXT) :] + block
        if (found := window.find(_NEXT)) >= 0:
            return source.position - len(window) + found + _BLANK_LINE
    return None


def _text(record: WarcRecord, max_bytes: int) -> str:
    length = record.content_length
    if length > max_bytes:
        raise _NoTextError(Reason.OVERSIZED, f"{length} bytes, more than {max_bytes}")
    body = record.reader.read(length)
    if len(body) < length:
        raise _NoTextError(Reason.UNREADABLE, f"cut off: {len(body)} of {length} bytes")
    if record.record_type == WarcRecordType.response:
        if not record.is_http:
            raise _NoTextError(Reason.NOT_TEXT, "not a response to HTTP")
        return _main_text(body, max_bytes)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _NoTextError(Reason.NOT_UTF8, str(error), body.decode("utf-8", "backslashreplace")) from error


def _main_text(response: bytes, max_bytes: int) -> str:
    """Return the main text of an HTML page. Its encoding is the header's, else its own word or what it looks like."""
    record = WarcRecord()  # one of its own: an error in the iterator's would end the iterator
    record.is_http = True
    record.set_bytes_content(response)
    try:
        record.parse_http(auto_decode="all")
        kind, status = record.http_content_type, record.http_headers.status_code
        if kind not in _HTML or status != _OK:
            raise _NoTextError(Reason.NOT_TEXT, f"HTTP status {status}, {kind or 'no content type'}")
        html = record.reader.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise _NoTextError(Reason.UNREADABLE, f"no HTTP response ({error})") from error
    if len(html) > max_bytes:
        raise _NoTextError(Reason.OVERSIZED, f"the page unpacks to more than {max_bytes} bytes")
    try:
        return main_text(parse(html, record.http_charset))
    except NoHtmlError as error:
        raise _NoTextError(Reason.UNREADABLE, str(error)) from error
