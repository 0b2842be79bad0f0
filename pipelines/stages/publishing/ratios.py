"""The usual length ratio of each language pair, fitted over the corpus.

Files are summed up in whole numbers, so that the fit is the same however the corpus was split.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.stages.inputs import FileTask
from pipelines.stages.work import add_up, column

_STEP: Final = 1 / 65536  # to which the logarithm of a ratio is rounded
_DIGITS: Final = 4  # to which mean and spread are


@dataclass(frozen=True)
class Fit:
    """Mean and standard deviation of the natural logarithm of target over source characters, and how many pairs."""

    mean: float
    spread: float
    pairs: int


def sum_ratios(draft: Draft, task: FileTask) -> SplitRecord:
    """Sum up the log ratios of a file of pairs by language pair."""
    del draft  # what is summed up is kept in the record
    language, names = task.file.languages()
    steps = np.rint(column(task.file.table(), "length_ratio").to_numpy() / _STEP).astype(np.int64)
    sums: dict[str, Any] = {}
    for code, name in enumerate(names):
        own = steps[language == code]
        sums[name] = {"pairs": len(own), "sum": int(own.sum()), "squares": int((own * own).sum())}
    return SplitRecord(summary=sums)


def fitted(records: Iterable[SplitRecord]) -> dict[str, Fit]:
    """Return the fit of each language pair that has pairs."""
    summed = add_up(record.summary for record in records)
    return {name: _fit(sums) for name, sums in summed.items() if sums["pairs"]}


def _fit(sums: Mapping[str, int]) -> Fit:
    mean = sums["sum"] / sums["pairs"]
    variance = max(sums["squares"] / sums["pairs"] - mean * mean, 0)
    return Fit(round(mean * _STEP, _DIGITS), round(math.sqrt(variance) * _STEP, _DIGITS), sums["pairs"])
