"""Checkpoints: written aside, renamed when whole, never written over."""

import os
import re
from pathlib import Path
from typing import Any

import torch

_NAME = re.compile(r"step_(\d{9})\.pt")


def save(folder: Path, step: int, state: dict[str, Any]) -> None:
    """Write the state of a step and remove older ones; a crash at any moment leaves a whole checkpoint.

    state: tensors, numbers, strings, and containers of these.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step_{step:09d}.pt"
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    for older in _checkpoints(folder)[:-1]:
        older.unlink()


def latest(folder: Path) -> dict[str, Any] | None:
    """Return the state that was saved last, or None where there is none."""
    checkpoints = _checkpoints(folder)
    if not checkpoints:
        return None
    state: dict[str, Any] = torch.load(checkpoints[-1], weights_only=True)
    return state


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("step_*.pt") if _NAME.fullmatch(path.name))
