"""The page is one file that is well formed, safe to open, and shows what the run has."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipelines.datasets.dataset import Dataset
from pipelines.report.config import ReportSection
from pipelines.report.facts import Score
from pipelines.report.page import page
from pipelines.report.reading import read_facts

Inputs = dict[str, dict[str, Dataset]]

HOSTILE = '<script>alert("x")</script> & <b>'  # as in conftest's datasets
RIGHT_TO_LEFT = "שלום\u202eolleh"
VOID = {"meta", "link", "br", "hr", "img", "input", "path", "use", "rect"}


class Elements(HTMLParser):
    """Collects elements with their attributes and text, and checks that they are nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page_of(inputs: Inputs, examples: int = 4) -> str:
    return page(read_facts("small", inputs), ReportSection(examples=examples))


@pytest.fixture(scope="module")
def whole_page(whole_run: Inputs) -> str:
    return page_of(whole_run)


@pytest.fixture(scope="module")
def corpus_page(corpus_run: Inputs) -> str:
    return page_of(corpus_run)


def words(text: str) -> str:
    """Return what can be read, with plain single spaces."""
    return " ".join(" ".join(Elements(text).texts).split()).replace(" ,", ",")


def test_texts_are_shown_and_never_obeyed(whole_page: str) -> None:
    elements = Elements(whole_page)
    names = [name for name, _ in elements.found]
    assert "script" not in names
    assert "b" not in [name for name, attributes in elements.found if attributes.get("class") == "sample"]
    shown = "".join(elements.texts)
    assert shown.count(HOSTILE) == 6  # a sample, its record in quarantine, a translation, three rows to read
    assert shown.count(RIGHT_TO_LEFT) == 5  # a sample, a translation, a large cluster, a row and a pair to read
    assert "<i>Corpus</i>" in shown  # from a config


def test_samples_are_isolated_and_have_their_language(whole_page: str) -> None:
    found = Elements(whole_page).found
    samples = [attributes for name, attributes in found if name == "bdi"]
    assert all(attributes["dir"] == "auto" for attributes in samples)
    assert {"de", "he", "en"} <= {attributes.get("lang") for attributes in samples}


@pytest.mark.parametrize("run", ["whole_page", "corpus_page"])
def test_nothing_is_fetched(run: str, request: pytest.FixtureRequest) -> None:
    text = request.getfixturevalue(run)
    assert not re.search(r"https?://|url\((?!#)|@import|<link|<img|<iframe", text)
    elements = Elements(text).found
    targets = [value for _, attributes in elements for key, value in attributes.items() if key in ("href", "src")]
    assert all(target is not None and target.startswith("#") for target in targets)


@pytest.mark.parametrize("run", ["whole_page", "corpus_page"])
def test_every_reference_has_its_one_target(run: str, request: pytest.FixtureRequest) -> None:
    text = request.getfixturevalue(run)
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', text)) | set(re.findall(r"url\(#([^)]*)\)", text)) <= set(ids)


def test_the_headline_says_what_was_found_and_how_sure(whole_page: str) -> None:
    shown = words(whole_page)
    assert "MMLM + TLM + XLCO ranks the right translation first among 200 in 60.0 % of cases" in shown
    assert "the strongest control (untrained encoder) in 25.0 %" in shown
    assert "95 % interval +33.5 to +36.5" in shown
    assert "chance is 0.5 %" in shown
    assert "includes zero" not in shown


def test_an_interval_with_zero_in_it_is_called_so(whole_run: Inputs) -> None:
    facts = read_facts("small", whole_run)
    assert facts.retrieval is not None
    gains = {**facts.retrieval.gains, "untrained": Score(0.4, -0.7, 1.5)}
    shown = words(page(replace(facts, retrieval=replace(facts.retrieval, gains=gains)), ReportSection()))
    assert "95 % interval \u22120.7 to +1.5: includes zero" in shown


def test_models_that_were_not_scored_are_shown_without_scores(whole_run: Inputs) -> None:
    text = page_of({stage: runs for stage, runs in whole_run.items() if stage != "evaluate"})
    assert '<section id="training">' in text
    assert '<section id="retrieval">' not in text


