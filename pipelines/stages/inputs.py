"""The rows that align, deduplicate and publish read: the staged texts and, where there are any, the pairs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.stage import Job
from pipelines.dedup.exact import Hashes, hash_texts
from pipelines.stages.work import codes, mapped
from pipelines.text.languages import canonical

Kind = Literal["text", "pairs"]
ARROW: Final = "→"  # between the languages of a pair without the pivot


@dataclass(frozen=True)
class RowFile:
    """One file of texts or pairs, small enough to be sent about. Its `index` orders all files of a stage's input.

    `pivot` is the language on the source side of most pairs, if one was named. `documents` is the file of the documents
    that texts belong to. `clusters` is the file of its rows' clusters, once there is one, `document_clusters` that of
    its documents'; `near` and `near_clusters` are what was found of near duplicates among its documents or pairs, if
    they were asked for; `scores` and `document_scores` what was annotated, if anything was.
    """

    index: int
    kind: Kind
    name: str
    path: Path
    rows: int
    bytes: int
    pivot: str = ""
    documents: Path | None = None
    clusters: Path | None = None
    document_clusters: Path | None = None
    near: Path | None = None
    near_clusters: Path | None = None
    scores: tuple[Path, ...] = ()
    document_scores: tuple[Path, ...] = ()

    @property
    def split(self) -> str:
        return self.name.removesuffix(".arrow")

    @property
    def compared(self) -> str:
        """The name of what is compared for near duplicates: the texts' documents, or the pairs."""
        return documents_name(self.name) if self.kind == "text" else self.name

    def languages(self) -> tuple[npt.NDArray[np.int32], list[str]]:
        """Return what each row counts for, as codes (int32 [n]) of names: the text's language, or the pair's.

        A pair whose source is in the pivot language counts for its target's language, another one for both, as
        `de→fr`.
        """
        table = self.table()
        if self.kind == "text":
            return codes(table, "lang")
        source, sources = codes(table, "source_lang")
        target, targets = codes(table, "target_lang")
        if set(sources) <= {self.pivot}:
            return target, targets
        pairs, places = np.unique(source.astype(np.int64) * len(targets) + target, return_inverse=True)
        sides = [(sources[pair // len(targets)], targets[pair % len(targets)]) for pair in pairs.tolist()]
        return places.astype(np.int32), [own if one == self.pivot else f"{one}{ARROW}{own}" for one, own in sides]

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

    def near_table(self) -> pa.Table:
        """Return the near duplicates of its documents or pairs (NEAR). Raises ValueError if it has none."""
        return mapped(self._given(self.near))

    def near_cluster_table(self) -> pa.Table:
        """Return the near clusters of its documents or pairs (NEAR_CLUSTERS). Raises ValueError if it has none."""
        return mapped(self._given(self.near_clusters))

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


def row_files(job: Job, found: Dataset | None = None) -> list[RowFile]:
    """Return the files of ingest, then of align, then of mine, in the order of their manifests.

    `found` is what deduplicate made; with it the files have their clusters.
    """
    ingested = job.input("ingest")
    inputs: list[tuple[Kind, Dataset, FileEntry]] = [("text", ingested, e) for e in ingested.files(kind="staged")]
    for stage in ("align", "mine"):
        if job.inputs.get(stage):
            found_by = job.input(stage)
            inputs += [("pairs", found_by, entry) for entry in found_by.files(kind="pairs")]
    pivot = _pivot(job)
    documents = {entry.name: ingested.future_path(entry) for entry in ingested.files(kind="documents")}
    clusters, own, near, near_clusters = (
        _beside(found, kind) for kind in ("clusters", "document_clusters", "near", "near_clusters")
    )
    scored = [_beside(job.input(stage), "scores") for stage in ("annotate", "score") if job.inputs.get(stage)]
    files = []
    for index, (kind, dataset, entry) in enumerate(inputs):
        file = RowFile(
            index,
            kind,
            entry.name,
            dataset.future_path(entry),
            entry.rows,
            entry.bytes,
            pivot,
            clusters=clusters.get(entry.name),
        )
        if kind == "text":
            name = documents_name(entry.name)
            file = replace(
                file,
                documents=documents[name],
                document_clusters=own.get(name),
                document_scores=_all_of(scored, name),
            )
        file = replace(file, near=near.get(file.compared), near_clusters=near_clusters.get(file.compared))
        files.append(replace(file, scores=_all_of(scored, entry.name)))
    return files


def _pivot(job: Job) -> str:
    """Return the pivot of align, or else the language that is the source of all that was mined, if there is one."""
    if job.inputs.get("align"):
        return canonical(job.input("align").manifest.config["pivot"])
    mined = job.input("mine").manifest.config["languages"] if job.inputs.get("mine") else []
    sources = {canonical(source) for source, _ in mined}
    return sources.pop() if len(sources) == 1 else ""


def documents_name(name: str) -> str:
    """Return the name of the file of documents that belongs to a file of staged texts."""
    return f"documents/{name.partition('/')[2]}"


def language_model(ingest: Dataset) -> str:
    """Return where the language model is that ingest used, or `heliport`. Raises UserError where that is not known."""
    named = ingest.manifest.config["language_model"]
    if not isinstance(named, str):
        return "heliport"
    raw: dict[str, str] = ingest.run.get("raw", {})
    if named not in raw:
        raise UserError(f"{ingest.place}: its run.json does not say where the language model is; run ingest again")
    return raw[named]


def tasks_for(step: str, files: Iterable[RowFile]) -> list[FileTask]:
    """Return a task of `step` for each file."""
    return [FileTask(step, file) for file in files]


def sides_of(table: pa.Table, kind: Kind) -> list[Hashes]:
    """Return the hashes of the folded texts of each row: of its text, or of source and target."""
    if kind == "pairs":  # a pair's group is the hash of its folded source
        return [table.column(name).to_numpy() for name in ("group", "target_hash")]
    return [hash_texts(table.column("text").to_pylist())]


def _beside(dataset: Dataset | None, kind: str) -> dict[str, Path]:
    """Return the files of this kind by the name of the file that each is row-aligned to."""
    return {entry.partition["of"]: dataset.future_path(entry) for entry in dataset.files(kind=kind)} if dataset else {}


def _all_of(beside: Sequence[Mapping[str, Path]], name: str) -> tuple[Path, ...]:
    return tuple(paths[name] for paths in beside if name in paths)


def _with_scores(table: pa.Table, paths: Sequence[Path]) -> pa.Table:
    for path in paths:
        scores = mapped(path)
        for name in scores.column_names:
            table = table.append_column(name, scores[name])
    return table
