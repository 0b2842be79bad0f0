"""Paired differences, and how sure they are over sentences and over seeds at once. NumPy alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Units:
    """The sentences that something is measured on.

    languages: str `[n]`; clusters: int64 `[n]`, equal for sentences that are not independent of each other; sizes:
    float64 `[n]`, what a sentence's value is divided by (characters for a loss, 1 for a score).
    """

    languages: NDArray[np.str_]
    clusters: NDArray[np.int64]
    sizes: Values

    def only(self, language: str) -> NDArray[np.bool_]:
        return np.asarray(self.languages == language)

    @property
    def names(self) -> list[str]:
        return [str(name) for name in np.unique(self.languages)]

    def take(self, chosen: NDArray[np.bool_]) -> "Units":
        return Units(self.languages[chosen], self.clusters[chosen], self.sizes[chosen])


@dataclass(frozen=True)
class Difference:
    """A mean difference, the bounds of its interval, and the difference of each seed."""

    mean: float
    low: float
    high: float
    by_seed: tuple[float, ...]

    def rounded(self) -> dict[str, Any]:
        bounds = {"mean": round(self.mean, 4), "low": round(self.low, 4), "high": round(self.high, 4)}
        return bounds | {"by_seed": [round(value, 4) for value in self.by_seed]}


def means(values: Values, units: Units) -> Values:
    """Return the mean over languages of Σ values / Σ sizes, for each seed: float64 `[seeds, n]` -> `[seeds]`."""
    return np.asarray(values @ _weights(units))


def difference(values: Values, units: Units, confidence: float) -> Difference:
    """Return the mean of paired differences, float64 `[seeds, n]`, with an interval over sentences and seeds.

    Both are random and crossed: every seed is measured on the same sentences. The variance of the mean is taken as
    the sum of two parts: clusters of sentences, of the differences averaged over seeds (for a ratio, by
    linearisation: Cochran 1977, section 6.3), and seeds, of the differences averaged over sentences. Chance that
    belongs to one seed and one sentence is in both parts, so the interval errs on the wide side (Owen 2007,
    "The pigeonhole bootstrap"). Degrees of freedom are Satterthwaite's (1946), the quantile Student's: with three
    seeds that differ much the interval is as wide as three numbers allow.
    """
    by_seed = means(values, units)
    weights = _weights(units)
    averaged = values.mean(axis=0)
    ratios = np.zeros(len(averaged))
    for language in units.names:
        own = units.only(language)
        ratios[own] = averaged[own].sum() / units.sizes[own].sum()
    _, cluster = np.unique(units.clusters, return_inverse=True)
    sums = np.bincount(cluster, weights * (averaged - ratios * units.sizes))
    sentences = _shrunk(len(sums)) * float((sums**2).sum())
    seeds = float(by_seed.var(ddof=1)) / len(by_seed)
    mean = float(by_seed.mean())
    half = _half_width(sentences, len(sums) - 1, seeds, len(by_seed) - 1, confidence)
    return Difference(mean, mean - half, mean + half, tuple(by_seed.tolist()))


def by_language(values: Values, units: Units, confidence: float) -> dict[str, Difference]:
    """Return the difference in each language by itself."""
    return {
        language: difference(values[:, chosen], units.take(chosen), confidence)
        for language in units.names
        for chosen in [units.only(language)]
    }


def clusters_of(names: Sequence[str]) -> NDArray[np.int64]:
    """Return a number for each name, equal for equal names, int64 `[n]`."""
    return np.asarray(np.unique(np.asarray(names, dtype=np.str_), return_inverse=True)[1], dtype=np.int64)


def _weights(units: Units) -> Values:
    """Return what a sentence's value counts in the mean over languages of Σ values / Σ sizes."""
    weights = np.empty(len(units.sizes))
    names = units.names
    for language in names:
        own = units.only(language)
        weights[own] = 1.0 / (len(names) * units.sizes[own].sum())
    return weights


def _shrunk(clusters: int) -> float:
    """Return the correction of a variance for the mean that was estimated from the same clusters."""
    return clusters / (clusters - 1) if clusters > 1 else 0.0


def _half_width(first: float, first_freedom: int, second: float, second_freedom: int, confidence: float) -> float:
    parts = [(part, freedom) for part, freedom in ((first, first_freedom), (second, second_freedom)) if part > 0]
    variance = sum(part for part, _ in parts)
    if not variance:
        return 0.0
    freedom = variance**2 / sum(part**2 / freedom for part, freedom in parts)
    return float(student.ppf(0.5 + confidence / 2, freedom) * np.sqrt(variance))
