"""A cap keeps the highest of each hash, however the rows are cut into chunks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dedup.survivors import DEV, TEST, TRAIN, lowest_kept, order_of


def test_the_order_is_by_level_then_file_then_row() -> None:
    levels = np.array([TRAIN, TEST, TRAIN, DEV], np.uint8)
    numbers = np.concatenate([order_of(levels, file) for file in (0, 3)])
    assert np.argsort(~numbers).tolist() == [1, 5, 3, 7, 0, 2, 4, 6]


@given(st.lists(st.integers(0, 4), max_size=30), st.integers(1, 4), st.integers(1, 9))
def test_each_hash_keeps_its_highest(values: list[int], most: int, size: int) -> None:
    hashes = np.array(values, np.uint64)
    numbers = np.random.default_rng(0).permutation(len(values)).astype(np.uint64) + np.uint64(1)
    parts = ((hashes[at : at + size], numbers[at : at + size]) for at in range(0, len(values), size))
    going = lowest_kept(parts, most).beats(hashes, numbers)
    for value in set(values):
        own = numbers[hashes == value]
        assert sorted(numbers[~going & (hashes == value)]) == sorted(own)[-most:]
