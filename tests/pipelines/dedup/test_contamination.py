"""Test sentences are found whole, and in parts where they are long enough, in scripts with and without spaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dedup.contamination import find_parts, find_whole, index_sentences
from pipelines.dedup.exact import hash_texts

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"  # two 13-grams
CHINESE = "我们认为这些真理是不言而喻的人人生而平等造物主赋予他们若干不可剥夺的权利"  # 35 characters, 20.6 words
TESTS = ["Where is the station?", LONG, CHINESE, "  "]


def whole(*texts: str) -> list[tuple[int, int]]:
    hits = find_whole(index_sentences(TESTS, 13), hash_texts(texts))
    assert hits.whole.all()
    return list(zip(hits.row.tolist(), hits.sentence.tolist(), strict=True))


def parts(*texts: str) -> list[tuple[int, int]]:
    hits = find_parts(index_sentences(TESTS, 13), texts)
    assert not hits.whole.any()
    return list(zip(hits.row.tolist(), hits.sentence.tolist(), strict=True))


def test_short_sentences_are_found_whole_as_the_tokenizer_folds_them() -> None:
    texts = ("where is  the STATION？", "Where is the station? Over there.", "", LONG.title())
    assert whole(*texts) == [(0, 0), (3, 1)]
    assert parts(*texts[:3]) == []  # four words are no 13-gram


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (LONG.split()[:13], True),
        (LONG.split()[1:], True),
        (LONG.split()[:12], False),
        (LONG.split()[1:13], False),
        ([*LONG.split()[:6], "and", *LONG.split()[6:]], False),
    ],
)
def test_thirteen_words_in_a_row_are_found(words: list[str], found: bool) -> None:
    text = f"He counted: «{', '.join(words).upper()}» aloud."
    assert parts("nothing here", text) == ([(1, 1)] if found else [])


@pytest.mark.parametrize(("characters", "found"), [(23, True), (22, False)])
def test_characters_stand_for_shares_of_words(characters: int, found: bool) -> None:
    """1.7 Chinese characters are a word: 23 of them are 13.5 words, 22 are 12.9."""
    assert parts(f"他说：{CHINESE[5 : 5 + characters]}。好！") == ([(0, 2)] if found else [])


def test_words_of_two_texts_are_not_in_a_row() -> None:
    first, second = LONG.split()[:7], LONG.split()[7:]
    assert parts(" ".join(first), " ".join(second)) == []


def test_nothing_is_found_without_sentences() -> None:
    index = index_sentences([], 13)
    assert len(find_whole(index, hash_texts([LONG])).row) == 0
    assert len(find_parts(index, [LONG]).row) == 0
    assert len(find_parts(index_sentences([LONG], 13), []).row) == 0


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=12), st.lists(st.sampled_from(["a", "b", "c"]), max_size=12))
def test_parts_are_what_a_plain_search_finds(test: list[str], text: list[str]) -> None:
    grams = {tuple(test[place : place + 3]) for place in range(len(test) - 2)}
    expected = any(tuple(text[place : place + 3]) in grams for place in range(len(text) - 2))
    assert bool(len(find_parts(index_sentences([" ".join(test)], 3), [" ".join(text)]).row)) == expected
