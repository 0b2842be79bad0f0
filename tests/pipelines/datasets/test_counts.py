"""Conservation of rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.counts import Counts
from pipelines.datasets.reasons import Reason


def conserved() -> st.SearchStrategy[Counts]:
    dropped = st.dictionaries(st.sampled_from(list(Reason)), st.integers(0, 50))
    return st.builds(
        lambda out, extra, drops: Counts(max(out + sum(drops.values()) - extra, 0), *_rest(out, extra, drops)),
        st.integers(0, 100),
        st.integers(0, 100),
        dropped,
    )


def _rest(out: int, extra: int, drops: dict[Reason, int]) -> tuple[int, int, dict[Reason, int]]:
    return min(extra, out + sum(drops.values())), out, drops


def test_rows_that_vanish_are_refused() -> None:
    with pytest.raises(ValueError, match=r"10 in \+ 2 expanded is not 8 out \+ 3 dropped"):
        Counts(10, 2, 8, {Reason.EMPTY: 3})


@given(st.lists(conserved(), max_size=8))
def test_a_total_is_conserved_and_adds_up(parts: list[Counts]) -> None:
    total = Counts.total(parts)
    assert total.rows_in == sum(part.rows_in for part in parts)
    assert total.rows_out == sum(part.rows_out for part in parts)
    assert total.dropped_total == sum(part.dropped_total for part in parts)


def test_reasons_stand_in_the_order_of_the_enumeration() -> None:
    total = Counts.total([Counts(1, 0, 0, {Reason.HELD_OUT: 1}), Counts(2, 0, 1, {Reason.EMPTY: 1})])
    assert list(total.dropped) == [Reason.EMPTY, Reason.HELD_OUT]


def test_every_reason_says_what_it_means() -> None:
    assert all(len(reason.meaning) > 10 for reason in Reason)
