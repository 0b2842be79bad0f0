"""JSON Lines: CCNet's files, and every way in which a line can be wrong beside good ones."""

import gzip
import json
import math
from pathlib import Path

import pytest

from pipelines.datasets.reasons import Reason
from pipelines.formats.compressed import RawFile
from pipelines.formats.fields import Fields
from pipelines.formats.jsonl import Jsonl
from pipelines.formats.protocol import Unreadable

CCNET = Fields("raw_content", "url", "language")


def read(path: Path, fields: Fields) -> tuple[list[dict[str, object]], list[Unreadable]]:
    source = Jsonl("source", RawFile(str(path), 1 << 30, 200), fields, 1 << 20, 200_000)
    parts = [records for split in source.plan() for records in source.read(split)]
    return [row for part in parts for row in part.batch.to_pylist()], [bad for part in parts for bad in part.unreadable]


def test_ccnet(tmp_path: Path) -> None:
    path = tmp_path / "sw_head_0000.json.gz"
    record = {"url": "http://a/", "title": "Habari", "raw_content": "Habari\nza leo", "language": "sw", "nlines": 2}
    path.write_bytes(gzip.compress((json.dumps(record) + "\n").encode()))
    assert read(path, CCNET) == (
        [
            {
                "file": "source",
                "record": 0,
                "offset": 0,
                "document": "http://a/",
                "key": "",
                "language": "sw",
                "text": "Habari\nza leo",
                "score": pytest.approx(math.nan, nan_ok=True),
            }
        ],
        [],
    )


def test_a_record_without_language_has_the_declared_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"t": "a", "l": "en"}\n{"t": "b"}\n{"t": "c", "l": null}\n')
    rows, _ = read(path, Fields("t", None, "l", "de"))
    assert [row["language"] for row in rows] == ["en", "de", "de"]
    rows, _ = read(path, Fields("t", None, None, None))
    assert [row["language"] for row in rows] == [None, None, None]


@pytest.mark.parametrize("written", [b'"7"', b"7"])
def test_a_document_may_be_a_number(written: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"raw_content": "a", "url": %s}' % written)
    rows, bad = read(path, CCNET)
    assert ([row["document"] for row in rows], bad) == (["7"], [])


@pytest.mark.parametrize(
    ("line", "reason", "error"),
    [
        (b'{"raw_content": "x"', Reason.NOT_JSON, "Expecting ',' delimiter"),
        (b"", Reason.NOT_JSON, "the line is blank"),
        (b"[1]", Reason.NOT_JSON, "a JSON object is expected, not list"),
        (b"[" * 100_000, Reason.NOT_JSON, "nested too deeply"),
        (b'{"raw_content": "\xff"}', Reason.NOT_UTF8, "invalid start byte"),
        (b'{"raw_content": "half \\ud83d"}', Reason.NOT_UTF8, "raw_content: not Unicode text"),
        (b'{"raw_content": "x", "url": "\\ud83d"}', Reason.NOT_UTF8, "url: not Unicode text"),
        (b'{"text": "x"}', Reason.WRONG_FIELD, "no field 'raw_content'"),
        (b'{"raw_content": 3}', Reason.WRONG_FIELD, "raw_content: int, not text"),
        (b'{"raw_content": ["x"]}', Reason.WRONG_FIELD, "raw_content: list, not text"),
        (b'{"raw_content": "x", "url": []}', Reason.WRONG_FIELD, "url: list, not text"),
        (b'{"raw_content": null}', Reason.NOT_TEXT, "raw_content: null"),
        (b'{"raw_content": "%s"}' % (b"x" * 200_000), Reason.OVERSIZED, "bytes, more than 200000"),
    ],
)
def test_a_bad_line_hides_no_other(line: bytes, reason: Reason, error: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"raw_content": "before"}\n%s\n{"raw_content": "after"}\n' % line)
    rows, (bad,) = read(path, CCNET)
    assert [(row["record"], row["text"]) for row in rows] == [(0, "before"), (2, "after")]
    assert (bad.file, bad.record, bad.reason) == ("source", 1, reason)
    assert error in bad.error


def test_a_byte_order_mark_is_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"raw_content": "a"}')
    assert read(path, CCNET)[1] == []
