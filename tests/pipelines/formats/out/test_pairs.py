"""Pairs as Moses text, TSV and TMX: whatever stands in them is read back the same."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pipelines.formats.compressed import RawFile
from pipelines.formats.moses import Moses as MosesReader
from pipelines.formats.moses import MosesFiles
from pipelines.formats.out.columns import joined_lines
from pipelines.formats.out.moses import Moses
from pipelines.formats.out.protocol import OutputFormat
from pipelines.formats.out.tmx import Tmx
from pipelines.formats.out.tsv import Tsv
from pipelines.formats.protocol import Format
from pipelines.formats.tmx import Tmx as TmxReader
from pipelines.formats.tsv import Tsv as TsvReader
from pipelines.text.normalize import normalize

NAMES = st.text(alphabet='ab\t\n\r&<"\x07 é', max_size=6)
TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=12).map(normalize).filter(bool)
Row = tuple[str, str, float | None, str]  # source, target, score, document
ROWS = st.lists(st.tuples(TEXTS, TEXTS, st.none() | st.floats(0, 2, width=32), NAMES), min_size=1, max_size=5)


def table(rows: list[Row]) -> pa.Table:
    source, target, scores, documents = (list(column) for column in zip(*rows, strict=True))
    return pa.table(
        {
            "translation": pa.StructArray.from_arrays([pa.array(source), pa.array(target)], names=["en", "pt-BR"]),
            "source_id": documents,
            "target_id": documents,
            "document": documents,
            "score": pa.array(scores, pa.float32()),
        }
    )


def raw(path: Path) -> RawFile:
    return RawFile(str(path), 1 << 30, 200)


def moses(folder: Path) -> Format:
    files = {language: raw(folder / f"train.{language}") for language in ("en", "pt-BR")}
    return MosesReader("s", MosesFiles(files), 1 << 20, 1 << 20)


def tsv(folder: Path) -> Format:
    columns = ("en", "pt-BR", "score", "document", "-", "-")
    return TsvReader("s", raw(folder / "train.tsv.gz"), columns, True, 1 << 20, 1 << 20)


def tmx(folder: Path) -> Format:
    return TmxReader("s", raw(folder / "train.tmx.gz"), "score", "document", 1 << 20, 1 << 20)


@pytest.mark.parametrize(("form", "reader"), [(Moses(), moses), (Tsv(), tsv), (Tmx(), tmx)])
@settings(max_examples=10, deadline=None)
@given(first=ROWS, second=ROWS)
def test_pairs_are_read_back_the_same(
    form: OutputFormat, reader: Callable[[Path], Format], first: list[Row], second: list[Row]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        form.write(Path(folder), "en-pt-BR", "train", [table(first), table(second)])
        source = reader(Path(folder) / "en-pt-BR")
        parts = [records for split in source.plan() for records in source.read(split)]
    assert [bad for part in parts for bad in part.unreadable] == []
    rows = [row for part in parts for row in part.batch.to_pylist()]
    assert [row["text"] for row in rows] == [text for row in first + second for text in row[:2]]
    assert [row["language"] for row in rows] == ["en", "pt-BR"] * len(first + second)
    if reader is not moses:
        wanted = [score for _, _, score, _ in first + second for _ in "12"]
        assert [None if row["score"] != row["score"] else row["score"] for row in rows] == wanted


@given(TEXTS)
def test_no_published_text_needs_an_escape(text: str) -> None:
    assert not set(text) & set("\t\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
    etree.Element("seg").text = text  # raises at a character that XML has no place for


def test_lines_of_nothing() -> None:
    assert bytes(joined_lines(pa.array([], pa.string()))) == b""
