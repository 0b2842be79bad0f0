"""What publish holds in memory, from the sizes of its inputs, beside the rounds of `choose` and `decide`."""

from collections.abc import Sequence
from typing import Final

from pipelines.engine.budget import Budget
from pipelines.stages.inputs import RowFile
from pipelines.stages.largest import require_largest

SCREENED: Final = 8  # bytes for each byte of a file that is screened: its texts, and their words
SHARDED: Final = 3  # … and for each byte of a shard: the rows, in one piece, and as they are written


def check(budget: Budget, files: Sequence[RowFile], shard_rows: int) -> None:
    """Raise UserError where the largest file, or a shard, takes more than there is."""
    require_largest(budget, files, SCREENED)
    for kind in ("text", "pairs"):
        sizes = [(file.rows, file.bytes) for file in files if file.kind == kind and file.rows]
        row = max((-(-size // rows) for rows, size in sizes), default=0)
        if row:
            rows = min(shard_rows, sum(rows for rows, _ in sizes))
            fitting = budget.share // (SHARDED * row)
            remedy = f"lower publish.shard_rows to {fitting}" if fitting > 0 else ""
            budget.require(SHARDED * row * rows, f"a shard of {rows:,} rows of {row:,} bytes", remedy)
