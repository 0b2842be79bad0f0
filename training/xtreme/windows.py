"""Questions and their contexts as an encoder reads them: a long context in windows that overlap."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.sequences import BOS, EOS
from training.xtreme.tasks.examples import Question
from training.xtreme.tokenizer import Pieces, Tokenizer

_LEAST_CONTEXT = 8  # tokens of context that a window must have room for


@dataclass(frozen=True)
class EncodedWindow:
    """`<s> question </s></s> part of the context </s>`.

    tokens: int32 `[t]`; question: the number of its question among the examples; context: the place of the first
    token of the context in `tokens`; spans: int32 `[c, 2]`, first and past-last code point in the whole context of
    each of the c tokens of the context; is_best: bool `[c]`, whether no other window shows this token with more
    context on its poorer side; start, end: the places in `tokens` of the answer's first and last token, 0 and 0 (`<s>`)
    where the window has not the whole of it.
    """

    tokens: NDArray[np.int32]
    question: int
    context: int
    spans: NDArray[np.int32]
    is_best: NDArray[np.bool_]
    start: int
    end: int


def encode_questions(
    questions: Sequence[Question], tokenizer: Tokenizer, longest: int, longest_question: int, stride: int
) -> list[EncodedWindow]:
    """Return one input for each window of each question's context, in order.

    longest: of an input, in tokens; longest_question: what a question is cut to; stride: how far a window begins
    behind the one before, as `doc_stride` in the run_squad.py that XTREME uses (in Hugging Face's newer run_qa.py it
    is how far windows overlap). The answer that is learnt is the first.
    """
    asked = tokenizer.ids([question.question.lstrip() for question in questions])
    contexts = list(dict.fromkeys(question.context for question in questions))  # many questions share one
    pieces = dict(zip(contexts, tokenizer.pieces(contexts), strict=True))
    encoded = []
    for number, question in enumerate(questions):
        ids = asked[number][:longest_question]
        context = pieces[question.context]
        ranges = windows(len(context.ids), max(_LEAST_CONTEXT, longest - 4 - len(ids)), stride)
        answer = answer_tokens(context, question)
        for (first, stop), is_best in zip(ranges, best_windows(ranges), strict=True):
            offset = len(ids) + 3
            tokens = np.concatenate([[BOS], ids, [EOS, EOS], context.ids[first:stop], [EOS]], dtype=np.int32)
            inside = answer is not None and first <= answer[0] and answer[1] < stop
            start, end = (offset + answer[0] - first, offset + answer[1] - first) if answer and inside else (0, 0)
            encoded.append(EncodedWindow(tokens, number, offset, context.spans[first:stop], is_best, start, end))
    return encoded


def windows(tokens: int, room: int, stride: int) -> list[tuple[int, int]]:
    """Return first and past-last token of each window of a context; the last reaches its end. There is at least one."""
    step = min(stride, room)  # none is left out between two windows
    count = 1 + max(0, -((room - tokens) // step))
    return [(step * number, min(tokens, step * number + room)) for number in range(count)]


def best_windows(ranges: Sequence[tuple[int, int]]) -> list[NDArray[np.bool_]]:
    """Return for each window which of its tokens no other window shows with more context, bool `[c]` each.

    A token's context is the shorter of what is to its left and to its right, and a hundredth of the window's length;
    of equals the first counts (`_new_check_is_max_context` in Hugging Face's squad.py).
    """
    if len(ranges) == 1:
        return [np.ones(ranges[0][1] - ranges[0][0], np.bool_)]
    scores = np.full((len(ranges), ranges[-1][1]), -1.0)
    for row, (first, stop) in enumerate(ranges):
        places = np.arange(stop - first)
        scores[row, first:stop] = np.minimum(places, places[::-1]) + 0.01 * (stop - first)
    best = scores.argmax(axis=0)
    return [best[first:stop] == row for row, (first, stop) in enumerate(ranges)]


def answer_tokens(context: Pieces, question: Question) -> tuple[int, int] | None:
    """Return the first and the last piece of the context that hold the first answer; None where there is none."""
    if not question.answers or not len(context.ids):
        return None
    start = question.starts[0]
    first = int(np.searchsorted(context.spans[:, 0], start, side="right")) - 1
    last = int(np.searchsorted(context.spans[:, 1], start + len(question.answers[0].rstrip())))
    last = min(last, len(context.ids) - 1)
    return (max(0, first), last) if first <= last else None
