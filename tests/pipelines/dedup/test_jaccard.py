"""Similarities are those of Python's sets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dedup.jaccard import jaccard
from pipelines.dedup.shingles import Shingles

SETS = st.lists(st.sets(st.integers(0, 12), max_size=10), min_size=1, max_size=8)


@given(SETS, SETS, st.floats(0.1, 1.0))
def test_similarities_are_those_of_sets(left: list[set[int]], right: list[set[int]], least: float) -> None:
    first, second = (
        Shingles(np.array([value for own in sets for value in sorted(own)], np.uint32), np.cumsum([0, *map(len, sets)]))
        for sets in (left, right)
    )
    places = [(a, b) for a in range(len(left)) for b in range(len(right))]
    found = jaccard(first, np.array([a for a, _ in places]), second, np.array([b for _, b in places]), least)
    for (a, b), similarity in zip(places, found.tolist(), strict=True):
        union = left[a] | right[b]
        exact = len(left[a] & right[b]) / len(union) if union else 0.0
        assert similarity == np.float32(exact) or (similarity == 0 and exact < least)


def test_more_than_one_chunk() -> None:
    values = np.arange(100_000, dtype=np.uint32)
    sets = Shingles(values, np.array([0, 60_000, 100_000]))
    assert jaccard(sets, np.array([0, 1, 0]), sets, np.array([0, 1, 1]), 0.1).tolist() == [1.0, 1.0, 0.0]
