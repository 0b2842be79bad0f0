"""Tokens and runs by hand in several scripts, and against regular expressions."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.characters import characters
from pipelines.text.words import runs, tokens, windows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't stop, 24-hour!", ["Don't", "stop", "24", "hour"]),
        ("'quoted' צה״ל ’", ["quoted", "צה״ל"]),
        ("인종·성별", ["인종", "성별"]),
        ("हिन्दी में।", ["हिन्दी", "में"]),
        ("نمی\u200cخواهم، بله", ["نمی\u200cخواهم", "بله"]),
        ("用Python3写的。", ["用", "Python3", "写", "的"]),
        ("กิน 12 ๓๔", ["ก", "ิ", "น", "12", "๓๔"]),
        ("ខ្មែរ\u200bភាសា", list("ខ្មែរភាសា")),
        ("漢字かなカナー", list("漢字かなカナー")),
        ("한국어 텍스트", ["한국어", "텍스트"]),
        ("—… °|", []),
        ("", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    found = tokens(["a b", text, "c"])
    own = found.row == 1
    joined = f"\na b\n{text}\nc\n"
    assert [joined[a:b] for a, b in zip(found.starts[own], found.ends[own], strict=True)] == expected


def test_words_of_unspaced_scripts_are_shares() -> None:
    found = tokens(["a中กລកမ"])
    assert found.unspaced.tolist() == [False, *[True] * 5]
    assert found.words == pytest.approx([1, 1 / 1.7, 1 / 3.9, 1 / 4.3, 1 / 5.1, 1 / 4.8])


def test_equal_tokens_have_equal_hashes() -> None:
    texts = ["The cat THE Cat ｃａｔ", "straße STRASSE", "中a中"]
    found = tokens(texts)
    assert len(set(found.hashes[:5].tolist())) == 2
    assert found.hashes[5] != found.hashes[6]  # ß folds to two characters, and stays
    assert found.hashes[7] == found.hashes[9] == tokens(["中"]).hashes[0]
    assert tokens(["A b", "a B"]).texts.tolist() == [tokens(["a b"]).texts[0]] * 2


@given(st.lists(st.text("ab ABя中.1", max_size=12), max_size=8))
def test_hashes_tell_tokens_and_texts_apart(texts: list[str]) -> None:
    found = tokens(texts)
    words = [word.lower() for text in texts for word in re.findall(r"[abABя1]+|中", text)]
    assert len(words) == len(found.hashes)
    assert (
        len(set(zip(words, found.hashes.tolist(), strict=True))) == len(set(words)) == len(set(found.hashes.tolist()))
    )
    lowered = [text.lower() for text in texts]
    assert len(set(zip(lowered, found.texts.tolist(), strict=True))) == len(set(lowered)) == len(set(found.texts))


@given(st.lists(st.integers(0, 2), min_size=1, max_size=30), st.integers(1, 4))
def test_windows_are_equal_where_what_they_hold_is(values: list[int], size: int) -> None:
    starts = np.arange(max(len(values) - size + 1, 0))
    found = windows(tokens(["a b c"]).hashes[values], starts, size)
    held = [tuple(values[start : start + size]) for start in starts]
    assert _same_partition(held, found.tolist())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("well-known - don't", [("well-known", True), ("-", True), ("don't", True)]),
        ("你好，世界 3D。", [("，", False), ("3D。", True)]),
        ("ሰው፡ሁሉ ነጻ።", [("ሰው", True), ("ሁሉ", True), ("ነጻ።", True)]),
        ("你好 ★ ok", [("★", True), ("ok", True)]),
        ("", []),
    ],
)
def test_runs(text: str, expected: list[tuple[str, bool]]) -> None:
    found = runs(characters([text]))
    joined = f"\n{text}\n"
    texts = [joined[a:b] for a, b in zip(found.starts, found.ends, strict=True)]
    assert list(zip(texts, found.counted.tolist(), strict=True)) == expected


def _same_partition(things: list[Any], hashes: list[int]) -> bool:
    return len(set(zip(things, hashes, strict=True))) == len(set(things)) == len(set(hashes))
