"""Datasets at s3://, made by one machine and taken up or read by another: each machine has a folder of mirrors."""

import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pydantic import BaseModel

from pipelines.datasets import lease
from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import MANIFEST, FileEntry, Manifest
from pipelines.datasets.mirror import CACHE, folder_of
from pipelines.datasets.remote import Remote
from pipelines.datasets.stage import EngineSection, Job, Outcome, StageRun, StageSpec, deliver, execute

if TYPE_CHECKING:
    from conftest import ObjectStore

TABLE = pa.table({"n": [1, 2, 3]})
Machine = Callable[[str], Path]


@pytest.fixture
def on(object_store: "ObjectStore", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return a function that moves this process to a machine, and returns the dataset's folder there."""

    def move(machine: str) -> Path:
        monkeypatch.setenv(CACHE, str(tmp_path / machine))
        return folder_of(f"{object_store.url}/runs/demo/ingest-f")

    return move


@pytest.fixture
def remote(object_store: "ObjectStore") -> Remote:
    return Remote(f"{object_store.url}/runs/demo/ingest-f")


def manifest_of(files: list[FileEntry]) -> Manifest:
    return Manifest(
        stage="ingest",
        version=1,
        fingerprint="f" * 32,
        config={},
        inputs={},
        unit_in="rows",
        unit_out="rows",
        rows=SplitRecord.rows_of(Counts(3, 0, 3)),
        files=files,
    )


def test_a_dataset_is_committed_and_read_elsewhere(on: Machine, remote: Remote) -> None:
    draft = Draft(on("first"))
    entry = draft.write_table("de/a.arrow", TABLE, {"language": "de"})
    assert remote.sizes() == {}  # nothing is put before its split is done
    draft.finish("0000", SplitRecord(files=[entry, draft.write_bytes("round", b"for a resume")]))
    assert set(remote.sizes()) == {"de/a.arrow", "round", ".splits/0000.json"}
    card = draft.write_bytes("README.md", b"of no split")
    assert draft.commit(manifest_of([entry, card]), b"{}")
    assert set(remote.sizes()) == {"de/a.arrow", "README.md", "manifest.json", "run.json"}
    dataset = Dataset(on("second"))
    assert [path.name for path in dataset.folder.iterdir()] == [MANIFEST]
    assert dataset.table(entry).equals(TABLE)
    assert dataset.read("README.md") == b"of no split"
    assert dataset.run == {}
    assert dataset.place == remote.url
    assert list(dataset.damaged()) == []


def test_finished_splits_are_taken_up_elsewhere(on: Machine) -> None:
    draft = Draft(on("first"))
    record = SplitRecord(files=[draft.write_table("a.arrow", TABLE)])
    draft.finish("step/0000", record)
    draft.scratch("kept.npy").write_bytes(b"kept")
    draft.preserve("kept.npy")
    draft.scratch("lost").write_bytes(b"lost")
    other = Draft(on("second"))
    other.restore()
    assert other.finished_splits() == 1
    assert other.finished("step/0000") == record
    assert other.path("a.arrow").read_bytes() == draft.folder.joinpath("a.arrow").read_bytes()
    assert other.preserved("kept.npy").read_bytes() == b"kept"
    assert not other.scratch("lost").exists()


def test_a_mirror_forgets_splits_that_its_url_no_longer_has(on: Machine, remote: Remote) -> None:
    draft = Draft(on("first"))
    draft.finish("0000", SplitRecord(files=[draft.write_bytes("a", b"a")]))
    remote.delete(remote.sizes())
    draft.restore()
    assert draft.finished("0000") is None


def test_a_folder_is_preserved_as_a_whole(on: Machine, remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = Draft(on("first"))

    def save(step: int) -> None:
        for name in ("weights", "state"):
            path = draft.scratch(f"checkpoints/step_{step}/{name}")
            path.write_bytes(f"{name} {step}".encode())
        for path in draft.scratch(f"checkpoints/step_{step - 1}").glob("*"):
            path.unlink()

    save(1)
    draft.preserve("checkpoints")
    save(2)
    draft.preserve("checkpoints")
    assert set(remote.sizes(".scratch")) == {f".scratch/checkpoints/step_2/{name}" for name in ("weights", "state")}
    save(3)

    def cut(_self: Remote, name: str, _path: Path) -> None:
        if name.endswith("weights"):
            raise UserError("the machine is gone")
        put(_self, name, _path)

    put = Remote.put
    monkeypatch.setattr(Remote, "put", cut)
    with pytest.raises(UserError, match="gone"):
        draft.preserve("checkpoints")
    other = Draft(on("second"))
    other.restore()
    folder = other.scratch("checkpoints")
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        "step_2/weights",
        "step_2/state",
    }


def test_of_two_writers_one_commits_and_the_other_takes_its_dataset(on: Machine) -> None:
    first, second = Draft(on("first")), Draft(on("second"))
    theirs = second.write_bytes("weights", b"theirs")
    ours = Draft(on("first")).write_bytes("weights", b"ours ")
    assert first.commit(manifest_of([ours]), b"{}")
    on("second")
    assert not second.commit(manifest_of([theirs]), b"{}")
    dataset = Dataset(second.folder)
    assert dataset.read("weights") == b"ours "
    assert list(dataset.damaged()) == []


def test_a_dataset_that_was_made_again_is_fetched_again(on: Machine) -> None:
    for data in (b"old", b"new"):
        draft = Draft(on("first"))
        draft.discard()
        draft.commit(manifest_of([draft.write_bytes("weights", data)]), b"{}")
        assert Dataset(on("second")).read("weights") == data


def test_a_missing_or_cut_file_is_named_by_its_url(on: Machine, remote: Remote) -> None:
    draft = Draft(on("first"))
    draft.commit(manifest_of([draft.write_bytes("a", b"abc")]), b"{}")
    remote.put_bytes("a", b"ab")
    with pytest.raises(UserError, match=rf"^{remote.url}/a: has 2 bytes, not 3; remove the folder {remote.url}"):
        Dataset(draft.folder)
    remote.delete(["a"])
    with pytest.raises(UserError, match=r"/a: is missing"):
        Dataset(draft.folder)
    remote.delete([MANIFEST])
    with pytest.raises(UserError, match=rf"^{remote.url}: not a dataset"):
        Dataset(draft.folder)


class Section(BaseModel):
    pass


def planned(folder: Path, monkeypatch: pytest.MonkeyPatch, work: Callable[[Job], Outcome]) -> StageRun:
    module = types.ModuleType("a_stage")
    module.run = work  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_stage", module)
    spec = StageSpec("ingest", 1, Section, "a_stage:run", (), "pipelines", "help")
    name = "6a0ae7ee4bd1c6f1d4ee6aa0d2f1d3aa"
    monkeypatch.setattr("pipelines.datasets.stage.fingerprint", lambda *_: name)
    return StageRun(spec, Section(), "", name, folder, {})


def one_file(job: Job) -> Outcome:
    entry = job.draft.write_bytes("report.html", b"<html>", {"kind": "deliverable"})
    return Outcome("rows", "rows", Counts(1, 0, 1), [entry])


def test_a_stage_runs_once_for_all_machines(on: Machine, remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    begun, goes_on = threading.Event(), threading.Event()

    def work(job: Job) -> Outcome:
        made.append(str(job.draft.folder))
        begun.set()
        assert goes_on.wait(30)
        return one_file(job)

    first = planned(on("first"), monkeypatch, work)
    thread = threading.Thread(target=execute, args=(first, EngineSection(workers=1)))
    thread.start()
    assert begun.wait(30)
    runs = Remote(remote.url.rpartition("/")[0])
    assert runs.exists(".ingest-f.lease")
    goes_on.set()
    thread.join()
    second = planned(on("second"), monkeypatch, work)
    assert second.is_done
    dataset = execute(second, EngineSection(workers=1))
    assert len(made) == 1
    (delivered,) = deliver(dataset, second.folder.parent)
    assert delivered.read_bytes() == b"<html>"
    of_dataset = {f"ingest-f/{name}" for name in ("manifest.json", "run.json", "report.html")}
    assert set(runs.sizes()) == {*of_dataset, "report.html"}


def test_who_lost_the_lease_commits_nothing(on: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_: object) -> None:
        raise UserError("another machine has taken this work over")

    monkeypatch.setattr(lease.Lease, "check", lost)
    run = planned(on("first"), monkeypatch, one_file)
    with pytest.raises(UserError, match="another machine"):
        execute(run, EngineSection(workers=1))
    assert not run.is_done
