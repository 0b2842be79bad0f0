"""A dataset in the making: files are written whole, splits are ticked off, and nothing shows until the commit."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import checksum_of
from pipelines.datasets.evidence import QuarantineEntry, Sample
from pipelines.datasets.folders import files_of
from pipelines.datasets.manifest import MANIFEST, RUN, FileEntry, Manifest, Rows
from pipelines.datasets.reasons import Reason
from pipelines.datasets.store import TEMPORARY, HashingFile, PendingFile, Store

_LEDGER = ".splits"
_SCRATCH = ".scratch"
_LISTS = ".preserved"  # of the files in each folder of the scratch that was preserved
_FOR_A_RESUME = (f"{_LEDGER}/", f"{_SCRATCH}/", f"{_LISTS}/")


class SplitRecord(BaseModel):
    """What one finished split gave: enough that a run after a crash need not compute it again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: list[FileEntry] = []
    rows: Rows = Rows(rows_in=0, expanded=0, rows_out=0, dropped={})
    samples: dict[Reason, list[Sample]] = {}
    quarantine: list[QuarantineEntry] = []
    summary: dict[str, Any] = {}

    @property
    def counts(self) -> Counts:
        return Counts(self.rows.rows_in, self.rows.expanded, self.rows.rows_out, self.rows.dropped)

    @staticmethod
    def rows_of(counts: Counts) -> Rows:
        return Rows(
            rows_in=counts.rows_in,
            expanded=counts.expanded,
            rows_out=counts.rows_out,
            dropped=dict(counts.dropped),
        )


