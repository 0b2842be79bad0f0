# mypy: disable-error-code="no-untyped-call"
"""Beam's part: the steps of a stage as one pipeline, on the runner that the config names."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import apache_beam as beam

from pipelines.datasets.draft import Draft
from pipelines.datasets.stage import EngineSection
from pipelines.engine.failures import explained
from pipelines.engine.output import errors_once
from pipelines.engine.preflight import check
from pipelines.engine.runners import new_pipeline
from pipelines.engine.steps import Finish, Step, Task


class Do(beam.DoFn):
    """Does a step's tasks. What came of a task is on disk, so nothing is emitted.

    What is given beside a task is the output, always empty, of steps that must have ended before.
    """

    def __init__(self, finish: Finish) -> None:
        self._finish = finish

    def process(self, task: Task, *_before: Any) -> None:
        self._finish(task)


def run_steps(engine: EngineSection, draft: Draft, steps: Sequence[Step[Any]]) -> None:
    """Do the steps one after another in one pipeline: what one has for the next is in files, and Beam sees the tasks
    alone. Raises UserError as `run_pipeline` does.
    """

    def build(pipeline: beam.Pipeline) -> None:
        before: tuple[Any, ...] = ()
        for step in steps:
            tasks = pipeline | f"{step.label}: plan" >> beam.Create(step.tasks)
            done = tasks | step.label >> beam.ParDo(Do(Finish(draft, step.work)), *before)
            before += (beam.pvalue.AsIter(done),)

    run_pipeline(engine, build, draft.folder)


def run_pipeline(engine: EngineSection, build: Callable[[beam.Pipeline], object], folder: Path) -> None:
    """Run the pipeline that `build` puts together, and return when it is done.

    `folder` is where its workers write; those of a cluster must see it under the same path. Raises UserError where
    the runner cannot be used, before any work, and where a worker met something that a user can put right.
    """
    with errors_once():
        check(engine, folder)
        pipeline = new_pipeline(engine)
        build(pipeline)
        try:
            _finish(pipeline)
        except Exception as error:
            failure = explained(error, folder)
            if failure is None:
                raise
            raise failure from error


def _finish(pipeline: beam.Pipeline) -> None:
    """Run the pipeline to its end; a job that runs elsewhere is cancelled when this process is interrupted."""
    result = pipeline.run()
    try:
        result.wait_until_finish()
    except BaseException as error:
        if not isinstance(error, Exception):
            with suppress(Exception):
                result.cancel()
        raise
