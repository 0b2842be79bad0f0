"""Pairs in JSON Lines and Parquet: a field for each language, or a struct of translations as Hugging Face has it."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from source_records import columns, open_source, read_all

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason

OPUS100 = {"de": "translation.de", "en": "translation.en"}  # as the dataset opus100 has them


def test_translations_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "train-00000-of-00001.parquet"
    pairs = [{"de": "ja", "en": "yes"}, {"de": None, "en": "no"}, None]
    table = pa.table({"translation": pairs, "score": [0.5, None, 1.0], "url": ["http://a", None, "http://c"]})
    pq.write_table(table, path, row_group_size=1)
    keys = {"texts": OPUS100, "score_field": "score", "document_field": "url", "split_bytes": 1}
    rows, bad = read_all(open_source(format="parquet", path=str(path), **keys))
    assert columns(rows, "record", "key", "document", "language", "text", "score") == [
        (0, "s:0", "http://a", "de", "ja", 0.5),
        (1, "s:0", "http://a", "en", "yes", 0.5),
        (3, "s:1", "s:0", "en", "no", None),
    ]
    assert [(each.record, each.reason) for each in bad] == [(number, Reason.NOT_TEXT) for number in (2, 4, 5)]


def test_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        {"de": "ja", "meta": {"en.us": "yes"}, "laser": "1.1"},
        {"de": "nein", "meta": {}, "laser": 2},
        {"de": "gut", "meta": {"en.us": "fine"}, "laser": "high"},
        {"de": ["x"], "meta": {"en.us": "list"}},
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + "{\n")
    texts = {"de": "de", "en": "meta.en.us"}
    rows, bad = read_all(open_source(format="jsonl", path=str(path), texts=texts, score_field="laser"))
    assert columns(rows, "record", "text", "score") == [
        (0, "ja", 1.1),
        (1, "yes", 1.1),
        (2, "nein", 2.0),
        (7, "list", None),
    ]
    assert [(each.record, each.reason) for each in bad] == [
        (3, Reason.WRONG_FIELD),
        (4, Reason.WRONG_FIELD),
        (5, Reason.WRONG_FIELD),
        (6, Reason.WRONG_FIELD),
        (8, Reason.NOT_JSON),
        (9, Reason.NOT_JSON),
    ]
    assert [bad[at].error for at in (0, 1)] == ["no field 'meta.en.us'", "laser: str, not a number"]


@pytest.mark.parametrize("name", ["translation.fr", "other", "translation.de.x"])
def test_a_field_that_is_not_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"translation": [{"de": "ja", "en": "yes"}]}), path)
    with pytest.raises(UserError, match=rf"a\.parquet: no column {name}; name one of those that are there: tr"):
        open_source(format="parquet", path=str(path), texts={**OPUS100, "fr": name}).plan()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"texts": {"de": "a"}}, "name the fields of two languages or more in texts"),
        ({"score_field": "a"}, "name the fields of two languages or more in texts"),
        ({"texts": OPUS100, "language": "de"}, "leave text_field and languages out"),
        ({"texts": OPUS100, "text_field": "body"}, "leave text_field and languages out"),
    ],
)
def test_a_config_that_makes_no_sense(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        open_source(format="jsonl", path="a", **keys)
