"""A dataset that exists: a folder with a manifest."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import xxhash

from pipelines.datasets.errors import UserError
from pipelines.datasets.evidence import SAMPLES, Sample, samples_from_json
from pipelines.datasets.manifest import MANIFEST, RUN, FileEntry, Manifest, read_manifest
from pipelines.datasets.reasons import Reason
from pipelines.datasets.store import Store


class Dataset:
    """A finished dataset, opened for reading.

    Raises UserError where the folder has no manifest, or where a file of it is missing or has another size.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder / MANIFEST)
        self._store = Store(folder)
        for entry in self.manifest.files:
            self._check_size(entry)

    def __reduce__(self) -> tuple[type["Dataset"], tuple[Path]]:
        return Dataset, (self.folder,)

    @property
    def fingerprint(self) -> str:
        return self.manifest.fingerprint

    @property
    def run(self) -> dict[str, Any]:
        """Times and rates of the run that made it (`run.json`); empty where they were not kept."""
        path = self.folder / RUN
        return dict(json.loads(path.read_bytes())) if path.is_file() else {}

    def files(self, **partition: str) -> list[FileEntry]:
        """Return the files whose partition has all these values, in the manifest's order."""
        return [
            entry
            for entry in self.manifest.files
            if all(entry.partition.get(key) == value for key, value in partition.items())
        ]

    def path(self, entry: FileEntry) -> Path:
        return self._store.path(entry.name)

    def table(self, entry: FileEntry) -> pa.Table:
        """Return an Arrow file as a table that is memory-mapped: columns cost memory only when touched."""
        return self._store.table(entry.name)

    def read(self, name: str) -> bytes:
        return self._store.read(name)

    def samples(self) -> dict[Reason, list[Sample]]:
        """Return the samples of what the stage dropped, by reason."""
        if not any(entry.name == SAMPLES for entry in self.manifest.files):
            return {}
        return samples_from_json(self.read(SAMPLES))

    def damaged(self) -> Iterator[str]:
        """Read every file and yield a sentence for each whose checksum is not the manifest's."""
        for entry in self.manifest.files:
            if checksum_of(self.path(entry)) != entry.checksum:
                yield f"{self.path(entry)}: its checksum is not the manifest's; remove {self.folder} and run again"

    def _check_size(self, entry: FileEntry) -> None:
        path = self.path(entry)
        size = path.stat().st_size if path.is_file() else None
        if size != entry.bytes:
            found = "is missing" if size is None else f"has {size} bytes, not {entry.bytes}"
            raise UserError(f"{path}: {found}; remove the folder {self.folder} and run the stage again")


def checksum_of(path: Path) -> str:
    """Return the checksum of a file's bytes (xxh3, 128 bits, hexadecimal)."""
    state = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()
