import json
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.xtreme.metrics.tagging import spans, tagging_scores, type_0_0_12, type_1_2_2

HERE = Path(__file__).parent
IOB2 = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def test_agrees_with_both_versions_of_seqeval() -> None:
    old = json.loads((HERE / "seqeval-0.0.12.json").read_text())
    new = json.loads((HERE / "seqeval-1.2.2.json").read_text())
    assert any(one["f1"] != other["f1"] for one, other in zip(old, new, strict=True))
    for one, other in zip(old, new, strict=True):
        scores = tagging_scores([row.split() for row in one["gold"]], [row.split() for row in one["predicted"]])
        for metric in ("f1", "precision", "recall"):
            assert scores[metric] == pytest.approx(100 * one[metric])
        assert scores["f1_seqeval_1.2.2"] == pytest.approx(100 * other["f1"])


def test_f1_of_parts_of_speech_is_no_token_accuracy() -> None:
    scores = tagging_scores([["NOUN", "NOUN", "VERB", "ADJ"]], [["NOUN", "VERB", "VERB", "ADJ"]])
    assert scores["token_accuracy"] == 75
    assert scores["f1"] == pytest.approx(100 / 3)


def test_the_versions_differ_where_two_tags_share_all_but_their_first_letter() -> None:
    scores = tagging_scores([["CCONJ", "NOUN", "VERB"]], [["SCONJ", "NOUN", "VERB"]])
    assert scores["f1"] == pytest.approx(200 / 3)
    assert scores["f1_seqeval_1.2.2"] == 100


def test_a_span_does_not_go_on_in_the_next_sentence() -> None:
    assert list(spans([["B-PER", "I-PER"], ["I-PER"]], type_0_0_12)) == [("PER", 0, 1), ("PER", 3, 3)]


def test_tags_for_other_words_are_refused() -> None:
    with pytest.raises(ValueError, match="not a tag for each word"):
        tagging_scores([["O", "O"]], [["O"]])


@given(st.lists(st.lists(st.sampled_from(["NOUN", "VERB", "ADJ", "PUNCT", "PROPN"]), min_size=1), min_size=1))
def test_bare_tags_are_runs_of_one_tag(sentences: list[list[str]]) -> None:
    expected, place = [], 0
    for tags in sentences:
        for tag, run in groupby(tags):
            length = len(list(run))
            expected.append((tag, place, place + length - 1))
            place += length
        place += 1
    assert list(spans(sentences, type_0_0_12)) == expected


@given(st.lists(st.lists(st.sampled_from(IOB2), min_size=1), min_size=1))
def test_prefixed_tags_have_the_same_spans_in_both_versions(sentences: list[list[str]]) -> None:
    assert list(spans(sentences, type_0_0_12)) == list(spans(sentences, type_1_2_2))


@given(st.data(), st.lists(st.lists(st.sampled_from(IOB2), min_size=1), min_size=1))
def test_precision_and_recall_change_places(data: st.DataObject, gold: list[list[str]]) -> None:
    predicted = [[data.draw(st.sampled_from(IOB2)) for _ in one] for one in gold]
    one, other = tagging_scores(gold, predicted), tagging_scores(predicted, gold)
    assert (one["f1"], one["precision"], one["recall"]) == (other["f1"], other["recall"], other["precision"])
    if any(tag != "O" for tags in gold for tag in tags):
        assert tagging_scores(gold, gold)["f1"] == 100
