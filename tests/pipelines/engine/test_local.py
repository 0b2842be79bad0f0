"""The local runner: one worker or several, no command line read, and what went wrong in one sentence."""

import errno
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
import pytest

from pipelines.datasets.errors import ConfigError, UserError
from pipelines.datasets.stage import EngineSection
from pipelines.engine import jobs
from pipelines.engine.jobs import run_pipeline


class Note(beam.DoFn):
    """Notes each number in a file of its own, with the process that did it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def process(self, element: tuple[int, list[int]]) -> Iterator[int]:
        key, values = element
        (self.folder / str(key)).write_text(f"{sum(values)} {os.getpid()}")
        yield key


class Fail(beam.DoFn):
    """Raises an error where a worker would meet it."""

    def __init__(self, error: Exception, where: str = "process") -> None:
        self.error = error
        self.where = where

    def setup(self) -> None:
        if self.where == "setup":
            raise self.error

    def process(self, element: int) -> None:
        raise self.error


def notes(folder: Path, workers: int) -> dict[str, list[str]]:
    def build(pipeline: beam.Pipeline) -> None:
        numbers = pipeline | "Numbers" >> beam.Create([(number % 3, number) for number in range(9)])
        numbers | "Group" >> beam.GroupByKey() | "Note" >> beam.ParDo(Note(folder))

    run_pipeline(EngineSection(workers=workers), build, folder)
    return {path.name: path.read_text().split() for path in folder.iterdir()}


def fail(error: Exception, folder: Path, workers: int = 1, where: str = "process") -> None:
    def build(pipeline: beam.Pipeline) -> None:
        pipeline | "One" >> beam.Create([1]) | "Ingest: read" >> beam.ParDo(Fail(error, where))

    run_pipeline(EngineSection(workers=workers), build, folder)


def test_one_worker_is_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["polyloom", "--runner", "nonsense"])
    own = str(os.getpid())
    assert notes(tmp_path, 1) == {"0": ["9", own], "1": ["12", own], "2": ["15", own]}


@pytest.mark.slow
def test_two_workers_are_processes_of_their_own(tmp_path: Path) -> None:
    found = notes(tmp_path, 2)
    assert {key: value for key, (value, _) in found.items()} == {"0": "9", "1": "12", "2": "15"}
    assert str(os.getpid()) not in {process for _, process in found.values()}


@pytest.mark.parametrize("where", ["setup", "process"])
@pytest.mark.parametrize("kind", [UserError, ConfigError])
def test_a_user_error_of_a_worker_comes_out_as_its_sentence(tmp_path: Path, kind: type[UserError], where: str) -> None:
    with pytest.raises(UserError) as caught:
        fail(kind("a.txt, line 3: not UTF-8;\nmend it"), tmp_path, where=where)
    assert str(caught.value) == "a.txt, line 3: not UTF-8;\nmend it"


@pytest.mark.slow
def test_no_worker_process_prints_a_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError) as caught:
        fail(UserError("a.txt, line 3: not UTF-8; mend it"), tmp_path, workers=2)
    assert str(caught.value) == "a.txt, line 3: not UTF-8; mend it"
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "the disk is full: free some space"),
        (errno.EDQUOT, "the quota is used up: free some space"),
        (errno.EROFS, "the disk is read-only: make it writable"),
        (errno.EACCES, "permission denied: allow the user that runs the workers to use it"),
        (errno.EPERM, "not permitted: allow the user that runs the workers to use it"),
        (errno.ENOENT, "it is not there for the worker: put it back, or let every worker see it at this path"),
        (errno.ESTALE, "the network disk has lost it: mount the disk anew"),
        (errno.EIO, "the disk cannot read or write: check the disk"),
    ],
)
def test_what_a_disk_refuses_a_worker_is_a_sentence(tmp_path: Path, number: int, message: str) -> None:
    again = "then start the same command again: what was finished is kept (step Ingest: read)"
    with pytest.raises(UserError) as caught:
        fail(OSError(number, os.strerror(number), "/data/it's here.txt"), tmp_path)
    assert str(caught.value) == f"/data/it's here.txt: {message}, {again}"
    with pytest.raises(UserError) as caught:
        fail(OSError(number, os.strerror(number)), tmp_path)
    assert str(caught.value) == f"{tmp_path}: {message}, {again}"


@pytest.mark.parametrize("error", [RuntimeError("odd"), OSError(errno.ENOTCONN, "not connected"), KeyError("odd")])
def test_any_other_error_comes_out_as_it_is_with_its_step(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(Exception, match=r"while running 'Ingest: read'") as caught:
        fail(error, tmp_path)
    assert not isinstance(caught.value, UserError)


def test_a_job_is_cancelled_when_this_process_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Job:
        cancelled = False

        def run(self) -> "Job":
            return self

        def wait_until_finish(self) -> None:
            raise KeyboardInterrupt

        def cancel(self) -> None:
            self.cancelled = True

    job = Job()
    monkeypatch.setattr(jobs, "new_pipeline", lambda _: job)
    with pytest.raises(KeyboardInterrupt):
        run_pipeline(EngineSection(), lambda _: None, tmp_path)
    assert job.cancelled


def test_logging_is_as_it_was_before(tmp_path: Path) -> None:
    level = logging.getLogger().level
    notes(tmp_path, 1)
    assert logging.getLogger().level == level
    assert logging.getLogger().filters == []
