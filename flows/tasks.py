"""The one task: run a stage's process and let Prefect see how far it is, and what it made of what."""

import logging
import time
from typing import Any, cast
from uuid import UUID

import httpx
from prefect import get_run_logger, task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.assets import Asset, AssetProperties, add_asset_metadata
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.exceptions import PrefectException
from prefect.logging.loggers import PrefectLogAdapter
from prefect.tasks import MaterializingTask, Task, exponential_backoff

from flows.metrics import StageMetrics
from flows.process import TIMED_OUT, USER_ERROR, StageFailed, StageProcess, follow, read_progress
from flows.summary import duration, rows_line
from pipelines.datasets.manifest import MANIFEST, read_manifest

_SHOW_SECONDS = 12.0
_RETRIES = 2
_RETRY_SECONDS = 5.0
_JITTER = 0.5  # so that stages which failed together do not come back together

RunLogger = logging.Logger | logging.LoggerAdapter[logging.Logger]


def may_pass_next_time(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Return whether a failed stage is worth another try: not after a user's error, a time-out or a stop."""
    try:
        state.result()
    except StageFailed as error:
        return error.status not in (USER_ERROR, TIMED_OUT)
    except Exception:
        return False
    return False


@task(
    name="stage",
    task_run_name="{process.label}",
    retries=_RETRIES,
    retry_delay_seconds=exponential_backoff(_RETRY_SECONDS),
    retry_jitter_factor=_JITTER,
    retry_condition_fn=may_pass_next_time,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def run_stage(process: StageProcess) -> None:
    """Run a stage to its end. Raises StageFailed with the stage's own sentence."""
    logger = stage_logger()
    watcher = _Watcher(process, logger)
    begin = time.monotonic()
    logger.info("%-24s started", process.label)
    try:
        follow(process, watcher.look)
    except StageFailed:
        watcher.metrics.has_ended(failed=True)
        logger.info("%-24s failed after %s", process.label, duration(time.monotonic() - begin))
        raise
    except BaseException:  # it was asked to stop
        watcher.metrics.has_ended(failed=False)
        raise
    seconds, rows = time.monotonic() - begin, ""
    if process.folder:
        manifest = read_manifest(process.folder / MANIFEST)
        watcher.metrics.is_done(manifest, seconds)
        rows = f": {rows_line(manifest)}"
    logger.info("%-24s done in %s%s", process.label, duration(seconds), rows)
    watcher.finish()


def stage_task(process: StageProcess) -> Task[[StageProcess], None]:
    """Return the task for a process: where it makes a dataset, that is an asset, with those that it reads before it."""
    if not process.asset:
        return run_stage
    return MaterializingTask(
        fn=make_dataset,
        assets=[Asset(key=process.asset, properties=AssetProperties(name=process.label))],
        asset_deps=list(process.reads),
        name=run_stage.name,
        task_run_name=run_stage.task_run_name,
        retries=run_stage.retries,
        retry_delay_seconds=run_stage.retry_delay_seconds,
        retry_jitter_factor=run_stage.retry_jitter_factor,
        retry_condition_fn=run_stage.retry_condition_fn,
        cache_policy=NO_CACHE,
        persist_result=False,
    )


def make_dataset(process: StageProcess) -> None:
    """Do as `run_stage` does, and say which version of its asset was made. Raises as that does."""
    run_stage.fn(process)
    assert process.folder is not None
    manifest = read_manifest(process.folder / MANIFEST)
    add_asset_metadata(
        process.asset,
        {
            "fingerprint": manifest.fingerprint,
            "folder": process.folder.name,
            "rows_in": manifest.rows.rows_in,
            "rows_out": manifest.rows.rows_out,
        },
    )


def stage_logger() -> RunLogger:
    """Return the run's logger, open for our lines even where Prefect's own are turned off."""
    logger = get_run_logger()
    if not isinstance(logger, PrefectLogAdapter):
        return logger
    ours = logger.getChild("polyloom")
    ours.logger.setLevel(logging.INFO)
    return ours


class _Watcher:
    """Shows a stage's progress every dozen seconds, as a line, an artifact and metrics."""

    def __init__(self, process: StageProcess, logger: RunLogger) -> None:
        self._process = process
        self._logger = logger
        self._shown = time.monotonic()
        self._line = ""
        self._artifact: UUID | None = None
        self.metrics = StageMetrics(process.recipe, process.label)

    def look(self) -> None:
        if time.monotonic() - self._shown < _SHOW_SECONDS:
            return
        self._shown = time.monotonic()
        state = read_progress(self._process.progress_file)
        if state is not None and state["line"] != self._line:
            self._line = state["line"]
            self._logger.info("  %s", self._line)
            self.metrics.goes_on(state)
            self._publish(100 * min(state["done"] / max(state["total"], 1), 1.0), self._line)

    def finish(self) -> None:
        if self._artifact is not None:
            self._publish(100.0, self._line)

    def _publish(self, percent: float, line: str) -> None:
        try:
            self._put(percent, line)
        except (httpx.HTTPError, PrefectException) as error:  # what is shown must not end what is done
            self._logger.warning("  progress could not be published: %s", error)

    def _put(self, percent: float, line: str) -> None:
        if self._artifact is None:
            key = "progress-" + "".join(sign if sign.isalnum() else "-" for sign in self._process.label.lower())
            self._artifact = cast(UUID, create_progress_artifact(percent, key=key, description=line))
        else:
            update_progress_artifact(self._artifact, progress=percent, description=line)
