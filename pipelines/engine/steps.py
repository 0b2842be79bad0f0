"""The steps of a stage, and who does their tasks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.stage import EngineSection
from pipelines.engine.processes import do_each


class Task(Protocol):
    """A piece of a stage's work that is ticked off by itself."""

    @property
    def split(self) -> str:
        """The name it is ticked off under."""


AnyTask = TypeVar("AnyTask", bound=Task)


@dataclass(frozen=True)
class Step(Generic[AnyTask]):
    """Tasks that do not wait for each other. `work` is picklable: a function of a module, or a partial of one."""

    label: str
    tasks: Sequence[AnyTask]
    work: Callable[[Draft, AnyTask], SplitRecord]


@dataclass(frozen=True)
class Finish:
    """Does a task and ticks it off."""

    draft: Draft
    work: Callable[[Draft, Any], SplitRecord]

    def __call__(self, task: Task) -> None:
        self.draft.finish(task.split, self.work(self.draft, task))


def do_steps(engine: EngineSection, draft: Draft, steps: Sequence[Step[Any]]) -> None:
    """Do all tasks, those of a step when all of the step before are done.

    On this machine Beam is spared, unless it was given options: this process does the tasks, or worker processes do,
    each taking the next when it is free, where Beam would deal them out beforehand. Raises UserError where the runner
    cannot be used, and where a worker met something that a user can put right.
    """
    if engine.runner == "local" and not engine.options:
        for step in steps:
            do_each(Finish(draft, step.work), step.tasks, engine.workers)
    else:
        from pipelines.engine.jobs import run_steps  # Beam takes a second to import

        run_steps(engine, draft, steps)
