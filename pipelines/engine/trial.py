# mypy: disable-error-code="no-untyped-call"
"""A trial job of one element: the only way to ask the workers of a pool anything.

Neither a job service nor a worker pool tells its version or what it can import, and neither says that a worker
never came. So one worker is asked to compare versions, to find a file in the runs folder, and to write one there.
"""

import re
import secrets
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import apache_beam as beam
from apache_beam.runners.runner import PipelineState

from pipelines.datasets.errors import UserError
from pipelines.datasets.mirror import shown
from pipelines.datasets.stage import EngineSection
from pipelines.datasets.store import TEMPORARY, Store
from pipelines.engine.failures import explained
from pipelines.engine.output import errors_once
from pipelines.engine.runners import new_pipeline, worker_pool
from pipelines.engine.services import pool_answers

SECONDS = 30.0  # for a worker to start, import Beam and answer
_VISIBLE_SECONDS = 5.0  # for a shared disk to show what another machine wrote
_MODULE = re.compile(r"ModuleNotFoundError: No module named '(\w+)")
# Beam's own comparison, of what the worker is with what the job was made with.
_VERSIONS = re.compile(
    r"Submission environment: \S*python([\d.]+)_sdk:(\S+)\. Runtime environment: \S*python([\d.]+)_sdk:(\S+)\."
)


class Answer(beam.DoFn):
    """Compares polyloom's versions, looks for the question's file, and writes the answer beside it."""

    def __init__(self, question: Path, polyloom: str) -> None:
        self._question = question
        self._polyloom = polyloom

    def process(self, element: int) -> None:
        own = version("polyloom")
        if own != self._polyloom:
            raise UserError(f"the workers run polyloom {own}, this command {self._polyloom}: install the same in both")
        store, runs = Store(self._question.parent), shown(self._question.parent)
        if not store.exists(self._question.name):
            raise UserError(
                f"a worker does not see {runs}, looking from {Path.cwd()}: let the workers see the "
                "runs folder under the same path, and name it in the key `runs` by its absolute path"
            )
        store.put_bytes(_answer(self._question), f"{element}\n".encode())


def trial(engine: EngineSection, folder: Path) -> str:
    """Let a worker answer through `folder`, and say how long that took.

    Raises UserError where none comes in time, or where one has other versions, no polyloom or other storage.
    """
    store, question = Store(folder), folder / f"{TEMPORARY}trial-{secrets.token_hex(8)}"
    began = time.monotonic()
    try:
        store.put_bytes(question.name, b"")
        with errors_once():
            _run(engine, question)
        _wait_for(store, _answer(question))
    finally:
        store.delete(question.name)
        store.delete(_answer(question))
    return f"one of {worker_pool(engine)} answered through {shown(folder)} in {time.monotonic() - began:.0f} s"


def _run(engine: EngineSection, question: Path) -> None:
    pipeline = new_pipeline(engine)
    pipeline | "Question" >> beam.Create([1]) | "Answer" >> beam.ParDo(Answer(question, version("polyloom")))
    try:
        result = pipeline.run()
        state = result.wait_until_finish(duration=1000 * SECONDS)
    except Exception as error:
        raise _failure(error, engine, question.parent) from error
    if state != PipelineState.DONE:
        with suppress(Exception):
            result.cancel()
        raise UserError(_nobody_came(worker_pool(engine)))


def _failure(error: Exception, engine: EngineSection, folder: Path) -> UserError:
    pool = worker_pool(engine)
    known = explained(error, folder)
    if known is not None:
        return known
    text = str(error)
    if "Service failed to start" in text and engine.flink is not None:
        jar = engine.flink.job_server_jar
        return UserError(f"{jar}: the job server did not start ({text}); see what `java -jar {jar}` says")
    missing = _MODULE.findall(text)
    if missing:
        package = "polyloom" if missing[-1] == "pipelines" else missing[-1]
        return UserError(f"the workers of {pool} lack {package}: install the same polyloom there as here")
    if versions := _VERSIONS.search(text):
        here, there = (
            f"Beam {beam} for Python {python}" for python, beam in (versions.groups()[:2], versions.groups()[2:])
        )
        return UserError(f"the workers of {pool} run {there}, this command {here}: install the same in both")
    if "UNAVAILABLE" in text and not pool_answers(pool):
        return UserError(f"no worker pool answers at {pool}: start it, or correct environment_config in the config")
    last = text.strip().splitlines()[-1]
    return UserError(f"a trial job failed on the workers of {pool} ({last}): see the pool's output")


def _nobody_came(pool: str) -> str:
    seen = "answers" if pool_answers(pool) else "does not answer from here"
    return (
        f"the worker pool at {pool} {seen}, and none of its workers did a trial job within {SECONDS:.0f} s: see the "
        "pool's output; the `python` that comes first in its PATH must have polyloom, and it must reach the job service"
    )


def _wait_for(store: Store, answer: str) -> None:
    deadline = time.monotonic() + _VISIBLE_SECONDS
    while not store.exists(answer):
        if time.monotonic() > deadline:
            raise UserError(
                f"what a worker writes to {shown(store.folder)} does not appear here: let the workers see the runs "
                "folder under the same path"
            )
        time.sleep(0.1)


def _answer(question: Path) -> str:
    return f"{question.name}.answer"
