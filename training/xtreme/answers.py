"""The best span over the windows of a context."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.xtreme.windows import EncodedWindow

BEST: Final = 20
"""Starts, and ends, of each window that are tried (`--n_best_size` of XTREME's run_squad.py)."""
LONGEST_ANSWER: Final = 30
"""Tokens in the longest answer (`--max_answer_length`)."""


def best_answer(context: str, shown: Sequence[tuple[EncodedWindow, NDArray[np.float32]]]) -> str:
    """Return the text of the span whose logits of start and end have the largest sum; "" where no span may be.

    shown: a question's windows, each with logits float32 `[t, 2]`. As in `compute_predictions_logits` of Hugging Face's
    squad_metrics.py, which XTREME uses: each window's 20 best starts are tried with its 20 best ends, in that order,
    and the first of equals counts; a span lies within the context, has no more than 30 tokens, and starts with a token
    that no other window shows with more context. `<s>`, which stands for "not in this window", is no answer.
    """
    highest, text = -np.inf, ""
    for window, logits in shown:
        score, first, last = best_span(window, logits)
        if score > highest:
            highest = score
            text = context[window.spans[first, 0] : window.spans[last, 1]].strip()
    return text


def best_span(window: EncodedWindow, logits: NDArray[np.float32]) -> tuple[float, int, int]:
    """Return the highest sum of a span's logits, and its first and last token among those of the context.

    The sum is minus infinity where no span may be.
    """
    starts, ends = (np.argsort(-logits[:, side], kind="stable")[:BEST] - window.context for side in (0, 1))
    shown = len(window.spans)
    may_start = (starts >= 0) & (starts < shown)
    may_start[may_start] = window.is_best[starts[may_start]]
    may_end = (ends >= 0) & (ends < shown)
    lengths = ends[None] - starts[:, None] + 1
    may_be = may_start[:, None] & may_end[None] & (lengths >= 1) & (lengths <= LONGEST_ANSWER)
    sums = logits[starts + window.context, 0][:, None] + logits[ends + window.context, 1][None]
    sums = np.where(may_be, sums, -np.inf)
    first, last = np.unravel_index(int(sums.argmax()), sums.shape)
    return float(sums[first, last]), int(starts[first]), int(ends[last])
