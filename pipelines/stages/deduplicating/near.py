# mypy: disable-error-code="no-untyped-call"
"""Near duplicates among documents: sketched, compared where they share a band, and verified by exact Jaccard.

Band keys and positions are shuffled. The shingles stay in scratch files, which verification maps into memory.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.config.deduplicate import Near
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.schemas import NEAR, NEAR_CLUSTERS
from pipelines.datasets.stage import Job
from pipelines.dedup.candidates import Ids, encode, pairs_sharing, unique_pairs
from pipelines.dedup.components import components
from pipelines.dedup.exact import by_bucket
from pipelines.dedup.jaccard import jaccard
from pipelines.dedup.shingles import Shingles, joined, shingled
from pipelines.dedup.sketch import band_keys
from pipelines.stages.inputs import FileTask, RowFile, documents_name, tasks_for
from pipelines.stages.work import add_up, column, each_task, mapped, records_of, run_counted, unfinished

_ROW: Final = np.int64(0xFFFFFFFF)  # the part of an id that is a row; the rest is the file

Part = tuple[int, tuple[int, Any, Any]]  # bucket, (file, keys, document rows)
Pairs = tuple[int, tuple[Any, Any] | None]  # file of the first, (ids of the first, ids of the second)


@dataclass(frozen=True)
class Found:
    """The files that the search wrote, and what it counted."""

    files: list[FileEntry]
    summary: dict[str, Any]


def find_near_duplicates(job: Job, near: Near, buckets: int, files: Sequence[RowFile]) -> Found:
    """Write the verified pairs (NEAR) and the near clusters (NEAR_CLUSTERS) of every file's documents."""
    tasks = tasks_for("near", files)
    pending = unfinished(job.draft, tasks)
    run_counted(job, tasks, pending, lambda pipeline: _build(pipeline, job.draft, near, buckets, tasks, pending))
    verified = records_of(job.draft, tasks)
    _keep_components(job.draft, files)
    joins = tasks_for("near_clusters", files)
    each_task(job, "Near clusters", joins, write_near_clusters)
    entries = [entry for record in (*verified, *records_of(job.draft, joins)) for entry in record.files]
    return Found(entries, add_up(record.summary for record in verified))


def _build(
    pipeline: beam.Pipeline,
    draft: Draft,
    near: Near,
    buckets: int,
    tasks: Sequence[FileTask],
    pending: Sequence[FileTask],
) -> None:
    files = {task.file.index: task.file for task in tasks}
    pairs = (
        pipeline
        | "Texts" >> beam.Create(list(files.values()))
        | "Sketch documents" >> beam.ParDo(SketchDocuments(draft, near, buckets)).with_output_types(Part)
        | "Group by band" >> beam.GroupByKey()
        | "Pair documents" >> beam.ParDo(PairDocuments()).with_output_types(Pairs)
    )
    asked = pipeline | "Files to verify" >> beam.Create([(task.file.index, None) for task in pending])
    (
        (pairs, asked)
        | "Pairs and files" >> beam.Flatten()
        | "Group pairs by file" >> beam.GroupByKey()
        | "Verify" >> beam.ParDo(Verify(draft, near, files, {task.file.index: task for task in pending}))
    )


