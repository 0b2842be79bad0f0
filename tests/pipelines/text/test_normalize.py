"""Normalisation changes what no reader would miss, and counts what it changed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.normalize import changed, has_surrogates, normalize, paragraphs

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("plain", "plain"),
        ("  two\t\u00a0words \n", "two words"),
        ("line\r\nbreak", "line break"),
        ("cafe\u0301", "caf\u00e9"),
        ("bell\x07 and \ufeffmark", "bell and mark"),
        ("a\u2028b\x85c", "a b c"),
        ("{name} at %1$s", "{name} at %1$s"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # a joiner that Persian spelling needs
        ("\u00bd Ⅷ ﬁ", "\u00bd Ⅷ ﬁ"),  # compatibility characters are the tokenizer's business
        ("\u200fעברית", "\u200fעברית"),
        (" \x00\t", ""),
    ],
)
def test_golden(raw: str, clean: str) -> None:
    assert normalize(raw) == clean


@given(TEXT)
def test_what_comes_out_is_normal_and_stays_so(raw: str) -> None:
    clean = normalize(raw)
    assert normalize(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)
    assert clean == " ".join(clean.split())
    assert not any(unicodedata.category(character) == "Cc" for character in clean)


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ("same", "same", 0),
        (" same ", "same", 2),
        ("cafe\u0301", "caf\u00e9", 2),  # e and the accent go, é comes
        ("a\tb", "a b", 1),
        ("", "", 0),
    ],
)
def test_changed_characters_are_counted(before: str, after: str, count: int) -> None:
    assert changed(before, after) == count


@given(TEXT)
def test_a_count_of_changes_is_nought_only_for_equal_characters(raw: str) -> None:
    count = changed(raw, normalize(raw))
    assert 0 <= count <= max(len(raw), len(normalize(raw)))
    assert (count == 0) == (sorted(raw) == sorted(normalize(raw)))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("one", ["one"]),
        ("one\ntwo", ["one\ntwo"]),
        ("one\n\ntwo", ["one", "two"]),
        ("one\r\n \t\r\n\r\ntwo", ["one", "two"]),
        ("\n\none\n\n", ["one"]),
        ("", [""]),
        ("\n\n", [""]),
    ],
)
def test_blank_lines_divide_paragraphs(text: str, parts: list[str]) -> None:
    assert paragraphs(text) == parts


def test_a_lone_surrogate_is_found_and_a_pair_is_not() -> None:
    assert has_surrogates("bad \udcff byte")
    assert not has_surrogates("a smile \U0001f600")
