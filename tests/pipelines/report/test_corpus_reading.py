"""What an earlier run left is its report or its manifest; anything else is refused in a sentence."""

import json
from pathlib import Path

import pytest

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.report.config import ReportSection
from pipelines.report.corpus_reading import earlier_rows, pair_facts, text_facts
from pipelines.report.figures import figures
from pipelines.report.reading import read_facts

Inputs = dict[str, dict[str, Dataset]]


def test_report_and_manifest_say_the_same(corpus_run: Inputs, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps(figures(read_facts("small", corpus_run))), encoding="utf-8")
    manifest = corpus_run["publish"][""].folder / "manifest.json"
    assert earlier_rows(str(report)) == earlier_rows(str(manifest))
    assert earlier_rows(str(report)).kept == {"de": 100, "en": 100, "he": 100}


def test_a_dataset_stands_for_its_manifest(corpus_run: Inputs) -> None:
    folder = corpus_run["publish"][""].folder
    assert ReportSection(previous=str(folder)).previous == str(folder / "manifest.json")
    assert ReportSection(previous="old.json").previous == "old.json"


@pytest.mark.parametrize("content", ["{", "[]", '{"stage": "ingest"}', '{"corpus": {}}'])
def test_another_file_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"other\.json: neither a report\.json nor the manifest\.json of a dataset"):
        earlier_rows(str(path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.json: cannot be read \(.*\); check report\.previous"):
        earlier_rows(str(tmp_path / "gone.json"))


def test_facts_of_pairs_come_from_the_datasets(corpus_run: Inputs) -> None:
    facts = pair_facts(corpus_run["publish"][""], corpus_run["align"][""])
    assert facts.rows.total("de") == 200
    assert facts.sides("de") == ("en", "de")
    assert facts.sides("fr→de") == ("fr", "de")
    assert [measure.name for measure in facts.measures] == ["length_factor"]
    assert facts.readings["he"]["kept"][0].source == "Hello <b>"


def test_facts_come_from_the_datasets(corpus_run: Inputs) -> None:
    facts = text_facts(corpus_run["deduplicate"][""], corpus_run["publish"][""], None)
    assert [measure.name for measure in facts.measures] == ["letters"]
    assert facts.measures[0].kept["he"].quantiles[2] == pytest.approx(0.875)
    assert facts.measures[0].dropped["he"].quantiles[2] == pytest.approx(0.25)
    assert (facts.duplicates.rows, facts.duplicates.copies, facts.duplicates.cost) == (1100, 800, 2.0)
    assert facts.duplicates.sizes == [(1, 100, 100), (128, 1, 150)]
    assert len(facts.readings["he"]["dropped"]) == 3
