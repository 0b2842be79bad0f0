"""Macro-F1 from counts by sentence, so that sentences can be drawn again without counting anew. NumPy alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Values = NDArray[np.float64]
Labels = Sequence[Sequence[str]]
"""The labels of each sentence: one for each word, or a single one for the whole."""

_SLICE: Final = 250  # resamples at once: bounds the memory of the weights


@dataclass(frozen=True)
class Gold:
    """What is right in one language. `clusters`: equal for sentences that are not independent, int64 `[n]`."""

    labels: Labels
    clusters: NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds in points of macro-F1, the bounds of its interval, and the value of each seed."""

    mean: float
    low: float
    high: float
    by_seed: tuple[float, ...]


def counts(gold: Labels, predicted: Labels, classes: Sequence[str]) -> Values:
    """Return for each sentence and class its hits, and twice its hits plus all mistakes: float64 `[2, n, K]`.

    Twice the first divided by the second is F1. Raises ValueError where a sentence has another number of labels.
    """
    place = {label: number for number, label in enumerate(classes)}
    result = np.zeros((2, len(gold), len(classes)))
    for row, (right, said) in enumerate(zip(gold, predicted, strict=True)):
        for one, other in zip(right, said, strict=True):
            result[1, row, place[one]] += 1
            result[1, row, place[other]] += 1
            if one == other:
                result[0, row, place[one]] += 1
    return result


def macro_f1(counted: Values, weights: Values) -> Values:
    """Return the mean F1, in percent, over the classes that are right somewhere: float64 `[R]`.

    counted: `[2, n, K]`, hits and denominators by sentence, only of such classes; weights: `[R, n]`, how often each
    sentence counts. A class that no weighted sentence has, nor is said to have, counts as no class.
    """
    hits, whole = weights @ counted[0], weights @ counted[1]
    found = whole > 0
    f1 = np.divide(2 * hits, whole, out=np.zeros_like(hits), where=found)
    return np.asarray(100 * f1.sum(axis=1) / np.maximum(found.sum(axis=1), 1))


class Ground:
    """The sentences of a task in several languages, and what of them counts in each of many resamples.

    Clusters of sentences are drawn with replacement, the same in every language and for every system, so differences
    are paired (Efron and Tibshirani 1993, chapter 8).
    """

    def __init__(self, gold: Mapping[str, Gold], classes: Sequence[str], resamples: int, seed: int) -> None:
        self.languages = tuple(gold)
        self._gold = gold
        self._classes = tuple(classes)
        names = np.unique(np.concatenate([one.clusters for one in gold.values()]))
        self._places = {language: np.searchsorted(names, one.clusters) for language, one in gold.items()}
        self.clusters = len(names)
        random = np.random.Generator(np.random.Philox(seed))
        draws = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
        self._draws = draws.astype(np.uint8)

    def scores(self, predicted: Mapping[str, Labels]) -> "Scores":
        """Return a system's macro-F1 by language, as it is and in every resample."""
        whole, drawn = [], []
        for language in self.languages:
            gold = self._gold[language]
            counted = counts(gold.labels, predicted[language], self._classes)
            right = {label for labels in gold.labels for label in labels}
            counted = counted[:, :, [label in right for label in self._classes]]
            whole.append(float(macro_f1(counted, np.ones((1, len(gold.labels))))[0]))
            places = self._places[language]
            slices = [self._draws[begin : begin + _SLICE] for begin in range(0, len(self._draws), _SLICE)]
            drawn.append(np.concatenate([macro_f1(counted, one[:, places].astype(np.float64)) for one in slices]))
        return Scores(self.languages, np.asarray(whole), np.stack(drawn, axis=1))


@dataclass(frozen=True)
class Scores:
    """Macro-F1 in percent: `whole` by language, float64 `[L]`, and `drawn` in each resample, `[R, L]`."""

    languages: tuple[str, ...]
    whole: Values
    drawn: Values

    def mean(self, languages: Sequence[str]) -> tuple[float, Values]:
        """Return the mean over languages, as it is and in every resample."""
        chosen = [self.languages.index(one) for one in languages]
        return float(self.whole[chosen].mean()), np.asarray(self.drawn[:, chosen].mean(axis=1))


def estimate(seeds: Sequence[tuple[float, Values]], clusters: int, confidence: float) -> Estimate:
    """Return the mean over seeds with an interval over sentences and seeds.

    seeds: for each seed a score, or the paired difference of two, as it is and in every resample. The variance of the
    mean is taken as the sum of two parts, as in `training.comparison.differences`: of sentences, by the bootstrap of
    the mean over seeds, and of seeds. Degrees of freedom are Satterthwaite's (1946), the quantile Student's. A system
    that no seed changes has the first part alone.
    """
    by_seed = np.asarray([whole for whole, _ in seeds])
    sentences = float(np.mean([drawn for _, drawn in seeds], axis=0).var(ddof=1))
    between = float(by_seed.var(ddof=1)) / len(by_seed) if len(by_seed) > 1 else 0.0
    mean, half = float(by_seed.mean()), 0.0
    if sentences + between:
        shares = sentences**2 / max(clusters - 1, 1) + between**2 / max(len(by_seed) - 1, 1)
        freedom = (sentences + between) ** 2 / shares
        half = float(student.ppf(0.5 + confidence / 2, freedom) * np.sqrt(sentences + between))
    return Estimate(mean, mean - half, mean + half, tuple(by_seed.tolist()))


def minus(one: Sequence[tuple[float, Values]], other: Sequence[tuple[float, Values]]) -> list[tuple[float, Values]]:
    """Return the paired differences of two systems, seed by seed."""
    return [(a - b, drawn - others) for (a, drawn), (b, others) in zip(one, other, strict=True)]
