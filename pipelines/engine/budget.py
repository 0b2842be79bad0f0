"""What a stage may hold in memory, shared among its processes, and the refusal where that cannot be enough.

Counted is what a process has for itself; files that are mapped are the kernel's to take back, and count for nothing.
"""

import math
from dataclasses import dataclass
from typing import Final

from pipelines.datasets.errors import UserError
from pipelines.datasets.machine import memory
from pipelines.datasets.stage import Job

# What a process takes before it has any work, from `make bench-memory`: Python, NumPy, Arrow and Beam.
PROCESS: Final = 160 << 20
_UNITS: Final = (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20))
MOST_ROWS: Final = 1 << 21  # held at once even where there is memory for more: more parts are more work to share
MOST_PARTS: Final = 1 << 12  # of a hash space: beyond that, opening files is what takes the time


@dataclass(frozen=True)
class Budget:
    """The memory that a stage's processes share: `total` bytes among `workers`, and a runner's process beside them.

    One local worker is the runner's process itself.
    """

    stage: str
    total: int
    workers: int
    is_given: bool
    runs_here: bool = True

    @property
    def share(self) -> int:
        """How many bytes the work in one process may hold, beside what the process takes anyhow; may be negative."""
        return (self.total - self._processes(self.workers) * PROCESS) // self.workers

    def require(self, need: int, what: str, remedy: str = "") -> None:
        """Raise UserError where the work in a process must hold more than its share, with the figure that it takes.

        `need` is in bytes, of the largest task; `what` says what takes it, and `remedy` what else would help, such as
        `lower split_bytes`.
        """
        if need <= self.share:
            return
        whole = self._whole(need, self.workers)
        advice = [f"raise it to {_text(whole)}"]
        fitting = [count for count in range(1, self.workers) if self._whole(need, count) <= self.total]
        if fitting:
            advice.append(f"set engine.workers to {fitting[-1]}")
        elif self.workers > 1:
            advice.append(f"raise it to {_text(self._whole(need, 1))} and set engine.workers to 1")
        if remedy:
            advice.append(remedy)
        workers = f"{self.workers} workers" if self.workers > 1 else "1 worker"
        origin = "" if self.is_given else " (half of this machine's memory)"
        raise UserError(
            f"{self.stage} needs about {_text(whole)} with {workers} ({what}), engine.memory_budget is "
            f"{_text(self.total)}{origin}; {', or '.join(advice)}"
        )

    def rows(self, row: int, most: int = MOST_ROWS) -> int:
        """Return how many rows of `row` bytes are held at once, at least one: those that fit a share, up to `most`."""
        return max(min(self.share // row, most), 1)

    def parts(self, rows: int, row: int, what: str) -> int:
        """Return into how many parts a hash space is cut, so that a part of `rows` of `row` bytes each fits a share.

        Raises UserError, as `require` does, where the smallest part would not fit.
        """
        self.require(math.ceil(rows / MOST_PARTS) * row, what)
        return min(max(math.ceil(rows / self.rows(row)), 1), MOST_PARTS)

    def _whole(self, need: int, workers: int) -> int:
        return self._processes(workers) * PROCESS + workers * need

    def _processes(self, workers: int) -> int:
        return workers + (workers > 1 or not self.runs_here)


def budget_of(job: Job, stage: str) -> Budget:
    """Return what `stage` may hold with the job's engine."""
    engine = job.engine
    given = engine.memory_budget
    total = memory() // 2 if given is None else int(given)
    return Budget(stage, total, engine.workers, given is not None, engine.runner == "local")


def _text(size: int) -> str:
    """Return a size as a recipe takes it, rounded up so that it is enough: `3.1 GiB`."""
    name, unit = next((name, unit) for name, unit in _UNITS if size >= unit or name == "MiB")
    return f"{math.ceil(size / unit * 10) / 10} {name}"
