"""From token rows to model inputs: special tokens, translation pairs in one sequence, mixup contrast."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.shards import Ragged, spans

BOS, PAD, EOS, UNK = 0, 1, 2, 3
FIRST_PIECE = 4


@dataclass(frozen=True)
class Examples:
    """n training examples: what the trained encoder reads and, for the contrast, what stands against it.

    sequences: n sequences for the trained encoder; keys: n sequences for the momentum encoder; groups: uint64
    `[n, h]`, the groups of the pairs in each example (h is 2 with mixup, else 1); key_is_source: bool `[n]`, which
    side the key is; languages: int64 `[n, h]`, a number for the pair of languages of each pair. The last four for
    XLCO only.
    """

    sequences: Ragged
    keys: Ragged | None = None
    groups: NDArray[np.uint64] | None = None
    key_is_source: NDArray[np.bool_] | None = None
    languages: NDArray[np.int64] | None = None

    def head(self, count: int) -> "Examples":
        """Return the first examples."""
        return Examples(
            self.sequences.head(count),
            None if self.keys is None else self.keys.head(count),
            None if self.groups is None else self.groups[:count],
            None if self.key_is_source is None else self.key_is_source[:count],
            None if self.languages is None else self.languages[:count],
        )


@dataclass(frozen=True)
class Pairs:
    """n pairs: both sides' tokens; groups: uint64 `[n]`; languages: int64 `[n]`, a number for a pair of languages."""

    source: Ragged
    target: Ragged
    groups: NDArray[np.uint64]
    languages: NDArray[np.int64]


def join(parts: Sequence[Ragged]) -> Ragged:
    """Return `<s> part </s> part </s> …` for each row; all parts have the same number of rows.

    There is one `</s>` between two parts, as in InfoXLM's data (infoxlm/data/tlm_dataset.py), where Hugging
    Face's encoding of a pair has two.
    """
    lengths = np.asarray(np.sum([part.lengths + 1 for part in parts], axis=0) + 1, dtype=np.int64)
    values = np.full(int(lengths.sum()), EOS, dtype=np.int32)
    at = np.cumsum(lengths) - lengths
    values[at] = BOS
    at = at + 1
    for part in parts:
        values[spans(at, part.lengths)] = part.values
        at = at + part.lengths + 1
    return Ragged(values, lengths)


def translation_pairs(pairs: Pairs, bits: NDArray[np.uint64]) -> Examples:
    """Return one sequence for each pair, source first or target first by the lowest of its random bits."""
    return Examples(join(_swap(pairs.source, pairs.target, (bits & np.uint64(1)).astype(bool))))


def contrast_pairs(pairs: Pairs, bits: NDArray[np.uint64]) -> Examples:
    """Return each pair as a query and a key; the lowest random bit says which side is the query."""
    swapped = (bits & np.uint64(1)).astype(bool)
    first, second = _swap(pairs.source, pairs.target, swapped)
    return Examples(join([first]), join([second]), pairs.groups[:, None], swapped, pairs.languages[:, None])


def mixup_pairs(pairs: Pairs, bits: NDArray[np.uint64]) -> Examples:
    """Return mixup contrast: pairs 2i and 2i + 1, (x1, y1) and (x2, y2), become query [x1; x2], key [y1; y2].

    Three fair bits for each example: one swaps x1 and x2, one swaps y1 and y2, one swaps the two sides; so the
    halves may stand in different orders, and only the content is common (infoxlm/data/xlco_dataset.py). An odd
    last pair is left out. `bits` has one entry for each example, that is half as many as there are pairs.
    """
    examples = len(pairs.source) // 2
    even = np.arange(examples, dtype=np.int64) * 2
    turn = [((bits[:examples] >> np.uint64(place)) & np.uint64(1)).astype(np.int64) for place in range(3)]
    x = join([pairs.source.take(even + turn[0]), pairs.source.take(even + 1 - turn[0])])
    y = join([pairs.target.take(even + turn[1]), pairs.target.take(even + 1 - turn[1])])
    swapped = turn[2].astype(bool)
    queries, keys = _swap(x, y, swapped)
    both = (examples, 2)
    return Examples(
        queries,
        keys,
        pairs.groups[: 2 * examples].reshape(both),
        swapped,
        pairs.languages[: 2 * examples].reshape(both),
    )


def _swap(first: Ragged, second: Ragged, swapped: NDArray[np.bool_]) -> tuple[Ragged, Ragged]:
    both = Ragged(np.concatenate([first.values, second.values]), np.concatenate([first.lengths, second.lengths]))
    rows = np.arange(len(first), dtype=np.int64)
    other = rows + len(first)
    return both.take(np.where(swapped, other, rows)), both.take(np.where(swapped, rows, other))
