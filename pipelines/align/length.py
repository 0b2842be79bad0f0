"""Sentence alignment by length alone: Gale and Church, "A program for aligning sentences in bilingual corpora" (1993).

The cost of joining l1 and l2 characters is -log 2(1 - Φ(|δ|)) with δ = (l2 - c·l1) / √(s²·(l1 + l2/c)/2), s² = 6.8, at
most 25, and a penalty for the type of the bead, as in the program of the paper's appendix.
"""

from collections.abc import Sequence
from math import erfc, log, sqrt
from typing import Final

import numpy as np

from pipelines.align.band import Band, path_of
from pipelines.align.beads import TYPES, Beads, Float32, Int64
from pipelines.align.program import Costs, cheapest, cheapest_with_confidence

VARIANCE: Final = 6.8  # s²: of the target's characters for each source character
MOST: Final = 25.0  # what lengths cost that have nothing to do with each other

# -log of the frequency of a type over that of 1-1: of .0099 (1-0 and 0-1), .089 (2-1 and 1-2) and .011 (2-2) over .89
_DELETION: Final = 4.5
_MORE: Final = 2.3
_BOTH: Final = 4.4

_STEPS: Final = 256  # of the table for each unit of |δ|
_COMMON: Final = ((1, 1), (1, 2), (2, 1), (2, 2), (1, 0), (0, 1))  # the types of the paper
_FIRST_HALF_WIDTH: Final = 1000  # sentences by which a long document may stray from the diagonal
_HALF_WIDTH: Final = 20


def align(sources: Sequence[str], targets: Sequence[str]) -> Beads:
    """Align the sentences of two documents by their lengths in characters; c is the ratio of the documents' lengths.

    Documents of more than 90,000 pairs of sentences are aligned with the types of the paper first, in a band of 1,000
    sentences on either side of the diagonal, and then with all types around that path. The confidence in a bead is
    that of `cheapest_with_confidence`.
    """
    lengths = characters_of(sources), characters_of(targets)
    c = ratio(*lengths)
    band = first_band(lengths, c)
    costs = length_costs(band, lengths, c, TYPES)
    sizes, confidence = cheapest_with_confidence(band, TYPES, costs(0, len(band.first)))
    return Beads.of(sizes, confidence)


def first_band(lengths: tuple[Int64, Int64], c: float, half_width: int = _HALF_WIDTH) -> Band:
    """Return the whole grid of two documents, or where it is large a band around their path by length."""
    sources, targets = map(len, lengths)
    wide = Band.straight(sources, targets, _FIRST_HALF_WIDTH)
    if wide.is_small:
        return wide
    sizes = cheapest(wide, _COMMON, length_costs(wide, lengths, c, _COMMON))
    return Band.along(path_of(sizes), sources, half_width)


def characters_of(texts: Sequence[str]) -> Int64:
    """Return the lengths of texts in characters: int64 [n]."""
    return np.fromiter(map(len, texts), np.int64, len(texts))


def ratio(source: Int64, target: Int64) -> float:
    """Return target over source characters of two documents; 1 where one of them is empty."""
    return float(target.sum() / source.sum()) if source.sum() and target.sum() else 1.0


def length_costs(
    band: Band, lengths: tuple[Int64, Int64], c: float, types: Sequence[tuple[int, int]], spread: float = 0.0
) -> Costs:
    """Return what the beads of a band cost by their lengths and their type, as a function of anti-diagonals."""
    sums = [np.concatenate([[0], np.cumsum(side)]) for side in lengths]
    penalties = np.array([penalty(n, m) for n, m in types], np.float32)

    def costs(begin: int, end: int) -> Float32:
        x, y = band.nodes(begin, end)
        first, second = (
            {n: side[np.clip(at, 0, len(side) - 1)] - side[np.clip(at - n, 0, len(side) - 1)] for n in {*sizes}}
            for side, at, sizes in zip(sums, (x, y), zip(*types, strict=True), strict=True)
        )
        out = np.empty((len(types), *x.shape), np.float32)
        for place, (n, m) in enumerate(types):
            out[place] = match(first[n].astype(np.float32), second[m].astype(np.float32), c, spread)
        out += penalties[:, None, None]
        return out

    return costs


def match(source: Float32, target: Float32, c: float, spread: float = 0.0) -> Float32:
    """Return what it costs to join texts of `source` and of `target` characters: float32, of their shape.

    The variance is s² for each character and `spread` for each squared: the paper has no spread, by which a long text
    must be translated into its length nearly to the letter.
    """
    scaled = target / np.float32(c)
    mean = np.maximum((source + scaled) / 2, np.float32(1e-6))
    delta = np.abs(scaled - source) / np.sqrt(mean * (np.float32(VARIANCE) + np.float32(spread) * mean))
    cost: Float32 = _TAIL.take((delta * _STEPS + np.float32(0.5)).astype(np.int32), mode="clip")
    return cost


def penalty(n: int, m: int) -> float:
    """Return what the type of a bead costs: that of the paper where it has the type.

    Elsewhere each sentence that one side has more costs as in 2-1, and each further one of both sides as in 2-2.
    """
    if not n or not m:
        return _DELETION
    return _MORE * abs(n - m) + _BOTH * (min(n, m) - 1)


def _tail(delta: float) -> float:
    probability = erfc(delta / sqrt(2))
    return min(-log(probability), MOST) if probability else MOST


_TAIL: Final = np.array([_tail(step / _STEPS) for step in range(8 * _STEPS)], np.float32)
