"""Repetition by hand, and against a straightforward implementation of the same definition on texts in six scripts."""

import re
import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.repetition import REPEATED, TOP, first_equal, repetition
from pipelines.text.words import tokens


def _measured(documents: list[list[str]]) -> list[dict[str, float]]:
    lines = [line for lines in documents for line in lines]
    document = np.repeat(np.arange(len(documents)), [len(lines) for lines in documents])
    measures = repetition(tokens(lines), np.array([len(line) for line in lines]), document, len(documents))
    return [{name: float(values[row]) for name, values in measures.items()} for row in range(len(documents))]


def _words(text: str) -> list[str]:
    kinds = ["1" if "一" <= each <= "鿿" or "ก" <= each <= "๎" else unicodedata.category(each)[0] for each in text]
    return [text[match.start() : match.end()] for match in re.finditer("1|[LMN]+", "".join(kinds))]


def _expected(lines: list[str]) -> dict[str, float]:
    seen: set[str] = set()
    repeated = []
    for line in lines:
        if line.lower() in seen:
            repeated.append(line)
        seen.add(line.lower())
    expected = {
        "repeated_lines": len(repeated) / max(len(lines), 1),
        "repeated_line_chars": sum(map(len, repeated)) / max(sum(map(len, lines)), 1),
    }
    words = _words("\n".join(lines).lower())
    weights = [1 / 1.7 if "一" <= word <= "鿿" else 1 / 3.9 if "ก" <= word <= "๎" else 1 for word in words]
    total = sum(map(len, words))
    for n in (*TOP, *REPEATED):
        size = round(n * len(words) / sum(weights)) if words else n
        grams = [tuple(words[begin : begin + size]) for begin in range(len(words) - size + 1)]
        counts = Counter(grams)
        if n in TOP:
            (gram, count) = counts.most_common(1)[0] if grams else ((), 0)
            share = min(len("".join(gram)) * count / total, 1) if count > 1 else 0
            expected[f"top_{n}gram"] = share
        else:
            again = [begin for begin, gram in enumerate(grams) if gram in grams[:begin]]
            inside = {begin + i for begin in again for i in range(size)}
            expected[f"repeated_{n}gram"] = sum(len(words[i]) for i in inside) / max(total, 1)
    return expected


def test_lines_by_hand() -> None:
    first, second = _measured([["Home", "About us", "home", "Home"], ["Home"]])
    assert (first["repeated_lines"], first["repeated_line_chars"]) == (0.5, pytest.approx(8 / 20))
    assert (second["repeated_lines"], second["repeated_line_chars"]) == (0, 0)


def test_ngrams_by_hand() -> None:
    # 13 words, 26 characters in words; "aa bb cc dd ee" is there twice, "ff" in between
    (found,) = _measured([["aa bb, cc dd ee ff", "aa bb cc dd. ee gg hh"]])
    assert found["top_2gram"] == pytest.approx(8 / 26)
    assert found["top_4gram"] == pytest.approx(16 / 26)
    assert found["repeated_5gram"] == pytest.approx(10 / 26)
    assert found["repeated_6gram"] == 0


def test_ngrams_that_overlap_count_once() -> None:
    (found,) = _measured([["a a a a a a a"]])
    assert found["repeated_5gram"] == pytest.approx(6 / 7)  # all but the first word
    assert found["top_2gram"] == 1


def test_what_is_there_once_is_no_repetition() -> None:
    (found,) = _measured([["Hello world"]])
    assert set(found.values()) == {0}


def test_unspaced_scripts_count_as_many_characters_as_words_have() -> None:
    (found,) = _measured(
        [["我们喜欢吃苹果和香蕉", "我们喜欢吃苹果和橘子"]]
    )  # 20 characters, the first 8 of each line are equal
    assert found["repeated_5gram"] == pytest.approx(8 / 20)  # 5 words are round(8.5) characters
    assert found["repeated_6gram"] == 0


_LINES = {
    "Latin": ["Everyone has the right to life", "to life, liberty and security of person.", "Everyone has the right"],
    "Cyrillic": ["Каждый человек имеет право на жизнь,", "имеет право на жизнь и на свободу", "Каждый человек"],
    "Arabic": ["لكل فرد الحق في الحياة والحرية", "لكل فرد الحق في سلامة شخصه"],
    "Devanagari": ["प्रत्येक व्यक्ति को जीवन का अधिकार है", "को जीवन का अधिकार है और"],
    "Thai": ["คนมีสิทธิในการดำรงชีวิต", "มีสิทธิในการ ok ดำรงชีวิต"],
    "Han": ["人人有权享有生命、自由", "人人有权享有人身安全 in 2024", "人人"],
}


@pytest.mark.parametrize("script", _LINES)
@given(choices=st.lists(st.lists(st.integers(0, 2), max_size=8), min_size=1, max_size=4))
def test_agrees_with_a_straightforward_implementation(script: str, choices: list[list[int]]) -> None:
    lines = _LINES[script]
    documents = [[lines[choice % len(lines)] for choice in chosen] for chosen in choices]
    for found, document in zip(_measured(documents), documents, strict=True):
        assert found == pytest.approx(_expected(document), abs=1e-6)


@given(st.lists(st.integers(0, 40), max_size=300), st.integers(0, 60))
def test_first_equal(values: list[int], shift: int) -> None:
    keys = np.array(values, np.uint64) << np.uint64(shift)  # with shift, all fall into the same slot of the first table
    assert first_equal(keys).tolist() == [keys.tolist().index(key) for key in keys.tolist()]
