"""A document's language is that of most of its bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.vote import Vote, vote


def voted(*paragraphs: tuple[int, str, float, int]) -> Vote:
    rows, languages, probabilities, weights = zip(*paragraphs, strict=True) if paragraphs else ((), (), (), ())
    return vote(np.array(rows, np.int32), languages, np.array(probabilities, np.float32), np.array(weights, np.int64))


def test_bytes_decide_and_not_paragraphs() -> None:
    found = voted((0, "en", 0.9, 10), (0, "en", 0.9, 10), (0, "de", 0.6, 30), (1, "fr", 0.5, 7))
    assert found.languages == ["de", "fr"]
    assert found.probabilities == pytest.approx([0.6, 0.5])
    assert found.agreement == pytest.approx([30 / 50, 1])


def test_the_probability_is_the_winners_mean_by_bytes() -> None:
    found = voted((0, "en", 1.0, 30), (0, "de", 0.3, 20), (0, "en", 0.6, 10))
    assert found.languages == ["en"]
    assert found.probabilities == pytest.approx([(1.0 * 30 + 0.6 * 10) / 40])
    assert found.agreement == pytest.approx([40 / 60])


def test_of_equals_the_first_in_the_alphabet_wins() -> None:
    assert voted((0, "nl", 0.9, 5), (0, "af", 0.1, 5)).languages == ["af"]


def test_where_nothing_was_identified_there_is_no_vote() -> None:
    found = voted((0, "", 0.0, 90), (0, "de", 0.8, 10), (1, "", 0.0, 5))
    assert found.languages == ["de", ""]
    assert found.agreement == pytest.approx([0.1, 0])
    assert found.probabilities == pytest.approx([0.8, 0])


def test_chinese_of_either_script_counts_for_the_script_of_the_rest() -> None:
    found = voted((0, "zh", 0.9, 40), (0, "zh-Hant", 0.9, 20), (0, "ja", 0.9, 50), (1, "zh", 0.9, 3))
    assert found.languages == ["zh-Hant", "zh"]
    assert found.agreement == pytest.approx([60 / 110, 1])


def test_no_paragraphs_no_documents() -> None:
    found = voted()
    assert (found.languages, len(found.probabilities), len(found.agreement)) == ([], 0, 0)


PARAGRAPH = st.tuples(st.sampled_from(["", "de", "en", "zh", "zh-Hans"]), st.floats(0, 1, width=32), st.integers(1, 99))


@given(st.lists(st.lists(PARAGRAPH, min_size=1), min_size=1))
def test_the_winner_has_most_bytes_and_shares_are_shares(documents: list[list[tuple[str, float, int]]]) -> None:
    found = voted(*((number, *paragraph) for number, one in enumerate(documents) for paragraph in one))
    assert len(found.languages) == len(found.agreement) == len(found.probabilities) == len(documents)
    assert ((found.agreement >= 0) & (found.agreement <= 1)).all()
    assert ((found.probabilities >= 0) & (found.probabilities <= 1 + 1e-6)).all()
    for one, language in zip(documents, found.languages, strict=True):
        simplified = any(name == "zh-Hans" for name, _, _ in one)
        sums: dict[str, int] = {}
        for name, _, weight in one:
            resolved = "zh-Hans" if simplified and name == "zh" else name
            sums[resolved] = sums.get(resolved, 0) + weight * bool(name)
        assert sums[language] == max(sums.values())


@given(PARAGRAPH)
def test_a_document_of_one_paragraph_gets_it_back(paragraph: tuple[str, float, int]) -> None:
    found = voted((0, *paragraph))
    language, probability, _ = paragraph
    assert found.languages == [language]
    assert found.probabilities == pytest.approx([probability], rel=1e-6)
    assert found.agreement.tolist() == [float(bool(language))]
