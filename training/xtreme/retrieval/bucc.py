"""BUCC 2018: which sentences of two texts translate each other, by the margin of their similarity.

The rules are those of XTREME's baseline (google-research/xtreme, third_party/utils_retrieve.py, which took them from
LASER): copies are searched once, candidates of both directions are joined best first, pairs with a sentence that
stands more than once are left out, and the threshold is the one that is best on dev.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.align.margins import Vectors, mine
from training.xtreme.retrieval.vectors import Vectorizer, compared, nearest
from training.xtreme.tasks.examples import Bitext, Sentence

NEIGHBOURS: Final = 4

Pair = tuple[str, str]
"""The ids of a sentence and of its English translation."""


@dataclass(frozen=True)
class Candidates:
    """Pairs that may translate each other, best first, with their margins, float64 `[n]`."""

    pairs: tuple[Pair, ...]
    margins: NDArray[np.float64]

    def at_least(self, threshold: float) -> list[Pair]:
        """Return the pairs whose margin reaches the threshold."""
        return [pair for pair, margin in zip(self.pairs, self.margins, strict=True) if margin >= threshold]


@dataclass(frozen=True)
class Threshold:
    """A margin, and the F1 in percent of what reaches it on the text that it was chosen on."""

    margin: float
    f1: float


@dataclass(frozen=True)
class Embedded:
    """A bitext with the unit vectors of its distinct texts, in the order in which they first stand: `[n, D]`."""

    bitext: Bitext
    source: Vectors
    target: Vectors


def embedded(bitext: Bitext, vectors: Vectorizer) -> Embedded:
    """Return the vectors of a bitext, which are computed once for each text."""
    return Embedded(bitext, vectors(_distinct(bitext.source)), vectors(_distinct(bitext.target)))


def candidates(sides: Embedded, centred: bool, device: torch.device) -> Candidates:
    """Return the candidates of a bitext by the ratio margin with four neighbours, each sentence in one at most."""
    bitext = sides.bitext
    if not bitext.source or not bitext.target:
        return Candidates((), np.zeros(0))
    source, target = _distinct(bitext.source), _distinct(bitext.target)
    own, other = compared(sides.source, sides.target, centred)
    found = mine(nearest(own, other, NEIGHBOURS, device), nearest(other, own, NEIGHBOURS, device), "ratio", "max")
    found = found.take(np.argsort(-found.margin, kind="stable"))
    source_ids, target_ids = _ids(bitext.source), _ids(bitext.target)
    kept = [
        ((source_ids[source[one]], target_ids[target[two]]), margin)
        for one, two, margin in zip(found.source.tolist(), found.target.tolist(), found.margin.tolist(), strict=True)
        if source[one] in source_ids and target[two] in target_ids
    ]
    return Candidates(tuple(pair for pair, _ in kept), np.asarray([margin for _, margin in kept], np.float64))


def best_threshold(found: Candidates, gold: frozenset[Pair]) -> Threshold:
    """Return the margin at which the candidates have their highest F1 against the gold pairs.

    It lies half-way between the last pair that is taken and the first that is not; the official code fails where all
    are taken, here the threshold is then the last pair's margin. Without a right pair it is 0, as there.
    """
    right = np.cumsum([pair in gold for pair in found.pairs])
    if not len(right) or not right[-1]:
        return Threshold(0.0, 0.0)
    taken = np.arange(1, len(right) + 1)
    f1 = 2 * right / (taken + len(gold))  # 2PR / (P + R), where P = right / taken and R = right / gold
    last = int(np.argmax(f1))
    after = min(last + 1, len(f1) - 1)
    return Threshold(float(found.margins[last] + found.margins[after]) / 2, 100.0 * float(f1[last]))


def _distinct(side: Sequence[Sentence]) -> list[str]:
    return list(dict.fromkeys(one.text for one in side))


def _ids(side: Sequence[Sentence]) -> dict[str, str]:
    """Return the id of each text that stands once."""
    count = Counter(one.text for one in side)
    return {one.text: one.id for one in side if count[one.text] == 1}
