"""A process that is killed before any one of its file operations leaves nothing that the next run cannot mend."""

import multiprocessing
import os
import signal
import sys
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest
from pydantic import BaseModel

from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import SplitRecord
from pipelines.datasets.fingerprint import fingerprint
from pipelines.datasets.stage import EngineSection, Job, Outcome, StageRun, StageSpec, execute

FORK = multiprocessing.get_context("fork")
OPERATIONS = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}


class Section(BaseModel):
    """A section without keys."""


def two_splits(job: Job) -> Outcome:
    files = []
    for split in ("a/0", "b/1"):
        record = job.draft.finished(split)
        if record is None:
            job.draft.scratch("note").write_text(split)
            record = SplitRecord(files=[job.draft.write_table(f"{split}.arrow", pa.table({"split": [split]}))])
            job.draft.finish(split, record)
        files += record.files
    return Outcome("rows", "rows", Counts(2, 0, 2), files)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StageRun:
    module = ModuleType("a_stage_of_two_splits")
    module.run = two_splits  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    spec = StageSpec("ingest", 1, Section, f"{module.__name__}:run", (), "pipelines", "help")
    return StageRun(spec, Section(), "", fingerprint("ingest", 1, Section(), {}), tmp_path / "ingest-f", {})


def make(run: StageRun, killed_before: int) -> None:
    """Make the dataset in a process that is killed before that many file operations under the dataset's parent."""
    left = killed_before

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in OPERATIONS and str(run.folder.parent) in str(arguments[0]):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    execute(run, EngineSection(workers=1))


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_killed_before_each_file_operation(run: StageRun) -> None:
    expected = contents(execute(run, EngineSection(workers=1)).folder)
    assert set(expected) == {"a/0.arrow", "b/1.arrow", "manifest.json"}
    is_killed, operation = True, 0
    while is_killed:
        clear(run.folder.parent)
        process = FORK.Process(target=make, args=(run, operation))
        process.start()
        process.join()
        is_killed = process.exitcode == -signal.SIGKILL
        assert is_killed or process.exitcode == 0
        if run.is_done:  # a dataset that can be seen is whole
            assert execute(run, EngineSection(workers=1)).manifest.rows.rows_out == 2
        execute(run, EngineSection(workers=1))
        assert contents(run.folder) == expected
        assert [path.name for path in run.folder.parent.iterdir()] == [run.folder.name]
        operation += 1
    assert operation > 30


def clear(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
