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
    side the key is. The last three for XLCO only.
    """

    sequences: Ragged
    keys: Ragged | None = None
    groups: NDArray[np.uint64] | None = None
    key_is_source: NDArray[np.bool_] | None = None

    def head(self, count: int) -> "Examples":
        """Return the first examples."""
        return Examples(
            self.sequences.head(count),
            None if self.keys is None else self.keys.head(count),
            None if self.groups is None else self.groups[:count],
            None if self.key_is_source is None else self.key_is_source[:count],
        )


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


def translation_pairs(source: Ragged, target: Ragged, bits: NDArray[np.uint64]) -> Ragged:
    """Return one sequence for each pair, source first or target first by the lowest of its random bits."""
    first, second = _swap(source, target, (bits & np.uint64(1)).astype(bool))
    return join([first, second])


def contrast_pairs(source: Ragged, target: Ragged, groups: NDArray[np.uint64], bits: NDArray[np.uint64]) -> Examples:
    """Return each pair as a query and a key; the lowest random bit says which side is the query."""
    swapped = (bits & np.uint64(1)).astype(bool)
    first, second = _swap(source, target, swapped)
    return Examples(join([first]), join([second]), groups[:, None], swapped)


def mixup_pairs(source: Ragged, target: Ragged, groups: NDArray[np.uint64], bits: NDArray[np.uint64]) -> Examples:
    """Return mixup contrast: pairs 2i and 2i + 1, (x1, y1) and (x2, y2), become query [x1; x2], key [y1; y2].

    Three fair bits for each example: one swaps x1 and x2, one swaps y1 and y2, one swaps the two sides; so the
    halves may stand in different orders, and only the content is common (infoxlm/data/xlco_dataset.py). An odd
    last pair is left out. `bits` has one entry for each example, that is half as many as there are pairs.
    """
    examples = len(source) // 2
    even = np.arange(examples, dtype=np.int64) * 2
    turn = [((bits[:examples] >> np.uint64(place)) & np.uint64(1)).astype(np.int64) for place in range(3)]
    x = join([source.take(even + turn[0]), source.take(even + 1 - turn[0])])
    y = join([target.take(even + turn[1]), target.take(even + 1 - turn[1])])
    swapped = turn[2].astype(bool)
    queries, keys = _swap(x, y, swapped)
    return Examples(queries, keys, groups[: 2 * examples].reshape(examples, 2), swapped)


def _swap(first: Ragged, second: Ragged, swapped: NDArray[np.bool_]) -> tuple[Ragged, Ragged]:
    both = Ragged(np.concatenate([first.values, second.values]), np.concatenate([first.lengths, second.lengths]))
    rows = np.arange(len(first), dtype=np.int64)
    other = rows + len(first)
    return both.take(np.where(swapped, other, rows)), both.take(np.where(swapped, rows, other))
