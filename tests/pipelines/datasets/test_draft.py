"""A dataset in the making: whole files, finished splits, one commit."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.evidence import Sample
from pipelines.datasets.manifest import FileEntry, Manifest
from pipelines.datasets.reasons import Reason

TABLE = pa.table({"text": ["one", "zwei", "три"], "n": pa.array([1, 2, 3], pa.int32())})


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


def test_a_table_comes_back_memory_mapped(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    entry = draft.write_table("de/a.arrow", TABLE, {"language": "de"})
    assert draft.commit(manifest_of([entry]), b"{}")
    before = pa.total_allocated_bytes()
    table = Dataset(tmp_path).table(entry)
    assert table.equals(TABLE)
    assert pa.total_allocated_bytes() - before < 1024


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    chunked = pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)])
    first, second = (Draft(tmp_path).write_table(name, table) for name, table in (("a", TABLE), ("b", chunked)))
    assert first.checksum == second.checksum


def test_files_are_found_by_partition(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    files = [
        draft.write_bytes(f"{language}-{split}", b"", {"language": language, "split": split})
        for language in ("de", "fr")
        for split in ("train", "test")
    ]
    draft.commit(manifest_of(files), b"{}")
    dataset = Dataset(tmp_path)
    assert [entry.name for entry in dataset.files(language="fr")] == ["fr-train", "fr-test"]
    assert [entry.name for entry in dataset.files(language="fr", split="test")] == ["fr-test"]


def test_a_finished_split_is_known_again_only_while_its_files_are_whole(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    record = SplitRecord(
        files=[draft.write_table("a.arrow", TABLE)],
        rows=SplitRecord.rows_of(Counts(4, 0, 3, {Reason.EMPTY: 1})),
        samples={Reason.EMPTY: [Sample.of("f", 1, "x")]},
        summary={"languages": {"de": 3}},
    )
    assert draft.finished("0000") is None
    draft.finish("0000", record)
    assert draft.finished("0000") == record
    assert draft.finished_splits() == 1
    data = bytearray((tmp_path / "a.arrow").read_bytes())
    data[-1] ^= 1
    (tmp_path / "a.arrow").write_bytes(data)
    assert draft.finished("0000") is None


def test_a_torn_ledger_entry_counts_as_unfinished(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    draft.finish("0000", SplitRecord())
    (tmp_path / ".splits" / "0000.json").write_text('{"files": [')
    assert draft.finished("0000") is None


def test_the_commit_leaves_nothing_but_the_dataset(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    entry = draft.write_table("a.arrow", TABLE)
    draft.write_bytes("stray", b"from a run with other splits")
    draft.finish("0000", SplitRecord())
    draft.scratch("checkpoints/step_1").write_bytes(b"x")
    draft.commit(manifest_of([entry]), b"{}")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.arrow", "manifest.json", "run.json"]


def test_the_second_writer_finds_it_done(tmp_path: Path) -> None:
    first, second = Draft(tmp_path), Draft(tmp_path)
    entry = first.write_table("a.arrow", TABLE)
    assert first.commit(manifest_of([entry]), b"{}")
    assert not second.commit(manifest_of([entry]), b"{}")


def test_a_manifest_that_still_has_its_other_name_loses_it(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    draft.commit(manifest_of([]), b"{}")
    (tmp_path / ".tmp-1-abc-manifest.json").write_bytes(b"{")
    draft.tidy()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "run.json"]


def test_all_that_was_made_can_be_discarded(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    draft.finish("a/0000", SplitRecord(files=[draft.write_table("a/0000.arrow", TABLE)]))
    draft.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_fails_in_its_middle_leaves_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with Draft(tmp_path).shard_writer("a.arrow", TABLE.schema) as writer:
            writer.write(TABLE.to_batches()[0])
            raise RuntimeError("in its middle")

    with pytest.raises(RuntimeError, match="in its middle"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_half_written_files_are_discarded(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    draft.write_bytes("whole", b"x")
    (tmp_path / ".tmp-123-abc-half").write_bytes(b"ha")
    draft.discard_partial_files()
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


@pytest.mark.parametrize(("damage", "message"), [(None, "is missing"), (b"short", "has 5 bytes, not")])
def test_a_dataset_with_a_missing_or_cut_file_does_not_open(tmp_path: Path, damage: bytes | None, message: str) -> None:
    draft = Draft(tmp_path)
    draft.commit(manifest_of([draft.write_table("a.arrow", TABLE)]), b"{}")
    (tmp_path / "a.arrow").unlink()
    if damage is not None:
        (tmp_path / "a.arrow").write_bytes(damage)
    with pytest.raises(UserError, match=rf"a\.arrow: {message}.*run the stage again"):
        Dataset(tmp_path)


def test_verify_finds_a_changed_byte(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    draft.commit(manifest_of([draft.write_bytes("a", b"abc")]), b"{}")
    assert list(Dataset(tmp_path).damaged()) == []
    (tmp_path / "a").write_bytes(b"abd")
    (sentence,) = Dataset(tmp_path).damaged()
    assert "a: its checksum is not the manifest's" in sentence
