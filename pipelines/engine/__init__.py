# mypy: disable-error-code="no-untyped-call"
"""The one place that knows Beam's runners and their options.

`local` runs in this process or in worker processes of its own; `portable` and `flink` hand the job to a service and
its workers elsewhere. What a stage builds is the same for all, and so are the bytes that come out.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import apache_beam as beam

from pipelines.datasets.stage import EngineSection
from pipelines.engine.failures import explained
from pipelines.engine.output import errors_once
from pipelines.engine.preflight import check
from pipelines.engine.runners import new_pipeline


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
