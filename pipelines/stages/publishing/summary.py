"""What publish tells of a corpus: what became of the rows of each language, and the clusters of copies by size."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from pipelines.datasets.draft import SplitRecord
from pipelines.datasets.evidence import Sample
from pipelines.datasets.reasons import Reason
from pipelines.stages.inputs import RowFile
from pipelines.stages.publishing.splits import Assignment
from pipelines.stages.publishing.thresholds import PASSED, REASONS, Codes
from pipelines.stages.work import add_up, codes, column, samples_by_reason


def account(file: RowFile, reasons: Codes) -> dict[str, Any]:
    """Return what became of a file's rows: counts by language and reason, sizes of clusters, and of pairs counts by
    how they were found.

    `reasons` are the codes of why rows are dropped [n].
    """
    language, names = file.languages()
    counted: dict[str, Any] = {
        "dropped_by_language": {file.kind: _by_reason(language, names, reasons)},
        "cluster_sizes": {file.kind: _cluster_sizes(file)},
    }
    if file.kind == "pairs":
        counted["methods"] = _by_method(file, language, names, reasons == PASSED)
    return counted


def summary(
    decided: Iterable[SplitRecord], limits: Mapping[Reason, Mapping[str, Any]], assignment: Assignment
) -> dict[str, Any]:
    """Return the summary of the stage from the records of the files; `limits` are by reason and key of the config."""
    dropped = add_up(record.summary["dropped"] for record in decided)
    return {
        "rows": add_up(record.summary["kept"] for record in decided),
        "dropped": dropped,
        "dropped_by_language": add_up(record.summary["dropped_by_language"] for record in decided),
        "cluster_sizes": add_up(record.summary["cluster_sizes"] for record in decided),
        "methods": add_up(record.summary["methods"] for record in decided if "methods" in record.summary),
        "thresholds": {str(reason): keys for reason, keys in limits.items()},
        "documents_added": {
            part: sum(1 for level in assignment.added.values() if level == number)
            for number, part in ((1, "dev"), (2, "test"))
        },
        "examples": {kind: _examples(decided, kind) for kind in dropped},
    }


def _by_reason(language: Any, names: list[str], reasons: Codes) -> dict[str, dict[str, int]]:
    """Return the dropped rows of each language that has any by reason."""
    width = len(REASONS) + 1
    grid = np.bincount(language.astype(np.int64) * width + reasons, minlength=len(names) * width)
    found = {
        name: {str(REASONS[code - 1]): count for code, count in enumerate(row) if code != PASSED and count}
        for name, row in zip(names, grid.reshape(len(names), width).tolist(), strict=True)
    }
    return {name: counts for name, counts in found.items() if counts}


def _by_method(file: RowFile, language: Any, names: list[str], kept: Any) -> dict[str, dict[str, dict[str, int]]]:
    """Return the pairs of each language pair by how they were found, and how many of them are kept."""
    method, methods = codes(file.table(), "method")
    cell, cells = language.astype(np.int64) * len(methods) + method, len(names) * len(methods)
    pairs, published = (np.bincount(part, minlength=cells).tolist() for part in (cell, cell[kept]))
    found: dict[str, dict[str, dict[str, int]]] = {}
    for place, count in enumerate(pairs):
        if count:
            own = found.setdefault(names[place // len(methods)], {})
            own[methods[place % len(methods)]] = {"pairs": count, "kept": published[place]}
    return found


def _cluster_sizes(file: RowFile) -> dict[str, dict[str, int]]:
    """Return the clusters that begin in a file, and their rows, by the power of two that their size reaches."""
    table = file.cluster_table()
    sizes = column(table, "cluster_size").to_numpy()[column(table, "rank").to_numpy() == 0]
    powers = np.log2(sizes).astype(np.int64)
    clusters, rows = np.bincount(powers).tolist(), np.bincount(powers, sizes).astype(np.int64).tolist()
    return {
        str(2**power): {"clusters": count, "rows": total}
        for power, (count, total) in enumerate(zip(clusters, rows, strict=True))
        if count
    }


def _examples(decided: Iterable[SplitRecord], kind: str) -> list[dict[str, Any]]:
    rows = (row for record in decided for row in record.summary["examples"].get(kind, []))
    found = samples_by_reason((kind, Sample.model_validate(row)) for row in rows)
    return [sample.model_dump() for sample in found.get(kind, [])]
