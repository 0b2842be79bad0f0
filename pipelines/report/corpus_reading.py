"""From the datasets of `deduplicate` and `publish`, and from an earlier run, to facts about texts by language."""

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import fsspec

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.evidence import PAIR_READINGS, READINGS, readings_from_json
from pipelines.report.corpus import DuplicateFacts, MeasureFacts, PairFacts, Spread, TextFacts, TextRows


def text_facts(deduplicate: Dataset, publish: Dataset, previous: str | None) -> TextFacts:
    """Return the facts; `previous` is the path of what an earlier run left (see `earlier_rows`)."""
    has_readings = any(entry.name == READINGS for entry in publish.manifest.files)
    return TextFacts(
        rows=_rows_of_summary(publish.manifest.summary),
        measures=list(_measures(publish, "distributions")),
        duplicates=_duplicates(deduplicate, publish.manifest.summary),
        readings=readings_from_json(publish.read(READINGS)) if has_readings else {},
        previous=None if previous is None else earlier_rows(previous),
    )


def pair_facts(publish: Dataset, align: Dataset | None) -> PairFacts:
    """Return the facts of the pairs; where there are none, they are empty."""
    summary = publish.manifest.summary
    has_readings = any(entry.name == PAIR_READINGS for entry in publish.manifest.files)
    return PairFacts(
        rows=_rows_of_summary(summary, "pairs"),
        methods=summary.get("methods", {}),
        ratios=summary.get("length_ratios", {}),
        measures=list(_measures(publish, "pair_distributions")),
        readings=readings_from_json(publish.read(PAIR_READINGS)) if has_readings else {},
        pivot="" if align is None else str(align.manifest.config.get("pivot", "")),
    )


def earlier_rows(path: str) -> TextRows:
    """Return the texts of an earlier run from its `report.json`, or from the `manifest.json` of its `publish`.

    Raises UserError where the file is neither.
    """
    try:
        with fsspec.open(path, "rb") as file:
            value = json.load(file)
        if "corpus" in value:
            kept = {code: sum(splits.values()) for code, splits in value["corpus"]["text"].items()}
            return TextRows(kept, value.get("dropped_by_language"))
        if value["stage"] == "publish":
            return _rows_of_summary(value["summary"])
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error}); check report.previous") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise UserError(
        f"{path}: neither a report.json nor the manifest.json of a dataset of publish; check report.previous"
    )


def _rows_of_summary(summary: Mapping[str, Any], kind: str = "text") -> TextRows:
    kept = {code: sum(splits.values()) for code, splits in summary.get("rows", {}).get(kind, {}).items()}
    dropped = summary.get("dropped_by_language")
    return TextRows(kept, None if dropped is None else dropped.get(kind, {}))


def _measures(publish: Dataset, kind: str) -> Iterator[MeasureFacts]:
    for entry in publish.files(kind=kind):
        for name, rows in groupby(publish.table(entry).to_pylist(), key=lambda row: row["measure"]):
            spreads: dict[bool, dict[str, Spread]] = {True: {}, False: {}}
            for (language, kept), bins in groupby(rows, key=lambda row: (row["lang"], row["kept"])):
                spreads[kept][language] = Spread.of([(one["low"], one["high"], one["rows"]) for one in bins])
            yield MeasureFacts(name, spreads[True], spreads[False])


def _duplicates(deduplicate: Dataset, published: Mapping[str, Any]) -> DuplicateFacts:
    summary = deduplicate.manifest.summary
    sizes = published.get("cluster_sizes", {}).get("text", {})
    return DuplicateFacts(
        languages=summary.get("languages", {}).get("text", {}),
        sizes=sorted((int(low), counts["clusters"], counts["rows"]) for low, counts in sizes.items()),
        largest=[cluster for cluster in summary.get("largest", []) if cluster["kind"] == "text"],
        cost=deduplicate.run.get("seconds"),
    )
