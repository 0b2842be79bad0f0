"""One copy of each cluster is kept, held-out ones before others, and nothing equals what is held out more."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dedup.survivors import DEV, TEST, TRAIN, leaks, losers

ROWS = st.lists(st.tuples(st.integers(0, 8), st.sampled_from([TRAIN, DEV, TEST])), max_size=40)


def test_golden_losers() -> None:
    clusters = np.array([5, 5, 5, 6, 6, 7], np.uint64)
    levels = np.array([TRAIN, DEV, DEV, TRAIN, TRAIN, TRAIN], np.uint8)
    ranks = np.array([0, 2, 1, 1, 0, 3], np.int32)
    assert losers(clusters, levels, ranks).tolist() == [True, True, False, True, False, False]


@given(ROWS)
def test_each_cluster_keeps_one_row_of_its_highest_level(rows: list[tuple[int, int]]) -> None:
    clusters = np.array([cluster for cluster, _ in rows], np.uint64)
    levels = np.array([level for _, level in rows], np.uint8)
    kept = ~losers(clusters, levels, np.arange(len(rows), dtype=np.int32))
    for cluster in set(clusters.tolist()):
        own = clusters == cluster
        assert kept[own].sum() == 1
        assert levels[own & kept][0] == levels[own].max()


def test_golden_leaks() -> None:
    hashes = np.array([1, 1, 1, 2, 2, 3], np.uint64)
    levels = np.array([TRAIN, DEV, TEST, TRAIN, TRAIN, DEV], np.uint8)
    assert leaks(hashes, levels).tolist() == [True, True, False, False, False, False]


@given(ROWS)
def test_what_does_not_leak_is_at_the_highest_level_of_its_text(rows: list[tuple[int, int]]) -> None:
    leaking = leaks(np.array([text for text, _ in rows], np.uint64), np.array([level for _, level in rows], np.uint8))
    for (text, level), leak in zip(rows, leaking, strict=True):
        assert leak == (level < max(other for same, other in rows if same == text))
