"""A worker ends when its runner is killed, and not before."""

import os
import subprocess
import sys

import pytest

from pipelines.datasets import watchdog


def test_a_process_that_ended_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert not watchdog.is_alive(process.pid)
    assert watchdog.is_alive(os.getpid())


def test_a_worker_ends_with_its_runner() -> None:
    runner = subprocess.Popen(["sleep", "60"])
    script = (
        f"from pipelines.datasets import watchdog; watchdog.start({runner.pid})\nimport time; print('on', flush=True)\n"
    )
    worker = subprocess.Popen([sys.executable, "-c", f"{script}time.sleep(60)"], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"on\n"
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(2 * watchdog.SECONDS)
    runner.kill()
    runner.wait()
    assert worker.wait(30) == 1
    worker.stdout.close()
