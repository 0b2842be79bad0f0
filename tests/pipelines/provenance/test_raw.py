"""One record of each format, read once more."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter

from pipelines.config.sources import Source
from pipelines.datasets.reasons import Reason
from pipelines.formats.protocol import Unreadable
from pipelines.provenance.raw import SHOWN_BYTES, RawRecord, read_record
from pipelines.provenance.rows import RowId

WET = b"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: u\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n"
TEXTS = ["eins", "zwei\ndrei", "vier"]


def source(kind: str, path: Path, **keys: Any) -> Any:
    return TypeAdapter(Source).validate_python({"format": kind, "name": "s", "path": str(path), **keys})


def test_a_web_page(tmp_path: Path) -> None:
    records = [WET % (len(text), text.encode()) for text in TEXTS]
    (tmp_path / "raw").write_bytes(b"".join(map(gzip.compress, records)))
    expected = RawRecord(str(tmp_path / "raw"), records[1].removesuffix(b"\r\n\r\n"), ["zwei", "drei"])
    for offset in (len(records[0]), -1):
        assert read_record(source("warc", tmp_path / "raw", split_bytes=1), RowId("s", 1, 0), offset) == expected


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_row_of_a_table(kind: str, tmp_path: Path) -> None:
    table = pa.table({"text": TEXTS})
    if kind == "parquet":
        pq.write_table(table, tmp_path / "raw", row_group_size=1)
    else:
        with pa.ipc.new_stream(tmp_path / "raw", table.schema) as writer:
            writer.write_table(table, max_chunksize=1)
    found = read_record(source(kind, tmp_path / "raw", split_bytes=1), RowId("s", 1))
    assert found == RawRecord(str(tmp_path / "raw"), b"zwei\ndrei", ["zwei", "drei"])


def test_a_leaf_of_a_catalog(tmp_path: Path) -> None:
    (tmp_path / "de.json").write_text(json.dumps({"a": "eins", "b": 2, "c": "zwei\n\ndrei"}))
    catalog = source("catalog", tmp_path, pattern="{document}/{language}.json", languages=["de"])
    (tmp_path / "door").mkdir()
    (tmp_path / "de.json").rename(tmp_path / "door" / "de.json")
    found = read_record(catalog, RowId("s/door/de.json", 2))
    assert found == RawRecord(str(tmp_path), b"zwei\n\ndrei", ["zwei", "drei"])
    bad = read_record(catalog, RowId("s/door/de.json", 1))
    assert isinstance(bad, Unreadable)
    assert (bad.reason, bad.error) == (Reason.NOT_TEXT, "b: no text")


def test_a_long_line_is_shown_from_its_start(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"eins\n" + b"x" * 9000 + b"\n")
    found = read_record(source("lines", tmp_path / "raw"), RowId("s", 1), 5)
    assert isinstance(found, RawRecord)
    assert (found.data, len(found.parts[0])) == (b"x" * SHOWN_BYTES, 9000)


def test_no_such_record(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"eins\n\nzwei\n")
    documents = source("lines", tmp_path / "raw", documents=True)
    assert read_record(documents, RowId("s", 1)) is None
    assert read_record(documents, RowId("s", 3)) is None
