"""What deduplicate holds in memory, from the sizes of its inputs: how many rounds it takes, or that it cannot be done.

The figures for a row are the most that was seen on a hundred languages (`make bench-memory` shows the sum of all).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pipelines.config.deduplicate import Near
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.stage import Job
from pipelines.engine.budget import Budget
from pipelines.stages.deduplicating.copies import Search, Target
from pipelines.stages.deduplicating.near import NearSearch
from pipelines.stages.inputs import RowFile
from pipelines.stages.rounds import rounds

KEY: Final = 80  # bytes for a key of a row or a document in a round
BAND: Final = 64  # … and for one of a document's band keys
HASHED: Final = 4.5  # bytes for a byte of a file whose rows are hashed: the texts, and their folded forms
SKETCHED: Final = 7.0  # … and whose documents are sketched besides
_ROWS: Final = ("staged", "pairs")


def copy_search(job: Job, budget: Budget, targets: Sequence[Target], before: Sequence[Path]) -> Search:
    """Return the search for copies. Raises UserError where the budget is too small for it."""
    _require_files(job, budget, HASHED)
    keys = sum(entry.rows for entry in _entries(job, (*_ROWS, "documents")))
    parts = budget.parts(keys, KEY, f"a round of the keys of {keys:,} rows and documents")
    files = sum(not target.documents for target in targets)
    return Search(job.config, files, targets, before, rounds("copies", parts), budget.rows(KEY))


def near_search(job: Job, budget: Budget, near: Near, files: Sequence[RowFile]) -> NearSearch:
    """Return the search for near duplicates. Raises UserError where the budget is too small for it."""
    _require_files(job, budget, SKETCHED)
    documents = sum(entry.rows for entry in _entries(job, ("documents",)))
    keys = documents * near.bands
    parts = budget.parts(keys, BAND, f"a round of the band keys of {documents:,} documents")
    texts = [file for file in files if file.kind == "text"]
    return NearSearch(near, texts, rounds("pairs", parts), budget.rows(BAND))


def _require_files(job: Job, budget: Budget, times: float) -> None:
    """Raise UserError where the work on the largest file, which takes `times` its bytes, does not fit the budget."""
    largest = max(_entries(job, _ROWS), key=lambda entry: entry.bytes, default=None)
    if largest is not None:
        budget.require(
            int(times * largest.bytes),
            f"{largest.name} has {largest.bytes / (1 << 20):.1f} MiB",
            "lower `split_bytes` of its source in ingest",
        )


def _entries(job: Job, kinds: Sequence[str]) -> Iterator[FileEntry]:
    for datasets in job.inputs.values():
        for dataset in datasets.values():
            yield from (entry for entry in dataset.manifest.files if entry.partition.get("kind") in kinds)
