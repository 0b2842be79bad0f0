"""A dataset that exists: a folder with a manifest."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import xxhash

from pipelines.datasets.errors import UserError
from pipelines.datasets.evidence import SAMPLES, Sample, samples_from_json
from pipelines.datasets.lock import locked
from pipelines.datasets.manifest import MANIFEST, RUN, FileEntry, Manifest, read_manifest
from pipelines.datasets.mirror import shown
from pipelines.datasets.reasons import Reason
from pipelines.datasets.store import Store


class Dataset:
    """A finished dataset, opened for reading: in a folder, or at the URL that the folder stands for.

    Raises UserError where there is no manifest, or where a file of it is missing or has another size.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder / MANIFEST)
        self._store = Store(folder)
        if self._store.remote:
            refresh(folder, self.manifest.to_bytes())
        sizes = self._store.sizes(entry.name for entry in self.manifest.files)
        for entry in self.manifest.files:
            self._check_size(entry, sizes.get(entry.name))

    def __reduce__(self) -> tuple[type["Dataset"], tuple[Path]]:
        return Dataset, (self.folder,)

    @property
    def fingerprint(self) -> str:
        return self.manifest.fingerprint

    @property
    def run(self) -> dict[str, Any]:
        """Times and rates of the run that made it (`run.json`); empty where they were not kept."""
        try:
            return dict(json.loads(self._store.read(RUN)))
        except FileNotFoundError:
            return {}

    def files(self, **partition: str) -> list[FileEntry]:
        """Return the files whose partition has all these values, in the manifest's order."""
        return [
            entry
            for entry in self.manifest.files
            if all(entry.partition.get(key) == value for key, value in partition.items())
        ]

    @property
    def place(self) -> str:
        """Where it is, for a person: its folder or its URL."""
        return shown(self.folder)

    def path(self, entry: FileEntry) -> Path:
        """Return where a file is on this disk, after fetching it where it is not there."""
        return self._store.fetched(entry.name)

    def future_path(self, entry: FileEntry) -> Path:
        """Return where a file will be when whoever needs it, on this machine or another, has `fetched` it."""
        return self._store.path(entry.name)

    def table(self, entry: FileEntry) -> pa.Table:
        """Return an Arrow file as a table that is memory-mapped: columns cost memory only when touched."""
        return self._store.table(entry.name)

    def read(self, name: str) -> bytes:
        return self._store.fetched(name).read_bytes()

    def fetch(self, entries: Iterable[FileEntry]) -> None:
        """Fetch files that are not on this disk, some at a time."""
        self._store.fetch(entry.name for entry in entries)

    def subfolder(self, name: str) -> Path:
        """Return a folder of the dataset, with all that is in it on this disk, for a library that reads folders."""
        self.fetch(entry for entry in self.manifest.files if entry.name.startswith(f"{name}/"))
        return self._store.path(name)

    def samples(self) -> dict[Reason, list[Sample]]:
        """Return the samples of what the stage dropped, by reason."""
        if not any(entry.name == SAMPLES for entry in self.manifest.files):
            return {}
        return samples_from_json(self.read(SAMPLES))

    def damaged(self) -> Iterator[str]:
        """Read every file and yield a sentence for each whose checksum is not the manifest's."""
        for entry in self.manifest.files:
            if checksum_of(self.path(entry)) != entry.checksum:
                yield f"{self.path(entry)}: its checksum is not the manifest's; remove {self.place} and run again"

    def _check_size(self, entry: FileEntry, size: int | None) -> None:
        if size != entry.bytes:
            found = "is missing" if size is None else f"has {size} bytes, not {entry.bytes}"
            raise UserError(
                f"{self.place}/{entry.name}: {found}; remove the folder {self.place} and run the stage again"
            )


def refresh(folder: Path, manifest: bytes) -> None:
    """Let the folder that stands for a URL hold nothing of another dataset than the one with this manifest.

    One that was removed at the URL and made again may have other bytes under the same names.
    """
    store = Store(folder)
    copy = store.path(MANIFEST)
    with locked(folder.with_name(f".{folder.name}.refresh")):
        if not copy.is_file() or copy.read_bytes() != manifest:
            store.keep_copies(lambda _name: False)
            store.put(MANIFEST, lambda file: file.write(manifest))


def checksum_of(path: Path) -> str:
    """Return the checksum of a file's bytes (xxh3, 128 bits, hexadecimal)."""
    state = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()
