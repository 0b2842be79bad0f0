"""`polyloom run`: the whole way, again, interrupted, and killed."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow

TRAINING = ("pretrain", "export", "evaluate", "report")


def test_the_whole_way_and_then_nothing_to_do(raw: "World", undisturbed: "World", tmp_path: Path) -> None:
    world = raw.copy(tmp_path)
    said = world.polyloom("run")
    assert world.made() == undisturbed.made()
    assert said.rstrip().endswith("report: runs/tiny/report.html")
    assert "mmlm_tlm_xlco" in said
    assert [line for line in said.splitlines() if "ingest" in line and "started" in line]
    before = world.made(with_report=True)
    assert "nothing to do" in world.polyloom("run")
    assert world.made(with_report=True) == before


def test_an_interrupted_run_goes_on_where_it_was(undisturbed: "World", tmp_path: Path) -> None:
    world = undisturbed.copy(tmp_path, without=TRAINING)
    process = world.start("run")
    wait_until(lambda: bool(progress_of(world, "pretrain")))
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does on Ctrl-C
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 130
    assert said.rstrip().endswith("stopped: the same command goes on from here")
    assert "Traceback" not in said
    assert world.processes() == []
    again = world.polyloom("run")
    assert "tokenize                 was there already" in again
    assert world.made() == undisturbed.made()


def test_a_killed_flow_leaves_no_process(undisturbed: "World", tmp_path: Path) -> None:
    world = undisturbed.copy(tmp_path, without=TRAINING)
    process = world.start("run")
    wait_until(lambda: len(progress_of(world, "pretrain")) == 2)
    assert len(world.processes()) >= 4  # the flow, its server, and both arms at the same time
    process.kill()
    process.communicate()
    wait_until(lambda: world.processes() == [])


def test_a_users_error_in_a_stage_is_one_sentence(undisturbed: "World", tmp_path: Path) -> None:
    world = undisturbed.copy(tmp_path, without=("tokenize", *TRAINING))
    shard = next((world.folder / "runs" / "tiny").glob("publish-*/text/en/train-*.arrow"))
    shard.write_bytes(shard.read_bytes()[:-1])
    process = world.start("run")
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 2
    assert said.splitlines()[-1].startswith("error: ")
    assert "run the stage again" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert said.count("tokenize                 started") == 1


def progress_of(world: "World", stage: str) -> list[Path]:
    return list((world.folder / "runs" / "tiny").glob(f".{stage}-*.progress.json"))


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
