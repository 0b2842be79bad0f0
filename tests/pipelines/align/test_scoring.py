"""Measures of a pair: what both sides must share, in any order and each as often, and how alike they are."""

import math
import re
import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.align.scoring import (
    digits_agree,
    has_markup,
    log_length_ratio,
    placeholders_agree,
    similarity,
    urls_agree,
)
from pipelines.text.placeholders import placeholders

MESSAGES = st.lists(st.sampled_from(["{a}", "{b}", "%d", "%1$s", "50%", "{ }", "word", " "]), max_size=6).map("".join)
NUMBERED = st.text("a1٣३三²1 ", max_size=8)


def test_the_length_ratio_is_a_natural_logarithm() -> None:
    ratios = log_length_ratio([10, 10, 4], [10, 20, 1])
    assert ratios.dtype == "float32"
    assert ratios.tolist() == pytest.approx([0, math.log(2), -math.log(4)])


@given(st.lists(st.tuples(MESSAGES, MESSAGES), max_size=8))
def test_placeholders_are_compared_as_one_by_one(pairs: list[tuple[str, str]]) -> None:
    expected = [placeholders(source) == placeholders(target) for source, target in pairs]
    assert placeholders_agree([source for source, _ in pairs], [target for _, target in pairs]).tolist() == expected


@settings(deadline=None)  # the first call builds a table
@given(st.lists(st.tuples(NUMBERED, NUMBERED), max_size=8))
def test_digits_are_compared_as_one_by_one(pairs: list[tuple[str, str]]) -> None:
    def digits(text: str) -> Counter[int]:
        return Counter(unicodedata.decimal(char) for char in text if re.fullmatch(r"\d", char))

    expected = [digits(source) == digits(target) for source, target in pairs]
    assert digits_agree([source for source, _ in pairs], [target for _, target in pairs]).tolist() == expected


@pytest.mark.parametrize(
    ("source", "target", "agree"),
    [
        ("See https://a.org/b?c=1.", "(https://a.org/b?c=1)", True),
        ("https://ja.org/x", "https://ja.org/x。", True),
        ("www.a.org and http://b.org", "http://b.org, www.a.org!", True),
        ("www.a.org", "www.a.org www.a.org", False),
        ("https://a.org/en/", "https://a.org/de/", False),
        ("HTTPS://a.org", "none", False),
        ("wWw.a.org", "none", False),
        ("none", "none", True),
    ],
)
def test_urls(source: str, target: str, agree: bool) -> None:
    assert urls_agree(["x", source], ["x", target]).tolist() == [True, agree]


@pytest.mark.parametrize(
    ("text", "markup"),
    [("<b>x</b>", True), ("x <br/>", True), ("a < b > c", False), ("<3", False), ("<a", False), ("x</a>", True)],
)
def test_markup(text: str, markup: bool) -> None:
    assert has_markup(["x", text, "<"], [text, "x", ">"]).tolist() == [markup, markup, False]


def test_similarity_by_hand() -> None:
    found = similarity([b"host", b"kitten", "é".encode(), b"abc"], [b"host", b"sitting", b"e", b"xyz"])
    assert found.dtype == "float32"
    assert found.tolist() == pytest.approx([1, 1 - 3 / 7, 0, 0])


def test_no_pairs_have_no_measures() -> None:
    assert all(len(measure([], [])) == 0 for measure in (placeholders_agree, urls_agree, digits_agree, similarity))
