"""Every stage is run in one way: skipped when done, taken up when killed, committed once."""

import multiprocessing
import os
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import BaseModel

from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.evidence import Sample
from pipelines.datasets.fingerprint import RawPath, fingerprint
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.reasons import Reason
from pipelines.datasets.stage import EngineSection, Job, Outcome, StageRun, StageSpec, execute, input_fingerprints

FORK = multiprocessing.get_context("fork")
ENGINE = EngineSection(workers=1)
SPLITS = [f"{number:04}" for number in range(5)]


class Section(BaseModel):
    factor: int = 2


def make_splits(job: Job, after_split: Callable[[str], None] = lambda split: None) -> Outcome:
    """A stage of five splits that notes in `computed.log`, beside the dataset, which ones it computed."""
    files: list[FileEntry] = []
    for split in SPLITS:
        record = job.draft.finished(split)
        if record is None:
            with (job.draft.folder.parent / "computed.log").open("a") as log:
                log.write(f"{split}\n")
            table = pa.table({"n": [int(split) * job.config.factor]})
            record = SplitRecord(files=[job.draft.write_table(f"{split}.arrow", table)])
            job.draft.finish(split, record)
            after_split(split)
        files.extend(record.files)
    return Outcome(
        "records",
        "rows",
        Counts(6, 0, 5, {Reason.NOT_UTF8: 1}),
        files,
        summary={"splits": len(files)},
        samples={Reason.NOT_UTF8: [Sample.of("raw", 3, "?")]},
        quarantine=job.draft.write_chunks("quarantine.jsonl", [b"byte 0xff ", b"at 4"], {"kind": "quarantine"}, 1),
        timings={"work": 0.1},
    )


def planned(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    work: Callable[[Job], Outcome] = make_splits,
    inputs: dict[str, dict[str, StageRun]] | None = None,
) -> StageRun:
    module = types.ModuleType("a_stage")
    module.run = work  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_stage", module)
    spec = StageSpec("ingest", 1, Section, "a_stage:run", (), "pipelines", "help")
    return StageRun(spec, Section(), "", fingerprint_of(spec, inputs or {}), folder, inputs or {})


def fingerprint_of(spec: StageSpec, inputs: dict[str, dict[str, StageRun]]) -> str:
    return fingerprint(spec.name, spec.version, Section(), input_fingerprints(inputs))


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def computed(folder: Path) -> list[str]:
    return (folder.parent / "computed.log").read_text().split()


