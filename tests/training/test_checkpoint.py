"""Checkpoints appear whole or not at all."""

from pathlib import Path

import pytest
import torch

from training import checkpoint


def test_the_latest_is_kept_and_older_ones_go(tmp_path: Path) -> None:
    assert checkpoint.latest(tmp_path / "none") is None
    for step in (5, 10):
        checkpoint.save(tmp_path, step, {"step": step, "weights": torch.full((2,), float(step))})
    assert [path.name for path in tmp_path.iterdir()] == ["step_000000010.pt"]
    state = checkpoint.latest(tmp_path)
    assert state is not None
    assert state["weights"].tolist() == [10, 10]


def test_a_write_that_fails_leaves_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.save(tmp_path, 5, {"step": 5})

    def die(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", die)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(tmp_path, 10, {"step": 10})
    monkeypatch.undo()
    assert checkpoint.latest(tmp_path) == {"step": 5}
    checkpoint.save(tmp_path, 10, {"step": 10})
    assert checkpoint.latest(tmp_path) == {"step": 10}


def test_only_data_is_loaded(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, 1, {"path": Path("x")})
    with pytest.raises(Exception, match="weights_only"):
        checkpoint.latest(tmp_path)
