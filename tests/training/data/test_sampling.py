"""How much of each language training reads."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from training.data.sampling import capped, language_entropy, language_quotas, language_shares


def test_entropy_by_hand() -> None:
    assert language_entropy(np.array([4, 4, 4])) == 0.0
    assert language_entropy(np.array([[0, 1], [2, 3]])) == pytest.approx(np.log(4))
    # shares 3/4 and 1/4
    assert language_entropy(np.array([0, 0, 0, 9])) == pytest.approx(0.75 * np.log(4 / 3) + 0.25 * np.log(4))


def test_shares_by_tokens_and_by_rows_by_hand() -> None:
    rows, lengths = np.array([100, 25, 0]), np.array([4.0, 1.0, 2.0])
    # 400 and 25 tokens: roots 20 and 5
    assert language_shares(rows, lengths, "tokens", 0.5).tolist() == [0.8, 0.2, 0.0]
    # 100 and 25 rows: roots 10 and 5, so 40 and 5 parts of the tokens
    assert language_shares(rows, lengths, "rows", 0.5) == pytest.approx([40 / 45, 5 / 45, 0.0])
    for unit in ("tokens", "rows"):
        assert language_shares(rows, lengths, unit, 1.0) == pytest.approx([400 / 425, 25 / 425, 0.0])  # type: ignore[arg-type]
    assert language_shares(rows, lengths, "tokens", 0.0).tolist() == [0.5, 0.5, 0.0]


def test_what_a_limit_frees_goes_to_the_others_in_proportion() -> None:
    # 0.2 is cut to 0.1; the rest has 0.9 for 0.5 and 0.3, so 0.5625 and 0.3375, of which the latter is cut to 0.3
    assert capped(np.array([0.5, 0.3, 0.2]), np.array([1.0, 0.3, 0.1])) == pytest.approx([0.6, 0.3, 0.1])
    assert capped(np.array([0.5, 0.5]), np.array([0.9, 0.9])).tolist() == [0.5, 0.5]


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)), min_size=1, max_size=8))
def test_no_share_is_above_its_limit(given: list[tuple[float, float]]) -> None:
    shares, limits = np.asarray(given).T
    assume(limits.sum() >= 1)
    found = capped(shares / shares.sum(), limits)
    assert found.sum() == pytest.approx(1)
    assert (found <= limits * (1 + 1e-9)).all()


def test_limits_that_leave_a_part_unread_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the limits sum to 0\.5, less than 1"):
        capped(np.array([0.5, 0.5]), np.array([0.25, 0.25]))


def test_quotas_by_hand() -> None:
    rows = np.array([100, 25, 4])
    # 10 : 5 : 2 of 129 rows: 75.88, 37.94, 15.18
    assert language_quotas(np.array([10, 5, 2]) / 17, rows) == (76, 38, 15)
    assert language_quotas(rows / 129, rows) == (100, 25, 4)
    # a language is in every epoch, however small its share
    assert language_quotas(np.array([0.999, 0.001, 0.0]), np.array([50, 3, 0])) == (53, 1, 0)
