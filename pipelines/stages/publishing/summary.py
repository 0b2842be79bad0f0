"""What publish tells of a corpus: what became of the rows of each language, and the clusters of copies by size."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.evidence import READINGS, Sample, readings_to_json
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.reasons import Reason
from pipelines.stages.inputs import RowFile
from pipelines.stages.publishing.distributions import distributions, histograms
from pipelines.stages.publishing.readings import Explain, draw_readings, readings
from pipelines.stages.publishing.splits import Assignment
from pipelines.stages.publishing.thresholds import PASSED, REASONS, Codes, code_of
from pipelines.stages.work import add_up, column, samples_by_reason

# Reasons that say nothing of a text itself: no threshold is judged by these rows.
COPIES: Final = (
    Reason.PUBLISHED_BEFORE,
    Reason.REPEATED,
    Reason.DUPLICATE_DOCUMENT,
    Reason.NEAR_DUPLICATE,
    Reason.SAME_LETTERS,
    Reason.DUPLICATE,
    Reason.REPEATED_SIDE,
    Reason.HELD_OUT,
)


def account(file: RowFile, reasons: Codes, explain: Explain) -> dict[str, Any]:
    """Return what became of a file's rows: counts by language and reason, sizes of clusters; of texts also histograms
    of their measures, copies left out, and random rows to read.

    `reasons` are the codes of why rows are dropped [n]; `explain` says what decided about a row.
    """
    language, names = file.languages()
    counted: dict[str, Any] = {
        "dropped_by_language": {file.kind: _by_reason(language, names, reasons)},
        "cluster_sizes": {file.kind: _cluster_sizes(file)},
    }
    if file.kind == "text":
        copies = np.isin(reasons, [code_of(reason) for reason in COPIES])
        counted["histograms"] = histograms(file, np.flatnonzero(~copies), reasons == PASSED)
        counted["readings"] = draw_readings(file, reasons, copies, explain)
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
        "thresholds": {str(reason): keys for reason, keys in limits.items()},
        "documents_added": {
            part: sum(1 for level in assignment.added.values() if level == number)
            for number, part in ((1, "dev"), (2, "test"))
        },
        "examples": {kind: _examples(decided, kind) for kind in dropped},
    }


def write_evidence(draft: Draft, decided: Iterable[SplitRecord]) -> list[FileEntry]:
    """Write what is too much for the manifest: the distributions of the measures, and the rows to read."""
    found = readings(record.summary["readings"] for record in decided if "readings" in record.summary)
    drawn = sum(len(rows) for sides in found.values() for rows in sides.values())
    table = distributions(record.summary["histograms"] for record in decided if "histograms" in record.summary)
    return [
        draft.write_table("distributions.arrow", table, {"kind": "distributions"}),
        draft.write_bytes(READINGS, readings_to_json(found), {"kind": "readings"}, rows=drawn),
    ]


def _by_reason(language: Any, names: list[str], reasons: Codes) -> dict[str, dict[str, int]]:
    """Return the dropped rows of each language that has any by reason."""
    width = len(REASONS) + 1
    grid = np.bincount(language.astype(np.int64) * width + reasons, minlength=len(names) * width)
    found = {
        name: {str(REASONS[code - 1]): count for code, count in enumerate(row) if code != PASSED and count}
        for name, row in zip(names, grid.reshape(len(names), width).tolist(), strict=True)
    }
    return {name: counts for name, counts in found.items() if counts}


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
