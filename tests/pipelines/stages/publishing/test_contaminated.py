"""Evaluation files are read as their name says, and what cannot be read is said with its line."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from pipelines.config.filters import Contamination, EvaluationFile
from pipelines.datasets.errors import UserError
from pipelines.stages.publishing.contaminated import Sentence, read_tests


def test_text_json_and_tsv_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\ufeffErste\r\n\nZweite\u2028Zeile\n".encode())
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress('{"q": "なに", "a": "それ", "id": "7"}\n'.encode()))
    (tmp_path / "c.tsv").write_text("0\tpremise\thypothesis\n", encoding="utf-8")
    files = [
        {"path": "a.txt"},
        {"path": "b.jsonl.gz", "format": "jsonl", "fields": ["q", "a"]},
        {"path": "c.tsv", "format": "tsv", "fields": ["3", "2"]},
    ]
    named = [{**file, "name": str(file["path"])[0], "path": str(tmp_path / str(file["path"]))} for file in files]
    assert read_tests(Contamination.model_validate({"files": named})) == [
        Sentence("a", 1, "Erste"), Sentence("a", 3, "Zweite\u2028Zeile"),
        Sentence("b", 1, "なに"), Sentence("b", 1, "それ"),
        Sentence("c", 1, "hypothesis"), Sentence("c", 1, "premise"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "fields", "said"),
    [
        ("missing.txt", None, [], "cannot be read"),
        ("latin.txt", b"\xff\xfe", [], "cannot be read as UTF-8 text"),
        ("empty.txt", b"\n \n", [], "holds no sentence"),
        ("bad.jsonl", b'{"a": 1}\n', ["b"], "bad.jsonl, line 1: no text in the fields b"),
        ("bad.jsonl", b'{"a": 1}\n', ["a"], r"line 1: no text in the fields a \(TypeError: a holds int\)"),
        ("bad.jsonl", b"x\n", ["a"], "line 1: no text in the fields a"),
        ("bad.tsv", b"x\ty\nx\n", ["2"], "bad.tsv, line 2: no text in the fields 2"),
    ],
)
def test_a_test_file_that_cannot_be_read_is_said(
    tmp_path: Path, name: str, data: bytes | None, fields: list[str], said: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    file = {"name": "x", "path": str(tmp_path / name), "fields": fields,
            "format": {".txt": "text", ".jsonl": "jsonl", ".tsv": "tsv"}[Path(name).suffix]}  # fmt: skip
    with pytest.raises(UserError, match=said):
        read_tests(Contamination.model_validate({"files": [file]}))


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ({"format": "tsv"}, "name the fields that hold text"),
        ({"format": "jsonl"}, "name the fields that hold text"),
        ({"fields": ["a"]}, "text has no fields"),
        ({"format": "tsv", "fields": ["0"]}, "columns of tsv are numbers from 1"),
    ],
)
def test_fields_go_with_formats(file: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        EvaluationFile.model_validate({"name": "x", "path": "x", **file})
