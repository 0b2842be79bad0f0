"""Tokens in a second and MFU."""

import pytest

from training.measures.speed import Speed


def test_rates_by_hand() -> None:
    speed = Speed()
    speed.add(seconds=1.0, tokens=100, flops=4e9, peak=1e10)
    speed.add(seconds=3.0, tokens=100, flops=4e9, peak=2e10)  # taken up on a faster machine
    assert speed.rates() == {"tokens_per_second": 50.0, "mfu": pytest.approx(8 / 70)}


def test_before_the_first_step_there_is_no_rate() -> None:
    assert Speed().rates() == {}
