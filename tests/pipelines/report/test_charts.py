"""Charts show what the facts say, in text that stays text."""

import re
from dataclasses import replace

import pytest

from pipelines.datasets.dataset import Dataset
from pipelines.report import charts
from pipelines.report.facts import LanguageIdFacts, RetrievalFacts, Score
from pipelines.report.reading import read_facts


@pytest.fixture(scope="module")
def retrieval(whole_run: dict[str, dict[str, Dataset]]) -> RetrievalFacts:
    found = read_facts("small", whole_run).retrieval
    assert found is not None
    return found


def texts(chart: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart)


def test_each_control_and_each_arm_has_its_own_colour() -> None:
    colours = charts.colours_of(["untrained", "char_ngrams", "one", "two"])
    assert len(set(colours.values())) == 4
    assert charts.colours_of(["one"])["one"] == colours["one"]


def test_means_are_written_beside_their_bars_and_spoken(retrieval: RetrievalFacts) -> None:
    chart = charts.retrieval_means(retrieval, charts.colours_of([system.name for system in retrieval.systems]))
    assert {"60.0", "25.0", "20.0", "15.0", "MMLM + TLM + XLCO"} <= set(texts(chart))
    assert 'aria-label="Mean top-1: untrained encoder 25.0 %' in chart


def test_languages_stand_in_the_order_of_the_best_system(retrieval: RetrievalFacts) -> None:
    better = {"de": Score(50, 48, 52), "he": Score(70, 68, 72)}
    systems = [
        replace(system, languages=better) if system.name == retrieval.best else system for system in retrieval.systems
    ]
    chart = charts.retrieval_by_language(
        replace(retrieval, systems=systems), charts.colours_of([system.name for system in systems])
    )
    assert [text for text in texts(chart) if text in better] == ["he", "de"]


def test_confusions_too_rare_to_see_are_left_out() -> None:
    counts = {"de": {"de": 9990, "nl": 9, "": 1}, "nl": {"nl": 500, "de": 500}}
    label = {"de": "de", "nl": "nl"}
    found = LanguageIdFacts(counts, {"de": 10_000, "nl": 1000}, {"de": 9991, "nl": 500}, label)
    chart = charts.language_confusion(found)
    assert chart.count("opacity") == 3  # de as de; nl as nl; nl as de
    assert {"100\u202f%", "50\u202f%"} <= set(texts(chart))
