"""The data order: pure, complete, windowed, and fair to languages as the exponent says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.order import Order, language_quotas


def order(sizes: tuple[int, ...], exponent: float = 1.0, seed: int = 5, chunk: int = 4, window: int = 4) -> Order:
    return Order(sizes, exponent, seed, chunk, window)


def test_quotas_by_hand() -> None:
    # 100^0.5 : 25^0.5 : 4^0.5 = 10 : 5 : 2 of 129 rows: 75.88, 37.94, 15.18
    assert language_quotas([100, 25, 4], 0.5) == [76, 38, 15]
    assert language_quotas([100, 25, 4], 1.0) == [100, 25, 4]
    assert language_quotas([7, 7, 7], 0.0) == [7, 7, 7]
    assert language_quotas([9, 0, 3], 0.0) == [6, 0, 6]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=5).filter(any),
    st.integers(0, 2**32),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_an_epoch_without_resampling_sees_every_row_once(sizes: list[int], seed: int, chunk: int, window: int) -> None:
    total = sum(sizes)
    rows = order(tuple(sizes), 1.0, seed, chunk, window).rows(np.arange(2 * total))
    assert sorted(rows[:total].tolist()) == list(range(total))
    assert sorted(rows[total:].tolist()) == list(range(total))


def test_every_row_is_seen_however_small_its_language_s_share() -> None:
    sizes = (200, 20, 1)
    chosen = order(sizes, 0.3)
    rows = chosen.rows(np.arange(10 * sum(sizes)))
    counts = np.bincount(rows, minlength=sum(sizes))
    assert counts.min() > 0
    quotas = np.asarray(language_quotas(sizes, 0.3)) * 10
    assert [counts[:200].sum(), counts[200:220].sum(), counts[220:].sum()] == quotas.tolist()
    # within a language, rows are seen equally often, to one
    assert counts[:200].max() - counts[:200].min() <= 1
    assert counts[200:220].max() - counts[200:220].min() <= 1


def test_the_order_is_a_pure_function_of_the_position() -> None:
    chosen = order((50, 30), 0.7)
    whole = chosen.rows(np.arange(200))
    assert chosen.rows(np.arange(77, 123)).tolist() == whole[77:123].tolist()
    assert order((50, 30), 0.7).rows(np.array([199])).tolist() == [whole[199]]


def test_two_ranks_share_the_positions_of_one() -> None:
    chosen = order((50, 30))
    whole = chosen.rows(np.arange(100))
    ranks = [chosen.rows(np.arange(rank, 100, 2)) for rank in (0, 1)]
    assert np.stack(ranks, axis=1).ravel().tolist() == whole.tolist()


def test_epochs_and_seeds_differ() -> None:
    first, second = np.split(order((100,)).rows(np.arange(200)), 2)
    assert first.tolist() != second.tolist()
    assert order((100,), seed=6).rows(np.arange(100)).tolist() != first.tolist()


def test_a_window_reads_whole_chunks() -> None:
    rows = order((4096,), chunk=16, window=8).rows(np.arange(4096))
    chunks = np.unique(rows[:128] // 16)
    assert len(chunks) == 8
    assert np.abs(np.diff(rows[:128])).mean() == pytest.approx(1300, abs=900)
