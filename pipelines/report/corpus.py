"""What the report says of a corpus of texts language by language, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.datasets.evidence import Readings

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class TextRows:
    """The texts of one run by language: those published, and those dropped by `publish` by reason.

    `dropped` is None where that run did not count them by language.
    """

    kept: Mapping[str, int]
    dropped: Mapping[str, Mapping[str, int]] | None

    def lost(self, code: str) -> int:
        """Return how many texts of a language were dropped."""
        return sum((self.dropped or {}).get(code, {}).values())

    def total(self, code: str) -> int:
        return self.kept.get(code, 0) + self.lost(code)

    @property
    def languages(self) -> list[str]:
        """All languages, those with the most texts first, dropped ones counted."""
        return sorted({*self.kept, *(self.dropped or {})}, key=lambda code: (-self.total(code), code))

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """All reasons with the texts that they dropped, the commonest first."""
        counts: dict[str, int] = {}
        for own in (self.dropped or {}).values():
            for reason, rows in own.items():
                counts[reason] = counts.get(reason, 0) + rows
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


@dataclass(frozen=True)
class Change:
    """A language in an earlier run and in this one: published texts, and the dropped share where it is known."""

    language: str
    before: int
    now: int
    share_before: float | None
    share_now: float | None

    @property
    def loss(self) -> float:
        """The share of the earlier texts that is gone; negative where there are more now."""
        return 1 - self.now / self.before if self.before else 0.0


def changes(before: TextRows, now: TextRows) -> list[Change]:
    """Return every language of either run, those with the most texts first."""
    languages = sorted(
        {*before.languages, *now.languages}, key=lambda code: (-max(before.total(code), now.total(code)), code)
    )
    return [
        Change(code, before.kept.get(code, 0), now.kept.get(code, 0), _share(before, code), _share(now, code))
        for code in languages
    ]


def _share(run: TextRows, code: str) -> float | None:
    return run.lost(code) / run.total(code) if run.dropped is not None and run.total(code) else None


@dataclass(frozen=True)
class Spread:
    """The quantiles (QUANTILES) of a measure among some rows, as exact as the bins that were counted."""

    rows: int
    quantiles: Sequence[float]

    @staticmethod
    def of(bins: Sequence[tuple[float, float, int]]) -> "Spread":
        """Return it from ascending bins (low, high, rows), each taken to be evenly filled."""
        rows = sum(count for *_, count in bins)
        found = []
        for quantile in QUANTILES:
            left = quantile * rows
            for low, high, count in bins:
                if left <= count:
                    found.append(low + (high - low) * left / count)
                    break
                left -= count
        return Spread(rows, found)


@dataclass(frozen=True)
class MeasureFacts:
    """How one measure is spread in each language, among kept texts and among dropped ones where there are any."""

    name: str
    kept: Mapping[str, Spread]
    dropped: Mapping[str, Spread]


@dataclass(frozen=True)
class DuplicateFacts:
    """Copies: texts and copies by language, clusters and their texts by the least size of each class, and the largest.

    `cost` is the time of the stage `deduplicate` in seconds, None where it was not kept.
    """

    languages: Mapping[str, Mapping[str, int]]
    sizes: Sequence[tuple[int, int, int]]
    largest: Sequence[Mapping[str, Any]]
    cost: float | None

    @property
    def rows(self) -> int:
        return sum(one["rows"] for one in self.languages.values())

    @property
    def copies(self) -> int:
        return sum(one["copies"] for one in self.languages.values())


@dataclass(frozen=True)
class PairFacts:
    """All that the report says of pairs, by what they count for: the target's language, or `de→fr`.

    `methods` are, for each, how its pairs were found, with `pairs` and `kept`; `ratios` mean and spread of the natural
    logarithm of target over source characters. `pivot` is the source of those that are named by one language.
    """

    rows: TextRows
    methods: Mapping[str, Mapping[str, Mapping[str, int]]]
    ratios: Mapping[str, Mapping[str, float]]
    measures: Sequence[MeasureFacts]
    readings: Readings
    pivot: str

    def sides(self, label: str) -> tuple[str, str]:
        """Return the source's and the target's language."""
        source, arrow, target = label.partition("→")
        return (source, target) if arrow else (self.pivot, label)


@dataclass(frozen=True)
class TextFacts:
    """All that the report says of texts by language."""

    rows: TextRows
    measures: Sequence[MeasureFacts]
    duplicates: DuplicateFacts
    readings: Readings
    previous: TextRows | None
