"""The flow of a suite of tasks: its runs in slots, on a GPU each, every run as soon as what it reads is there."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.task_runners import ThreadPoolTaskRunner

from flows.phases import runs_of
from flows.process import StageProcess, stage_process, stopping
from flows.summary import rows_table
from flows.tasks import may_pass_next_time, run_stage, stage_logger
from pipelines.datasets.errors import Stopped
from pipelines.plan import plan
from pipelines.recipe import RecipeBase, load_recipe

SECTION = "scoreboard"
"""A stage that goes by the section of a suite."""

Slots = SimpleQueue[str]
"""The GPUs that are free by the name that CUDA_VISIBLE_DEVICES has for them; "" where a run needs none."""

_LOOK_SECONDS = 0.5
_RETRY_SECONDS = 2.0


def suite(config: Path, overrides: tuple[str, ...] = ()) -> None:
    """Fine-tune, predict and score all that the section `xtreme` of a recipe asks for; nothing where it has none.

    Raises StageFailed for the first run that failed, when those that do not read it are done.
    """
    recipe = load_recipe(config, overrides)
    slots = slots_of(recipe)
    if slots:
        runner: Any = ThreadPoolTaskRunner(max_workers=len(slots))
        run_suite.with_options(task_runner=runner)(config, overrides)


@flow(name="xtreme", persist_result=False)
def run_suite(config: Path, overrides: tuple[str, ...] = ()) -> None:
    """All runs of a suite that are not done: no more at a time than there are slots."""
    recipe = load_recipe(config, overrides)
    slots = Slots()
    for slot in slots_of(recipe):
        slots.put(slot)
    runs = runs_of("xtreme", plan(recipe))
    futures: dict[Path, PrefectFuture[Any]] = {}
    for run in runs:
        if run.is_done:
            stage_logger().info("%-24s was there already", run.label)
            continue
        sources = [
            futures[one.folder] for read in run.inputs.values() for one in read.values() if one.folder in futures
        ]
        futures[run.folder] = run_in_slot.submit(
            stage_process(config, overrides, run), slots, wait_for=sources, return_state=False
        )
    _finish(list(futures.values()))
    create_table_artifact(rows_table(runs), key="rows-xtreme", description="Rows of each run of the suite")


@task(
    name="run",
    task_run_name="{process.label}",
    retries=1,
    retry_delay_seconds=_RETRY_SECONDS,
    retry_condition_fn=may_pass_next_time,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def run_in_slot(process: StageProcess, slots: Slots) -> None:
    """Run a stage's process with one GPU to itself. Raises StageFailed with the stage's own sentence."""
    with taken(slots) as slot:
        run_stage.fn(on_gpu(process, slot))


def slots_of(recipe: RecipeBase) -> list[str]:
    """Return a slot for each run that may go on at a time: a GPU of those that are visible, or "" on CPUs."""
    section: Any = recipe.section(SECTION)
    if section is None:
        return []
    if section.finetuning.get("device") != "cuda":
        return [""] * section.at_once
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    gpus = [name.strip() for name in visible.split(",")] if visible else [str(n) for n in range(section.at_once)]
    return gpus[: section.at_once]


def on_gpu(process: StageProcess, slot: str) -> StageProcess:
    """Return the process such that it sees one GPU alone; as it is for the slot ""."""
    if not slot:
        return process
    return replace(process, command=("env", f"CUDA_VISIBLE_DEVICES={slot}", *process.command))


@contextmanager
def taken(slots: Slots) -> Iterator[str]:
    """Wait for a free slot, and free it again. Raises Stopped where all is to stop."""
    while True:
        if stopping.is_set():
            raise Stopped
        try:
            slot = slots.get(timeout=_LOOK_SECONDS)
            break
        except Empty:
            continue
    try:
        yield slot
    finally:
        slots.put(slot)


def _finish(futures: Sequence[PrefectFuture[Any]]) -> None:
    try:
        for future in futures:
            future.wait()
    except BaseException:
        stopping.set()  # the threads of the others end their processes
        raise
    for future in futures:  # what failed comes before what reads it
        future.result()
