"""Rows to documents, however the rows are cut into shards."""

from itertools import pairwise

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.formats.out.documents import DOCUMENT, documents, translations

# file, record, paragraph, document, document_row, text
ROWS = [
    ("pages", 0, 0, "http://a/", 0, "one"),
    ("pages", 0, 2, "http://a/", 0, "two"),
    ("pages", 1, 0, "http://a/", 1, "another page of that address"),
    ("wild", 0, 0, "", 0, "a line"),
    ("wild", 1, 0, "", 1, "a line of no document"),
    ("cc", 3, 0, "cc:3", 1, "first"),
    ("cc", 5, 0, "cc:3", 1, "third"),
    ("cc", 7, 0, "cc:7", 2, "next"),
]
DOCUMENTS = [
    ("one\ntwo", "pages:0", "http://a/", "pages", ["0:0", "0:2"]),
    ("another page of that address", "pages:1", "http://a/", "pages", ["1:0"]),
    ("a line", "wild:0", "", "wild", ["0:0"]),
    ("a line of no document", "wild:1", "", "wild", ["1:0"]),
    ("first\nthird", "cc:3", "cc:3", "cc", ["3:0", "5:0"]),
    ("next", "cc:7", "cc:7", "cc", ["7:0"]),
]


def shard(rows: list[tuple[str, int, int, str, int, str]]) -> pa.Table:
    names = ("file", "record", "paragraph", "document", "document_row", "text")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    labels = {name: pa.array(columns[name]).dictionary_encode() for name in ("file", "document")}
    numbers = {name: pa.array(columns[name], pa.int32()) for name in ("record", "paragraph", "document_row")}
    return pa.table(
        {**labels, **numbers, "text": columns["text"], "lang": pa.array(["en"] * len(rows)).dictionary_encode()}
    )


@given(cuts=st.sets(st.integers(1, len(ROWS) - 1)))
def test_any_cut_into_shards_gives_the_same_documents(cuts: set[int]) -> None:
    shards = [shard(ROWS[start:stop]) for start, stop in pairwise([0, *sorted(cuts), len(ROWS)])]
    tables = list(documents(shards))
    assert len(tables) <= len(shards)
    assert all(table.schema == DOCUMENT for table in tables)
    found = [tuple(row.values()) for table in tables for row in table.to_pylist()]
    assert found == [(text, own, document, "en", file, rows) for text, own, document, file, rows in DOCUMENTS]


def test_pairs_are_translations() -> None:
    columns = {"source_text": ["yes"], "target_text": ["ja"], "document": pa.array(["door"]).dictionary_encode()}
    for side in ("source", "target"):
        columns[f"{side}_file"] = pa.array([f"{side}.json"]).dictionary_encode()
        columns |= {f"{side}_record": pa.array([3], pa.int32()), f"{side}_paragraph": pa.array([1], pa.int32())}
    (table,) = translations([pa.table(columns)], "en", "de")
    assert table.to_pylist() == [
        {
            "translation": {"en": "yes", "de": "ja"},
            "source_id": "source.json:3:1",
            "target_id": "target.json:3:1",
            "document": "door",
            "score": None,
        }
    ]


def test_a_pair_has_the_score_that_its_source_gave() -> None:
    labels = {name: pa.array(["a", "b"]).dictionary_encode() for name in ("document", "source_file", "target_file")}
    numbers = {
        f"{side}_{name}": pa.array([0, 1], pa.int32())
        for side in ("source", "target")
        for name in ("record", "paragraph")
    }
    scores = pa.array([0.5, float("nan")], pa.float32())
    texts = {"source_text": ["yes", "no"], "target_text": ["ja", "nein"], "given_score": scores}
    (table,) = translations([pa.table({**labels, **numbers, **texts})], "en", "de")
    assert table["score"].to_pylist() == [0.5, None]
