"""The section of the suite: averages, tasks, gaps, languages; what is missing is said, what is recalled is marked."""

import json
import re
from html.parser import HTMLParser

from pipelines.datasets.dataset import Dataset
from pipelines.report.config import ReportSection
from pipelines.report.figures import figures
from pipelines.report.page import page
from pipelines.report.reading import read_facts
from pipelines.report.suite import Cell, SuiteFacts

Inputs = dict[str, dict[str, Dataset]]


def suite_of(inputs: Inputs) -> SuiteFacts:
    suite = read_facts("small", inputs).suite
    assert suite is not None
    return suite


def words(inputs: Inputs) -> str:
    texts: list[str] = []
    parser = HTMLParser()
    parser.handle_data = texts.append  # type: ignore[method-assign]
    parser.feed(page(read_facts("small", inputs), ReportSection()))
    return " ".join(" ".join(texts).split())


def test_a_scoreboard_alone_is_a_report(suite_run: Inputs) -> None:
    shown = words(suite_run)
    suite = suite_of(suite_run)
    assert suite.best is not None
    assert suite.best.average is not None
    value = f"{suite.best.average.value:.1f}"
    assert f"MMLM + TLM + XLCO reaches {value} on XTREME, the mean over its nine tasks" in shown
    assert "T-ULRv2 + StableTune is published with 80.7" in shown
    assert "Texts by language" not in shown


def test_the_rows_are_those_of_the_scoreboard(suite_run: Inputs) -> None:
    suite = suite_of(suite_run)
    assert [row.name for row in suite.own] == ["mmlm_tlm_xlco", "untrained"]
    xnli = suite.scores["untrained"]["xnli"]
    assert xnli.seeds == 2
    assert xnli.gap == 10
    assert xnli.languages["de"] == Cell(22.0, deviation=2.828)
    assert suite.scores["untrained"]["tatoeba"].beside == {"centred": 77.7}
    assert suite.beside("tatoeba") == ["centred"]
    assert suite.metrics("mlqa") == ["F1", "exact match"]
    assert "mean exact match" in words(suite_run)
    assert "place" not in [task.name for task in suite.averaged]
    assert [task.name for task in suite.with_gap][-1] == "place"
    assert not suite.incomplete
    assert [(encoder, one.layer, one.by_layer) for encoder, one in suite.curves] == [
        ("mmlm_tlm_xlco", 2, [(1, 10.0), (2, 60.0)]),
        ("untrained", 2, [(1, 10.0), (2, 20.0)]),
    ]
    assert "Layers on BUCC's dev" in words(suite_run)


def test_recalled_figures_are_marked_and_single_metrics_named(suite_run: Inputs) -> None:
    published = {row.name: row for row in suite_of(suite_run).published}
    assert published["RemBERT"].tasks["xquad"] == Cell(79.6, metric="F1")
    assert published["LaBSE"].tasks["tatoeba"].verified is False
    text = page(read_facts("small", suite_run), ReportSection())
    assert re.search(r"80\.7<sup>†</sup>", text)
    assert "79.6 <small>F1</small>" in text
    assert "As recalled from the source, not verified" in words(suite_run)


def test_a_missing_language_is_named_and_leaves_no_average(incomplete_run: Inputs) -> None:
    suite = suite_of(incomplete_run)
    assert suite.incomplete == [("untrained", "UD-POS", ["yo"])]
    assert {row.name: row.average is None for row in suite.own} == {"mmlm_tlm_xlco": False, "untrained": True}
    assert "No average, because languages are missing: untrained encoder on UD-POS (yo)." in words(incomplete_run)


def test_titles_are_shown_and_never_obeyed(suite_run: Inputs) -> None:
    text = page(read_facts("small", suite_run), ReportSection())
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_the_figures_for_programs_are_the_scoreboard(suite_run: Inputs) -> None:
    found = figures(read_facts("small", suite_run))
    (dataset,) = suite_run["scoreboard"].values()
    assert found["xtreme"] == json.loads(dataset.read("scoreboard.json"))
    assert "corpus" not in found


def test_a_suite_stands_beside_a_corpus(whole_run: Inputs, suite_run: Inputs) -> None:
    shown = words({**whole_run, **suite_run})
    assert "Cross-lingual transfer gap" in shown
    assert "Retrieval on test" in shown
