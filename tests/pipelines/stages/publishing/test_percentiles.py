"""Percentiles are those of the values, by language, however the values were divided into files."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.config.filters import PerplexityFilter
from pipelines.datasets.errors import UserError
from pipelines.stages.publishing.percentiles import histograms, percentile_of, perplexity_cutoffs
from pipelines.stages.work import add_up


def of(values: list[float], percentile: float) -> float:
    counted = histograms(np.array(values, np.float32), np.zeros(len(values), np.int32), ["am"])
    return percentile_of(counted["am"], percentile)


@pytest.mark.parametrize(("percentile", "expected"), [(1, 1), (10, 1), (10.1, 2), (50, 5), (90, 9), (99, 10)])
def test_the_nearest_rank(percentile: float, expected: float) -> None:
    """Of 1 to 10, ten percent lie at or below 1, and fifty at or below 5."""
    assert of([7, 3, 1, 10, 2, 9, 4, 8, 5, 6], percentile) == expected


@given(
    st.lists(st.floats(-1e6, 1e6, width=32, allow_subnormal=False), min_size=1, max_size=50),
    st.floats(1, 99),
    st.integers(0, 50),
)
def test_files_and_their_order_do_not_matter_and_the_error_is_bounded(
    values: list[float], percentile: float, cut: int
) -> None:
    codes = np.zeros(len(values), np.int32)
    array = np.array(values, np.float32)
    parts = [histograms(array[part], codes[part], ["am"]) for part in (slice(cut, None), slice(0, cut))]
    found = percentile_of(add_up(parts)["am"], percentile)
    assert found == of(values, percentile)
    exact = sorted(array.tolist())[max(math.ceil(len(values) * percentile / 100 - 1e-9), 1) - 1]
    assert abs(found - exact) <= abs(exact) / 1024


def test_whole_numbers_to_4096_are_exact() -> None:
    assert [of([float(number)], 50) for number in (0, 1, 2047, 2049, 4095, 4096)] == [0, 1, 2047, 2049, 4095, 4096]


def test_a_missing_value_counts_nowhere_and_languages_are_apart() -> None:
    counted = histograms(np.array([1, math.nan, 3]), np.array([0, 0, 1], np.int32), ["am", "th"])
    assert {name: sum(bins.values()) for name, bins in counted.items()} == {"am": 1, "th": 1}
    assert percentile_of(counted["th"], 50) == 3
    with pytest.raises(ValueError, match="nothing was counted"):
        percentile_of({}, 50)


def test_ccnets_table_of_cutoffs(tmp_path: Path) -> None:
    path = tmp_path / "cutoff.csv"
    path.write_text(",af,zh\n0,1.0,2.0\n30,3.5,1460\n60,4.5,1950\n", encoding="utf-8")
    cutoffs = perplexity_cutoffs(PerplexityFilter(cutoffs=str(path)), {})
    assert (cutoffs["af"], cutoffs["zh-Hans"], cutoffs["zh-Hant"]) == ((3.5, 4.5), (1460, 1950), (1460, 1950))
    assert "am" not in cutoffs
    assert perplexity_cutoffs(None, {}) == {}


@pytest.mark.parametrize("text", ["", "no table", ",af\n0,1\n30,2\n", ",af\n30,x\n60,2\n"])
def test_another_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cutoff.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"cutoff\.csv: not a table of cutoffs .*; give CCNet's cutoff\.csv"):
        perplexity_cutoffs(PerplexityFilter(cutoffs=str(path)), {})
