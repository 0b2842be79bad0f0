"""Alignment by key: every target in at most one pair, with the first pivot of its group."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.align.keys import match

GROUPS = st.lists(st.integers(0, 9), max_size=20).map(lambda values: np.array(values, np.uint64))


def test_golden() -> None:
    matches = match(np.array([4, 2, 4], np.uint64), np.array([4, 9, 2, 0, 4], np.uint64))
    assert matches.target.tolist() == [0, 2, 4]
    assert matches.pivot.tolist() == [0, 1, 0]


@given(GROUPS, GROUPS)
def test_matches_are_those_of_a_dictionary(pivots: np.ndarray, targets: np.ndarray) -> None:
    first = {group: place for place, group in reversed(list(enumerate(pivots.tolist())))}
    expected = [(row, first[group]) for row, group in enumerate(targets.tolist()) if group and group in first]
    matches = match(pivots, targets)
    assert list(zip(matches.target.tolist(), matches.pivot.tolist(), strict=True)) == expected


def test_no_pivots_match_nothing() -> None:
    assert len(match(np.zeros(0, np.uint64), np.array([1, 2], np.uint64)).target) == 0
