from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.xtreme.xtune.dictionary import read_dictionary
from training.xtreme.xtune.words import CodeSwitcher, Cut, Resegmenter

GERMAN = {"the": ("der", "die", "das"), "door": ("tür",)}
FRENCH = {"door": ("porte",)}


def encode(word: str) -> list[int]:
    return [ord(letter) for letter in word]


def decoded(pieces: Any) -> list[str]:
    return ["".join(map(chr, ids)) for ids in pieces]


class Reversed:
    """Stands for a segmenter: what it draws can be told from what the tokenizer gives."""

    def draw(self, word: str, random: Random) -> list[int]:
        return encode(word)[::-1]


def test_with_ratio_1_each_word_goes_to_the_language_that_is_drawn_if_it_is_known_there() -> None:
    switch = CodeSwitcher(encode, [GERMAN, FRENCH], 1.0)
    found = set()
    for seed in range(200):
        cut = switch(["The", "door", "opens"], (), Random(seed))
        words = decoded(cut.pieces)
        assert cut.changed == [words[0] != "The", True, False]
        found.add(tuple(words))
    assert found == {(one, two, "opens") for one in ("The", "der", "die", "das") for two in ("tür", "porte")}


def test_a_word_is_changed_as_often_as_the_ratio_says() -> None:
    for change in (CodeSwitcher(encode, [FRENCH], 0.3), Resegmenter(encode, Reversed(), 0.3)):
        changed = change(["door"] * 5000, (), Random(1)).changed
        assert sum(changed) / 5000 == pytest.approx(0.3, abs=0.03)


def test_fixed_words_stay_and_the_others_are_drawn_alike_without_them() -> None:
    for change in (CodeSwitcher(encode, [FRENCH], 1.0), Resegmenter(encode, Reversed(), 1.0)):
        cut = change(["door", "door", "door"], {1}, Random(0))
        assert cut.changed == [True, False, True]
        assert decoded(cut.pieces)[1] == "door"


def test_resegmented_words_are_what_the_segmenter_draws() -> None:
    assert decoded(Resegmenter(encode, Reversed(), 1.0)(["ab", "cd"], (), Random(0)).pieces) == ["ba", "dc"]


@given(st.lists(st.text(min_size=1)), st.integers())
def test_ratio_0_changes_nothing(words: list[str], seed: int) -> None:
    expected = Cut([encode(word) for word in words], [False] * len(words))
    assert CodeSwitcher(encode, [GERMAN], 0.0)(words, (), Random(seed)) == expected
    assert Resegmenter(encode, Reversed(), 0.0)(words, (), Random(seed)) == expected


def test_a_dictionary_has_tabs_or_spaces_and_several_translations_of_a_word(tmp_path: Any) -> None:
    path = tmp_path / "en-de.txt"
    path.write_text("the der\nthe\tdie\n\ndoor  tür\n", encoding="utf-8")
    assert read_dictionary(path) == {"the": ("der", "die"), "door": ("tür",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("the der\nfront door tür\n", r"en-de.txt:2: 'front door tür' is not a word, white space and its translation"),
        ("door\n", r"en-de.txt:1: 'door' is not"),
        ("\n", "holds no words"),
    ],
)
def test_a_broken_dictionary_is_refused(tmp_path: Any, text: str, message: str) -> None:
    path = tmp_path / "en-de.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Exception, match=message):
        read_dictionary(path)


def test_a_missing_dictionary_is_refused(tmp_path: Any) -> None:
    with pytest.raises(Exception, match="cannot be read as a dictionary"):
        read_dictionary(tmp_path / "en-xx.txt")
