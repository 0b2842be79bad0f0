"""Contract 2 and 3: a stage that is killed in its middle gives, when it is run again, what it gives undisturbed."""

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.phases import PHASES

if TYPE_CHECKING:
    from conftest import World
    from end_to_end.conftest import Loop

pytestmark = pytest.mark.slow

STAGES = [stage for stages in PHASES.values() for stage in stages]
OF_THE_LOOP = ["segment", "embed", "mine", "score", "dictionary"]
OF_A_SUITE = PHASES["xtreme"]  # interrupted in test_xtreme.py
KILLS = 2


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in (*OF_THE_LOOP, *OF_A_SUITE)])
def test_killed_and_run_again_is_as_undisturbed(undisturbed: "World", tmp_path: Path, stage: str) -> None:
    kill_and_finish(undisturbed.copy(tmp_path, without=(stage,)), stage, undisturbed.made())


@pytest.mark.parametrize("stage", OF_THE_LOOP)
def test_a_stage_of_the_loop_is_killed_and_run_again(loop: "Loop", tmp_path: Path, stage: str) -> None:
    kill_and_finish(loop.copy(tmp_path, without=(stage,)), stage, loop.world.made())


def kill_and_finish(world: "World", stage: str, expected: dict[str, str]) -> None:
    """Kill a stage some times, let it end, and demand the checksums of all that was made."""
    run = next(run for run in world.plan() if run.spec.name == stage)
    folder = world.folder / run.folder
    seen: set[Path] = set()
    for _ in range(KILLS):
        kill_at_next_file(world, stage, folder, seen)
        seen |= files_in(folder)
    world.polyloom(stage)
    assert world.made() == expected
    assert world.leftovers() == []


def kill_at_next_file(world: "World", stage: str, folder: Path, seen: set[Path]) -> None:
    """Start a stage and kill it with all its workers once it has written something new, unless it ends before."""
    process = world.start(stage)
    while process.poll() is None and files_in(folder) <= seen:
        time.sleep(0.002)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def files_in(folder: Path) -> set[Path]:
    return {Path(parent, name) for parent, _, names in os.walk(folder) for name in names}
