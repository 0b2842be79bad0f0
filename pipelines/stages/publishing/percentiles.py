"""Limits that each language gets from the corpus itself: histograms of each file, added up.

The idea is FineWeb2's (Penedo et al. 2025, arXiv 2506.20920): what is normal differs by language, so a filter's limit
is set where the language's own distribution has its tail. The bins (`bins`) are the same however the corpus was split.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import fsspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.config.annotate import PERPLEXITY
from pipelines.config.filters import Percentile, PerplexityFilter
from pipelines.config.publish import PublishSection
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.stages.inputs import FileTask
from pipelines.stages.publishing.bins import bins_of, edges_of
from pipelines.stages.publishing.rules import Of, Rule, Scores, rules_of
from pipelines.stages.work import add_up, codes
from pipelines.text.languages import LANGUAGES
from pipelines.text.perplexity import model_names

HEAD, MIDDLE = 30.0, 60.0  # percentiles of CCNet's buckets (cc_net/perplexity.py, PerplexityBucket)

Histogram = Mapping[str, int]  # bin (as JSON has it, text), values in it


@dataclass(frozen=True)
class Asked:
    """A percentile that is asked for, of one column."""

    rule: Rule
    percentile: float


def asked_percentiles(section: PublishSection, scores: Scores) -> list[Asked]:
    """Return the percentiles that the config asks for."""
    asked = [
        Asked(rule, limit.percentile) for rule, limit in rules_of(section, scores) if isinstance(limit, Percentile)
    ]
    perplexity = section.filters.perplexity
    if perplexity is not None and perplexity.cutoffs is None:
        for key, percentile in (("head", HEAD), ("middle", MIDDLE)):
            rule = Rule(Reason.PERPLEXITY, "filters.perplexity", key, "documents", PERPLEXITY, "≥")
            asked.append(Asked(rule, percentile))
    return asked


def survey_file(asked: Iterable[Asked], draft: Draft, task: FileTask) -> SplitRecord:
    """Count the values of the columns that are asked for, by table, column and language."""
    del draft  # what is counted is kept in the record
    tables: dict[Of, pa.Table] = {"pairs" if task.file.kind == "pairs" else "rows": task.file.scored_table()}
    if task.file.kind == "text":
        tables["documents"] = task.file.scored_documents()
    counted: dict[str, dict[str, dict[str, int]]] = {}
    for rule in {(one.rule.of, one.rule.column): one.rule for one in asked}.values():
        if rule.of in tables:
            table = tables[rule.of]
            language, names = codes(table, "lang") if rule.of == "documents" else task.file.languages()
            counted[_place(rule)] = histograms(rule.values(table), language, names)
    return SplitRecord(summary=counted)


def histograms(
    values: npt.NDArray[Any], language: npt.NDArray[np.int32], names: list[str]
) -> dict[str, dict[str, int]]:
    """Return how many values [n] are in each bin, by language (codes of `names` [n]); not a number counts nowhere."""
    numbers = values.astype(np.float32)
    there = ~np.isnan(numbers)
    keys, counts = np.unique(language[there].astype(np.int64) << 32 | bins_of(numbers[there]), return_counts=True)
    found: dict[str, dict[str, int]] = {}
    for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
        found.setdefault(names[key >> 32], {})[str(key & 0xFFFFFFFF)] = count
    return found


def percentile_of(histogram: Histogram, percentile: float) -> float:
    """Return the smallest value with so many percent of all values at or below it (the nearest rank), but for its bin.

    Raises ValueError for a histogram of nothing.
    """
    if not histogram:
        raise ValueError("nothing was counted")
    bins = np.array(sorted(map(int, histogram)), np.uint32)
    running = np.cumsum([histogram[str(number)] for number in bins.tolist()])
    return float(edges_of(bins[np.searchsorted(running, [percentile / 100 * running[-1]])])[0])


def derived_limits(asked: Iterable[Asked], records: Iterable[SplitRecord]) -> dict[str, dict[str, float]]:
    """Return what the percentiles are for each language, by the rule's path."""
    counted = add_up(record.summary for record in records)
    return {
        one.rule.path: {
            language: percentile_of(histogram, one.percentile)
            for language, histogram in counted.get(_place(one.rule), {}).items()
        }
        for one in asked
    }


def perplexity_cutoffs(
    perplexity: PerplexityFilter | None, derived: Mapping[str, Mapping[str, float]]
) -> dict[str, tuple[float, float]]:
    """Return where the head and the middle of each language end: from CCNet's table, or from what was derived.

    Raises UserError for a table that is not CCNet's.
    """
    if perplexity is None:
        return {}
    if perplexity.cutoffs is not None:
        return dict(_read_cutoffs(perplexity.cutoffs))
    head, middle = (derived.get(f"filters.perplexity.{key}", {}) for key in ("head", "middle"))
    return {language: (head[language], middle[language]) for language in head}


def _read_cutoffs(location: str) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yield the percentiles 30 and 60 of each language: the table has a column for each, the percentile first."""
    try:
        with fsspec.open(location, "rt", encoding="utf-8", newline="") as file:
            header, *lines = list(csv.reader(file))
        rows = {float(line[0]): line for line in lines if line}
        head, middle = rows[HEAD], rows[MIDDLE]
        bounds = {name: (float(head[place]), float(middle[place])) for place, name in enumerate(header) if place > 0}
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise UserError(
            f"{location}: not a table of cutoffs ({type(error).__name__}: {error}); give CCNet's cutoff.csv, with a "
            "column for each language and a row for each percentile"
        ) from error
    for code in sorted({*bounds, *LANGUAGES}):
        if name := next((name for name in model_names(code) if name in bounds), None):
            yield code, bounds[name]


def _place(rule: Rule) -> str:
    return f"{rule.of}.{rule.column}"
