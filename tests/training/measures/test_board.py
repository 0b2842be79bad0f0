"""TensorBoard's event files, read back by its own reader."""

import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pipelines.datasets.errors import UserError
from training.measures.board import Board


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(folder)).Reload()
    return {tag: [(one.step, one.value) for one in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_measures_are_grouped(tmp_path: Path) -> None:
    board = Board(tmp_path, 0)
    board.write({"step": 2, "tokens": 50, "mlm": 3.0, "xlco_hits": 0.5, "mfu": 0.25, "retrieval": 12.5})
    board.close()
    assert scalars(tmp_path) == {
        "tokens": [(2, 50.0)],
        "loss/mlm": [(2, 3.0)],
        "contrast/xlco_hits": [(2, 0.5)],
        "speed/mfu": [(2, 0.25)],
        "dev/retrieval": [(2, 12.5)],
    }


def test_a_run_that_is_taken_up_hides_what_was_beyond(tmp_path: Path) -> None:
    for begin, steps in ((0, (2, 4, 6)), (4, (6, 8))):
        board = Board(tmp_path, begin)
        for step in steps:
            board.write({"step": step, "mlm": float(10 * begin + step)})
        board.close()
    assert scalars(tmp_path)["loss/mlm"] == [(2, 2.0), (4, 4.0), (6, 46.0), (8, 48.0)]


def test_without_a_folder_nothing_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    board = Board(None, 0)
    board.write({"step": 1, "mlm": 1.0})
    board.close()


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(UserError, match=r"needs the package tensorboard: install polyloom\[tensorboard\]"):
        Board(tmp_path, 0)
