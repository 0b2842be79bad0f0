"""Two runs on one output: one works and the other waits; where the one is killed, the other goes on from there."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("stage", ["ingest", "pretrain"])
def test_a_waiting_run_takes_over_from_one_that_is_killed(
    without_stage: Callable[[str], "World"],
    undisturbed: "World",
    wait_until: Callable[[Callable[[], bool]], None],
    stage: str,
) -> None:
    world = without_stage(stage)
    first = world.start(stage)
    wait_until(lambda: bool(locks(world)))
    second = world.start(stage)
    wait_until(lambda: second.poll() is None and len(holders(locks(world)[0])) == 2)
    assert first.poll() is None
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    said = second.communicate(timeout=120)[0]
    assert second.returncode == 0, said
    assert "waiting for another process that is making" in said
    assert world.made() == undisturbed.made()
    assert world.leftovers() == []


def locks(world: "World") -> list[Path]:
    return list((world.folder / "runs").rglob(".*.lock"))


def holders(lock: Path) -> list[int]:
    """Return the processes that have the lock file open."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if link.readlink() == lock.resolve():
                found.add(int(link.parts[2]))
        except OSError:
            continue
    return sorted(found)
