"""The rows that align, deduplicate and publish read: the staged texts and, where there are any, the aligned pairs."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
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

    `documents` is the file of the documents that texts belong to. `clusters` is the file of its rows' clusters, once
    there is one, `document_clusters` that of its documents'. `scores` and `document_scores` are what was annotated, if
    anything was.
    """

    index: int
    kind: Kind
    name: str
    path: Path
    documents: Path | None = None
    clusters: Path | None = None
    document_clusters: Path | None = None
    scores: Path | None = None
    document_scores: Path | None = None

    @property
    def split(self) -> str:
        return self.name.removesuffix(".arrow")

    @property
    def language_column(self) -> str:
        """The column whose language a row counts for."""
        return "lang" if self.kind == "text" else "target_lang"

    @property
    def documents_name(self) -> str:
        """The name of its file of documents."""
        return self.name.replace("staged/", "documents/", 1)

    def table(self) -> pa.Table:
        return mapped(self.path)

    def scored_table(self) -> pa.Table:
        """Return the rows with their annotated columns."""
        return _with_scores(self.table(), self.scores)

    def scored_documents(self) -> pa.Table:
        """Return the documents with their annotated columns. Raises ValueError as `document_table` does."""
        return _with_scores(self.document_table(), self.document_scores)

    def document_table(self) -> pa.Table:
        """Return the file's documents (DOCUMENTS). Raises ValueError for a file of pairs, which has none."""
        return mapped(self._given(self.documents))

    def cluster_table(self) -> pa.Table:
        """Return the clusters of the file's rows (CLUSTERS). Raises ValueError where the file was given none."""
        return mapped(self._given(self.clusters))

    def document_cluster_table(self) -> pa.Table:
        """Return the clusters of its documents (CLUSTERS). Raises ValueError where the file was given none."""
        return mapped(self._given(self.document_clusters))

    def _given(self, path: Path | None) -> Path:
        if path is None:
            raise ValueError(f"{self.name} was not given the file that is asked for")
        return path


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
    documents = {entry.name: ingested.path(entry) for entry in ingested.files(kind="documents")}
    beside = {kind: _paths_by_file(clusters, kind) for kind in ("clusters", "document_clusters")}
    scores = _paths_by_file(job.input("annotate") if job.inputs.get("annotate") else None, "scores")
    files = []
    for index, (kind, dataset, entry) in enumerate(found):
        file = RowFile(index, kind, entry.name, dataset.path(entry), clusters=beside["clusters"].get(entry.name))
        if kind == "text":
            name = file.documents_name
            clusters_of = beside["document_clusters"].get(name)
            file = replace(
                file, documents=documents[name], document_clusters=clusters_of, document_scores=scores.get(name)
            )
        files.append(replace(file, scores=scores.get(entry.name)))
    return files


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


def _paths_by_file(found: Dataset | None, kind: str) -> dict[str, Path]:
    return {entry.partition["of"]: found.path(entry) for entry in found.files(kind=kind)} if found else {}


def _with_scores(table: pa.Table, path: Path | None) -> pa.Table:
    scores = mapped(path) if path else pa.table({})
    for name in scores.column_names:
        table = table.append_column(name, scores[name])
    return table
