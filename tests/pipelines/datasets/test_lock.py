"""A lock keeps others out and dies with its holder."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

from pipelines.datasets.lock import locked

FORK = multiprocessing.get_context("fork")


def _append(lock: Path, log: Path, name: str) -> None:
    with locked(lock):
        with log.open("a") as file:
            file.write(f"{name} in\n")
        time.sleep(0.02)
        with log.open("a") as file:
            file.write(f"{name} out\n")


def _hold(lock: Path, held: Path) -> None:
    with locked(lock):
        held.touch()
        time.sleep(60)


def test_one_at_a_time_and_nothing_left(tmp_path: Path) -> None:
    log = tmp_path / "log"
    workers = [FORK.Process(target=_append, args=(tmp_path / "lock", log, str(i))) for i in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lines = log.read_text().splitlines()
    assert len(lines) == 12
    assert all(lines[i].split()[0] == lines[i + 1].split()[0] for i in range(0, 12, 2))
    assert not (tmp_path / "lock").exists()


def test_a_killed_holder_frees_the_lock_and_the_waiter_was_told(tmp_path: Path) -> None:
    held = tmp_path / "held"
    holder = FORK.Process(target=_hold, args=(tmp_path / "lock", held))
    holder.start()
    while not held.exists():
        time.sleep(0.01)
    told = []

    def kill() -> None:
        told.append(True)
        assert holder.pid is not None
        os.kill(holder.pid, signal.SIGKILL)

    with locked(tmp_path / "lock", kill):
        assert told == [True]
    holder.join()
