"""Worker processes: one that dies ends the run in a sentence, and none outlives its run."""

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

TWO = ("--set", "engine.workers=2")


@pytest.mark.slow
@pytest.mark.parametrize("is_working", [False, True], ids=["while it starts", "while it works"])
def test_a_worker_that_dies_ends_the_run_and_the_next_one_finishes(
    without_stage: Callable[[str], "World"],
    undisturbed: "World",
    workers_of: Callable[["World"], list[int]],
    wait_until: Callable[[Callable[[], bool]], None],
    is_working: bool,
) -> None:
    world = without_stage("publish")
    process = world.start("publish", *TWO)
    wait_until(
        lambda: len(workers_of(world)) == 2 and (not is_working or any((world.folder / "runs").rglob(".splits")))
    )
    os.kill(workers_of(world)[0], signal.SIGKILL)
    said = process.communicate(timeout=60)[0]
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