class SketchDocuments(beam.DoFn):
    """Emits the band keys of a file's documents, one of each document's copies, and keeps the shingles."""

    def __init__(self, draft: Draft, near: Near, buckets: int) -> None:
        self._draft = draft
        self._near = near
        self._buckets = buckets

    def process(self, file: RowFile) -> Iterator[Part]:
        rows = np.flatnonzero(column(_clusters(self._draft, file), "rank").to_numpy() == 0)
        texts, starts = _texts_of(file, rows)
        parts, keys = [], [np.zeros((0, self._near.bands), np.uint64)]
        for part in shingled(texts, starts, self._near.shingle_words):
            parts.append(part)
            keys.append(band_keys(part, self._near.bands, self._near.rows))
        shingles = joined(parts)
        _keep_shingles(self._draft, file, shingles, rows)
        some = np.flatnonzero(shingles.sizes > 0)
        flat = np.concatenate(keys)[some].ravel()
        for bucket, places in by_bucket(flat, self._buckets):
            yield bucket, (file.index, flat[places], rows[some[places // self._near.bands]].astype(np.uint32))


class PairDocuments(beam.DoFn):
    """Pairs the documents of one bucket that share a key, in the order of the files."""

    def process(self, element: tuple[int, Iterable[tuple[int, Any, Any]]]) -> Iterator[Pairs]:
        parts = sorted(element[1], key=lambda part: part[0])
        keys = np.concatenate([keys for _, keys, _ in parts])
        left, right = pairs_sharing(keys, encode([(file, rows) for file, _, rows in parts]))
        for file in np.unique(left >> 32).tolist():
            own = slice(*np.searchsorted(left, [file << 32, (file + 1) << 32]))
            yield file, (left[own], right[own])


class Verify(beam.DoFn):
    """Verifies the pairs whose first document is in a file, and writes down those that hold."""

    def __init__(self, draft: Draft, near: Near, files: dict[int, RowFile], tasks: dict[int, FileTask]) -> None:
        self._draft = draft
        self._near = near
        self._files = files
        self._tasks = tasks

    def process(self, element: tuple[int, Iterable[tuple[Ids, Ids] | None]]) -> None:
        task = self._tasks.get(element[0])
        if task is not None:
            parts = [part for part in element[1] if part is not None]
            nothing = np.zeros(0, np.int64)
            left, right = (np.concatenate([nothing, *(part[side] for part in parts)]) for side in (0, 1))
            pairs = unique_pairs(left, right)
            self._draft.finish(task.split, verify(self._draft, self._near.jaccard, self._files, task, *pairs))


def verify(draft: Draft, least: float, files: dict[int, RowFile], task: FileTask, left: Ids, right: Ids) -> SplitRecord:
    """Write the pairs (NEAR) whose shingle sets share at least `least`. Ids are (file, row), sorted by `left`."""
    similarities = np.zeros(len(left), np.float32)
    ends: dict[str, Any] = {
        "first": np.zeros(len(left), np.uint64), "second": np.zeros(len(left), np.uint64),
        "first_size": np.zeros(len(left), np.int32), "second_size": np.zeros(len(left), np.int32),
    }  # fmt: skip
    own, own_rows = _kept_shingles(draft, task.file)
    for number in np.unique(right >> 32).tolist():
        here = np.flatnonzero(right >> 32 == number)
        other, other_rows = _kept_shingles(draft, files[number])
        for side, file, ids in (("first", task.file, left[here]), ("second", files[number], right[here])):
            clusters = _clusters(draft, file)
            ends[side][here] = column(clusters, "cluster").to_numpy()[ids & _ROW]
            ends[f"{side}_size"][here] = column(clusters, "cluster_size").to_numpy()[ids & _ROW]
        first, first_places = _sets(own, own_rows, left[here])
        second, second_places = _sets(other, other_rows, right[here])
        similarities[here] = jaccard(first, first_places, second, second_places, least)
    holds = similarities >= np.float32(least)
    table = pa.table({**{name: values[holds] for name, values in ends.items()}, "jaccard": similarities[holds]}, NEAR)
    name = documents_name(task.file.name)
    entry = draft.write_table(f"near/pairs/{name}", table, {"kind": "near", "of": name})
    scripts = np.array(_scripts(task.file), object)
    return SplitRecord(
        files=[entry],
        summary={
            "scripts": add_up(
                {script: {what: count} for script, count in Counter(scripts[rows].tolist()).items()}
                for what, rows in (
                    ("documents", own_rows[own.sizes > 0]),
                    ("candidates", left & _ROW),
                    ("verified", left[holds] & _ROW),
                )
            )
        },
    )


def _sets(shingles: Shingles, rows: Any, ids: Ids) -> tuple[Shingles, Any]:
    """Return the shingle sets of the documents with these ids, and the place of each id's among them."""
    documents, places = np.unique(np.searchsorted(rows, ids & _ROW), return_inverse=True)
    return shingles.sets(documents), places


def write_near_clusters(draft: Draft, task: FileTask) -> SplitRecord:
    """Write the near cluster of each of a file's documents: its own cluster, where it is near to nothing."""
    clusters = _clusters(draft, task.file)
    near, sizes = (column(clusters, name).to_numpy().copy() for name in ("cluster", "cluster_size"))
    nodes, component, component_sizes = (np.load(path, mmap_mode="r") for path in _component_paths(draft))
    if len(nodes):
        place = np.minimum(np.searchsorted(nodes, near), len(nodes) - 1)
        known = nodes[place] == near
        near[known], sizes[known] = component[place[known]], component_sizes[place[known]]
    name = documents_name(task.file.name)
    table = pa.table([near, sizes], schema=NEAR_CLUSTERS)
    return SplitRecord(files=[draft.write_table(f"near/{name}", table, {"kind": "near_clusters", "of": name})])


def _keep_components(draft: Draft, files: Sequence[RowFile]) -> None:
    """Join all verified pairs in this process: memory for the pairs, not for the documents."""
    tables = [mapped(draft.folder / f"near/pairs/{documents_name(file.name)}") for file in files]
    pairs = pa.concat_tables(tables) if tables else NEAR.empty_table()
    joint = components(*(column(pairs, name).to_numpy() for name in ("first", "second", "first_size", "second_size")))
    arrays: tuple[npt.NDArray[Any], ...] = tuple(joint)
    for path, values in zip(_component_paths(draft), arrays, strict=True):
        np.save(path, values)


def _component_paths(draft: Draft) -> list[str]:
    return [str(draft.scratch(f"near/{name}.npy")) for name in ("nodes", "component", "size")]


def _texts_of(file: RowFile, documents: Any) -> tuple[list[str], Any]:
    """Return the texts of some documents in their order, and where each document's begin: int64 [documents + 1]."""
    table = file.table().select(["text", "document_row"])
    sizes = np.bincount(column(table, "document_row").to_numpy(), minlength=file.document_table().num_rows)
    wanted = np.zeros(len(sizes), bool)
    wanted[documents] = True
    texts = column(table, "text")
    if not wanted.all():
        texts = texts.filter(pa.array(np.repeat(wanted, sizes)))
    return texts.to_pylist(), np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes[documents])])


