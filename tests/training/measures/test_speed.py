"""Tokens in a second and MFU."""

import pytest

from training.measures.speed import Speed


def test_rates_by_hand() -> None:
    here = Speed(seconds=1.0, tokens=100, flops=4e9, available=1e10)
    elsewhere = Speed(seconds=3.0, tokens=100, flops=4e9, available=6e10)  # taken up on a faster machine
    both = here + elsewhere
    assert both.rates() == {"tokens_per_second": 50.0, "mfu": pytest.approx(8 / 70)}
    assert both.peak == pytest.approx(7e10 / 4)
    assert both - here == elsewhere


def test_before_the_first_step_there_is_no_rate() -> None:
    assert Speed().rates() == {}
