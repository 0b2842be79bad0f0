"""Texts by language: spreads from histograms, and one run beside an earlier one."""

import pytest

from pipelines.report.corpus import Spread, TextRows, changes


def test_quantiles_are_where_that_share_of_evenly_filled_bins_lies() -> None:
    spread = Spread.of([(0.0, 1.0, 50), (1.0, 3.0, 50)])
    assert spread.rows == 100
    assert spread.quantiles == pytest.approx([0.1, 0.5, 1.0, 2.0, 2.8])


def test_one_bin_holds_all_quantiles() -> None:
    assert Spread.of([(10.0, 20.0, 4)]).quantiles == pytest.approx([10.5, 12.5, 15.0, 17.5, 19.5])


def test_languages_and_reasons_stand_by_size_with_what_was_dropped() -> None:
    rows = TextRows({"de": 5, "en": 7}, {"de": {"duplicate": 4}, "fa": {"too_short": 1, "duplicate": 1}})
    assert rows.languages == ["de", "en", "fa"]
    assert rows.reasons == [("duplicate", 5), ("too_short", 1)]
    assert (rows.total("de"), rows.lost("fa"), rows.total("xx")) == (9, 2, 0)


def test_changes_show_what_came_and_what_went() -> None:
    before = TextRows({"de": 100, "fa": 10}, None)
    now = TextRows({"de": 75, "ja": 3}, {"de": {"too_short": 25}})
    found = {change.language: change for change in changes(before, now)}
    assert list(found) == ["de", "fa", "ja"]
    assert found["de"].loss == pytest.approx(0.25)
    assert (found["de"].share_before, found["de"].share_now) == (None, 0.25)
    assert found["fa"].loss == 1
    assert found["ja"].loss == 0  # new, not lost
