"""Sentence alignment by vectors: Thompson and Koehn, "Vecalign: Improved Sentence Alignment in Linear Time and Space"
(EMNLP 2019), as in vecalign/dp_utils.py and dp_core.pyx.

The cost of joining n sentences x and m sentences y is 2·n·m·(1 - cos(x, y)) / (R(x) + R(y)), where R(v) is the mean of
1 - cos(v, w) over a sample of the other side's vectors w. A deletion costs as much as the 20th percentile of the costs
of random pairs of sentences. Documents are halved until a whole grid can be searched, by adding neighbouring vectors;
then each finer grid is searched in a narrow band around the path through the coarser one.

What is other than in vecalign is the last pass. There a bead has to be worth more than it costs to leave its sentences
alone: n·m in the cost keeps neighbours from being joined, and one constant for all documents says what is missing. Here
the cost is weighed against how long the texts are and how often sentences of these documents are joined or missing
(`fitting`), and against words where there are any; and vectors are centred.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Final

import numpy as np

from pipelines.align.band import Band, path_of
from pipelines.align.beads import TYPES, Beads, Float32, Int64
from pipelines.align.fitting import fitted_beads
from pipelines.align.program import cheapest

_SEED: Final = 42
_SAMPLED: Final = 100  # vectors of the other side that R is a mean over
_COSTS: Final = 20_000  # random pairs of sentences
_DELETION: Final = 0.2  # quantile
_BUFFER: Final = 5  # sentences on either side of the path, beside half of a bead
_ONE_TO_ONE: Final = ((1, 1), (1, 0), (0, 1))

_NATS: Final = np.float32(30)  # for a bead of equal vectors
_FEWEST: Final = 8  # sentences of a document whose mean says something
_NEVER: Final = 1000.0  # cost of a bead that there are no vectors for


def align(
    source: Float32, target: Float32, lengths: tuple[Int64, Int64], words: Callable[[Band], Float32] | None = None
) -> Beads:
    """Align two documents by the vectors of their sentences and of spans of these, by lengths and, if given, by words.

    `source` [k, s, d] and `target` [k, t, d] (float32) hold unit vectors: `[i, j]` that of the i + 1 sentences of which
    sentence j is the last; where j < i there is none, and it does not matter what stands there. Beads have at most k
    sentences on a side. `lengths` are those of the sentences in characters [s] and [t]; `words` gives the evidence of
    words for a band (`lexical.evidence`). The confidence in a bead is 1 - cost / (n·m) by vectors alone, and 0 where
    that is negative: 0 is what random sentences get, 1 what equal vectors get.

    Time and memory are linear in the number of sentences. Raises ValueError where k is not 1 to 4.
    """
    if not 1 <= min(len(source), len(target)) <= max(len(source), len(target)) <= max(TYPES)[0]:
        raise ValueError(f"vectors of spans of 1 to {len(source)} sentences; 1 to {max(TYPES)[0]} are known")
    band = search_band(source, target, _BUFFER + ceil(max(len(source), len(target)) / 2))
    costs = vector_costs(band, centred(source), centred(target), TYPES)
    evidence = _evidence(costs)
    if words:
        evidence += words(band)
    beads = fitted_beads(band, lengths, evidence)
    sizes = np.stack([beads.sources, beads.targets], axis=1).astype(np.int64)
    return Beads.of(sizes, _confidence(band, costs, sizes))


def centred(vectors: Float32) -> Float32:
    """Return vectors [k, s, d] without the mean of the document's sentences, of unit length; few are left as they are.

    Many encoders put all sentences of a language close together; what tells them apart is what is left.
    """
    if vectors.shape[1] < _FEWEST:
        return vectors
    apart = vectors - vectors[0].mean(axis=0)
    unit: Float32 = apart / (np.linalg.norm(apart, axis=2, keepdims=True) + np.float32(1e-5))
    return unit


def _evidence(costs: Float32) -> Float32:
    """Return in nats what vectors say for beads of these costs [types, anti-diagonals, width].

    A bead of random sentences costs n·m, which is worth nothing; a bead of four sentences with equal vectors is worth
    as much as one of two, so that it is no gain to join what is good apart.
    """
    evidence = np.zeros_like(costs)
    for nats, cost, (n, m) in zip(evidence, costs, TYPES, strict=True):
        if n and m:
            nats[:] = _NATS * (1 - cost / (n * m))
    return evidence


def search_band(source: Float32, target: Float32, half_width: int) -> Band:
    """Return the whole grid of two documents, or where it is large a band around their path on a grid of half the size.

    That path joins one vector with one. `source` [k, s, d] and `target` [k, t, d] are as `align` takes them.
    """
    sources, targets = source.shape[1], target.shape[1]
    if Band.straight(sources, targets, 0).is_whole:
        return Band.whole(sources, targets)
    first, second = halved(source), halved(target)
    band = search_band(first, second, _BUFFER + 2)
    costs = vector_costs(band, first, second, _ONE_TO_ONE)
    sizes = 2 * cheapest(band, _ONE_TO_ONE, lambda begin, end: costs[:, begin:end])
    left = np.array([sources, targets]) - sizes.sum(axis=0)  # what halving left over
    return Band.along(path_of(np.concatenate([sizes, left[None]])), sources, half_width)


def vector_costs(band: Band, source: Float32, target: Float32, types: Sequence[tuple[int, int]]) -> Float32:
    """Return what the beads of a band cost: float32 [types, anti-diagonals, width]."""
    random = np.random.default_rng(_SEED)
    r_source, r_target = distances(source, target, random), distances(target, source, random)
    deletion = deletion_cost(source[0], target[0], r_source[0], r_target[0], random)
    costs = np.full((len(types), len(band.first), band.width), deletion, np.float32)
    for x, x_end, y, y_end in band.blocks():
        first, second = max(x, 1), max(y, 1)  # a bead with two sides ends at least here
        for place, (n, m) in enumerate(types):
            if n > len(source) or m > len(target):
                costs[place] = _NEVER
            elif n and m:
                rows, columns = slice(first - 1, x_end - 1), slice(second - 1, y_end - 1)
                cosine = source[n - 1, rows] @ target[m - 1, columns].T
                scale = r_source[n - 1, rows, None] + r_target[m - 1, columns] + np.float32(1e-6)
                band.fill(costs[place], (first, second), 2 * n * m * (1 - cosine) / scale)
    return costs


def distances(vectors: Float32, others: Float32, random: np.random.Generator) -> Float32:
    """Return R of each vector [k, s]: its mean distance from a sample of `others` [k, t, d], equally of all spans."""
    spans, sentences, size = others.shape
    if not sentences:
        return np.ones(vectors.shape[:2], np.float32)
    each = ceil(_SAMPLED / spans)
    chosen = random.integers(sentences, size=(spans, each))
    mean = others[np.arange(spans)[:, None], chosen].reshape(-1, size).mean(axis=0)
    apart: Float32 = np.float32(1) - vectors @ mean
    return apart


def deletion_cost(
    source: Float32, target: Float32, r_source: Float32, r_target: Float32, random: np.random.Generator
) -> float:
    """Return what it costs to leave a sentence alone: the 20th percentile of the costs of pairs of sentences.

    `source` [s, d] and `target` [t, d] are the vectors of single sentences. All pairs are taken where they are few.
    """
    count = len(source) * len(target)
    if not count:
        return _DELETION
    pairs = np.arange(count) if count < _COSTS else random.integers(count, size=_COSTS)
    x, y = np.divmod(pairs, len(target))
    cosine = np.einsum("nd,nd->n", source[x], target[y])
    return float(np.quantile(2 * (1 - cosine) / (r_source[x] + r_target[y]), _DELETION))


def halved(vectors: Float32) -> Float32:
    """Return one vector for two neighbours [k, s // 2, d]: their sum without the mean of these sums, of unit length."""
    pairs = vectors.shape[1] // 2
    sums = vectors[:, 0 : 2 * pairs : 2] + vectors[:, 1 : 2 * pairs : 2]
    sums = sums - sums.mean(axis=1, keepdims=True)
    unit: Float32 = sums / (np.linalg.norm(sums, axis=2, keepdims=True) + np.float32(1e-5))
    return unit


def _confidence(band: Band, costs: Float32, sizes: Int64) -> Float32:
    place = np.array([TYPES.index((n, m)) for n, m in sizes.tolist()], np.int64)
    ends = np.cumsum(sizes, axis=0)
    diagonal = ends.sum(axis=1)
    cost = costs[place, diagonal, ends[:, 1] - band.first[diagonal]] / np.maximum(sizes.prod(axis=1), 1)
    confidence: Float32 = np.clip(1 - cost, 0, 1).astype(np.float32)
    return confidence
