"""What deduplicate holds in memory, from the sizes of its inputs: how many rounds it takes, or that it cannot be done.

The figures for a row are the most that was seen on a hundred languages (`make bench-memory` shows the sum of all).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pipelines.config.deduplicate import Near
from pipelines.datasets.manifest import total_rows
from pipelines.datasets.stage import Job
from pipelines.engine.budget import Budget
from pipelines.stages.deduplicating.copies import Search, targets_of
from pipelines.stages.deduplicating.near import NearSearch
from pipelines.stages.inputs import Kind, RowFile
from pipelines.stages.largest import require_largest
from pipelines.stages.rounds import rounds

KEY: Final = 80  # bytes for a key of a row or a document in a round
BAND: Final = 64  # … and for one of a document's band keys
HASHED: Final = 4.5  # bytes for a byte of a file whose rows are hashed: the texts, and their folded forms
SKETCHED: Final = 7.0  # … and whose documents are sketched besides


def copy_search(job: Job, budget: Budget, files: Sequence[RowFile], before: Sequence[Path]) -> Search:
    """Return the search for copies. Raises UserError where the budget is too small for it."""
    require_largest(budget, files, HASHED)
    keys = sum(file.rows for file in files) + _documents(job)
    parts = budget.parts(keys, KEY, f"a round of the keys of {keys:,} rows and documents")
    return Search(job.config, len(files), targets_of(files), before, rounds("copies", parts), budget.rows(KEY))


def near_search(job: Job, budget: Budget, near: Near, kind: Kind, files: Sequence[RowFile]) -> NearSearch:
    """Return the search for near duplicates among the documents, or pairs, of all files of a kind.

    Raises UserError where the budget is too small for it.
    """
    own = [file for file in files if file.kind == kind]
    require_largest(budget, own, SKETCHED)
    count, what = (_documents(job), "documents") if kind == "text" else (sum(file.rows for file in own), "pairs")
    parts = budget.parts(count * near.bands, BAND, f"a round of the band keys of {count:,} {what}")
    return NearSearch(near, kind, own, rounds(f"near_{kind}", parts), budget.rows(BAND))


def _documents(job: Job) -> int:
    return total_rows(job.input("ingest").files(kind="documents"))
