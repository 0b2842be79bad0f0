"""Ragged rows and their vectorised gather."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.shards import NumberColumn, Ragged, TokenColumn, spans

rows_of_tokens = st.lists(st.lists(st.integers(0, 60000), max_size=6), min_size=1, max_size=8)


def tables(files: list[list[list[int]]]) -> list[pa.Table]:
    return [pa.table({"ids": pa.array(rows, pa.list_(pa.uint16()))}) for rows in files]


def test_spans_by_hand() -> None:
    assert spans(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert spans(np.array([], dtype=np.int64), np.array([], dtype=np.int64)).tolist() == []


@settings(deadline=None)
@given(st.lists(rows_of_tokens, min_size=1, max_size=4), st.data())
def test_gather_equals_indexing(files: list[list[list[int]]], data: st.DataObject) -> None:
    flat = [row for rows in files for row in rows]
    picks = data.draw(st.lists(st.integers(0, len(flat) - 1), min_size=1, max_size=12))
    gathered = TokenColumn(tables(files), "ids").gather(np.asarray(picks), longest=4)
    assert gathered.lengths.tolist() == [len(flat[pick][:4]) for pick in picks]
    assert gathered.values.tolist() == [token for pick in picks for token in flat[pick][:4]]


def test_a_sliced_table_gives_its_own_rows() -> None:
    (table,) = tables([[[1], [2, 3], [4, 5, 6], [7]]])
    column = TokenColumn([table.slice(1, 2)], "ids")
    assert column.rows == 2
    assert column.gather(np.array([1, 0]), longest=9).tolist() == [[4, 5, 6], [2, 3]]


def test_shards_on_disk_are_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "ids.arrow"
    (table,) = tables([[[1, 2], [3]]])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    before = pa.total_allocated_bytes()
    column = TokenColumn([pa.ipc.open_file(pa.memory_map(str(path))).read_all()], "ids")
    assert pa.total_allocated_bytes() == before
    assert column.gather(np.array([1, 0]), longest=9).tolist() == [[3], [1, 2]]


def test_take_part_and_concat() -> None:
    rows = Ragged.of([[1, 2], [], [3]])
    assert rows.take(np.array([2, 0])).tolist() == [[3], [1, 2]]
    assert rows.part(0, 2).tolist() == [[1, 2], []]
    assert rows.part(1, 3).tolist() == [[], [3]]
    assert Ragged.concat([rows.part(2, 3), rows.part(0, 1)]).tolist() == [[3], [1, 2]]


def test_mean_lengths_are_those_of_a_language_s_rows_as_they_are_cut() -> None:
    column = TokenColumn(tables([[[1], [2, 3]], [[4, 5, 6, 7], [8]]]), "ids")
    assert column.mean_length(0, 2, longest=3) == 1.5
    assert column.mean_length(1, 2, longest=3) == 2.5
    assert column.mean_length(4, 0, longest=3) == 0.0


def test_numbers_of_several_files() -> None:
    parts = [pa.table({"group": pa.array(values, pa.uint64())}) for values in ([2**64 - 1, 5], [], [7])]
    assert NumberColumn(parts, "group").gather(np.array([2, 0, 1])).tolist() == [7, 2**64 - 1, 5]
