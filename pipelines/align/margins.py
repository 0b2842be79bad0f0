"""Mining: which sentences of two languages translate each other, by the margin of their similarity.

A cosine alone says little: some sentences are near to everything. The margin compares it with the mean cosine of the
two sentences to their k nearest neighbours (Artetxe and Schwenk 2019, Margin-based Parallel Corpus Mining with
Multilingual Sentence Embeddings, sections 3.1 and 3.2; the rules are those of facebookresearch/LASER,
source/mine_bitexts.py). Neighbours come in as arrays: `pipelines.align.mining` seeks them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Margin = Literal["ratio", "distance", "absolute"]
Retrieval = Literal["max", "intersection", "forward", "backward"]
Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Neighbours:
    """The k nearest database rows of n queries, nearest first.

    similarity: float32 `[n, k]`, cosines; index: int64 `[n, k]`, -1 where an approximate search found no more. k is
    smaller where the database has fewer rows.
    """

    similarity: Vectors
    index: Rows

    @property
    def mean(self) -> Vectors:
        """Return each query's mean similarity to its neighbours, float32 `[n]`."""
        there = self.index >= 0
        total = np.where(there, self.similarity, 0).sum(axis=1, dtype=np.float32)
        return np.asarray(total / np.maximum(there.sum(axis=1), 1), np.float32)


@dataclass(frozen=True)
class Mined:
    """Pairs of a source row and a target row with their margins, ordered by target, then source: all `[m]`."""

    source: Rows
    target: Rows
    margin: Vectors

    def take(self, chosen: npt.NDArray[Any]) -> "Mined":
        """Return the pairs at these places, or where a mask is true."""
        return Mined(self.source[chosen], self.target[chosen], self.margin[chosen])


def centred(vectors: npt.NDArray[np.floating[Any]], mean: npt.NDArray[np.floating[Any]]) -> Vectors:
    """Return unit vectors `[n, d]` after the mean `[d]` is subtracted; the mean of a language holds what is no meaning.

    A vector that equals the mean stays zero: it is similar to nothing.
    """
    moved = vectors.astype(np.float32) - mean.astype(np.float32)
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), np.float32(1e-12)))


def margins(found: Neighbours, others: Vectors, margin: Margin) -> Vectors:
    """Return the margin of each query with each of its neighbours, float32 `[n, k]`.

    others: float32 `[rows of the database]`, the mean similarity of each row to its own neighbours among the queries.
    With a the cosine and b half the sum of the two means (equation 2): ratio a / b, distance a - b, absolute a.
    """
    usual = (found.mean[:, None] + others[found.index]) / 2
    scores: npt.NDArray[Any] = found.similarity
    if margin == "ratio":
        scores = scores / np.maximum(usual, 1e-6)
    elif margin == "distance":
        scores = scores - usual
    return np.asarray(np.where(found.index < 0, -np.inf, scores), np.float32)


def mine(forward: Neighbours, backward: Neighbours, margin: Margin, retrieval: Retrieval) -> Mined:
    """Return the pairs that a way of retrieval finds, whatever their margin.

    `forward` are the neighbours of the sources among the targets, `backward` those of the targets among the sources.
    `forward` and `backward` take the best candidate of each source or target, `intersection` the pairs that both
    take, and `max` goes through both, best margin first, and uses each sentence once (section 3.2).
    """
    if not forward.index.size or not backward.index.size:
        nothing = np.zeros(0, np.int64)
        return Mined(nothing, nothing, np.zeros(0, np.float32))
    of_sources = _best(forward, margins(forward, backward.mean, margin))
    to_sources = _best(backward, margins(backward, forward.mean, margin))
    of_targets = Mined(to_sources.target, to_sources.source, to_sources.margin)
    if retrieval == "forward":
        found = of_sources
    elif retrieval == "backward":
        found = of_targets
    elif retrieval == "intersection":
        found = of_sources.take(to_sources.target[of_sources.target] == of_sources.source)
    else:
        found = _each_once(of_sources, of_targets)
    found = found.take(found.margin > -np.inf)
    return found.take(np.lexsort((found.source, found.target)))


def _best(found: Neighbours, scores: Vectors) -> Mined:
    """Return each query with its neighbour of the highest margin."""
    queries = np.arange(len(scores))
    best = np.argmax(scores, axis=1)
    return Mined(queries, found.index[queries, best], scores[queries, best])


def _each_once(one: Mined, other: Mined) -> Mined:
    """Return what going through all candidates takes, best first, if a pair is taken where both its rows are free.

    In rounds instead of one by one: a candidate that is the first of what is left for its source and for its target
    is taken in any case, so all of those are taken at once.
    """
    joint = _joined([one, other])
    joint = joint.take(joint.margin > -np.inf)
    left = joint.take(np.lexsort((joint.target, joint.source, -joint.margin)))
    sources, targets = (int(rows.max(initial=-1)) + 1 for rows in (joint.source, joint.target))
    taken = [joint.take(np.zeros(0, np.int64))]
    while len(left.source):
        places = np.arange(len(left.source))
        first_of_source, first_of_target = np.empty(sources, np.int64), np.empty(targets, np.int64)
        first_of_source[left.source[::-1]] = places[::-1]
        first_of_target[left.target[::-1]] = places[::-1]
        wins = (first_of_source[left.source] == places) & (first_of_target[left.target] == places)
        taken.append(left.take(wins))
        used_source, used_target = np.zeros(sources, bool), np.zeros(targets, bool)
        used_source[left.source[wins]] = True
        used_target[left.target[wins]] = True
        left = left.take(~used_source[left.source] & ~used_target[left.target])
    return _joined(taken)


def _joined(parts: Sequence[Mined]) -> Mined:
    return Mined(
        np.concatenate([part.source for part in parts]),
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.margin for part in parts]),
    )