@dataclass(frozen=True)
class Draft:
    """A dataset in the making. It is only a folder, so it can be sent to any worker.

    Where the folder stands for a URL, files are put there when their split is ticked off, the rest at the commit.
    """

    folder: Path

    @property
    def _store(self) -> Store:
        return Store(self.folder)

    def write_table(self, name: str, table: pa.Table, partition: Mapping[str, str] | None = None) -> FileEntry:
        """Write an Arrow IPC file of one record batch (none for an empty table) and return its entry."""
        with self.shard_writer(name, table.schema, partition) as writer:
            for batch in table.combine_chunks().to_batches():
                writer.write(batch)
        return writer.entry

    def shard_writer(self, name: str, schema: pa.Schema, partition: Mapping[str, str] | None = None) -> "ShardWriter":
        """Return a context with `write(batch)`; after it, `entry` describes the Arrow IPC file."""
        return ShardWriter(name, self._store.writing(name), schema, dict(partition or {}))

    def write_bytes(
        self, name: str, data: bytes, partition: Mapping[str, str] | None = None, rows: int = 0
    ) -> FileEntry:
        return self.write_chunks(name, [data], partition, rows)

    def write_chunks(
        self, name: str, chunks: Iterable[bytes], partition: Mapping[str, str] | None = None, rows: int = 0
    ) -> FileEntry:
        """Write a file from pieces, each of which is held only while it is written."""

        def write(file: HashingFile) -> None:
            for chunk in chunks:
                file.write(chunk)

        stored = self._store.put(name, write)
        return FileEntry(
            name=name,
            rows=rows,
            bytes=stored.bytes,
            checksum=stored.checksum,
            partition=dict(partition or {}),
        )

    def path(self, name: str) -> Path:
        """Return where a file of the draft is on this disk, after fetching it where another machine made it."""
        return self._store.fetched(name)

    def take_over(self, entry: FileEntry, path: Path) -> FileEntry:
        """Put a file of another dataset, which lies at `path`, into the draft under its name, and return its entry."""
        self._store.link(entry.name, path)
        return entry

    def adopt(self, name: str, partition: Mapping[str, str] | None = None, rows: int = 0) -> FileEntry:
        """Return the entry of a file that a library wrote into the draft by itself (`draft.folder / name`)."""
        path = self._store.path(name)
        return FileEntry(
            name=name,
            rows=rows,
            bytes=path.stat().st_size,
            checksum=checksum_of(path),
            partition=dict(partition or {}),
        )

    def finished(self, split: str) -> SplitRecord | None:
        """Return the record of a split that was finished before, if all its files are there with their checksums."""
        if not self.is_ticked_off(split):
            return None
        try:
            record = self.record(split)
        except ValidationError:
            return None
        return record if all(self._is_whole(entry) for entry in record.files) else None

    def is_ticked_off(self, split: str) -> bool:
        """Return whether a split was finished, now or before; its files are not looked at."""
        ticked = _ticked(split)
        return self._store.path(ticked).is_file() or self._store.exists(ticked)

    def record(self, split: str) -> SplitRecord:
        """Return the record of a split that was finished now, or that `finished` found whole."""
        return SplitRecord.model_validate_json(self._store.fetched(_ticked(split)).read_bytes())

    def finish(self, split: str, record: SplitRecord) -> None:
        """Tick off a split whose files are written."""
        self._store.publish(entry.name for entry in record.files)
        self._store.put_bytes(_ticked(split), record.model_dump_json(by_alias=True).encode())

    def finished_splits(self) -> int:
        """Return how many splits are ticked off: what progress is counted from."""
        folder = self.folder / _LEDGER
        return sum(1 for path in folder.rglob("*.json") if path.is_file()) if folder.is_dir() else 0

    def scratch(self, name: str) -> Path:
        """Return a place for a stage's own temporary files: kept over a crash, removed at the commit.

        They are on this machine alone, unless they are preserved.
        """
        path = self._store.path(f"{_SCRATCH}/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def preserve(self, name: str) -> None:
        """Let the temporary file or folder `name` outlive this machine, and be seen by others, as it is now.

        A folder is preserved as a whole: where that is cut short, the one before it is restored.
        """
        remote = self._store.remote
        if remote is None:
            return
        name = f"{_SCRATCH}/{name}"
        path = self._store.path(name)
        if path.is_file():
            self._store.publish([name])
            return
        now = {one.relative_to(self.folder).as_posix(): one.stat().st_size for one in files_of(path)}
        before = self._listed(f"{_LISTS}/{name}.json")
        self._store.publish(one for one, size in now.items() if before.get(one) != size)
        remote.put_bytes(f"{_LISTS}/{name}.json", json.dumps(now).encode())
        remote.delete(before.keys() - now.keys())

    def preserved(self, name: str) -> Path:
        """Return where a temporary file is that was preserved, here or on another machine."""
        return self._store.fetched(f"{_SCRATCH}/{name}")

    def restore(self) -> None:
        """Bring the folder to what its URL has kept for a resume: the splits ticked off, and what was preserved.

        The files of splits are fetched when they are needed.
        """
        remote = self._store.remote
        if remote is None:
            return
        ticked = remote.sizes(_LEDGER)
        self._store.keep_copies(lambda name: not name.startswith(f"{_LEDGER}/") or name in ticked)
        kept = {name: size for one in remote.sizes(_LISTS) for name, size in self._listed(one).items()}
        for name, size in kept.items():
            path = self._store.path(name)
            if path.is_file() and path.stat().st_size != size:
                path.unlink()
        self._store.fetch([*ticked, *kept])

    def _listed(self, name: str) -> dict[str, int]:
        """Return the sizes of the files of a folder that was preserved, by name; nothing where none was."""
        try:
            return dict(json.loads(self._store.read(name)))
        except FileNotFoundError:
            return {}

    def commit(self, manifest: Manifest, run: bytes) -> bool:
        """Make the dataset exist; return False where another writer did so first.

        Files that the manifest does not name are removed before it is written, so a dataset never holds a stray
        one; what was kept for a resume goes after it, so that no crash costs finished work.
        """
        if self._store.exists(MANIFEST):
            return False
        named = {MANIFEST, RUN, *(entry.name for entry in manifest.files)}
        self._store.keep_only(lambda name: name in named or name.startswith(_FOR_A_RESUME))
        self._publish_rest(manifest)
        self._store.put_bytes(RUN, run)
        first = self._store.put_if_absent(MANIFEST, manifest.to_bytes())
        self.tidy()
        return first

    def _publish_rest(self, manifest: Manifest) -> None:
        """Put to the URL what no split has put there."""
        remote = self._store.remote
        if remote:
            records = (self.record(_split(name)) for name in remote.sizes(_LEDGER))
            there = {(entry.name, entry.checksum) for record in records for entry in record.files}
            self._store.publish(one.name for one in manifest.files if (one.name, one.checksum) not in there)

    def discard(self) -> None:
        """Remove all that was made so far, finished splits too."""
        self._store.keep_only(lambda _name: False)

    def tidy(self) -> None:
        """Remove what was kept for a resume, and the manifest's other name: the dataset is there."""
        for folder in _FOR_A_RESUME:
            self._store.delete(folder.rstrip("/"))
        for half_written in self.folder.glob(f"{TEMPORARY}*"):
            half_written.unlink(missing_ok=True)

    def discard_partial_files(self) -> None:
        """Remove what a killed run left half written; finished files and splits stay."""
        for name in list(self._store.names()):
            if Path(name).name.startswith(TEMPORARY):
                self._store.delete_copy(name)

    def _is_whole(self, entry: FileEntry) -> bool:
        path = self._store.path(entry.name)
        if self._store.remote and not path.is_file():
            return True  # it is at the URL, for it was put there before its split was ticked off
        return path.is_file() and path.stat().st_size == entry.bytes and checksum_of(path) == entry.checksum


def _ticked(split: str) -> str:
    return f"{_LEDGER}/{split}.json"


def _split(ticked: str) -> str:
    return ticked.removeprefix(f"{_LEDGER}/").removesuffix(".json")


class ShardWriter:
    """Writes one Arrow IPC file; see `Draft.shard_writer`."""

    def __init__(self, name: str, pending: PendingFile, schema: pa.Schema, partition: dict[str, str]) -> None:
        self._name = name
        self._pending = pending
        self._schema = schema
        self._partition = partition
        self._rows = 0

    def __enter__(self) -> "ShardWriter":
        self._pending.__enter__()
        self._writer = pa.ipc.new_file(pa.PythonFile(self._pending.file, mode="w"), self._schema)
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)
        self._rows += batch.num_rows

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._writer.close()
        except BaseException as error:
            self._pending.__exit__(type(error))
            raise
        self._pending.__exit__(kind)

    @property
    def entry(self) -> FileEntry:
        stored = self._pending.stored()
        return FileEntry(
            name=self._name,
            rows=self._rows,
            bytes=stored.bytes,
            checksum=stored.checksum,
            partition=self._partition,
        )
