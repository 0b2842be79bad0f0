"""The tokenizer's facts, worked out by hand from the small run, and its part of the page."""

import re

from pipelines.datasets.dataset import Dataset
from pipelines.report.config import ReportSection
from pipelines.report.page import page
from pipelines.report.reading import read_facts
from pipelines.report.tokenizer import TokenCounts, tokenizer_facts

Inputs = dict[str, dict[str, Dataset]]


def test_counts_are_those_of_the_train_split(whole_run: Inputs) -> None:
    found = tokenizer_facts(whole_run["tokenize"][""])
    assert found.kinds == {"text": TokenCounts(5000, 10000, 1500, 3, 25), "pairs": TokenCounts(2000, 4000, 800, 0, 0)}
    assert found.languages == ["de", "en"]  # 0.5 tokens for a character, and 0.25
    assert found.texts["de"].per_byte == 0.25
    assert not found.given


def test_the_page_has_a_table_a_chart_and_the_speed(whole_run: Inputs) -> None:
    shown = page(read_facts("small", whole_run), ReportSection())
    part = shown[shown.index('<section id="tokenizer">') : shown.index('<section id="training">')]
    text = " ".join(re.sub(r"<[^>]+>", " ", part).split())
    assert "was trained on the train split alone and has 8 002 ids" in text
    assert "1 500 tokens of texts (unknown 0.2 %) and 800 tokens of pairs (unknown 0.0 %)" in text
    assert "One core encoded 2 000 000/s tokens, which are 7.5 MB/s of text" in text
    assert "German de 1 000 500 0.500 0.250 0.6 % 5.0 %" in text
    assert "<svg" in part
    assert "Tokens for each character, and unknown tokens and bytes, by language" in part
