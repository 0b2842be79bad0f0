"""Worker processes: one that dies ends the run in a sentence, and none outlives its run."""

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from pipelines.engine.workers import ended

if TYPE_CHECKING:
    from conftest import World

TWO = ("--set", "engine.workers=2")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (137, "was killed, as the kernel does when memory is short: lower engine.workers or free memory"),
        (-9, "was killed, as the kernel does when memory is short: lower engine.workers or free memory"),
        (135, "was ended by SIGBUS"),
        (-11, "was ended by SIGSEGV"),
        (3, "ended with status 3"),
    ],
)
def test_how_a_worker_ended_is_said_in_words(code: int, words: str) -> None:
    assert ended(code) == words


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
    assert world.processes() == []
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
