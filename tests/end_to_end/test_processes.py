"""Training through the command line: in several processes, by torchrun too, and stopped by a scheduler."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file

from pipelines.datasets.stage import StageRun

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow
Wait = Callable[[Callable[[], bool]], None]
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--no-python", "--nproc-per-node", "2")
LONG = ("--set", "pretrain.steps=1000000")


def arms(world: "World") -> list[StageRun]:
    return [run for run in world.plan() if run.spec.name == "pretrain"]


def weights(world: "World") -> list[dict[str, torch.Tensor]]:
    return [load_file(world.folder / run.folder / "model.safetensors") for run in arms(world)]


def test_processes_of_its_own_or_by_torchrun_make_what_one_makes(undisturbed: "World", tmp_path: Path) -> None:
    expected = weights(undisturbed)
    for name, starter in (("own", ()), ("torchrun", TORCHRUN)):
        world = undisturbed.copy(tmp_path / name, without=("pretrain",))
        command = [*starter, *world.command("pretrain", *(() if starter else ("--set", "pretrain.processes=2")))]
        for times in ("done", "was there already"):
            done = subprocess.run(command, cwd=world.folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            assert done.stdout.count(times) == len(expected)  # one process alone says it
        torch.testing.assert_close(weights(world), expected, atol=1e-5, rtol=1e-5)
        assert world.leftovers() == []
        assert world.processes() == []


def test_what_is_wrong_is_said_by_torchruns_first_process(raw: "World", tmp_path: Path) -> None:
    world = raw.copy(tmp_path)
    command = [*TORCHRUN, *world.command("pretrain")]
    done = subprocess.run(command, cwd=world.folder, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.count("which has not been made") == 1


def test_sigterm_saves_training_and_ends_well(undisturbed: "World", tmp_path: Path, wait_until: Wait) -> None:
    world = undisturbed.copy(tmp_path, without=("pretrain",))
    process = world.start("pretrain", "--instance", "mmlm_tlm", *LONG)
    wait_until(lambda: bool(saved_steps(world)))
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    (step,) = saved_steps(world)
    assert said.splitlines()[-1] == (
        f"stopped after step {step:,} of 1,000,000, which is saved: the same command goes on from there"
    )


@pytest.mark.parametrize("whom", ["run", "stage"])
def test_sigterm_ends_a_whole_run_well(undisturbed: "World", tmp_path: Path, wait_until: Wait, whom: str) -> None:
    world = undisturbed.copy(tmp_path, without=("pretrain", "export", "evaluate", "report"))
    process = world.start("run", *LONG)
    wait_until(lambda: len(saved_steps(world)) == len(arms(world)))
    if whom == "run":
        process.send_signal(signal.SIGTERM)
    else:
        for stage in stages(world):
            os.kill(stage, signal.SIGTERM)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert said.splitlines()[-1] == "stopped: the same command goes on from here"
    assert len(saved_steps(world)) == len(arms(world))
    assert not list((world.folder / "runs" / "tiny").glob("pretrain-*/manifest.json"))
    wait_until(lambda: world.processes() == [])


def stages(world: "World") -> list[int]:
    """Return the processes of `polyloom pretrain` in a world."""
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in world.processes()}
    return [pid for pid, command in commands.items() if b"pretrain" in command]


def saved_steps(world: "World") -> list[int]:
    found = (world.folder / "runs").glob("*/*/.scratch/checkpoints/step_?????????")
    return [int(path.name.removeprefix("step_")) for path in found]
