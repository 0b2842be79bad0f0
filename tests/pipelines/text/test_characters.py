"""The characters of texts: where each text is, what its characters are, and into which chunks texts go."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.characters import (
    CLOSER,
    DIGIT,
    JOINER,
    LETTER,
    PUNCTUATION,
    QUOTE,
    SPACE,
    SPACED,
    STOP,
    UNMARKED,
    UNSPACED,
    characters,
    chunks,
)
from pipelines.text.fold import fold


@pytest.mark.parametrize(
    ("character", "flags"),
    [
        ("a", LETTER),
        ("ि", LETTER),
        ("7", DIGIT),
        ("٣", DIGIT),
        (",", PUNCTUATION),
        (" ", SPACE),
        ("°", 0),
        ("\u200d", JOINER),
        ("한", LETTER),
        *((character, LETTER | UNSPACED) for character in "中々ひカー\u1000\u1780"),  # and Burmese, Khmer
        *((character, LETTER | UNSPACED | UNMARKED) for character in "\u0e01\u0e34\u0e81\u0ec4"),  # Thai and Lao
        ("๓", DIGIT),
        ("〇", DIGIT | UNSPACED),
        ("、", PUNCTUATION),
        *((character, PUNCTUATION | STOP | SPACED) for character in ".!?…"),
        *((character, PUNCTUATION | STOP) for character in "。！？।॥؟۔။።"),
        ("ຯ", LETTER | UNSPACED | UNMARKED | STOP),
        (";", PUNCTUATION),
        *((character, PUNCTUATION | CLOSER) for character in ")]】"),
        *((character, PUNCTUATION | CLOSER | QUOTE) for character in "』」”»\"'"),
    ],
)
def test_flags(character: str, flags: int) -> None:
    assert characters([character]).flags[1] == flags


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=10), max_size=6))
def test_each_text_stands_between_separators(texts: list[str]) -> None:
    found = characters(texts)
    for text, start, end in zip(texts, found.starts, found.ends, strict=True):
        assert "".join(map(chr, found.codes[start:end])) == text
        assert found.flags[start - 1] == found.flags[end] == SPACE
        folded = [fold(character) for character in text]
        expected = [each if len(each) == 1 else own for each, own in zip(folded, text, strict=True)]
        assert "".join(map(chr, found.folded[start:end])) == "".join(expected)


def test_count_and_text_of() -> None:
    found = characters(["a1", "", "22 b"])
    assert found.count(DIGIT).tolist() == [1, 0, 2]
    assert found.count(SPACE).tolist() == [0, 0, 1]
    assert found.text_of(np.flatnonzero(found.flags == DIGIT)).tolist() == [0, 2, 2]


@given(st.lists(st.integers(0, 20)), st.integers(1, 30))
def test_chunks_are_as_full_as_the_limit_allows(lengths: list[int], limit: int) -> None:
    found = list(chunks(np.array(lengths, np.int64), limit))
    assert [item for begin, end in found for item in range(begin, end)] == list(range(len(lengths)))
    for begin, end in found:
        assert sum(lengths[begin:end]) <= limit or end == begin + 1
        assert end == len(lengths) or sum(lengths[begin : end + 1]) > limit
