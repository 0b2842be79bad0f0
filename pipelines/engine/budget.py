"""What a stage may hold in memory, shared among its processes, and the refusal where that cannot be enough.

Counted is what a process has for itself; files that are mapped are the kernel's to take back, and count for nothing.
"""

import math
from dataclasses import dataclass
from typing import Final

from pydantic import ByteSize

from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import Job
from pipelines.engine.machine import memory

# What a process takes before it has any work, from `make bench-memory`: Python, NumPy, Arrow and Beam.
PROCESS: Final = 160 << 20
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

    def parts(self, rows: int, row: int, what: str, most_rows: int = 1 << 22) -> int:
        """Return into how many parts a hash space is cut, so that a part of `rows` of `row` bytes each fits a share.

        A part holds no more than `most_rows` even where there is memory for it: more parts are more work to share.
        Raises UserError, as `require` does, where the smallest part does not fit.
        """
        smallest = math.ceil(rows / MOST_PARTS) * row
        self.require(smallest, what)
        fitting = max(min(self.share // row, most_rows), 1)
        return min(max(math.ceil(rows / fitting), 1), MOST_PARTS)

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
    unit = 1 << 30 if size >= 1 << 30 else 1 << 20
    rounded = math.ceil(size / unit * 10) * unit / 10
    return ByteSize(rounded).human_readable(separator=" ")
