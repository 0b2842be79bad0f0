"""Numbers are grouped, rounded and given units in one way."""

import pytest

from pipelines.report import units


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (999, "999"), (1234567, "1\u202f234\u202f567"), (-1500, "\u22121\u202f500")]
)
def test_thousands_stand_apart(value: int, text: str) -> None:
    assert units.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(57.14, "57.1\u202f%"), (0.5, "0.5\u202f%"), (-0.04, "0.0\u202f%"), (-2.5, "\u22122.5\u202f%")]
)
def test_percent(value: float, text: str) -> None:
    assert units.percent(value) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(1, 8, "12.5\u202f%"), (1, 100_000, "<\u202f0.1\u202f%"), (0, 10, "0.0\u202f%"), (0, 0, "–")],
)
def test_a_share_that_is_there_is_never_shown_as_none(part: int, whole: int, text: str) -> None:
    assert units.share(part, whole) == text


@pytest.mark.parametrize(("value", "text"), [(27.35, "+27.4"), (-3.0, "\u22123.0"), (0.01, "+0.0")])
def test_points_have_a_sign(value: float, text: str) -> None:
    assert units.points(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.42, "0.42\u202fs"),
        (14.23, "14.2\u202fs"),
        (59.96, "1\u202fmin 00\u202fs"),
        (187.3, "3\u202fmin 07\u202fs"),
        (7500, "2\u202fh 05\u202fmin"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert units.duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(999, "999\u202fB"), (1000, "1.0\u202fkB"), (938_013, "938\u202fkB"), (2.5e12, "2.5\u202fTB")]
)
def test_sizes(number: float, text: str) -> None:
    assert units.size(number) == text


def test_rates() -> None:
    assert units.rate(51300.4) == "51\u202f300/s"
    assert units.rate(4.2345) == "4.23/s"
    assert units.rate(2 / 24) == "0.083/s"
