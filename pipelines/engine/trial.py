# mypy: disable-error-code="no-untyped-call"
"""A trial job of one element: the only way to ask the workers of a pool anything.

Neither a job service nor a worker pool tells its version or what it can import, and neither says that a worker
never came. So one worker is asked to compare versions, to see a file in the runs folder, and to write one there.
"""

import platform
import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import apache_beam as beam
from apache_beam.runners.runner import PipelineState

from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import EngineSection
from pipelines.datasets.store import TEMPORARY
from pipelines.engine.failures import explained
from pipelines.engine.runners import new_pipeline, worker_pool
from pipelines.engine.services import pool_answers

SECONDS = 30.0  # for a worker to start, import Beam and answer
_VISIBLE_SECONDS = 5.0  # for a shared disk to show what another machine wrote
_MODULE = re.compile(r"ModuleNotFoundError: [^\n]*?((?:pipelines|apache_beam|[A-Za-z_]\w*)\b)(?:\.\w+)*'?(?:;|\s|$)")


def versions() -> dict[str, str]:
    """Return the versions that must be the same here and in the workers."""
    return {
        "Beam": beam.__version__,
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "polyloom": version("polyloom"),
    }


class Answer(beam.DoFn):
    """Compares versions, looks for the question's file, and writes the answer beside it."""

    def __init__(self, question: Path, asked: Mapping[str, str]) -> None:
        self._question = question
        self._asked = dict(asked)

    def process(self, element: int) -> None:
        own = versions()
        if own != self._asked:
            raise UserError(
                f"the workers run {_listed(own)}, this command {_listed(self._asked)}: give both the same versions"
            )
        if not self._question.is_file():
            raise UserError(
                f"a worker does not see {self._question.parent}, looking from {Path.cwd()}: let the workers see the "
                "runs folder under the same path, and name it in the key `runs` by its absolute path"
            )
        _answer(self._question).write_text(f"{element}\n", encoding="utf-8")


def trial(engine: EngineSection, folder: Path) -> str:
    """Let a worker answer through `folder`, and say how long that took.

    Raises UserError where none comes in time, or where one has other versions, no polyloom or other storage.
    """
    question = folder / f"{TEMPORARY}trial-{secrets.token_hex(8)}"
    began = time.monotonic()
    try:
        question.touch()
        _run(engine, question)
        _wait_for(_answer(question))
    finally:
        question.unlink(missing_ok=True)
        _answer(question).unlink(missing_ok=True)
    return f"one of {worker_pool(engine)} answered through {folder} in {time.monotonic() - began:.0f} s"


def _run(engine: EngineSection, question: Path) -> None:
    pipeline = new_pipeline(engine)
    pipeline | "Question" >> beam.Create([1]) | "Answer" >> beam.ParDo(Answer(question, versions()))
    pool = worker_pool(engine)
    try:
        result = pipeline.run()
        state = result.wait_until_finish(duration=1000 * SECONDS)
    except Exception as error:
        raise _failure(error, pool, question.parent) from error
    if state != PipelineState.DONE:
        with suppress(Exception):
            result.cancel()
        raise UserError(_nobody_came(pool))


def _failure(error: Exception, pool: str, folder: Path) -> UserError:
    known = explained(error, folder)
    if known is not None:
        return known
    text = str(error)
    missing = _MODULE.findall(text)
    if missing:
        package = "polyloom" if missing[-1] == "pipelines" else missing[-1]
        return UserError(f"the workers of {pool} lack {package}: install the same polyloom there as here")
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


def _wait_for(answer: Path) -> None:
    deadline = time.monotonic() + _VISIBLE_SECONDS
    while not answer.is_file():
        if time.monotonic() > deadline:
            raise UserError(
                f"what a worker writes to {answer.parent} does not appear here: let the workers see the runs folder "
                "under the same path"
            )
        time.sleep(0.1)


def _answer(question: Path) -> Path:
    return question.with_name(f"{question.name}.answer")


def _listed(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in found.items())
