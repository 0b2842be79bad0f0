"""Blocks of whole texts, which MMLM trains on."""

import numpy as np
from numpy.typing import NDArray

from training.data.sequences import BOS, EOS
from training.data.shards import Ragged, spans


def pack(texts: Ragged, run: NDArray[np.int64], longest: int) -> tuple[Ragged, NDArray[np.int64]]:
    """Return blocks `<s> text </s> text </s> …`, and the first text of each, int64 `[blocks]`.

    A block takes neighbouring texts of the same run as long as they fit whole into `longest` tokens, special ones
    included: fairseq's break mode `complete`, by which InfoXLM's data are made (infoxlm/tools/txt2bin.py), without the
    `<s>` that the release has before every text by mistake. No text may have more than `longest` - 2 tokens.

    run: int64 `[n]`, the same number for neighbours that may share a block.
    """
    ends = np.concatenate(([0], np.cumsum(texts.lengths + 1)))
    fitting = np.searchsorted(ends, ends[:-1] + longest - 1, side="right") - 1
    borders = np.append(np.flatnonzero(np.diff(run)) + 1, len(run))
    run_end = borders[np.searchsorted(borders, np.arange(len(run)), side="right")]
    following = np.minimum(fitting, run_end).tolist()
    firsts = []
    at = 0
    while at < len(following):
        firsts.append(at)
        at = following[at]
    first = np.asarray(firsts, np.int64)
    lengths = np.diff(np.append(ends[first], ends[-1])) + 1
    block = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(run))))
    values = np.full(int(lengths.sum()), EOS, np.int32)
    values[np.cumsum(lengths) - lengths] = BOS
    values[spans(ends[:-1] + block + 1, texts.lengths)] = texts.values
    return Ragged(values, lengths), first
