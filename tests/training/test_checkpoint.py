"""Checkpoints appear whole or not at all."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from training.checkpoint import Checkpoints
from training.distributed import ALONE

STATE: dict[str, Any] = {
    "step": 5,
    "rate": 0.1,
    "nothing": None,
    "weights": {"a": torch.arange(6.0).view(2, 3), "scalar": torch.tensor(7), "flags": torch.tensor([True, False])},
    "optimizer": {"state": {0: {"mean": torch.ones(2, dtype=torch.bfloat16)}}, "groups": [{"betas": (0.9, 0.98)}]},
    "empty": torch.zeros(0, 4),
}


@pytest.fixture(params=[False, True], ids=["synchronous", "asynchronous"])
def checkpoints(request: pytest.FixtureRequest, tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints", ALONE, request.param)


def save_whole(checkpoints: Checkpoints, step: int) -> None:
    checkpoints.save(step, STATE)
    checkpoints.finish()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


def test_a_state_comes_back_bit_for_bit(checkpoints: Checkpoints) -> None:
    save_whole(checkpoints, 5)
    state = checkpoints.load(5)
    same(state, STATE)
    assert list(state["optimizer"]["state"]) == [0]
    assert state["optimizer"]["groups"] == [{"betas": (0.9, 0.98)}]


def same(left: Any, right: Any) -> None:
    if isinstance(left, dict):
        assert list(left) == list(right)
        for key in left:
            same(left[key], right[key])
    elif isinstance(left, torch.Tensor):
        assert left.dtype == right.dtype
        assert torch.equal(left, right)
    else:
        assert left == right


def test_what_training_changes_while_a_checkpoint_is_written_is_not_in_it(checkpoints: Checkpoints) -> None:
    weights = torch.zeros(1_000_000)
    checkpoints.save(1, {"weights": weights})
    weights.add_(1)
    checkpoints.finish()
    assert not checkpoints.load(1)["weights"].any()


def test_the_newest_is_kept_and_older_ones_go(checkpoints: Checkpoints, tmp_path: Path) -> None:
    assert checkpoints.latest() is None
    for step in (5, 10, 15):
        checkpoints.save(step, {"weights": torch.full((2,), float(step))})
    checkpoints.finish()
    assert names(tmp_path) == ["step_000000015"]
    assert checkpoints.latest() == 15
    assert checkpoints.load(15)["weights"].tolist() == [15, 15]


def test_it_settles_when_it_is_written(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints", ALONE, asynchronous=True)
    checkpoints.settle()
    checkpoints.save(5, STATE)
    while not (tmp_path / "checkpoints" / "step_000000005").exists():
        checkpoints.settle()


def test_a_write_that_fails_leaves_the_last_one(
    checkpoints: Checkpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_whole(checkpoints, 5)
    calls = []

    def refuse(_descriptor: int) -> None:
        calls.append(1)
        if len(calls) > 1:  # not the first file of a checkpoint, but what torch writes
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="No space left") as caught:
        save_whole(checkpoints, 10)
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert names(tmp_path) == ["step_000000005", "step_000000010.aside"]
    again = Checkpoints(tmp_path / "checkpoints", ALONE, asynchronous=False)
    assert again.latest() == 5
    assert names(tmp_path) == ["step_000000005"]
    again.save(10, STATE)
    assert again.latest() == 10


def test_only_data_is_loaded(checkpoints: Checkpoints) -> None:
    checkpoints.save(1, {"path": Path("x")})
    checkpoints.finish()
    with pytest.raises(Exception, match="weights_only"):
        checkpoints.load(1)
