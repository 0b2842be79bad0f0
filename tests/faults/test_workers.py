"""Worker processes: one that dies ends the run in a sentence, and none outlives its run."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

TWO = ("--set", "engine.workers=2")


def has_begun(world: "World", workers_of: Callable[["World"], list[int]], is_working: bool) -> bool:
    return len(workers_of(world)) == 2 and (not is_working or any((world.folder / "runs").rglob(".splits")))


@pytest.mark.slow
@pytest.mark.parametrize("is_working", [False, True], ids=["while it starts", "while it works"])
def test_a_worker_that_dies_ends_the_run_and_the_next_one_finishes(
    undisturbed: "World",
    workers_of: Callable[["World"], list[int]],
    wait_until: Callable[[Callable[[], bool]], None],
    tmp_path: Path,
    is_working: bool,
) -> None:
    for attempt in range(20):  # one that dies when it has nothing left to do is not missed
        world = undisturbed.copy(tmp_path / str(attempt), without=("publish",))
        process = world.start("publish", *TWO)
        wait_until(partial(has_begun, world, workers_of, is_working))
        with suppress(IndexError, ProcessLookupError):
            os.kill(workers_of(world)[0], signal.SIGKILL)
        said = process.communicate(timeout=60)[0]
        if process.returncode:
            break
        assert world.made() == undisturbed.made()
    assert process.returncode == 2
    assert said.splitlines()[-1].startswith("error: a worker process was killed, as the kernel does")
    assert "Traceback" not in said
    wait_until(lambda: world.processes() == [])
    world.polyloom("publish")
    assert world.made() == undisturbed.made()
    assert world.leftovers() == []


@pytest.mark.slow
def test_no_worker_outlives_a_runner_that_was_killed_alone(
    without_stage: Callable[[str], "World"],
    undisturbed: "World",
    workers_of: Callable[["World"], list[int]],
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    world = without_stage("ingest")
    process = world.start("ingest", *TWO)
    wait_until(lambda: len(workers_of(world)) == 2)
    process.kill()
    process.wait()
    wait_until(lambda: world.processes() == [])
    process.communicate()
    world.polyloom("ingest")
    assert world.made() == undisturbed.made()
    assert world.leftovers() == []
