# mypy: disable-error-code="no-untyped-call"
"""Which documents lose to a copy or a near duplicate, if one of each is to be kept. Hashes alone are shuffled.

Documents that could lose go to whoever decides on their near cluster, and so do the verified pairs among them. This
comes before copies of rows are resolved, so that no row loses to one whose document goes.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import apache_beam as beam
import numpy as np
import pyarrow as pa

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.dedup.exact import by_bucket, document_hashes
from pipelines.dedup.survivors import COPY, KEPT, NEAR, Documents, document_losers
from pipelines.stages.inputs import FileTask, RowFile
from pipelines.stages.publishing.standing import Deciding, standing
from pipelines.stages.publishing.thresholds import PASSED
from pipelines.stages.work import column, mapped

DOCUMENTS: Final = "documents"
PAIRS: Final = "pairs"

Message = tuple[int, tuple[str, int, tuple[Any, ...]]]  # bucket, (kind, file, columns)
Verdict = tuple[int, tuple[Any, Any] | None]  # file, (documents, what becomes of them)


def choices(
    pipeline: beam.Pipeline, deciding: Deciding, tasks: Sequence[FileTask], pending: Sequence[FileTask]
) -> None:
    """Decide on the documents of all files, and write down what becomes of those of `pending`."""
    verdicts = (
        pipeline
        | "Files of documents" >> beam.Create(list(tasks))
        | "Send documents" >> beam.ParDo(SendDocuments(deciding)).with_output_types(Message)
        | "Group by near cluster" >> beam.GroupByKey()
        | "Choose" >> beam.ParDo(Choose()).with_output_types(Verdict)
    )
    asked = pipeline | "Files to choose in" >> beam.Create([(task.file.index, None) for task in pending])
    (
        (verdicts, asked)
        | "Choices and files" >> beam.Flatten()
        | "Group choices by file" >> beam.GroupByKey()
        | "Write choices" >> beam.ParDo(WriteChoices(deciding.draft, {task.file.index: task for task in pending}))
    )


class SendDocuments(beam.DoFn):
    """Emits the documents of a file that are copies of or near to others, and the pairs that were verified."""

    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding

    def process(self, task: FileTask) -> Iterator[Message]:
        file = task.file
        rows = standing(self._deciding, task)
        passed = rows.failures == PASSED
        clusters = file.document_cluster_table()
        document = column(file.table(), "document_row").to_numpy()
        count = np.bincount(document[passed], minlength=clusters.num_rows)
        levels = np.zeros(clusters.num_rows, np.uint8)
        np.maximum.at(levels, document[passed], rows.levels[passed])
        marks = document_hashes(passed.astype(np.uint64), document, clusters.num_rows)
        own, near, size = self._clusters(file)
        contested = np.flatnonzero((count > 0) & (size > 1))
        for bucket, places in by_bucket(near[contested], self._deciding.buckets):
            at = contested[places]
            columns = (at.astype(np.uint32), own[at], marks[at], levels[at], count[at])
            yield bucket, (DOCUMENTS, file.index, columns)
        if self._deciding.duplicates.near == "one":
            yield from self._pairs(file, own, near)

    def _clusters(self, file: RowFile) -> tuple[Any, Any, Any]:
        """Return the cluster of each document, that within which it may lose, and how many documents that has."""
        clusters = file.document_cluster_table()
        own, size = (column(clusters, name).to_numpy() for name in ("cluster", "cluster_size"))
        if self._deciding.duplicates.near == "all":
            return own, own, size
        near = file.near_cluster_table()
        return own, *(column(near, name).to_numpy() for name in ("near_cluster", "near_cluster_size"))

    def _pairs(self, file: RowFile, own: Any, near: Any) -> Iterator[Message]:
        first, second = (column(file.near_table(), name).to_numpy() for name in ("first", "second"))
        order = np.argsort(own)
        joint = near[order[np.searchsorted(own, first, sorter=order)]]
        for bucket, places in by_bucket(joint, self._deciding.buckets):
            yield bucket, (PAIRS, file.index, (first[places], second[places]))


class Choose(beam.DoFn):
    """Decides on the documents of one bucket."""

    def process(self, element: tuple[int, Iterable[tuple[str, int, tuple[Any, ...]]]]) -> Iterator[Verdict]:
        parts = sorted(element[1], key=lambda part: part[:2])
        documents = [(file, columns) for kind, file, columns in parts if kind == DOCUMENTS]
        if not documents:
            return
        files = np.concatenate([np.full(len(columns[0]), file) for file, columns in documents])
        rows, *columns = (np.concatenate(own) for own in zip(*(columns for _, columns in documents), strict=True))
        pairs = [columns for kind, _, columns in parts if kind == PAIRS]
        nothing = np.zeros(0, np.uint64)
        first, second = (np.concatenate([nothing, *(part[side] for part in pairs)]) for side in (0, 1))
        fate = document_losers(Documents(*columns), first, second)
        for file in np.unique(files[fate != KEPT]).tolist():
            own = (files == file) & (fate != KEPT)
            yield file, (rows[own], fate[own])


class WriteChoices(beam.DoFn):
    """Writes down what becomes of a file's documents, and ticks the file off."""

    def __init__(self, draft: Draft, tasks: dict[int, FileTask]) -> None:
        self._draft = draft
        self._tasks = tasks

    def process(self, element: tuple[int, Iterable[tuple[Any, Any] | None]]) -> None:
        task = self._tasks.get(element[0])
        if task is not None:
            verdicts = [verdict for verdict in element[1] if verdict is not None]
            self._draft.finish(task.split, choose_in_file(self._draft, task, verdicts))


def choose_in_file(draft: Draft, task: FileTask, verdicts: list[tuple[Any, Any]]) -> SplitRecord:
    """Keep what becomes of each document of a file beside it until the commit."""
    fate = np.full(task.file.document_cluster_table().num_rows, KEPT, np.uint8)
    for rows, fates in verdicts:
        fate[rows] = fates
    return SplitRecord(files=[draft.write_table(_name(task.file), pa.table({"fate": fate}))])


def lost_documents(draft: Draft, file: RowFile) -> tuple[Any, Any]:
    """Return which rows are of a document that is a lost copy, and of one that is a lost near duplicate: bool [n]."""
    fate = column(mapped(draft.folder / _name(file)), "fate").to_numpy()
    own = fate[column(file.table(), "document_row").to_numpy()]
    return own == COPY, own == NEAR


def _name(file: RowFile) -> str:
    return f"choose/{file.name}"
