"""The rows that align, deduplicate and publish read: the staged texts and, where there are any, the aligned pairs."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.stage import Job
from pipelines.dedup.exact import Hashes, cluster_keys, hash_texts
from pipelines.stages.work import mapped

Kind = Literal["text", "pairs"]


@dataclass(frozen=True)
class RowFile:
    """One file of texts or pairs, small enough to be sent about. Its `index` orders all files of a stage's input.

    `clusters` is the file of its rows' clusters, once there is one.
    """

    index: int
    kind: Kind
    name: str
    path: Path
    clusters: Path | None = None

    @property
    def split(self) -> str:
        return self.name.removesuffix(".arrow")

    @property
    def language_column(self) -> str:
        """The column whose language a row counts for."""
        return "lang" if self.kind == "text" else "target_lang"

    def table(self) -> pa.Table:
        return mapped(self.path)

    def scored_table(self) -> pa.Table:
        return self.table()

    def scored_documents(self) -> pa.Table:
        return mapped(self.path.parent.parent / self.name.replace("staged/", "documents/", 1))

    def cluster_table(self) -> pa.Table:
        """Return the clusters of the file's rows (CLUSTERS). Raises ValueError where the file was given none."""
        if self.clusters is None:
            raise ValueError(f"{self.name} was given no clusters")
        return mapped(self.clusters)


@dataclass(frozen=True)
class FileTask:
    """One step of a stage that goes over its files several times."""

    step: str
    file: RowFile

    @property
    def split(self) -> str:
        return f"{self.step}/{self.file.split}"


def row_files(job: Job, clusters: Dataset | None = None) -> list[RowFile]:
    """Return the files of ingest and then of align, in the order of their manifests, with their clusters if given."""
    ingested = job.input("ingest")
    found: list[tuple[Kind, Dataset, FileEntry]] = [("text", ingested, e) for e in ingested.files(kind="staged")]
    if job.inputs.get("align"):
        aligned = job.input("align")
        found += [("pairs", aligned, entry) for entry in aligned.files(kind="pairs")]
    cluster_paths = _paths_of_clusters(clusters) if clusters else {}
    return [
        RowFile(index, kind, entry.name, dataset.path(entry), cluster_paths.get(entry.name))
        for index, (kind, dataset, entry) in enumerate(found)
    ]


def tasks_for(step: str, files: Iterable[RowFile]) -> list[FileTask]:
    """Return a task of `step` for each file."""
    return [FileTask(step, file) for file in files]


def sides(table: pa.Table, kind: Kind) -> list[Hashes]:
    """Return the hashes of the folded texts of each row: of its text, or of source and target."""
    if kind == "pairs":  # a pair's group is the hash of its folded source
        return [table.column("group").to_numpy(), hash_texts(table.column("target_text").to_pylist())]
    return [hash_texts(table.column("text").to_pylist())]


def row_keys(file: RowFile) -> Hashes:
    """Return the key under which a file's rows are copies of each other: uint64 [n]."""
    table = file.table()
    languages = table.column(file.language_column).to_pylist()
    return cluster_keys(languages, *sides(table, file.kind)) if len(languages) else np.zeros(0, np.uint64)


def _paths_of_clusters(clusters: Dataset) -> dict[str, Path]:
    return {entry.partition["of"]: clusters.path(entry) for entry in clusters.files(kind="clusters")}
