"""From token rows to model inputs: special tokens, translation pairs in one sequence, mixup contrast."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.shards import Ragged, spans

BOS, PAD, EOS, UNK = 0, 1, 2, 3
FIRST_PIECE = 4


@dataclass(frozen=True)
class KeySide:
    """What stands against n examples of the contrast.

    sequences: n sequences for the momentum encoder; groups: uint64 `[n, h]`, the groups of the pairs in each example
    (h is 2 with mixup, else 1); is_source: bool `[n]`, the side of the key; languages: int64 `[n, h]`, a number for the
    two languages of each pair.
    """

    sequences: Ragged
    groups: NDArray[np.uint64]
    is_source: NDArray[np.bool_]
    languages: NDArray[np.int64]


@dataclass(frozen=True)
class Examples:
    """n training examples: what the trained encoder reads and, for XLCO, what stands against it."""

    sequences: Ragged
    keys: KeySide | None = None

    def part(self, start: int, stop: int) -> "Examples":
        """Return the examples from `start` to before `stop`; nothing is copied."""
        keys, chosen = self.keys, slice(start, stop)
        if keys is not None:
            keys = KeySide(
                keys.sequences.part(start, stop), keys.groups[chosen], keys.is_source[chosen], keys.languages[chosen]
            )
        return Examples(self.sequences.part(start, stop), keys)

    @staticmethod
    def concat(parts: Sequence["Examples"]) -> "Examples":
        """Return the examples of all parts, which are of one objective."""
        sides = [part.keys for part in parts if part.keys is not None]
        keys = None
        if sides:
            keys = KeySide(
                Ragged.concat([side.sequences for side in sides]),
                np.concatenate([side.groups for side in sides]),
                np.concatenate([side.is_source for side in sides]),
                np.concatenate([side.languages for side in sides]),
            )
        return Examples(Ragged.concat([part.sequences for part in parts]), keys)


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
    return Examples(join([first]), KeySide(join([second]), pairs.groups[:, None], swapped, pairs.languages[:, None]))


def mixup_pairs(pairs: Pairs, bits: NDArray[np.uint64]) -> Examples:
    """Return mixup contrast: pairs 2i and 2i + 1, (x1, y1) and (x2, y2), become query [x1; x2], key [y1; y2].

    Three fair bits for each example: one swaps x1 and x2, one swaps y1 and y2, one swaps the two sides; so the
    halves may stand in different orders, and only the content is common (infoxlm/data/xlco_dataset.py). An odd last
    pair takes the first as its second. `bits` has one entry for each example, half as many as there are pairs.
    """
    number = np.arange(len(pairs.source) + len(pairs.source) % 2, dtype=np.int64) % max(1, len(pairs.source))
    both = number.reshape(-1, 2)
    one, other = both.T
    turn = [((bits >> np.uint64(place)) & np.uint64(1)).astype(bool) for place in range(3)]
    x = join([pairs.source.take(np.where(turn[0], *way)) for way in ((other, one), (one, other))])
    y = join([pairs.target.take(np.where(turn[1], *way)) for way in ((other, one), (one, other))])
    queries, keys = _swap(x, y, turn[2])
    return Examples(queries, KeySide(keys, pairs.groups[both], turn[2], pairs.languages[both]))


def _swap(first: Ragged, second: Ragged, swapped: NDArray[np.bool_]) -> tuple[Ragged, Ragged]:
    both = Ragged(np.concatenate([first.values, second.values]), np.concatenate([first.lengths, second.lengths]))
    rows = np.arange(len(first), dtype=np.int64)
    other = rows + len(first)
    return both.take(np.where(swapped, other, rows)), both.take(np.where(swapped, rows, other))
