"""What the report shows of each language beside counts: how its measures are distributed, and rows to read.

A file of many languages has much of it. So it is kept beside the file until workers add it up, for many files at a
time, and the command's own process adds up what they made of it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.evidence import READINGS, readings_to_json
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.reasons import Reason
from pipelines.stages.inputs import RowFile
from pipelines.stages.publishing.distributions import distributions, histograms
from pipelines.stages.publishing.readings import Explain, draw_readings, lowest, readings
from pipelines.stages.publishing.thresholds import PASSED, Codes, code_of
from pipelines.stages.work import add_up

FILES: Final = 64  # that a task adds up
# Reasons that say nothing of a text itself: no threshold is judged by these rows.
COPIES: Final = (
    Reason.PUBLISHED_BEFORE,
    Reason.REPEATED,
    Reason.DUPLICATE_DOCUMENT,
    Reason.NEAR_DUPLICATE,
    Reason.DUPLICATE,
    Reason.HELD_OUT,
)


@dataclass(frozen=True)
class Sum:
    """Some files of texts whose evidence is added up."""

    number: int
    files: tuple[RowFile, ...]

    @property
    def split(self) -> str:
        return f"evidence/{self.number:05d}"


def keep_evidence(draft: Draft, file: RowFile, reasons: Codes, explain: Explain) -> None:
    """Keep what there is to show of a file of texts. `reasons` are the codes of why rows are dropped [n]; `explain`
    says what decided about a row.
    """
    copies = np.isin(reasons, [code_of(reason) for reason in COPIES])
    found = {
        "histograms": histograms(file, np.flatnonzero(~copies), reasons == PASSED),
        "readings": draw_readings(file, reasons, copies, explain),
    }
    _path(draft, file).write_text(json.dumps(found), encoding="utf-8")


def sums(files: Iterable[RowFile]) -> list[Sum]:
    """Return the tasks that add up what was kept."""
    texts = [file for file in files if file.kind == "text"]
    return [Sum(at // FILES, tuple(texts[at : at + FILES])) for at in range(0, len(texts), FILES)]


def add_evidence(draft: Draft, task: Sum) -> SplitRecord:
    """Add up what was kept of the task's files."""

    def kept(what: str) -> Iterator[dict[str, Any]]:
        return (json.loads(_path(draft, file).read_bytes())[what] for file in task.files)

    return SplitRecord(summary={"histograms": add_up(kept("histograms")), "readings": lowest(kept("readings"))})


def write_evidence(draft: Draft, summed: Iterable[SplitRecord]) -> list[FileEntry]:
    """Write what is too much for the manifest: the distributions of the measures, and the rows to read."""
    found = readings(record.summary["readings"] for record in summed)
    drawn = sum(len(rows) for sides in found.values() for rows in sides.values())
    table = distributions(record.summary["histograms"] for record in summed)
    return [
        draft.write_table("distributions.arrow", table, {"kind": "distributions"}),
        draft.write_bytes(READINGS, readings_to_json(found), {"kind": "readings"}, rows=drawn),
    ]


def _path(draft: Draft, file: RowFile) -> Path:
    return draft.scratch(f"evidence/{file.split}.json")
