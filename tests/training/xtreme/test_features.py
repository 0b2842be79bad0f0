"""Inputs of pairs and of tagged sentences."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from pipelines.datasets.errors import UserError
from training.xtreme.features import (
    UNKNOWN,
    EncodedSentence,
    Limits,
    encode,
    encode_pairs,
    encode_sentences,
    joined,
    parts,
)
from training.xtreme.tasks.examples import PairExample, TaggedSentence
from training.xtreme.tokenizer import FolderTokenizer

LONG = "balan keter mining sok tuys"


@pytest.mark.parametrize("longest", [9, 10, 12, 15, 128])
@pytest.mark.parametrize(("first", "second"), [("balan", LONG), (LONG, "balan"), (LONG, LONG), (LONG, LONG + " ra")])
def test_a_pair_is_what_transformers_makes_of_it(
    encoder_folder: Path, tokenizer: FolderTokenizer, first: str, second: str, longest: int
) -> None:
    theirs = AutoTokenizer.from_pretrained(encoder_folder)(
        first, second, truncation="longest_first", max_length=longest
    )
    (ours,) = encode_pairs([PairExample(first, second, "yes")], tokenizer, ["no", "yes"], Limits(longest))
    assert ours.tokens.tolist() == theirs["input_ids"]
    assert ours.label == 1


@given(st.integers(0, 40), st.integers(0, 40), st.integers(6, 40))
def test_a_pair_never_exceeds_its_limit_and_the_longer_side_is_cut(first: int, second: int, longest: int) -> None:
    tokens = joined(np.full(first, 7, np.int32), np.full(second, 8, np.int32), longest).tolist()
    assert len(tokens) == min(longest, first + second + 4)
    kept = tokens.count(7), tokens.count(8)
    assert all(kept[side] == size for side, size in enumerate((first, second)) if size <= (longest - 4) // 2)


def test_a_pair_without_label_has_none(tokenizer: FolderTokenizer) -> None:
    (one,) = encode_pairs([PairExample("balan", "keter", None)], tokenizer, ["no"], Limits(32))
    assert one.label == UNKNOWN


def test_a_label_that_is_none_of_the_task_s_is_named(tokenizer: FolderTokenizer) -> None:
    with pytest.raises(UserError, match="the label 'maybe' is none of the task's: no, yes"):
        encode([PairExample("balan", "keter", "maybe")], tokenizer, ["no", "yes"], Limits(32))


def test_a_word_s_first_token_is_known(tokenizer: FolderTokenizer) -> None:
    words = ("balan", "mining", "keter")
    (one,) = encode_sentences([TaggedSentence(words, ("N", "V", "N"))], tokenizer, ["N", "V"], Limits(64))
    ids = tokenizer.ids(words)
    assert one.tokens.tolist() == [0, *np.concatenate(ids).tolist(), 2, 2]
    assert one.pieces.tolist() == [len(word) for word in ids]
    assert [one.tokens[place] for place in one.firsts] == [word[0] for word in ids]
    assert one.tags.tolist() == [0, 1, 0]


def test_words_without_pieces_or_too_long_by_themselves_are_unknown(tokenizer: FolderTokenizer) -> None:
    sentence = TaggedSentence(("balan", "\u200b", "keter" * 40), None)
    (one,) = encode_sentences([sentence], tokenizer, [], Limits(40))
    assert one.pieces.tolist()[1:] == [1, 1]
    assert [one.tokens[place] for place in one.firsts[1:]] == [3, 3]
    assert one.tags.tolist() == [UNKNOWN] * 3


def test_a_long_sentence_goes_on_in_another_input(tokenizer: FolderTokenizer) -> None:
    words = ("balan", "keter", "mining") * 9
    tags = ("A", "B", "C") * 9
    limits = Limits(24)
    found = encode_sentences([TaggedSentence(("sok",), ("A",)), TaggedSentence(words, tags)], tokenizer, "ABC", limits)
    assert [one.sentence for one in found] == [0] + [1] * (len(found) - 1)
    assert len(found) > 2
    assert all(len(one.tokens) <= 24 for one in found)
    assert [one.word for one in found[1:]] == np.cumsum([0, *[len(one.tags) for one in found[1:-1]]]).tolist()
    assert np.concatenate([one.tags for one in found[1:]]).tolist() == [0, 1, 2] * 9


@given(st.lists(st.integers(1, 9), max_size=30), st.integers(9, 20))
def test_parts_hold_every_word_once_and_are_as_long_as_may_be(lengths: Sequence[int], room: int) -> None:
    ranges = parts(lengths, room)
    assert [place for first, stop in ranges for place in range(first, stop)] == list(range(len(lengths)))
    assert all(sum(lengths[first:stop]) <= room for first, stop in ranges)
    assert all(sum(lengths[first : stop + 1]) > room for first, stop in ranges[:-1])


def test_examples_of_any_kind_are_encoded(tokenizer: FolderTokenizer) -> None:
    assert encode([], tokenizer, [], Limits(32)) == []
    (one,) = encode([TaggedSentence((), ())], tokenizer, [], Limits(32))
    assert isinstance(one, EncodedSentence)
    assert one.tokens.tolist() == [0, 2, 2]
