"""Progress tells rate and time left, and does not boast with work done before."""

import json
from pathlib import Path

import pytest

from pipelines.datasets.progress import Progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_rate_and_time_left() -> None:
    clock = Clock()
    progress = Progress("ingest", clock=clock)
    progress.start(100, "splits")
    clock.now = 10.0
    progress.update(25, "loss 3.2")
    assert progress.line() == "ingest 25/100 splits, 2.5 splits/s, 30 s left, loss 3.2"


def test_splits_finished_before_do_not_count_as_speed() -> None:
    clock = Clock()
    progress = Progress("ingest", clock=clock)
    progress.start(100, "splits", done=50)
    clock.now = 100.0
    progress.update(60)
    assert progress.line() == "ingest 60/100 splits, 0.1 splits/s, 6 min 40 s left"


def test_the_latest_state_is_in_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / ".progress.json"
    progress = Progress("align", path)
    progress.start(2, "splits")
    with progress.counted_by(lambda: 2, every=0.01):
        pass
    assert json.loads(path.read_text())["done"] == 2
    assert "align 2/2 splits" in capsys.readouterr().err
    progress.close()
    assert not path.exists()


def test_what_a_killed_run_had_half_written_goes_with_the_file(tmp_path: Path) -> None:
    (tmp_path / ".progress.json.4711").write_text("{")
    Progress("align", tmp_path / ".progress.json").close()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_the_file_does_not_end_the_work(tmp_path: Path) -> None:
    progress = Progress("align", tmp_path / "no such folder" / ".progress.json")
    progress.start(1, "splits")
    progress.update(1)