def test_every_reason_is_shown_with_its_meaning_count_and_threshold(whole_page: str) -> None:
    shown = words(whole_page)
    assert "duplicate 900 63.8 % a copy of a row that was kept (pairs 100, texts 800)" in shown
    assert "sure that it is another language: language_chars 30, language_probability 0.8 (pairs 10)" in shown
    assert "line 1 column 5" in shown


def test_the_config_says_how_many_examples_are_shown(corpus_run: Inputs) -> None:
    few, all_six = (page_of(corpus_run, examples) for examples in (1, 20))
    assert (few.count(">copy "), all_six.count(">copy ")) == (1, 6)


def test_a_corpus_alone_has_no_parts_about_training(corpus_page: str) -> None:
    ids = set(re.findall(r'<section id="([^"]*)"', corpus_page))
    assert ids == {
        "stages", "dropped", "contamination", "languages", "pairs", "read-pairs", "by-language", "measures",
        "duplicates", "readings", "reproduce",
    }  # fmt: skip
    assert "300 texts and 200 pairs published in 3 languages, from 1 000 records" in words(corpus_page)


def test_colours_of_charts_follow_the_page(whole_page: str) -> None:
    charts = "".join(re.findall(r"<svg.*?</svg>", whole_page, flags=re.DOTALL))
    assert not re.search(r"#[0-9a-f]{6}\b", charts)
    assert "var(--series-3)" in charts


def test_what_was_dropped_stands_by_language(corpus_page: str) -> None:
    section = corpus_page[corpus_page.index('id="by-language"') : corpus_page.index('id="measures"')]
    assert re.search(r"English</th>.*?700.*?14\.3\s%.*?85\.7\s%", section, re.DOTALL)  # 100 published, 600 dropped


def test_rows_to_read_are_isolated_and_say_why_they_went(corpus_page: str) -> None:
    section = corpus_page[corpus_page.index('id="readings"') :]
    assert f'dir="auto" lang="he">{RIGHT_TO_LEFT}</bdi>' in section
    assert "wrong_language" in section
    assert "de at 0.99 ≥ 0.8" in section
    assert HOSTILE not in section


def test_the_config_says_how_many_rows_there_are_to_read(corpus_run: Inputs) -> None:
    facts = read_facts("small", corpus_run)
    assert page(facts, ReportSection(readings=2)).count("de at 0.99") == 2
    assert 'id="readings"' not in page(facts, ReportSection(readings=0))


def test_languages_that_lost_too_much_are_flagged(corpus_run: Inputs, tmp_path: Path) -> None:
    earlier = tmp_path / "report.json"
    text = {"de": {"train": 110}, "en": {"train": 400}, "he": {"train": 100}, "fa": {"train": 9}}
    earlier.write_text(json.dumps({"corpus": {"text": text}}), encoding="utf-8")
    shown = page(read_facts("small", corpus_run, str(earlier)), ReportSection(flagged_loss=0.2))
    section = shown[shown.index('id="changes"') : shown.index('id="by-language"')]
    assert "2 languages have lost more than" in section
    assert section.count('class="flagged"') == 2
    assert re.search(r"English\s+\(400 → 100\)", section)
    assert "2 languages" not in page(read_facts("small", corpus_run, str(earlier)), ReportSection(flagged_loss=1))


def test_pairs_stand_side_by_side_each_in_its_direction(corpus_page: str) -> None:
    cells = [attributes for tag, attributes in Elements(corpus_page).found if tag == "td" and "dir" in attributes]
    assert [(cell["lang"], cell["dir"]) for cell in cells] == [("en", "auto"), ("he", "auto")]
    section = corpus_page[corpus_page.index('id="pairs"') : corpus_page.index('id="measures"')]
    assert "Hello &lt;b&gt;" in section
    assert "1.25" in section  # the fitted length of German
    assert re.search(r"<span>lexical</span>", section)


def test_evaluation_sets_that_were_found_are_counted(corpus_page: str) -> None:
    shown = words(corpus_page)
    assert "Evaluation sets in the corpus" in shown
    assert "xtreme/tatoeba 36 000 212 0.6 % 480" in shown
