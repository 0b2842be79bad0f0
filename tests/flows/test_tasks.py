"""The task's function alone: no server, no flow."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.states import Failed
from prefect.tasks import MaterializingTask

from flows import tasks
from flows.process import StageFailed, StageProcess, Stopped, stage_process
from pipelines.datasets.stage import StageRun
from pipelines.plan import plan
from pipelines.recipe import load_recipe


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    logger = logging.getLogger("test_tasks")
    monkeypatch.setattr(tasks, "get_run_logger", lambda: logger)
    with caplog.at_level(logging.INFO, logger.name):
        yield lambda: [record.getMessage() for record in caplog.records if record.name == logger.name]


@pytest.fixture
def artifacts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    made: list[tuple[Any, ...]] = []

    def create(progress: float, key: str, description: str) -> str:
        made.append((key, progress, description))
        return "an id"

    def update(artifact: str, progress: float, description: str) -> None:
        made.append((artifact, progress, description))

    monkeypatch.setattr(tasks, "create_progress_artifact", create)
    monkeypatch.setattr(tasks, "update_progress_artifact", update)
    return made


def test_begin_and_end_are_a_line_each(
    recipe_path: Path, commit: Callable[[StageRun, bytes], None], lines: Callable[[], list[str]]
) -> None:
    (run,) = plan(load_recipe(recipe_path))
    commit(run, b"")
    tasks.run_stage.fn(replace(stage_process(recipe_path, [], run), command=("true",)))
    begin, end = lines()
    assert begin.split() == ["ingest", "started"]
    assert end.split(maxsplit=3)[:3] == ["ingest", "done", "in"]
    assert end.endswith("s: 3 records in, 3 paragraphs out, 1 dropped")


def test_progress_becomes_lines_and_one_artifact(
    tmp_path: Path,
    lines: Callable[[], list[str]],
    artifacts: list[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    progress = tmp_path / "progress.json"
    process = StageProcess("pretrain mmlm_tlm", ("true",), tmp_path / "log", progress)

    def follow(_process: StageProcess, watch: Callable[[], None]) -> None:
        clock = time.monotonic()
        for step, text in enumerate(
            [
                "",
                '{"done": 1, "total": 4, "unit": "splits", "rate": 2.0, "figures": {}, "line": "a"}',
                '{"done": 2, "total": 4, "unit": "splits", "rate": 2.0, "figures": {}, "line": "b"}',
            ]
        ):
            if text:
                progress.write_text(text)
            for seconds in (0.1, 13.0, 14.0):  # it looks often and shows seldom
                monkeypatch.setattr(time, "monotonic", lambda now=clock + 20 * step + seconds: now)
                watch()

    monkeypatch.setattr(tasks, "follow", follow)
    tasks.run_stage.fn(process)
    assert lines()[1:-1] == ["  a", "  b"]
    assert artifacts == [("progress-pretrain-mmlm-tlm", 25.0, "a"), ("an id", 50.0, "b"), ("an id", 100.0, "b")]


def test_a_server_that_is_away_does_not_end_the_stage(
    tmp_path: Path, lines: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = tmp_path / "progress.json"
    progress.write_text('{"done": 1, "total": 4, "unit": "splits", "rate": 2.0, "figures": {}, "line": "a"}')

    def refuse(*_: object, **__: object) -> None:
        raise httpx.ConnectError("connection refused")

    monkeypatch.setattr(tasks, "_SHOW_SECONDS", 0.0)
    monkeypatch.setattr(tasks, "create_progress_artifact", refuse)
    tasks.run_stage.fn(StageProcess("align", ("sleep", "0.5"), tmp_path / "log", progress))
    assert lines()[1:3] == ["  a", "  progress could not be published: connection refused"]
    assert lines()[-1].split(maxsplit=3)[:3] == ["align", "done", "in"]


def test_a_failure_is_a_line_and_the_stages_own_error(tmp_path: Path, lines: Callable[[], list[str]]) -> None:
    with pytest.raises(StageFailed, match="your fault"):
        tasks.run_stage.fn(StageProcess("align", ("sh", "-c", "echo 'error: your fault'; exit 2"), tmp_path / "log"))
    assert lines()[-1].split(maxsplit=3)[:3] == ["align", "failed", "after"]


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (StageFailed("a config that cannot be right", 2), False),
        (StageFailed("it took too long", 124), False),
        (StageFailed("out of memory", -9), True),
        (StageFailed("a crash", 1), True),
        (Stopped(), False),
    ],
)
def test_only_what_may_pass_next_time_is_tried_again(error: Exception, again: bool) -> None:
    state = Failed(data=error)
    assert tasks.may_pass_next_time(tasks.run_stage, None, state) is again  # type: ignore[arg-type]


def test_tries_come_later_and_later_and_not_at_once() -> None:
    assert tasks.run_stage.retry_delay_seconds == [5.0, 10.0]
    assert tasks.run_stage.retry_jitter_factor == 0.5


def test_a_dataset_is_an_asset_with_those_that_it_reads(
    recipe_path: Path, commit: Callable[[StageRun, bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    (ingest,) = plan(load_recipe(recipe_path))
    commit(ingest, b"")
    publish = replace(ingest, instance="a", inputs={"ingest": {"": ingest}})
    process = replace(stage_process(recipe_path, [], publish), command=("true",))
    task = tasks.stage_task(process)
    assert isinstance(task, MaterializingTask)
    assert [asset.key for asset in task.assets] == ["polyloom://tiny/ingest.a"]
    assert [asset.key for asset in task.asset_deps] == ["polyloom://tiny/ingest"]
    assert (task.retries, task.retry_delay_seconds) == (tasks.run_stage.retries, tasks.run_stage.retry_delay_seconds)
    said: dict[str, dict[str, Any]] = {}
    monkeypatch.setattr(tasks, "get_run_logger", lambda: logging.getLogger("test_tasks"))
    monkeypatch.setattr(tasks, "add_asset_metadata", said.__setitem__)
    task.fn(process)
    assert said == {
        "polyloom://tiny/ingest.a": {
            "fingerprint": ingest.fingerprint, "folder": ingest.folder.name, "rows_in": 3, "rows_out": 3
        }
    }  # fmt: skip


def test_what_makes_no_dataset_is_no_asset(tmp_path: Path) -> None:
    assert tasks.stage_task(StageProcess("fetch", ("true",), tmp_path / "log")) is tasks.run_stage
