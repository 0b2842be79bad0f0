"""The refusal of files that are too large to be worked on within the budget."""

from collections.abc import Sequence

from pipelines.engine.budget import Budget
from pipelines.stages.inputs import RowFile


def require_largest(budget: Budget, files: Sequence[RowFile], times: float) -> None:
    """Raise UserError where the work on the largest file, which takes `times` its bytes, does not fit the budget."""
    largest = max(files, key=lambda file: file.bytes, default=None)
    if largest is not None:
        size = f"{largest.name} has {largest.bytes / (1 << 20):.1f} MiB"
        budget.require(int(times * largest.bytes), size, "lower `split_bytes` of its source in ingest")
