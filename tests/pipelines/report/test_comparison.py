"""The picture of a comparison: what is surely better, surely worse, and neither."""

import pytest

from pipelines.report.comparison import WORSE, Panel, differences_svg
from pipelines.report.svg import GOOD, SERIES


@pytest.mark.parametrize(
    ("mean", "lower_is_better", "colour"),
    [(1.0, False, GOOD), (-1.0, True, GOOD), (1.0, True, WORSE), (-1.0, False, WORSE), (0.2, False, SERIES[0])],
)
def test_the_colour_says_which_way_an_interval_lies(mean: float, lower_is_better: bool, colour: str) -> None:
    row = {"mean": mean, "low": mean - 0.5, "high": mean + 0.5, "by_seed": [mean]}
    text = differences_svg("a title", [Panel("loss", "bits", lower_is_better, [("de", row)])]).decode()
    others = {GOOD, WORSE, SERIES[0]} - {colour}
    assert colour in text
    assert not [other for other in others if other in text]
    assert f"bits, {'less' if lower_is_better else 'more'} is better" in text
