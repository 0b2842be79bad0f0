"""Exact match and F1 of answers: XQuAD and TyDiQA as SQuAD 1.1 scores them, MLQA by the rules of each language.

The rules are those of google-research/xtreme, third_party/evaluate_squad.py (SQuAD 1.1) and evaluate_mlqa.py
(facebookresearch/MLQA, mlqa_evaluation_v1.py). SQuAD's know English articles and ASCII punctuation alone, whatever the
language, and split at white space, so an answer in Chinese is one word there.
"""

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Final

_ASCII: Final = str.maketrans("", "", string.punctuation)
_ENGLISH: Final = re.compile(r"\b(a|an|the)\b")
_MLQA_ARTICLES: Final = {
    "en": _ENGLISH,
    "es": re.compile(r"\b(un|una|unos|unas|el|la|los|las)\b"),
    "vi": re.compile(r"\b(của|là|cái|chiếc|những)\b"),
    "de": re.compile(r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    # The official pattern is `\sال^|ال`, whose first half never matches: the letters go wherever they stand.
    "ar": re.compile("ال"),
    "hi": None,
    "zh": None,
}
_CHINESE: Final = re.compile("([\u4e00-\u9fa5])")

Normalize = Callable[[str], list[str]]
"""From an answer to the words that are compared."""


def squad_words(text: str) -> list[str]:
    """Return an answer's words, in small letters, without punctuation and articles: SQuAD 1.1."""
    return _ENGLISH.sub(" ", text.lower().translate(_ASCII)).split()


def mlqa_words(text: str, language: str) -> list[str]:
    """Return an answer's words by the rules of its language, in Chinese each character of its own: MLQA.

    Raises ValueError for a language that MLQA has not.
    """
    if language not in _MLQA_ARTICLES:
        raise ValueError(f"MLQA has no rules for {language!r}")
    text = text.lower().translate(_all_punctuation())
    articles = _MLQA_ARTICLES[language]
    if articles is not None:
        text = articles.sub(" ", text)
    return (_CHINESE.sub(r" \1 ", text) if language == "zh" else text).split()


def answer_scores(
    gold: Mapping[str, Sequence[str]], predicted: Mapping[str, str], normalize: Normalize
) -> dict[str, float]:
    """Return the exact match and the F1 of the predictions, by question id, each against its best gold answer.

    A question without a prediction counts as wrong. Raises ValueError where there is no question, or one without
    answers.
    """
    if not gold or not all(gold.values()):
        raise ValueError("questions without answers cannot be scored")
    exact = overlap = 0.0
    for id_, answers in gold.items():
        if id_ in predicted:
            words = normalize(predicted[id_])
            wanted = [normalize(answer) for answer in answers]
            exact += max(words == one for one in wanted)
            overlap += max(_word_f1(words, one) for one in wanted)
    return {"f1": 100.0 * overlap / len(gold), "exact_match": 100.0 * exact / len(gold)}


def mlqa(language: str) -> Normalize:
    """Return MLQA's rules for a language."""
    return partial(mlqa_words, language=language)


def _word_f1(words: list[str], wanted: list[str]) -> float:
    shared = (Counter(words) & Counter(wanted)).total()
    return 2 * shared / (len(words) + len(wanted)) if shared else 0.0


@cache
def _all_punctuation() -> dict[int, None]:
    unicode = (code for code in range(sys.maxunicode) if unicodedata.category(chr(code)).startswith("P"))
    return dict.fromkeys([*unicode, *map(ord, string.punctuation)])
