"""The best span, by Hugging Face's rules, against all spans tried one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.xtreme.answers import BEST, LONGEST_ANSWER, best_answer, best_span
from training.xtreme.windows import EncodedWindow

CONTEXT = "".join(chr(0x4E00 + number) for number in range(200))


def window(first: int, shown: int, context: int = 5, is_best: list[bool] | None = None) -> EncodedWindow:
    """A window that shows the characters of CONTEXT from `first` on, one for each token."""
    spans = np.stack([np.arange(first, first + shown), np.arange(first, first + shown) + 1], axis=1).astype(np.int32)
    best = np.ones(shown, bool) if is_best is None else np.asarray(is_best)
    return EncodedWindow(np.zeros(context + shown + 1, np.int32), 0, context, spans, best, 0, 0)


def logits(shown: EncodedWindow, **peaks: int | tuple[float, int]) -> np.ndarray:
    values = np.full((len(shown.tokens), 2), -5, np.float32)
    for name, peak in peaks.items():
        value, place = peak if isinstance(peak, tuple) else (5.0, peak)
        values[place, 0 if name.startswith("start") else 1] = value
    return values


def test_the_answer_is_the_text_of_the_best_span() -> None:
    shown = window(10, 20)
    assert best_answer(CONTEXT, [(shown, logits(shown, start=7, end=9))]) == CONTEXT[12:15]


def test_the_best_of_all_windows_counts_and_the_first_of_equals() -> None:
    first, second = window(0, 20), window(30, 20)
    weak, strong = logits(first, start=6, end=6), logits(second, start=(9.0, 5), end=6)
    assert best_answer(CONTEXT, [(first, weak), (second, strong)]) == CONTEXT[30:32]
    assert best_answer(CONTEXT, [(first, weak), (second, logits(second, start=6, end=6))]) == CONTEXT[1]


def test_no_answer_in_the_window_is_no_answer() -> None:
    shown = window(0, 40)
    sure_of_none = logits(shown, start=(99.0, 0), end=(99.0, 0)) + np.linspace(0, 1, 46)[:, None].astype(np.float32)
    assert best_answer(CONTEXT, [(shown, sure_of_none)]) != ""
    empty = window(0, 0)
    assert best_answer("", [(empty, logits(empty))]) == ""


def test_a_span_starts_where_no_other_window_shows_more() -> None:
    shown = window(0, 10, is_best=[False] * 5 + [True] * 5)
    assert best_answer(CONTEXT, [(shown, logits(shown, start=6, end=8, start_other=(4.0, 11)))]) != CONTEXT[1:4]
    score, first, _ = best_span(shown, logits(shown, start=6, end=12, start_other=(4.0, 11)))
    assert (first, score) == (6, 9.0)


@pytest.mark.parametrize(("end", "found"), [(5 + LONGEST_ANSWER - 1, True), (5 + LONGEST_ANSWER, False)])
def test_an_answer_has_at_most_30_tokens(end: int, found: bool) -> None:
    shown = window(0, 60)
    _, first, last = best_span(shown, logits(shown, start=5, end=end))
    assert ((first, last) == (0, end - 5)) == found


@given(st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_it_is_the_best_of_all_that_may_be(shown: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    one = window(0, shown, is_best=(random.random(shown) < 0.8).tolist())
    values = random.normal(size=(len(one.tokens), 2)).astype(np.float32)
    ranked = [sorted(range(len(values)), key=lambda place: -values[place, side])[:BEST] for side in (0, 1)]
    tried = [
        (values[start, 0] + values[end, 1], start - 5, end - 5)
        for start in ranked[0]
        for end in ranked[1]
        if 5 <= start <= end < 5 + shown and end - start < LONGEST_ANSWER and one.is_best[start - 5]
    ]
    score, first, last = best_span(one, values)
    if tried:
        assert (score, first, last) == max(tried, key=lambda span: span[0])
    else:
        assert score == -np.inf
