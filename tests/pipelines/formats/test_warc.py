"""WET and WARC: pages, what is no page, and what is no record at all."""

import gzip
from pathlib import Path

import pytest

from pipelines.datasets.reasons import Reason
from pipelines.formats.compressed import RawFile
from pipelines.formats.protocol import Unreadable
from pipelines.formats.warc import Warc

PAGE = "<html><head><title>T</title></head><body><nav>Menu</nav><main><p>Größe</p><p>zwei</p></main></body></html>"


def record(kind: bytes, content: bytes, uri: bytes = b"http://a/") -> bytes:
    head = b"WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: %s\r\nContent-Length: %d\r\n\r\n"
    return head % (kind, uri, len(content)) + content + b"\r\n\r\n"


def response(body: bytes, *headers: bytes, status: bytes = b"200 OK", kind: bytes = b"text/html") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Type: " + kind, *headers]
    answer = b"\r\n".join(lines) + b"\r\n\r\n" + body
    return record(b"response\r\nContent-Type: application/http; msgtype=response", answer)


def read(path: Path, data: bytes, split_bytes: int = 1 << 20) -> tuple[list[tuple[int, str, str]], list[Unreadable]]:
    path.write_bytes(data)
    source = Warc("source", RawFile(str(path), 1 << 30, 200), None, split_bytes, 50_000)
    parts = [records for split in source.plan() for records in source.read(split)]
    rows = [(row["record"], row["document"], row["text"]) for part in parts for row in part.batch.to_pylist()]
    return rows, [bad for part in parts for bad in part.unreadable]


def test_wet(tmp_path: Path) -> None:
    data = record(b"warcinfo", b"software: x") + record(b"conversion", "Títle\nline".encode(), b"http://b/")
    assert read(tmp_path / "raw", data) == ([(1, "http://b/", "Títle\nline")], [])


@pytest.mark.parametrize(
    "page",
    [
        response(PAGE.encode()),
        response(PAGE.encode("latin-1"), kind=b"text/html; charset=iso-8859-1"),
        response(PAGE.replace("<title>", "<meta charset=latin1><title>").encode("latin-1")),
        response(gzip.compress(PAGE.encode()), b"Content-Encoding: gzip"),
    ],
)
def test_the_main_text_of_a_response(page: bytes, tmp_path: Path) -> None:
    data = record(b"request", b"GET / HTTP/1.1\r\n\r\n") + page
    assert read(tmp_path / "raw", data) == ([(1, "http://a/", "Größe\n\nzwei")], [])


@pytest.mark.parametrize(
    ("bad_record", "reason", "error"),
    [
        (response(b"\x89PNG", kind=b"image/png"), Reason.NOT_TEXT, "http://a/: HTTP status 200, image/png"),
        (response(b"<p>gone", status=b"404 Not Found"), Reason.NOT_TEXT, "http://a/: HTTP status 404, text/html"),
        (record(b"response", b"dns answer"), Reason.NOT_TEXT, "not a response to HTTP"),
        (record(b"conversion", b"b\xe4d"), Reason.NOT_UTF8, "invalid continuation byte"),
        (record(b"conversion", b"x" * 50_001), Reason.OVERSIZED, "50001 bytes, more than 50000"),
        (
            response(gzip.compress(b"x" * 60_000), b"Content-Encoding: gzip"),
            Reason.OVERSIZED,
            "the page unpacks to more than 50000 bytes",
        ),
        (response(b"no gzip", b"Content-Encoding: gzip"), Reason.UNREADABLE, "no HTTP response"),
        (b"garbage\r\n\r\n", Reason.UNREADABLE, "no WARC record"),
        (b"garbage: 1\r\nmore\r\n\r\nmore\r\n\r\n", Reason.UNREADABLE, "no WARC record"),
        (b"WARC/1.0\r\nWARC-Type: conversion\r\n\r\ntext\r\n\r\n", Reason.UNREADABLE, "no WARC record"),
    ],
)
@pytest.mark.parametrize("split_bytes", [1, 1 << 20])
@pytest.mark.parametrize("packed", [False, True])
def test_a_bad_record_hides_no_other(
    bad_record: bytes, reason: Reason, error: str, split_bytes: int, packed: bool, tmp_path: Path
) -> None:
    pieces = [record(b"conversion", b"before"), bad_record, record(b"conversion", b"after")]
    data = b"".join(map(gzip.compress, pieces)) if packed else b"".join(pieces)
    rows, (bad,) = read(tmp_path / "raw", data, split_bytes)
    assert rows == [(0, "http://a/", "before"), (2, "http://a/", "after")]
    assert (bad.file, bad.record, bad.reason) == ("source", 1, reason)
    assert error in bad.error


def test_broken_records_in_one_member_are_not_unpacked_once_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "raw"
    path.write_bytes(gzip.compress((record(b"conversion", b"good" * 9000) + b"garbage\r\n\r\n") * 50))
    opened: list[int] = []
    packed = RawFile.open_packed
    monkeypatch.setattr(RawFile, "open_packed", lambda raw: opened.append(1) or packed(raw))
    source = Warc("source", RawFile(str(path), 1 << 30, 1000), None, 1 << 21, 50_000)
    (split,) = source.plan()
    (records,) = source.read(split)
    assert (records.batch.num_rows, len(records.unreadable)) == (50, 50)
    assert len(opened) <= 4  # once for the plan, once to read, and each of them once to look for a header cut off


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_is_cut_off_anywhere(packed: bool, tmp_path: Path) -> None:
    pieces = [record(b"conversion", b"before"), record(b"conversion", b"cut off here")]
    first, second = (gzip.compress(piece) if packed else piece for piece in pieces)
    blank = 0 if packed else 4  # the blank line behind a record is no loss
    for lost in range(blank + 1, len(second)):
        rows, bad = read(tmp_path / "raw", (first + second)[:-lost], split_bytes=1)
        assert rows[:1] == [(0, "http://a/", "before")]
        assert {entry.reason for entry in bad} == {Reason.UNREADABLE}


def test_a_file_that_is_no_warc(tmp_path: Path) -> None:
    rows, (bad,) = read(tmp_path / "raw", b"just some text\n" * 100)
    assert (rows, bad.reason) == ([], Reason.UNREADABLE)


@pytest.mark.parametrize("data", [b"WARC/1.0\r\nWARC-Ty", b"WARC/1.0\r\n\r\n", b"\0" * 20])
def test_a_file_that_is_less_than_a_record(data: bytes, tmp_path: Path) -> None:
    rows, (bad,) = read(tmp_path / "raw", data)
    assert (rows, bad.record, bad.reason) == ([], 0, Reason.UNREADABLE)


def test_an_address_that_is_not_utf8_is_no_harm(tmp_path: Path) -> None:
    rows, bad = read(tmp_path / "raw", record(b"conversion", b"text", b"http://a/\xff"))
    assert ([text for _, _, text in rows], bad) == (["text"], [])


@pytest.mark.parametrize("length", [b"abc", b"-3", b"99999999999999999999"])
def test_a_length_that_is_none(length: bytes, tmp_path: Path) -> None:
    broken = b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: %s\r\n\r\nxyz\r\n\r\n" % length
    data = record(b"conversion", b"before") + broken
    rows, bad = read(tmp_path / "raw", data)
    assert [text for _, _, text in rows if text] == ["before"]
    assert {entry.reason for entry in bad} <= {Reason.UNREADABLE, Reason.OVERSIZED}
    assert bad
