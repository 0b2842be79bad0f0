"""What the report shows of each language beside counts: how its measures are distributed, and rows to read.

A file of many languages has much of it. So it is kept beside the file until workers add it up, for many files at a
time, and the command's own process adds up what they made of it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.evidence import PAIR_READINGS, READINGS, readings_to_json
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.reasons import Reason
from pipelines.stages.inputs import Kind, RowFile
from pipelines.stages.publishing.distributions import distributions, histograms
from pipelines.stages.publishing.readings import Explain, draw_readings, lowest, readings
from pipelines.stages.publishing.thresholds import PASSED, Codes, code_of
from pipelines.stages.work import add_up

FILES: Final = 64  # that a task adds up
KINDS: Final[dict[Kind, tuple[str, str]]] = {"text": ("", READINGS), "pairs": ("pair_", PAIR_READINGS)}  # files' names
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


@dataclass(frozen=True)
class Sum:
    """Some files of one kind whose evidence is added up."""

    kind: Kind
    number: int
    files: tuple[RowFile, ...]

    @property
    def split(self) -> str:
        return f"evidence/{self.kind}-{self.number:05d}"


def keep_evidence(draft: Draft, file: RowFile, reasons: Codes, explain: Explain) -> None:
    """Keep what there is to show of a file. `reasons` are the codes of why rows are dropped [n]; `explain` says what
    decided about a row.
    """
    copies = np.isin(reasons, [code_of(reason) for reason in COPIES])
    found = {
        "histograms": histograms(file, np.flatnonzero(~copies), reasons == PASSED),
        "readings": draw_readings(file, reasons, copies, explain),
    }
    draft.scratch(_name(file)).write_text(json.dumps(found), encoding="utf-8")
    draft.preserve(_name(file))


def sums(files: Sequence[RowFile]) -> list[Sum]:
    """Return the tasks that add up what was kept, those of texts first."""
    tasks = []
    for kind in KINDS:
        own = [file for file in files if file.kind == kind]
        tasks += [Sum(kind, at // FILES, tuple(own[at : at + FILES])) for at in range(0, len(own), FILES)]
    return tasks


def add_evidence(draft: Draft, task: Sum) -> SplitRecord:
    """Add up what was kept of the task's files."""

    def kept(what: str) -> Iterator[dict[str, Any]]:
        return (json.loads(draft.preserved(_name(file)).read_bytes())[what] for file in task.files)

    return SplitRecord(summary={"histograms": add_up(kept("histograms")), "readings": lowest(kept("readings"))})


def write_evidence(draft: Draft, tasks: Sequence[Sum], summed: Iterable[SplitRecord]) -> list[FileEntry]:
    """Write what is too much for the manifest: the distributions of the measures, and the rows to read.

    Texts have these files, and pairs, where there are any, have their own.
    """
    entries: list[FileEntry] = []
    for kind, (prefix, name) in KINDS.items():
        found = [record.summary for task, record in zip(tasks, summed, strict=True) if task.kind == kind]
        if found or kind == "text":
            drawn = readings(part["readings"] for part in found)
            rows = sum(len(own) for sides in drawn.values() for own in sides.values())
            table = distributions((part["histograms"] for part in found), kind)
            entries += [
                draft.write_table(f"{prefix}distributions.arrow", table, {"kind": f"{prefix}distributions"}),
                draft.write_bytes(name, readings_to_json(drawn), {"kind": f"{prefix}readings"}, rows=rows),
            ]
    return entries


def _name(file: RowFile) -> str:
    return f"evidence/{file.split}.json"
