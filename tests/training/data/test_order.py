"""The data order: pure, complete, windowed, and with every language all over a window."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.order import Order, Window, spread


def order(quotas: tuple[int, ...], sizes: tuple[int, ...] | None = None, seed: int = 5, chunk: int = 4) -> Order:
    return Order(sizes or quotas, quotas, seed, chunk, window_chunks=4)


def epoch(chosen: Order, number: int) -> Window:
    windows = [chosen.window(number * chosen.epoch_windows + within) for within in range(chosen.epoch_windows)]
    return Window(
        *(np.concatenate([getattr(part, name) for part in windows]) for name in ("rows", "languages", "laps"))
    )


languages = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 90)), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(languages, st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 9))
def test_a_lap_sees_every_row_of_its_language_once(
    given: list[tuple[int, int]], seed: int, chunk: int, window: int
) -> None:
    sizes, quotas = zip(*given, strict=True)
    chosen = Order(sizes, quotas, seed, chunk, window)
    parts = [epoch(chosen, number) for number in range(4)]
    rows, own, laps = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("rows", "languages", "laps")
    )
    first = 0
    for number, (size, quota) in enumerate(given):
        seen = rows[own == number]
        assert len(seen) == 4 * quota
        assert np.array_equal(np.bincount(laps[own == number])[: 4 * quota // size], np.full(4 * quota // size, size))
        counts = np.bincount(seen - first, minlength=size)
        assert len(counts) == size
        assert counts.max() - counts.min() <= 1
        first += size


def test_languages_of_no_rows_are_left_alone() -> None:
    rows = epoch(order((5, 0, 7)), 0).rows
    assert sorted(rows.tolist()) == list(range(12))


def test_what_is_read_first_is_a_fair_part_of_the_whole() -> None:
    # of a language that is too large for the run, its end is as likely as its beginning
    rows = epoch(order((1000,), (10_000,)), 0).rows
    assert 4000 < rows.mean() < 6000
    assert rows.max() > 9000


def test_a_window_is_a_pure_function_of_its_number() -> None:
    quotas = (50, 30)
    whole = [order(quotas).window(number) for number in range(20)]
    again = order(quotas).window(17)
    assert again.rows.tolist() == whole[17].rows.tolist()
    assert order(quotas, seed=6).window(17).rows.tolist() != again.rows.tolist()
    far = order(quotas).window(1 << 30)
    assert set(far.rows.tolist()) <= set(range(80))


def test_no_window_is_of_two_epochs_and_epochs_differ() -> None:
    chosen = order((103,))
    first, second = epoch(chosen, 0).rows, epoch(chosen, 1).rows
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(103))
    assert first.tolist() != second.tolist()


def test_a_window_reads_whole_chunks() -> None:
    rows = Order((4096,), (4096,), 5, 16, 8).window(3).rows
    assert len(rows) == 128
    # a lap begins anywhere, so a chunk of the epoch may lie across two of the lap
    assert len(np.unique(rows // 16)) <= 16


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 1000))
def test_every_language_is_all_over_the_window(counts: list[int], seed: int) -> None:
    own = np.repeat(np.arange(len(counts)), counts)
    chosen = spread(own, np.random.default_rng(seed))
    total = sum(counts)
    assert sorted(chosen.tolist()) == list(range(total))
    for number, count in enumerate(counts):
        places = np.flatnonzero(own[chosen] == number)
        # the rank-th of c is in the rank-th of c equal parts; other languages add at most one place each to its own
        ideal = np.arange(count) * total / count
        assert (places >= ideal - len(counts)).all()
        assert (places <= ideal + total / count + len(counts)).all()


def test_spreading_shuffles_within_a_language() -> None:
    chosen = spread(np.zeros(1000, np.int64), np.random.default_rng(1))
    assert abs(np.corrcoef(chosen, np.arange(1000))[0, 1]) < 0.15
