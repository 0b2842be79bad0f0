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

STAGES = [stage for stages in PHASES.values() for stage in stages]
KILLS = 2


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_killed_and_run_again_is_as_undisturbed(undisturbed: "World", tmp_path: Path, stage: str) -> None:
    world = undisturbed.copy(tmp_path, without=(stage,))
    run = next(run for run in world.plan() if run.spec.name == stage)
    folder = world.folder / run.folder
    seen: set[Path] = set()
    for _ in range(KILLS):
        kill_at_next_file(world, stage, folder, seen)
        seen |= files_in(folder)
    world.polyloom(stage)
    assert world.made() == undisturbed.made()
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
