"""Pairs of sentences have sentences in their ids, and a file that does not say which is refused."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.config.annotate import JoinedColumns
from pipelines.datasets.errors import UserError
from pipelines.stages.annotating.joined import join, look_at

PLACE = {f"{side}_{name}": value for side in ("source", "target")
         for name, value in (("file", ["x", "x"]), ("record", [0, 0]), ("paragraph", [0, 0]))}  # fmt: skip
SENTENCES = {"source_sentence": [0, 3], "target_sentence": [1, 2]}


def columns(path: Path, table: dict[str, list[object]]) -> JoinedColumns:
    pq.write_table(pa.table(table), path)
    return JoinedColumns(path=str(path), columns=("worth",))


def test_sentences_of_one_paragraph_have_their_own_scores(tmp_path: Path) -> None:
    outside = look_at(columns(tmp_path / "x.parquet", {**PLACE, **SENTENCES, "worth": [0.5, 0.25]}))
    pairs = pa.table({**PLACE, "source_sentence": [3, 0], "target_sentence": [2, 1]})
    assert join(outside, pairs).columns["worth"].to_pylist() == [0.25, 0.5]


def test_without_sentences_in_the_file_it_is_said(tmp_path: Path) -> None:
    outside = look_at(columns(tmp_path / "x.parquet", {**PLACE, "worth": [0.5, 0.25]}))
    with pytest.raises(UserError, match=r"x\.parquet: the pairs are sentences .* source_sentence and target_sentence"):
        join(outside, pa.table({**PLACE, **SENTENCES}))
