"""Views over a tokenizer of single letters, so that every place can be counted."""

from collections.abc import Container, Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.data.sequences import BOS, EOS, UNK
from training.xtreme.features import Limits, encode_sentences
from training.xtreme.tasks.examples import PairExample, Question, TaggedSentence
from training.xtreme.tokenizer import Pieces
from training.xtreme.windows import EncodedWindow, encode_questions
from training.xtreme.xtune.views import pair_view, same_view, sentence_view, window_view
from training.xtreme.xtune.words import Cut


class Letters:
    """A piece for each letter; spaces are none."""

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        return [pieces.ids for pieces in self.pieces(texts)]

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        found = []
        for text in texts:
            places = [place for place, letter in enumerate(text) if letter != " "]
            spans = np.asarray([(place, place + 1) for place in places], np.int32).reshape(-1, 2)
            found.append(Pieces(np.asarray([ord(text[place]) for place in places], np.int32), spans))
        return found


class Doubled:
    """Changes the words that begin with x: each letter twice."""

    def __call__(self, words: Sequence[str], fixed: Container[int], random: Random) -> Cut:
        changed = [word[0] == "x" and place not in fixed for place, word in enumerate(words)]
        return Cut(
            [[ord(c) for c in word for _ in range(1 + is_it)] for word, is_it in zip(words, changed, strict=True)],
            changed,
        )


def read(tokens: NDArray[np.int32]) -> str:
    names = {BOS: "<", EOS: ">", UNK: "?"}
    return "".join(names.get(token) or chr(token) for token in tokens.tolist())


def window(question: Question, longest: int = 100, number: int = 0) -> EncodedWindow:
    return encode_questions([question], Letters(), longest, 10, 4)[number]


def test_a_pair_is_kept_as_a_whole_and_both_texts_change() -> None:
    view = pair_view(PairExample("ab xc", "xd", "1"), 1, Doubled(), 100, Random(0))
    assert read(view.encoded.tokens) == "<abxxcc>>xxdd>"
    assert view.encoded.label == 1
    assert (view.kept.tolist(), view.clean.tolist()) == ([0], [0])


def test_a_pair_is_cut_as_the_clean_one_is() -> None:
    view = pair_view(PairExample("ab xc", "xd", "1"), 1, Doubled(), 10, Random(0))
    assert read(view.encoded.tokens) == "<abx>>xxd>"


def test_a_sentence_keeps_its_words_with_new_places() -> None:
    sentence = TaggedSentence(("ab", "xc", "d"), ("A", "B", "A"))
    (clean,) = encode_sentences([sentence], Letters(), ("A", "B"), Limits(100))
    view = sentence_view(sentence, clean, Doubled(), 100, Random(0))
    assert read(view.encoded.tokens) == "<abxxccd>>"
    assert view.encoded.firsts.tolist() == [1, 3, 7]
    assert view.encoded.pieces.tolist() == [2, 4, 1]
    assert view.encoded.tags.tolist() == [0, 1, 0]
    assert view.kept.tolist() == view.clean.tolist() == [0, 1, 2]


def test_words_that_have_no_room_any_more_are_not_kept() -> None:
    sentence = TaggedSentence(("ab", "xc", "d"), None)
    (clean,) = encode_sentences([sentence], Letters(), (), Limits(10))
    view = sentence_view(sentence, clean, Doubled(), 9, Random(0))
    assert read(view.encoded.tokens) == "<abxxcc>>"
    assert view.kept.tolist() == [0, 1]


def test_a_part_of_a_long_sentence_is_seen_again_as_that_part() -> None:
    sentence = TaggedSentence(("ab", "xc", "d"), None)
    _, second = encode_sentences([sentence], Letters(), (), Limits(6))
    assert read(sentence_view(sentence, second, Doubled(), 100, Random(0)).encoded.tokens) == "<xxccd>>"


def test_a_word_of_which_nothing_is_left_is_unknown() -> None:
    sentence = TaggedSentence(("a", "b"), None)
    (clean,) = encode_sentences([sentence], Letters(), (), Limits(10))

    def emptied(words: Sequence[str], fixed: Container[int], random: Random) -> Cut:
        return Cut([[], [98]], [True, False])

    assert read(sentence_view(sentence, clean, emptied, 100, Random(0)).encoded.tokens) == "<?b>>"