def _scripts(file: RowFile) -> list[str]:
    """Return the script of each document's first text."""
    table = file.table().select(["script", "document_row"])
    first = np.searchsorted(column(table, "document_row").to_numpy(), np.arange(file.document_table().num_rows))
    return column(table, "script").take(pa.array(first)).to_pylist()  # type: ignore[no-any-return]


def _clusters(draft: Draft, file: RowFile) -> pa.Table:
    return mapped(draft.folder / f"clusters/{documents_name(file.name)}")


def _keep_shingles(draft: Draft, file: RowFile, shingles: Shingles, rows: npt.NDArray[np.int64]) -> None:
    values_path, starts_path, rows_path = _shingle_paths(draft, file)
    np.save(values_path, shingles.values)
    np.save(starts_path, shingles.starts)
    np.save(rows_path, rows)


def _kept_shingles(draft: Draft, file: RowFile) -> tuple[Shingles, Any]:
    """Return the shingles of a file's documents, mapped into memory, and the documents' rows."""
    values, starts, rows = (np.load(path, mmap_mode="r") for path in _shingle_paths(draft, file))
    return Shingles(values, np.asarray(starts)), np.asarray(rows)


def _shingle_paths(draft: Draft, file: RowFile) -> list[str]:
    return [str(draft.scratch(f"near/{file.split}.{name}.npy")) for name in ("values", "starts", "rows")]
