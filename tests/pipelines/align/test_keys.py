"""Alignment by key: every target in at most one pair, with the first source of its group."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.align.keys import match

ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=30)


def matched(rows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    groups, languages = np.array(rows, np.int64).reshape(-1, 2).T
    found = match(groups.astype(np.uint64), languages.astype(np.uint16))
    return list(zip(found.target.tolist(), found.source.tolist(), strict=True))


def test_golden() -> None:
    # group, language (0 is the pivot): in 4 the first of two pivots, 2 and 9 have but one language, 0 is no group
    assert matched([(4, 0), (2, 1), (4, 0), (4, 1), (9, 1), (0, 1), (0, 0), (4, 2)]) == [(3, 0), (7, 0)]


def test_two_languages_without_the_pivot_are_a_pair() -> None:
    assert matched([(4, 3), (4, 1), (4, 3), (4, 1)]) == [(0, 1), (2, 1)]
    assert matched([(4, 3), (4, 1), (4, 2)]) == []


@given(ROWS)
def test_matches_are_those_of_a_plain_loop(rows: list[tuple[int, int]]) -> None:
    expected = []
    for place, (group, language) in enumerate(rows):
        own = [(other, at) for at, (number, other) in enumerate(rows) if number == group]
        lowest, source = min(own)
        known = lowest == 0 or len({other for other, _ in own}) == 2
        if group and known and language != lowest:
            expected.append((place, source))
    assert matched(rows) == expected


def test_no_rows() -> None:
    assert matched([]) == []
