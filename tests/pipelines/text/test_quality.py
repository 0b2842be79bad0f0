"""Measures by hand in several scripts, and the shares of any text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.normalize import normalize
from pipelines.text.quality import measure


@pytest.mark.parametrize(
    ("text", "chars", "words", "letters", "digits", "punctuation", "placeholders"),
    [
        ("Ab 1!", 5, 2, 0.5, 0.25, 0.25, 0),
        ("", 0, 0, 0, 0, 0, 0),
        ("{name}", 6, 1, 0, 0, 0, 1),
        ("Hi {name}.", 10, 2, 2 / 3, 0, 1 / 3, 1),
        ("हिन्दी", 6, 1, 1, 0, 0, 0),  # vowel signs and virama count as letters
        ("日本語、2回", 6, 1, 4 / 6, 1 / 6, 1 / 6, 0),
        ("°°", 2, 1, 0, 0, 0, 0),
    ],
)
def test_golden(
    text: str, chars: int, words: int, letters: float, digits: float, punctuation: float, placeholders: int
) -> None:
    measures = measure(["before", text, "after"])
    assert (measures.chars[1], measures.words[1], measures.placeholders[1]) == (chars, words, placeholders)
    assert [measures.letters[1], measures.digits[1], measures.punctuation[1]] == pytest.approx(
        [letters, digits, punctuation]
    )


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(normalize), max_size=5))
def test_each_row_is_measured_as_if_alone(texts: list[str]) -> None:
    measures = measure(texts)
    for row, text in enumerate(texts):
        alone = measure([text])
        assert (measures.chars[row], measures.letters[row]) == (alone.chars[0], alone.letters[0])
        assert measures.letters[row] + measures.digits[row] + measures.punctuation[row] <= 1.0001
        if not measures.placeholders[row] and text:
            letters = sum(unicodedata.category(character)[0] in "LM" for character in text)
            visible = sum(unicodedata.category(character)[0] != "Z" for character in text)
            assert measures.letters[row] == pytest.approx(letters / visible)
