"""The oracle writes SQuAD's and MLQA's rules down a second time: character by character, with other means."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.xtreme.metrics.answers import answer_scores, mlqa, mlqa_words, squad_words

ARTICLES = {
    "en": "a an the",
    "es": "un una unos unas el la los las",
    "vi": "của là cái chiếc những",
    "de": "ein eine einen einem eines einer der die das den dem des",
}
LATIN = ["a", "the", "The", "lamp", "1914", "U.S.", "«casa»", "die", "der", "El", "los", "-", "—", "„x“", "Straße"]
OTHERS = ["النهر", "ال", "كتاب", "của", "nhà", "北京", "大学", "A北b", "नदी", "e\u0301t"]
WORDS = st.sampled_from(LATIN + OTHERS)
ANSWERS = st.lists(WORDS, max_size=6).map(" ".join)


def words_by_hand(text: str, language: str, is_mlqa: bool) -> list[str]:
    kept = "".join(
        one
        for one in text.lower()
        if one not in string.punctuation and not (is_mlqa and unicodedata.category(one)[0] == "P")
    )
    if is_mlqa and language == "ar":
        kept = " ".join(kept.split("ال"))
    if is_mlqa and language == "zh":
        kept = "".join(f" {one} " if "\u4e00" <= one <= "\u9fa5" else one for one in kept)
    articles = ARTICLES.get(language if is_mlqa else "en", "").split()
    # a word is a run of letters, digits and marks that `\b` bounds: without punctuation these are the rest's words
    return [one for one in kept.split() if one not in articles]


@given(ANSWERS)
def test_squad_words_agree_with_the_rules_by_hand(text: str) -> None:
    ascii_only = text.translate(str.maketrans("", "", "«»—„“"))  # at these `\b` bounds a word inside a word
    assert squad_words(ascii_only) == words_by_hand(ascii_only, "en", is_mlqa=False)


@pytest.mark.parametrize("language", ["en", "es", "de", "ar", "hi", "vi", "zh"])
@given(text=ANSWERS)
def test_mlqa_words_agree_with_the_rules_by_hand(language: str, text: str) -> None:
    assert mlqa_words(text, language) == words_by_hand(text, language, is_mlqa=True)


def overlap_by_hand(one: list[str], other: list[str]) -> float:
    shared = sum(min(one.count(word), other.count(word)) for word in set(one))
    if not shared:
        return 0.0
    precision, recall = shared / len(one), shared / len(other)
    return 2 * precision * recall / (precision + recall)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.tuples(st.lists(ANSWERS, min_size=1, max_size=3), ANSWERS), min_size=1)
)
def test_scores_agree_with_the_definition(asked: dict[str, tuple[list[str], str]]) -> None:
    gold = {id_: answers for id_, (answers, _) in asked.items()}
    predicted = {id_: said for id_, (_, said) in asked.items()}
    pairs = [(squad_words(said), [squad_words(one) for one in answers]) for answers, said in asked.values()]
    scores = answer_scores(gold, predicted, squad_words)
    assert scores["exact_match"] == pytest.approx(100 * sum(said in answers for said, answers in pairs) / len(pairs))
    best = [max(overlap_by_hand(said, one) for one in answers) for said, answers in pairs]
    assert scores["f1"] == pytest.approx(100 * sum(best) / len(pairs))


def test_squad_knows_english_articles_and_ascii_punctuation_in_every_language() -> None:
    assert squad_words("The «Casa», an answer!") == ["«casa»", "answer"]
    assert answer_scores({"1": ["北京大学"]}, {"1": "大学"}, squad_words) == {"f1": 0, "exact_match": 0}


def test_mlqa_knows_each_language() -> None:
    assert mlqa_words("«la Casa»", "es") == ["casa"]
    assert mlqa_words("«la Casa»", "de") == ["la", "casa"]
    assert mlqa_words("北京 A大", "zh") == ["北", "京", "a", "大"]
    assert mlqa_words("القاهرة", "ar") == ["قاهرة"]
    assert answer_scores({"1": ["北京大学"]}, {"1": "大学"}, mlqa("zh")) == {
        "f1": pytest.approx(200 / 3),
        "exact_match": 0,
    }
    with pytest.raises(ValueError, match="no rules for 'fr'"):
        mlqa_words("le", "fr")


def test_a_question_without_a_prediction_is_wrong_and_an_empty_answer_has_no_overlap() -> None:
    assert answer_scores({"1": ["lamp"], "2": ["door"]}, {"1": "the lamp"}, squad_words) == {
        "f1": 50,
        "exact_match": 50,
    }
    assert answer_scores({"1": ["the"]}, {"1": "a"}, squad_words) == {"f1": 0, "exact_match": 100}


def test_questions_without_answers_are_not_scored() -> None:
    with pytest.raises(ValueError, match="without answers"):
        answer_scores({"1": []}, {"1": "lamp"}, squad_words)
