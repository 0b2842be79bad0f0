"""Samples by language are the same in every run, and no language gives more than it has."""

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text import sampling
from pipelines.text.sampling import lowest_hashes, quotas


def test_an_exponent_lifts_small_languages() -> None:
    # 10,000 and 100 rows to the power of a half weigh 100 and 10
    assert quotas({"de": 10_000, "is": 100}, 0.5, 110) == {"de": 100, "is": 10}
    assert quotas({"de": 10_000, "is": 100}, 1.0, 101) == {"de": 100, "is": 1}


def test_what_a_small_language_cannot_give_goes_to_the_others() -> None:
    assert quotas({"de": 1000, "is": 10, "fi": 0}, 0.0, 100) == {"de": 90, "is": 10}


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 500)), st.floats(0, 1), st.integers(1, 2000))
def test_quotas_stay_within_what_is_there(rows: dict[str, int], exponent: float, total: int) -> None:
    given = quotas(rows, exponent, total)
    assert all(0 <= given[language] <= rows[language] for language in given)
    assert sum(given.values()) <= total
    assert sum(given.values()) >= min(total, sum(rows.values())) - len(rows)


def test_the_sample_does_not_depend_on_the_order() -> None:
    texts = [f"text {number}" for number in range(100)]
    chosen = {texts[place] for place in lowest_hashes([texts], 10)}
    backwards = texts[::-1]
    assert {backwards[place] for place in lowest_hashes([backwards], 10)} == chosen
    assert list(lowest_hashes([texts], 10)) == sorted(lowest_hashes([texts], 10))


@pytest.mark.parametrize("count", [0, 3, 9])
def test_no_more_than_there_are(count: int) -> None:
    assert len(lowest_hashes([["a", "b"], [], ["c"]], count)) == min(count, 3)


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=9)), st.integers(0, 12))
def test_the_sample_does_not_depend_on_the_parts(parts: list[list[str]], count: int) -> None:
    whole = [text for part in parts for text in part]
    with mock.patch.object(sampling, "_ROOM", 0):
        assert lowest_hashes(parts, count).tolist() == lowest_hashes([whole], count).tolist()