def test_a_window_keeps_its_question_and_its_unchanged_words() -> None:
    question = Question("q", "xq", "ab xc de", ("de",), (6,))
    clean = window(question)
    assert read(clean.tokens) == "<xq>>abxcde>"
    view = window_view(question, clean, Doubled(), 100, False, Random(0))
    assert read(view.encoded.tokens) == "<xq>>abxxccde>"
    assert view.kept.tolist() == [0, 5, 6, 11, 12]
    assert view.clean.tolist() == [0, 5, 6, 9, 10]
    assert read(view.encoded.tokens[view.encoded.start : view.encoded.end + 1]) == "de"
    assert view.encoded.spans.tolist() == [[0, 1], [1, 2], *[[3, 5]] * 4, [6, 7], [7, 8]]


def test_the_words_at_the_borders_of_an_answer_stay_and_with_it_whole_those_between() -> None:
    question = Question("q", "q", "xa xb xc xd", ("xa xb xc",), (0,))
    borders = window_view(question, window(question), Doubled(), 100, False, Random(0))
    assert read(borders.encoded.tokens) == "<q>>xaxxbbxcxxdd>"
    whole = window_view(question, window(question), Doubled(), 100, True, Random(0))
    assert read(whole.encoded.tokens) == "<q>>xaxbxcxxdd>"
    for view in (borders, whole):
        assert (view.encoded.tokens[view.encoded.start], view.encoded.tokens[view.encoded.end]) == (ord("x"), ord("c"))


def test_what_has_no_room_is_cut_off_and_with_it_the_answer() -> None:
    question = Question("q", "q", "xa xb cd", ("cd",), (6,))
    view = window_view(question, window(question), Doubled(), 13, False, Random(0))
    assert read(view.encoded.tokens) == "<q>>xxaaxxbb>"
    assert (view.encoded.start, view.encoded.end) == (0, 0)
    assert view.kept.tolist() == [0]
    assert len(view.encoded.spans) == len(view.encoded.is_best) == 8


def test_a_changed_word_of_which_the_window_holds_a_part_is_there_as_a_whole() -> None:
    question = Question("q", "q", "abcd xefgh", (), ())
    first = window(question, longest=13)
    assert read(first.tokens) == "<q>>abcdxefg>"
    view = window_view(question, first, Doubled(), 100, False, Random(0))
    assert read(view.encoded.tokens) == "<q>>abcdxxeeffgghh>"


def test_an_input_as_its_own_view_keeps_all_that_is_compared() -> None:
    question = Question("q", "q", "ab", (), ())
    assert same_view(window(question)).kept.tolist() == [0, 4, 5]
    sentence = TaggedSentence(("ab", "c"), None)
    assert same_view(encode_sentences([sentence], Letters(), (), Limits(9))[0]).kept.tolist() == [0, 1]


@given(st.text(alphabet="ax ", max_size=40), st.integers(0, 38), st.integers(1, 6), st.integers(12, 40))
@settings(max_examples=150, deadline=None)
def test_kept_tokens_are_the_same_in_both_and_the_answer_stays_the_answer(
    context: str, start: int, length: int, longest: int
) -> None:
    answer = context[start : start + length].strip()
    starts = (context.index(answer, start),) if answer else ()
    question = Question("q", "q", context, (answer,) if answer else (), starts)
    for clean in encode_questions([question], Letters(), longest, 10, 4):
        view = window_view(question, clean, Doubled(), longest, False, Random(0))
        assert len(view.encoded.tokens) <= longest
        assert view.encoded.tokens[view.kept].tolist() == clean.tokens[view.clean].tolist()
        assert (np.diff(view.kept) > 0).all()
        if view.encoded.end:
            for place, there in ((clean.start, view.encoded.start), (clean.end, view.encoded.end)):
                assert there == view.kept[view.clean.tolist().index(place)]


@pytest.mark.parametrize("longest", [12, 100])
def test_without_a_change_the_view_is_the_input(longest: int) -> None:
    question = Question("q", "q", "ab  xc\u00a0 d", ("xc",), (4,))

    def unchanged(words: Sequence[str], fixed: Container[int], random: Random) -> Cut:
        return Cut([[ord(letter) for letter in word] for word in words], [False] * len(words))

    for clean in encode_questions([question], Letters(), longest, 10, 4):
        view = window_view(question, clean, unchanged, longest, False, Random(0))
        assert view.encoded.tokens.tolist() == clean.tokens.tolist()
        assert (view.encoded.start, view.encoded.end) == (clean.start, clean.end)
