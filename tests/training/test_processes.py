"""A run that several processes share, through the stage: as one process, whoever is killed or stopped on the way."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load as safetensors_tensors

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.errors import Stopped, UserError
from pipelines.datasets.progress import Progress
from pipelines.datasets.stage import EngineSection, Job, Outcome
from training.config.pretrain import PretrainArm
from training.processes import sharing
from training.stages import pretrain
from training.trainer import Trainer

pytestmark = pytest.mark.slow  # each process imports torch anew
Recipe = Callable[..., PretrainArm]
Made = dict[str, bytes]
AT_STEP = 3


def train(arm: PretrainArm, folder: Path, tokenized: Dataset) -> Outcome:
    return pretrain.run(Job(arm, EngineSection(), {"tokenize": {"": tokenized}}, Draft(folder), Progress("test")))


def made(folder: Path) -> Made:
    return {name: (folder / name).read_bytes() for name in ("model.safetensors", "history.json")}


def close(left: Made, right: Made) -> None:
    """Compare weights and history to 1e-5."""
    weights, others = (safetensors_tensors(each["model.safetensors"]) for each in (left, right))
    torch.testing.assert_close(weights, others, atol=1e-5, rtol=1e-5)
    for line, other in zip(json.loads(left["history.json"]), json.loads(right["history.json"]), strict=True):
        assert line == pytest.approx(other, abs=1e-5, rel=1e-5)


def signalled(arm: PretrainArm, folder: Path, tokenized: Dataset, number: int, whose: str) -> None:
    """Train in this process, which sends a signal before step AT_STEP to itself or to the other process."""
    real = Trainer.train_step

    def step(self: Trainer) -> None:
        if self.step == AT_STEP:
            os.kill(os.getpid() if whose == "first" else children()[0], number)
            time.sleep(0.2)  # a process that is killed takes the others along
        real(self)

    Trainer.train_step = step  # type: ignore[method-assign]
    with (folder / "said").open("w") as said:
        os.dup2(said.fileno(), sys.stderr.fileno())
    try:
        train(arm, folder, tokenized)
    except Stopped as stopped:
        (folder / "stopped").write_text(str(stopped))


def children() -> list[int]:
    return [int(pid) for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()]


def disturbed(arm: PretrainArm, folder: Path, tokenized: Dataset, number: int, whose: str) -> int:
    """Return the exit code of a process that trains and is signalled; the processes that it started are gone then."""
    folder.mkdir()
    arguments = (arm, folder, tokenized, number, whose)
    process = multiprocessing.get_context("spawn").Process(target=signalled, args=arguments)
    process.start()
    process.join()
    deadline = time.monotonic() + 60
    while f"training.processes {process.pid} " in commands():
        assert time.monotonic() < deadline, "a process is left"
        time.sleep(0.05)
    assert process.exitcode is not None
    return process.exitcode


def commands() -> str:
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def arm(recipe: Recipe) -> PretrainArm:
    return recipe(processes=2)


@pytest.fixture(scope="module")
def by_two(arm: PretrainArm, tokenized: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("two")
    outcome = train(arm, folder, tokenized)
    assert outcome.timings["processes"] == 2
    assert not torch.distributed.is_initialized()
    return made(folder)


def test_two_processes_make_what_one_makes(arm: PretrainArm, by_two: Made, tokenized: Dataset, tmp_path: Path) -> None:
    train(arm.model_copy(update={"processes": 1}), tmp_path, tokenized)
    close(made(tmp_path), by_two)


@pytest.mark.parametrize(("whose", "asynchronous"), [("first", False), ("first", True), ("other", False)])
def test_a_process_that_is_killed_ends_all_and_the_run_goes_on_bit_for_bit(
    arm: PretrainArm, by_two: Made, tokenized: Dataset, tmp_path: Path, whose: str, asynchronous: bool
) -> None:
    arm = arm.model_copy(update={"asynchronous_checkpoints": asynchronous})
    code = disturbed(arm, tmp_path / "out", tokenized, signal.SIGKILL, whose)
    if whose == "other":
        assert code == 1
        said = (tmp_path / "out" / "said").read_text().splitlines()
        assert said[-1] == (
            "error: process 2 of 2 was killed by SIGKILL, as the kernel does when memory is short; "
            "the same command goes on from the last checkpoint"
        )
    else:
        assert code == -signal.SIGKILL
    train(arm, tmp_path / "out", tokenized)
    assert made(tmp_path / "out") == by_two


@pytest.mark.parametrize(("whose", "asynchronous"), [("first", True), ("other", False)])
def test_a_stop_is_agreed_on_and_saved_and_one_process_may_go_on(
    arm: PretrainArm, by_two: Made, tokenized: Dataset, tmp_path: Path, whose: str, asynchronous: bool
) -> None:
    arm = arm.model_copy(update={"asynchronous_checkpoints": asynchronous})
    assert disturbed(arm, tmp_path / "out", tokenized, signal.SIGTERM, whose) == 0
    assert "Traceback" not in (tmp_path / "out" / "said").read_text()
    checkpoints = Draft(tmp_path / "out").scratch("checkpoints")
    (left,) = (path.name for path in checkpoints.iterdir())
    step = int(left.removeprefix("step_"))
    assert AT_STEP < step < arm.steps
    assert (tmp_path / "out" / "stopped").read_text() == (
        f"stopped after step {step} of 6, which is saved: the same command goes on from there"
    )
    train(arm.model_copy(update={"processes": 1 if whose == "first" else 2}), tmp_path / "out", tokenized)
    if whose == "first":
        close(made(tmp_path / "out"), by_two)
    else:
        assert made(tmp_path / "out") == by_two


def test_what_one_process_began_two_may_finish(
    arm: PretrainArm, by_two: Made, tokenized: Dataset, tmp_path: Path
) -> None:
    alone = arm.model_copy(update={"processes": 1})
    assert disturbed(alone, tmp_path / "out", tokenized, signal.SIGKILL, "first") == -signal.SIGKILL
    train(arm, tmp_path / "out", tokenized)
    close(made(tmp_path / "out"), by_two)


def test_training_that_diverges_ends_all_with_its_sentence(recipe: Recipe, tokenized: Dataset, tmp_path: Path) -> None:
    arm = recipe(processes=2, optimizer={"learning_rate": 1.0, "clip": 1e9}, spike=1.0001, tolerated_bad_steps=0)
    with pytest.raises(UserError, match=r"training diverged.* the step's batch is in .*diverged\.npz"):
        train(arm, tmp_path, tokenized)
    assert f"training.processes {os.getpid()} " not in commands()


def test_an_error_of_the_first_process_ends_the_others() -> None:
    with pytest.raises(ValueError, match="mine"):
        fail_among_two()
    assert f"training.processes {os.getpid()} " not in commands()


def fail_among_two() -> None:
    with sharing(2) as ranks:
        assert (ranks.rank, ranks.world) == (0, 2)
        raise ValueError("mine")
