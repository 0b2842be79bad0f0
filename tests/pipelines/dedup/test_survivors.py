"""One copy of each cluster is kept, held-out ones before others, and nothing equals what is held out more."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dedup.survivors import (
    COPY,
    DEV,
    KEPT,
    NEAR,
    TEST,
    TRAIN,
    Documents,
    document_losers,
    highest,
    losers,
)

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
    held = levels > TRAIN
    assert highest([(hashes[held], levels[held])]).beats(hashes, levels).tolist() == [True, True] + 4 * [False]


@given(ROWS, st.integers(1, 7))
def test_what_is_beaten_does_not_depend_on_the_chunks(rows: list[tuple[int, int]], size: int) -> None:
    hashes, levels = (np.array([row[place] for row in rows], np.uint64) for place in (0, 1))
    best = highest((hashes[at : at + size], levels[at : at + size]) for at in range(0, len(rows), size))
    assert best.hashes.tolist() == sorted({text for text, _ in rows})
    for (text, level), beaten in zip(rows, best.beats(hashes, levels), strict=True):
        assert beaten == (level < max(other for same, other in rows if same == text))


DOCUMENTS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 1), st.sampled_from([TRAIN, DEV, TEST]), st.integers(1, 3)),
    min_size=1,
    max_size=24,
)  # cluster, which of its rows passed, level, how many rows passed
NEAR_PAIRS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda pair: pair[0] != pair[1]))


def documents_of(rows: list[tuple[int, int, int, int]]) -> Documents:
    clusters, marks, levels, counts = (np.array(column) for column in zip(*rows, strict=True))
    return Documents(clusters.astype(np.uint64), marks.astype(np.uint64), levels.astype(np.uint8), counts)


@given(DOCUMENTS, NEAR_PAIRS)
def test_what_is_dropped_has_a_counterpart_that_is_kept(
    rows: list[tuple[int, int, int, int]], pairs: list[tuple[int, int]]
) -> None:
    first, second = (np.array([pair[side] for pair in pairs], np.uint64) for side in (0, 1))
    fate = document_losers(documents_of(rows), first, second).tolist()
    kept = [row for row, own in zip(rows, fate, strict=True) if own == KEPT]
    alike = {frozenset(pair) for pair in pairs}
    for row, own in zip(rows, fate, strict=True):
        if own == COPY:
            assert any(other[:2] == row[:2] and other[2] >= row[2] for other in kept)
        if own == NEAR:
            assert any(frozenset((row[0], other[0])) in alike for other in kept)
    assert not any(frozenset((one[0], other[0])) in alike for one in kept for other in kept)
    assert len({row[:2] for row in kept}) == len(kept)


def test_golden_document_losers() -> None:
    """A chain 1 - 2 - 3: what is held out more wins, then what has more rows, then what comes first."""
    pairs = np.array([1, 2], np.uint64), np.array([2, 3], np.uint64)
    equal = document_losers(documents_of([(1, 0, 0, 2), (2, 0, 0, 2), (3, 0, 0, 2)]), *pairs)
    assert equal.tolist() == [KEPT, NEAR, KEPT]
    fuller = document_losers(documents_of([(1, 0, 0, 2), (2, 0, 0, 3), (3, 0, 0, 2)]), *pairs)
    assert fuller.tolist() == [NEAR, KEPT, NEAR]
    held_out = document_losers(documents_of([(1, 0, TEST, 1), (2, 0, 0, 3), (3, 0, 0, 2), (3, 0, 0, 2)]), *pairs)
    assert held_out.tolist() == [KEPT, NEAR, KEPT, COPY]
    one_failed = document_losers(documents_of([(1, 0, 0, 2), (3, 0, 0, 2)]), *pairs)
    assert one_failed.tolist() == [KEPT, KEPT]  # 2 did not pass, and joins nothing


def test_copies_that_passed_in_other_rows_are_both_kept() -> None:
    nothing = np.zeros(0, np.uint64)
    assert document_losers(documents_of([(1, 0, 0, 1), (1, 1, 0, 1)]), nothing, nothing).tolist() == [KEPT, KEPT]
