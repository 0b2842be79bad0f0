"""The engine runs a pipeline with one worker or several, reads no command line, and passes errors on."""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
import pytest

from pipelines.datasets.stage import EngineSection
from pipelines.engine import run_pipeline


class Note(beam.DoFn):
    """Notes each number in a file of its own, with the process that did it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def process(self, element: tuple[int, list[int]]) -> Iterator[int]:
        key, values = element
        (self.folder / str(key)).write_text(f"{sum(values)} {os.getpid()}")
        yield key


def notes(folder: Path, workers: int) -> dict[str, list[str]]:
    def build(pipeline: beam.Pipeline) -> None:
        numbers = pipeline | "Numbers" >> beam.Create([(number % 3, number) for number in range(9)])
        numbers | "Group" >> beam.GroupByKey() | "Note" >> beam.ParDo(Note(folder))

    run_pipeline(EngineSection(workers=workers), build)
    return {path.name: path.read_text().split() for path in folder.iterdir()}


def test_one_worker_is_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["polyloom", "--runner", "nonsense"])
    own = str(os.getpid())
    assert notes(tmp_path, 1) == {"0": ["9", own], "1": ["12", own], "2": ["15", own]}


@pytest.mark.slow
def test_two_workers_are_processes_of_their_own(tmp_path: Path) -> None:
    found = notes(tmp_path, 2)
    assert {key: value for key, (value, _) in found.items()} == {"0": "9", "1": "12", "2": "15"}
    assert str(os.getpid()) not in {process for _, process in found.values()}


def test_an_error_comes_out_with_its_step(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"while running 'Note'"):
        notes(tmp_path / "missing", 1)


def test_logging_is_as_it_was_before(tmp_path: Path) -> None:
    level = logging.getLogger().level
    notes(tmp_path, 1)
    assert logging.getLogger().level == level
