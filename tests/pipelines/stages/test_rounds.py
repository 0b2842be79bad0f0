"""Rounds cut the hash space: each key is in one, wherever its table keeps it."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.draft import Draft
from pipelines.stages.rounds import for_file, hash_order, in_round, rounds, within

KEYS = st.lists(
    st.integers(0, 2**64 - 1) | st.sampled_from([0, (1 << 48) - 1, 1 << 48, 1 << 63, 2**64 - 1]), max_size=60
).map(lambda values: np.array(values, np.uint64))


@given(KEYS, st.integers(1, 50))
def test_each_key_is_in_one_round(keys: np.ndarray, parts: int) -> None:
    order = hash_order(keys)
    sliced = [order[in_round(keys[order], task)].tolist() for task in rounds("step", parts)]
    ascending = np.argsort(keys, kind="stable")
    found = [np.flatnonzero(within(keys, task)).tolist() for task in rounds("step", parts)]
    assert [sorted(own) for own in sliced] == found
    assert [sorted(ascending[in_round(keys[ascending], task)].tolist()) for task in rounds("step", parts)] == found
    assert sorted(row for own in found for row in own) == list(range(len(keys)))


@given(KEYS)
def test_equal_keys_stay_in_their_order(keys: np.ndarray) -> None:
    order = hash_order(np.concatenate([keys, keys]))
    for row in range(len(keys)):
        first, second = np.flatnonzero(order == row), np.flatnonzero(order == row + len(keys))
        assert first < second


def test_rounds_are_tasks_with_names_of_their_own() -> None:
    names = {task.split for parts in (1, 7, 12) for task in rounds("copies", parts)}
    assert len(names) == 20
    assert rounds("copies", 12)[11].file == "copies/12/00011.arrow"


@pytest.mark.parametrize(("file", "expected"), [(0, [1, 2, 6]), (3, [3]), (4, []), (9, [7])])
def test_a_file_finds_its_rows_in_every_table(tmp_path: Path, file: int, expected: list[int]) -> None:
    draft = Draft(tmp_path)
    schema = pa.schema({"file": pa.int32(), "row": pa.uint32(), "is_new": pa.bool_()})
    batches = {
        "one.arrow": [([0, 0, 3], [1, 2, 3]), ([5, 5], [4, 5])],
        "none.arrow": [],
        "two.arrow": [([0, 9], [6, 7])],
    }
    for name, parts in batches.items():
        with draft.shard_writer(name, schema) as writer:
            for files, rows in parts:
                writer.write(pa.record_batch([files, rows, [True] * len(rows)], schema=schema))
    found = list(for_file([tmp_path / name for name in batches], file))
    assert [row for part in found for row in part["row"].tolist()] == expected
    assert all(list(part) == ["row", "is_new"] and part["is_new"].all() for part in found)
