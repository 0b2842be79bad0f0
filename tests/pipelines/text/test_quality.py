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
        ("日本語、2回", 6, 3, 4 / 6, 1 / 6, 1 / 6, 0),  # four characters are 4 / 1.7 words, the number is one
        ("สวัสดี ok %s", 12, 4, 1, 0, 0, 1),  # six characters are 6 / 3.9 words
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


@pytest.mark.parametrize(
    ("text", "longest"),
    [("a bcd, ef", 4), ("", 0), ("中文字", 1), ("用 https://a.b/c 写", 13), ("用Python3写", 7), ("การใช้งาน", 1)],
)
def test_longest_word(text: str, longest: int) -> None:
    assert measure(["", text]).longest_word.tolist() == [0, longest]


@pytest.mark.parametrize(
    "text",
    [
        *("End.", "End!", "End?", 'He said "end."', 'It is "the end"', "(The end.)", "The end.[12]", "End. [3][edit]"),
        *(
            "End.[citation needed]",
            "完了。",
            "「完了」",
            "终了！",
            "(完了。)",
            "समाप्त।",
            "خاتمہ۔",
            "نهاية؟",
            "ပြီးပြီ။",
            "ចប់។",
        ),
        *("จบแล้ว", "ຈົບແລ້ວ", "Ende.“", "վերջ։", "መጨረሻ።"),
    ],
)
def test_terminal(text: str) -> None:
    assert measure(["no", text, "no"]).terminal.tolist() == [False, True, False]


@pytest.mark.parametrize(
    "text", ["", "Menu", "And so on...", "等等…", "a;", "a:", "一覧", "[12]", "(a)", "๓๔", "Menu [edit]"]
)
def test_not_terminal(text: str) -> None:
    assert measure(["Yes.", text]).terminal.tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Please enable JavaScript", True),
        ("ПОЛИТИКА: PRIVACY POLICY", True),
        ("This site uses cookies.", True),
        ("use  cookies", False),
        ("Eat cookies", False),
    ],
)
def test_boilerplate(text: str, expected: bool) -> None:
    assert measure(["é", text, "", "x"]).boilerplate.tolist() == [False, expected, False, False]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(normalize), max_size=5))
def test_each_row_is_measured_as_if_alone(texts: list[str]) -> None:
    measures = measure(texts)
    for row, text in enumerate(texts):
        alone = measure([text])
        assert [vars(measures)[name][row] for name in vars(alone)] == [values[0] for values in vars(alone).values()]
        assert measures.letters[row] + measures.digits[row] + measures.punctuation[row] <= 1.0001
        if not measures.placeholders[row] and text:
            letters = sum(unicodedata.category(character)[0] in "LM" for character in text)
            visible = sum(unicodedata.category(character)[0] != "Z" for character in text)
            assert measures.letters[row] == pytest.approx(letters / visible)
