"""Contracts 2 and 3 under fire: stages are killed at random points, with all their processes, and run again.

`make test-faults KILLS=50` is the long form of it. What is demanded after each siege: the bytes of an undisturbed run,
no file of a half-done one, and no process.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow

# The first ones are killed in the short form too: two that write splits, with and without a shuffle, and training.
STAGES = (
    "pretrain",
    "publish",
    "ingest",
    "deduplicate",
    "align",
    "tokenize",
    "export",
    "evaluate",
    "report",
    "annotate",
)
Wait = Callable[[Callable[[], bool]], None]
KILLS = int(os.environ.get("POLYLOOM_KILLS", "3"))
SEED = int(os.environ.get("POLYLOOM_SEED", "7"))


@dataclass
class Tally:
    """What happened to a stage: runs killed, finished pieces of work that they left, whole runs compared.

    `seconds` is how long the stage works when it is left alone, as far as is known by now.
    """

    seconds: float = float("inf")
    kills: int = 0
    found: int = 0
    compared: int = 0


def kills_of(stage: str) -> int:
    share, rest = divmod(KILLS, len(STAGES))
    return share + (STAGES.index(stage) < rest)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if kills_of(stage)])
def test_killed_anywhere_and_run_again_is_as_undisturbed(
    undisturbed: "World",
    tmp_path: Path,
    stage: str,
    wait_until: Wait,
    capsys: pytest.CaptureFixture[str],
) -> None:
    draw = random.Random(f"{SEED} {stage}")
    tally = Tally()  # the moments are drawn with more of them late: a stage begins with loading its code
    assert not killed(undisturbed.copy(tmp_path / "timed", without=(stage,)), stage, float("inf"), tally, wait_until)
    while tally.kills < kills_of(stage):
        world = undisturbed.copy(tmp_path / str(tally.compared), without=(stage,))
        again = True
        while again and tally.kills < kills_of(stage):
            again = (
                killed(world, stage, draw.random() ** 0.5 * tally.seconds, tally, wait_until) and draw.random() < 0.6
            )
        world.polyloom(stage)
        assert world.made() == undisturbed.made()
        assert world.leftovers() == []
        tally.compared += 1
    with capsys.disabled():
        print(f"\n{stage}: killed {tally.kills} times, which left {tally.found} finished pieces to the next, "
              f"{tally.compared} datasets compared")  # fmt: skip


def killed(world: "World", stage: str, seconds: float, tally: Tally, wait_until: Wait) -> bool:
    """Start a stage and kill its process group `seconds` after its work began; return False where it ended before."""
    folders = folders_of(world, stage)
    process = world.start(stage, "--set", f"engine.workers={1 + tally.kills % 2}")
    while process.poll() is None and not any(lock_of(folder).exists() for folder in folders):
        time.sleep(0.002)
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() < begun + seconds:
        time.sleep(0.001)
    is_killed = process.poll() is None
    if is_killed:
        os.killpg(process.pid, signal.SIGKILL)
        tally.kills += 1
        tally.found += sum(finished_pieces(folder) for folder in folders)
    else:
        tally.seconds = min(tally.seconds, time.monotonic() - begun)
    said = process.communicate()[0]
    assert is_killed or process.returncode == 0, said
    wait_until(lambda: world.processes() == [])
    return is_killed


def folders_of(world: "World", stage: str) -> list[Path]:
    return [world.folder / run.folder for run in world.plan() if run.spec.name == stage]


def finished_pieces(folder: Path) -> int:
    """Return the splits that are ticked off, or the steps that a checkpoint holds."""
    steps = [int(path.name.split("_")[1]) for path in folder.glob(".scratch/checkpoints/step_?????????")]
    return sum(1 for _ in folder.glob(".splits/**/*.json")) + max(steps, default=0)


def lock_of(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.lock")
