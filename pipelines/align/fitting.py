"""Beads by evidence and by length, where the rest is fitted to the two documents.

How often sentences are missing or joined, and how long a translation is for its text, differ from one document to the
next. So the program runs a few times: from its beads the frequencies of their types are estimated, and the ratio of the
lengths, for the next time. In the order of expectation maximisation, with the best alignment in the place of the
expectation.
"""

from functools import partial
from typing import Final

import numpy as np

from pipelines.align.band import Band
from pipelines.align.beads import TYPES, Beads, Float32, Int64
from pipelines.align.length import length_costs, penalty, ratio
from pipelines.align.program import cheapest, cheapest_with_confidence

LENGTH: Final = 0.6  # nats for one of the model of lengths: what else there is, is no independent witness
SPREAD: Final = 0.03  # variance of a translation's length, as a share of its square, that no length explains

_ROUNDS: Final = 2
_PRIOR: Final = 100.0  # beads that the frequencies of Gale and Church weigh as much as
_PLACES: Final = {kind: place for place, kind in enumerate(TYPES)}
_TURNED: Final = np.array([_PLACES[m, n] for n, m in TYPES])
_PENALTIES: Final = np.array([penalty(n, m) for n, m in TYPES])


def fitted_beads(band: Band, lengths: tuple[Int64, Int64], evidence: Float32, weight: float = LENGTH) -> Beads:
    """Return the cheapest beads through a band, with the confidence of `cheapest_with_confidence`.

    `evidence` [types, anti-diagonals, width] says in nats how much more likely a bead's texts are as a translation than
    as texts that have nothing to do with each other. Costs of the `lengths` in characters [n] count by `weight`.
    """
    c, penalties = ratio(*lengths), _PENALTIES
    for _ in range(_ROUNDS):
        costs = _costs(band, lengths, evidence, weight, c, penalties)
        sizes = cheapest(band, TYPES, partial(_between, costs))
        c, penalties = _ratio_of(sizes, lengths), fitted_penalties(sizes)
    return Beads.of(*cheapest_with_confidence(band, TYPES, _costs(band, lengths, evidence, weight, c, penalties)))


def fitted_penalties(sizes: Int64) -> Float32:
    """Return what each of the `TYPES` costs, by how often it is among beads of these sizes [b, 2].

    -log of its frequency over that of 1-1, both sides alike, with the frequencies of Gale and Church as a prior.
    """
    kinds = np.array([_PLACES[n, m] for n, m in sizes.tolist()], np.int64)
    counts = np.bincount(kinds, minlength=len(TYPES))
    prior = np.exp(-_PENALTIES)
    expected = (counts + counts[_TURNED]) / 2 + _PRIOR * prior / prior.sum()
    penalties: Float32 = -np.log(expected / expected[_PLACES[1, 1]]).astype(np.float32)
    return penalties


def _between(costs: Float32, begin: int, end: int) -> Float32:
    return costs[:, begin:end]


def _costs(
    band: Band, lengths: tuple[Int64, Int64], evidence: Float32, weight: float, c: float, penalties: Float32
) -> Float32:
    costs = length_costs(band, lengths, c, TYPES, spread=SPREAD)(0, len(band.first))
    for cost, nats, kind, fitted in zip(costs, evidence, TYPES, penalties, strict=True):
        if all(kind):
            cost -= np.float32(penalty(*kind))
            cost *= np.float32(weight)
            cost -= nats
            cost += fitted
        else:
            cost[:] = fitted
    return costs


def _ratio_of(sizes: Int64, lengths: tuple[Int64, Int64]) -> float:
    """Return target over source characters of the beads with two sides."""
    ends = np.cumsum(sizes, axis=0)
    joined = (sizes > 0).all(axis=1)
    counts = []
    for side, text in enumerate(lengths):
        before = np.concatenate([[0], np.cumsum(text)])
        counts.append(before[ends[joined, side]] - before[ends[joined, side] - sizes[joined, side]])
    return ratio(*counts)