def test_a_dataset_has_files_evidence_manifest_and_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = execute(planned(tmp_path / "ingest-f", monkeypatch), ENGINE)
    assert dataset.manifest.rows.rows_out == 5
    assert dataset.manifest.config == {"factor": 2}
    assert dataset.samples()[Reason.NOT_UTF8][0].record == 3
    assert b"byte 0xff" in dataset.read("quarantine.jsonl")
    assert dataset.run["timings"] == {"work": 0.1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["computed.log", "ingest-f"]


def test_what_is_there_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = planned(tmp_path / "ingest-f", monkeypatch)
    execute(run, ENGINE)
    before = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")}
    execute(run, ENGINE)
    assert {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")} == before
    assert computed(run.folder) == SPLITS


def test_a_killed_run_is_taken_up_and_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed = execute(planned(tmp_path / "a" / "ingest-f", monkeypatch), ENGINE)

    def die_after_the_third(job: Job) -> Outcome:
        (job.draft.folder / ".tmp-1-half").write_bytes(b"half")
        return make_splits(job, lambda split: os.kill(os.getpid(), signal.SIGKILL) if split == "0002" else None)

    run = planned(tmp_path / "b" / "ingest-f", monkeypatch, die_after_the_third)
    process = FORK.Process(target=execute, args=(run, ENGINE))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not run.is_done
    resumed = execute(planned(run.folder, monkeypatch), ENGINE)
    assert contents(resumed.folder) == contents(undisturbed.folder)
    assert computed(run.folder) == SPLITS  # each once: the three that were finished were not computed again
    assert resumed.run["resumed_splits"] == 3


def test_of_two_at_once_one_works_and_the_other_finds_it_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(job: Job) -> Outcome:
        return make_splits(job, lambda split: time.sleep(0.05))

    run = planned(tmp_path / "ingest-f", monkeypatch, slowly)
    processes = [FORK.Process(target=execute, args=(run, ENGINE)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert computed(run.folder) == SPLITS
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


class WithRaw(BaseModel):
    raw: RawPath


@pytest.mark.parametrize("fails", [False, True])
def test_a_raw_file_that_changes_ends_the_run_and_nothing_of_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    raw = tmp_path / "raw"
    raw.write_text("before")

    def change(split: str) -> None:
        raw.write_text("behind")
        if fails:
            raise RuntimeError("what it read made no sense")

    def work(job: Job) -> Outcome:
        return make_splits(types.SimpleNamespace(draft=job.draft, config=Section()), change)  # type: ignore[arg-type]

    run = planned(tmp_path / "ingest-f", monkeypatch, work)
    config = WithRaw(raw=str(raw))
    run = replace(run, config=config, fingerprint=fingerprint("ingest", 1, config, {}))
    with pytest.raises(
        UserError, match=r"ingest: a raw file .* has changed while it was read; .* run the same command"
    ):
        execute(run, ENGINE)
    assert list(run.folder.iterdir()) == []


def test_what_a_run_killed_after_its_commit_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = planned(tmp_path / "ingest-f", monkeypatch)
    execute(run, ENGINE)
    for name in (".ingest-f.lock", ".ingest-f.progress.json", "ingest-f/.tmp-1-manifest.json"):
        (tmp_path / name).touch()
    execute(run, ENGINE)
    assert [path.name for path in tmp_path.rglob(".*")] == []


def test_a_missing_input_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = planned(tmp_path / "ingest-f", monkeypatch)
    run = planned(tmp_path / "align-f", monkeypatch, inputs={"ingest": {"": source}})
    with pytest.raises(UserError, match=r"reads ingest, which has not been made .*run `polyloom ingest`"):
        execute(run, ENGINE)


def test_a_missing_package_names_the_extra(tmp_path: Path) -> None:
    spec = StageSpec("pretrain", 1, Section, "no_such_package.here:run", (), "training", "help")
    run = StageRun(spec, Section(), "", "f" * 32, tmp_path / "x", {})
    with pytest.raises(UserError, match=r"needs the package 'no_such_package': install polyloom\[training\]"):
        execute(run, ENGINE)


def test_of_processes_started_together_one_runs_the_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def together() -> Iterator[bool]:
        yield os.environ["RANK"] == "0"

    spec = planned(tmp_path / "ingest", monkeypatch).spec
    monkeypatch.setattr(sys.modules["a_stage"], "together", together, raising=False)
    shared = replace(spec, together="a_stage:together")
    for world, rank in ((1, 0), (2, 0), (2, 1)):
        monkeypatch.setenv("WORLD_SIZE", str(world))
        monkeypatch.setenv("RANK", str(rank))
        with shared.among_processes() as is_first, spec.among_processes() as runs_alone:
            assert is_first is (rank == 0)
            assert runs_alone  # a stage that knows no others: the lock keeps them apart


def test_an_output_that_cannot_be_created_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs").write_text("a file, not a folder")
    with pytest.raises(UserError, match=r"runs/ingest-f: cannot be created .* check the key `runs`"):
        execute(planned(tmp_path / "runs" / "ingest-f", monkeypatch), ENGINE)


def test_a_stage_that_loses_rows_makes_no_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lossy(job: Job) -> Outcome:
        return Outcome("records", "rows", Counts(6, 0, 5), [])

    run = planned(tmp_path / "ingest-f", monkeypatch, lossy)
    with pytest.raises(ValueError, match="rows are not conserved"):
        execute(run, ENGINE)
    assert not run.is_done
