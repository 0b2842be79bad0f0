"""Top-1 retrieval, and the bootstrap that says how sure a score is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DIRECTIONS = ("en-xx", "xx-en")


@dataclass(frozen=True)
class Hits:
    """Whether each query found its translation, by language.

    found: bool `[2, n]`, English queries first, then English candidates; groups: uint64 `[n]`.
    """

    found: dict[str, NDArray[np.bool_]]
    groups: dict[str, NDArray[np.uint64]]

    def joined(self, languages: Iterable[str]) -> NDArray[np.bool_]:
        """Return the queries of these languages one after another, bool `[2, sum of n]`."""
        return np.concatenate([self.found[language] for language in languages], axis=1)

    @property
    def mean(self) -> float:
        """Return the mean top-1 over languages and directions, in percent."""
        return 100.0 * float(np.mean([found.mean() for found in self.found.values()]))


@dataclass(frozen=True)
class Interval:
    """A score and the bounds between which the given share of its resamples lie, in percent (points)."""

    score: float
    low: float
    high: float

    def rounded(self) -> list[float]:
        return [round(self.low, 2), round(self.high, 2)]


def top1(similarity: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return for each row and for each column whether its own counterpart scores highest, bool `[2, n]`.

    similarity: float32 `[n, n]`, English texts down, their translations across. A tie is a miss, so a system
    that scores all candidates alike finds nothing.
    """
    own = np.diagonal(similarity)
    others = similarity.copy()
    np.fill_diagonal(others, -np.inf)
    return np.stack([own > others.max(axis=1), own > others.max(axis=0)])


def resampled(systems: Mapping[str, Hits], resamples: int, seed: int) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return each system's top-1 by language in each resample, in percent: float64 `[resamples, 2]` each.

    The English texts are resampled, all translations of one together, since they are not independent; every
    system and language sees the same draws, so differences are paired (Efron and Tibshirani 1993, chapter 8:
    the cluster is the unit). A language from which a resample draws nothing at all counts as its mean.
    """
    first = next(iter(systems.values()))
    names = np.unique(np.concatenate(list(first.groups.values())))
    random = np.random.Generator(np.random.Philox(seed))
    weights = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples).astype(np.float64)
    result: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in systems}
    for language, groups in first.groups.items():
        drawn = weights[:, np.searchsorted(names, groups)]
        total = drawn.sum(axis=1, keepdims=True)
        for name, hits in systems.items():
            found = hits.found[language].T.astype(np.float64)
            means = np.broadcast_to(found.mean(axis=0), (resamples, 2))
            share = np.divide(drawn @ found, total, out=means.copy(), where=total > 0)
            result[name][language] = 100.0 * share
    return result


def interval(score: float, resamples: NDArray[np.float64], confidence: float) -> Interval:
    """Return the percentile interval of a score (Efron and Tibshirani 1993, section 13.3)."""
    tail = (1.0 - confidence) / 2
    low, high = np.quantile(resamples, [tail, 1.0 - tail])
    return Interval(score, float(low), float(high))


def over_languages(by_language: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the mean over languages and directions in each resample, float64 `[resamples]`."""
    return np.asarray(np.mean([scores.mean(axis=1) for scores in by_language.values()], axis=0))
