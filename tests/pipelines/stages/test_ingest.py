"""Ingest: every record is a row or is dropped for a reason, and rows say where they came from."""

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import STAGED
from pipelines.engine.budget import PROCESS
from pipelines.stages import ingest

CATALOGS = {
    "light": {
        "en": {"title": "Enter the  password\u0007", "help": "First.\n\nSecond.", "empty": " ", "number": 3},
        "de": {"title": "Gib das Passwort ein", "help": "Erstens.\n\nZweitens.", "bare": None},
    },
    "door": {"en": {"title": "The {name} is configured"}, "nb": {"title": "Dør"}},
}


def test_rows_are_normalised_measured_and_placed(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    made = corpus(CATALOGS).make()
    assert all(made.table(entry).schema == STAGED for entry in made.files(kind="staged"))
    found = rows_of(made, "file", "record", "paragraph", "document", "key", "lang", "text", "changed", "words")
    assert found == [
        ("app/door/en.json", 0, 0, "door", "title", "en", "The {name} is configured", 0, 4),
        ("app/door/nb.json", 0, 0, "door", "title", "no", "Dør", 0, 1),
        ("app/light/de.json", 0, 0, "light", "title", "de", "Gib das Passwort ein", 0, 4),
        ("app/light/de.json", 1, 0, "light", "help", "de", "Erstens.", 0, 1),
        ("app/light/de.json", 1, 1, "light", "help", "de", "Zweitens.", 0, 1),
        ("app/light/en.json", 0, 0, "light", "title", "en", "Enter the password", 2, 3),
        ("app/light/en.json", 1, 0, "light", "help", "en", "First.", 0, 1),
        ("app/light/en.json", 1, 1, "light", "help", "en", "Second.", 0, 1),
    ]


def test_records_are_conserved(corpus: Callable[..., Any]) -> None:
    made = corpus(CATALOGS).make()
    counts = made.manifest.rows
    # 9 strings and values; two of them have two paragraphs
    assert (made.manifest.unit_in, made.manifest.unit_out) == ("records", "paragraphs")
    assert (counts.rows_in, counts.expanded, counts.rows_out) == (9, 2, 8)
    assert counts.dropped == {Reason.EMPTY: 1, Reason.NOT_TEXT: 2}
    assert {reason: len(samples) for reason, samples in made.samples().items()} == counts.dropped


def test_the_summary_counts_languages_and_confusions(corpus: Callable[..., Any]) -> None:
    summary = corpus(CATALOGS).make().manifest.summary
    assert summary["languages"]["en"] == {"rows": 4, "characters": 24 + 18 + 6 + 7, "changed_rows": 1}
    assert sum(summary["confusion"]["de"].values()) == 3
    assert summary["confusion"]["no"].keys() <= {"en", "de", "ja"}


def test_translations_share_a_group(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    made = corpus(CATALOGS).make()
    groups = {tuple(place): group for *place, group in rows_of(made, "document", "key", "paragraph", "lang", "group")}
    assert groups["light", "help", 1, "de"] == groups["light", "help", 1, "en"]
    assert len(set(groups.values())) == 4


def test_what_cannot_be_read_goes_to_quarantine(corpus: Callable[..., Any]) -> None:
    catalogs = {"a": {"en": b'{"k": "\xff", "l": "enter the name"}', "de": b"no json"}, "b": {"en": {"k": "name"}}}
    made = corpus(catalogs, ingest={"tolerated_share": 0.5}).make()
    assert made.manifest.rows.dropped == {Reason.NOT_JSON: 1, Reason.NOT_UTF8: 1}
    lines = made.read("quarantine.jsonl").decode().splitlines()
    assert [line.partition(',"error"')[0] for line in lines] == [
        '{"file":"app/a/de.json","record":0,"reason":"not_json"',
        '{"file":"app/a/en.json","record":0,"reason":"not_utf8"',
    ]


def test_past_the_tolerated_share_the_stage_fails_in_one_sentence(corpus: Callable[..., Any]) -> None:
    catalogs = {"a": {"en": b'{"k": "\xff", "l": "enter the name"}', "de": b"no json"}}
    with pytest.raises(
        UserError,
        match=r"2 of 3 records could not be read \(66\.67%\), more than ingest\.tolerated_share = 0\.10%; "
        r"the first is app/a/de\.json, record 0: Expecting value",
    ):
        corpus(catalogs).make()


def test_a_split_that_takes_too_much_memory_is_refused_before_any_work(
    corpus: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text("das passwort ist eingerichtet\n" * 100_000, encoding="utf-8")
    source = {"format": "lines", "name": "wild", "path": str(tmp_path / "text.txt"), "split_bytes": 2 << 20}
    made = corpus({"a": {"en": {}}}, ingest={"sources": [source]})
    with pytest.raises(
        UserError,
        match=r"^ingest needs about (\S+ MiB) with 2 workers \(a split of ingest\.sources\[0\] \(wild\) of 2,097,152 "
        r"bytes\), engine\.memory_budget is \d+\.0 MiB; raise it to \1, or set engine\.workers to 1, or lower "
        r"ingest\.sources\[0\]\.split_bytes to 1\d{6}$",
    ):
        made.make(workers=2, memory_budget=3 * PROCESS + (200 << 20))
    assert not any(made.runs["ingest"].folder.iterdir())


def test_short_lines_take_more_than_their_bytes(corpus: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("a\n" * 300_000, encoding="utf-8")
    source = {"format": "lines", "name": "wild", "path": str(tmp_path / "text.txt"), "split_bytes": 500_000}
    with pytest.raises(UserError, match=r"ingest needs about \S+ MiB with 1 worker \(a split of ingest.* of 500,000"):
        corpus({"a": {"en": {}}}, ingest={"sources": [source]}).make(memory_budget=PROCESS + (120 << 20))


def test_a_part_that_is_never_cut_is_named(corpus: Callable[..., Any], tmp_path: Path) -> None:
    table = pa.table({"text": [f"das passwort {number} ist eingerichtet" for number in range(40_000)]})
    pq.write_table(table, tmp_path / "parquet")
    source = {"format": "parquet", "name": "wild", "path": str(tmp_path / "parquet"), "split_bytes": 100}
    with pytest.raises(
        UserError, match=r"or give ingest\.sources\[0\] in smaller row groups, .*: one of 1,\d{3},\d{3} b"
    ):
        corpus({"a": {"en": {}}}, ingest={"sources": [source]}).make(memory_budget=PROCESS + (90 << 20))


def test_null_values_are_no_error(corpus: Callable[..., Any]) -> None:
    made = corpus({"a": {"en": {"k": None, "l": 1, "m": "enter the name"}}}, ingest={"tolerated_share": 0}).make()
    assert made.manifest.rows.dropped == {Reason.NOT_TEXT: 2}
    assert not (made.folder / "quarantine.jsonl").exists()


def test_a_run_after_a_crash_keeps_finished_splits(
    corpus: Callable[..., Any], noted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = corpus(CATALOGS, folder="undisturbed", split_bytes=1).make()
    made = corpus(CATALOGS, folder="crashed", split_bytes=1)
    work = ingest.ingest_split

    first = noted(work, crash_at="app-00002")
    monkeypatch.setattr(ingest, "ingest_split", first)
    with pytest.raises(RuntimeError, match="crashed on purpose"):
        made.make()
    assert first.splits() == ["app-00000", "app-00001"]

    second = noted(work)
    monkeypatch.setattr(ingest, "ingest_split", second)
    assert made.make().manifest == undisturbed.manifest
    assert second.splits() == ["app-00002", "app-00003"]


def test_lines_are_a_source_too(corpus: Callable[..., Any], rows_of: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("das passwort ist eingerichtet\n\nパスワードを入力\n", encoding="utf-8")
    source = {"format": "lines", "name": "wild", "path": str(path)}
    made = corpus({"a": {"en": {}}}, ingest={"sources": [source]}).make()
    assert rows_of(made, "file", "record", "lang", "lid", "group") == [
        ("wild", 0, "de", "de", 0),
        ("wild", 2, "ja", "ja", 0),
    ]
    assert made.manifest.rows.dropped == {Reason.EMPTY: 1}


def test_every_format_is_a_source(corpus: Callable[..., Any], rows_of: Callable[..., Any], tmp_path: Path) -> None:
    text = "das passwort ist eingerichtet"
    wet = "WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: u\r\nContent-Length: {}\r\n\r\n{}\r\n\r\n"
    (tmp_path / "wet").write_bytes(gzip.compress(wet.format(len(text), text).encode()))
    (tmp_path / "jsonl").write_bytes(gzip.compress(json.dumps({"text": text, "url": "u"}).encode()))
    (tmp_path / "lines").write_bytes(lzma.compress(f"{text}\n\n".encode()))
    table = pa.table({"text": [text], "url": ["u"]})
    pq.write_table(table, tmp_path / "parquet")
    with pa.ipc.new_stream(tmp_path / "arrow", table.schema) as writer:
        writer.write_table(table)
    fields = {"document_field": "url"}
    kinds = {"arrow": fields, "jsonl": fields, "lines": {"documents": True}, "parquet": fields, "warc": {}}
    files = {kind: str(tmp_path / ("wet" if kind == "warc" else kind)) for kind in kinds}
    sources = [{"format": kind, "name": kind, "path": files[kind], **keys} for kind, keys in kinds.items()]
    made = corpus({"a": {"en": {}}}, ingest={"sources": sources}).make()
    assert rows_of(made, "file", "record", "document", "lang", "text") == [
        ("arrow", 0, "u", "de", text),
        ("jsonl", 0, "u", "de", text),
        ("lines", 0, "lines:0", "de", text),
        ("parquet", 0, "u", "de", text),
        ("warc", 0, "u", "de", text),
    ]


def test_a_language_that_is_not_known_drops_its_record_alone(
    corpus: Callable[..., Any], rows_of: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "raw.jsonl"
    path.write_text('{"text": "nuqneH", "language": "tlh"}\n{"text": "das passwort", "language": "de"}\n')
    source = {"format": "jsonl", "name": "wild", "path": str(path), "language_field": "language"}
    made = corpus({"a": {"en": {}}}, ingest={"sources": [source]}).make()
    assert rows_of(made, "record", "lang") == [(1, "de")]
    assert made.manifest.rows.dropped == {Reason.UNKNOWN_LANGUAGE: 1}
