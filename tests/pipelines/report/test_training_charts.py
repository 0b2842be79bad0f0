"""The curves of training."""

import re
from collections.abc import Sequence

import pytest

from pipelines.datasets.dataset import Dataset
from pipelines.report.charts import colours_of
from pipelines.report.facts import ArmFacts
from pipelines.report.reading import read_facts
from pipelines.report.training_charts import contrast_curves, learning_curves


@pytest.fixture(scope="module")
def arms(whole_run: dict[str, dict[str, Dataset]]) -> Sequence[ArmFacts]:
    return read_facts("small", whole_run).arms


def texts(chart: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart)


def colours(arms: Sequence[ArmFacts]) -> dict[str, str]:
    return colours_of([arm.name for arm in arms])


def test_each_measure_that_an_arm_has_gets_a_panel(arms: Sequence[ArmFacts]) -> None:
    shown = texts(learning_curves(arms, colours(arms)))
    panels = {"MMLM, cross-entropy", "TLM, cross-entropy", "XLCO, contrast", "top-1 on dev, %", "learning rate"}
    assert panels <= set(shown)
    assert "steps left out" not in shown
    assert {"MMLM + TLM", "MMLM + TLM + XLCO"} <= set(shown)


def test_the_contrast_has_panels_of_its_own_for_the_arms_that_have_it(arms: Sequence[ArmFacts]) -> None:
    chart = contrast_curves(arms, colours(arms))
    assert chart is not None
    shown = set(texts(chart))
    assert {"own key ranks first", "alignment", "MMLM + TLM + XLCO"} <= shown
    assert not {"uniformity", "MMLM + TLM"} & shown


def test_without_an_arm_that_has_it_there_is_none(arms: Sequence[ArmFacts]) -> None:
    without = [arm for arm in arms if "xlco" not in arm.objectives]
    assert without
    assert contrast_curves(without, colours(without)) is None
