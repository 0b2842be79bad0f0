"""Windows of long contexts, and where the answer is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.xtreme.tasks.examples import Question
from training.xtreme.tokenizer import FolderTokenizer
from training.xtreme.windows import EncodedWindow, best_windows, encode_questions, windows


def asked(context: str, answer: str, tokenizer: FolderTokenizer, longest: int = 128) -> list[EncodedWindow]:
    start = context.index(answer)
    return encode_questions([Question("q", "balan?", context, (answer,), (start,))], tokenizer, longest, 16, 12)


def answer_of(window: EncodedWindow, context: str) -> str:
    first, last = window.spans[[window.start - window.context, window.end - window.context]]
    return context[first[0] : last[1]].strip()


@given(st.integers(0, 300), st.integers(1, 60), st.integers(1, 80))
def test_windows_cover_all_tokens_and_stop_at_the_end(tokens: int, room: int, stride: int) -> None:
    ranges = windows(tokens, room, stride)
    assert {place for first, stop in ranges for place in range(first, stop)} == set(range(tokens))
    assert all(stop - first <= room for first, stop in ranges)
    assert ranges[-1][1] == tokens
    assert all(stop < tokens for _, stop in ranges[:-1])


def test_windows_by_hand() -> None:
    assert windows(10, 10, 4) == [(0, 10)]
    assert windows(11, 10, 4) == [(0, 10), (4, 11)]
    assert windows(19, 10, 4) == [(0, 10), (4, 14), (8, 18), (12, 19)]


def test_a_token_is_best_where_it_has_most_context() -> None:
    # By Hugging Face's rule, token 4 of (0, 6) and (3, 9): min(4, 1) against min(1, 4), equal, so the first counts.
    first, second = best_windows([(0, 6), (3, 9)])
    assert first.tolist() == [True] * 5 + [False]
    assert second.tolist() == [False, False, True, True, True, True]


@given(st.integers(1, 120), st.integers(8, 40), st.integers(1, 30))
def test_every_token_is_best_once(tokens: int, room: int, stride: int) -> None:
    ranges = windows(tokens, room, stride)
    times = np.zeros(tokens, int)
    for (first, stop), is_best in zip(ranges, best_windows(ranges), strict=True):
        times[first:stop] += is_best
    assert times.tolist() == [1] * tokens


@pytest.mark.parametrize(
    ("context", "answer"),
    [
        ("balan keter mining sok", "keter"),
        ("\N{GRINNING FACE}\N{FAMILY} balan keter", "keter"),  # one code point, two units of UTF-16
        ("la cafe\N{COMBINING ACUTE ACCENT} ra", "cafe\N{COMBINING ACUTE ACCENT}"),
        ("温度センサー", "センサー"),
        ("温度センサー", "温度"),
        ("בית קטן", "קטן"),  # right to left
        ("balan  keter", "keter"),
        ("ＡＢ １２ x", "１２"),
    ],
)
def test_the_answer_s_tokens_give_the_answer_s_text(context: str, answer: str, tokenizer: FolderTokenizer) -> None:
    (window,) = asked(context, answer, tokenizer)
    found = answer_of(window, context)
    assert answer in found
    assert set(found.replace(answer, "", 1)) <= set(context.replace(answer, "", 1))
    assert window.tokens[window.start] not in (0, 2)


def test_the_answer_may_stand_in_the_second_window(tokenizer: FolderTokenizer) -> None:
    context = "balan keter " * 12 + "温度"
    found = asked(context, "温度", tokenizer, longest=40)
    assert len(found) > 2
    assert (found[0].start, found[0].end) == (0, 0)
    assert answer_of(found[-1], context) == "温度"
    assert all(len(one.tokens) <= 40 for one in found)


def test_questions_of_one_context_share_its_pieces_and_are_cut(tokenizer: FolderTokenizer) -> None:
    context = "balan keter mining"
    questions = [Question(str(number), "sok " * 30, context) for number in range(2)]
    first, second = encode_questions(questions, tokenizer, 64, 5, 32)
    assert first.context == 5 + 3
    assert (first.question, second.question) == (0, 1)
    assert first.spans.tolist() == second.spans.tolist()
    assert (first.start, first.end) == (0, 0)


def test_an_empty_context_is_one_window_without_tokens(tokenizer: FolderTokenizer) -> None:
    (window,) = encode_questions([Question("q", "balan", "")], tokenizer, 64, 16, 32)
    assert window.spans.shape == (0, 2)
