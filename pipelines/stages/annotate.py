# mypy: disable-error-code="no-untyped-call"
"""Annotate: scores that cost much, or come from outside, in files beside those of rows, documents and pairs.

What is computed is computed for the first document of each cluster of exact copies; its copies get the scores by the
cluster's hash. Hashes and scores are shuffled, text is not.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.config.annotate import AnnotateSection
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.stage import Job, Outcome
from pipelines.dedup.exact import by_bucket
from pipelines.stages.annotating.joined import Of, Outside, join, look_at
from pipelines.stages.annotating.scoring import Scores, check_models, computed_columns, document_texts, score
from pipelines.stages.inputs import FileTask, RowFile, documents_name, row_files, tasks_for
from pipelines.stages.work import add_up, column, each_task, mapped, records_of, run_counted, total, unfinished

FIRST: Final = -1  # in the place of a file: these are scores that copies may take

Message = tuple[int, tuple[int, Any, Any]]  # bucket, (file, clusters, positions) or (FIRST, clusters, scores)
Given = tuple[int, tuple[Any, Any] | None]  # file, (positions, scores)


@dataclass(frozen=True)
class Annotating:
    """What every file is annotated by."""

    draft: Draft
    section: AnnotateSection
    outside: Sequence[Outside]


def run(job: Job) -> Outcome:
    """Score the first copy of each document, hand its scores to its copies, join the columns from outside."""
    section: AnnotateSection = job.config
    check_models(section, job.input("ingest").manifest.summary["languages"])
    annotating = Annotating(job.draft, section, [look_at(config) for config in section.columns])
    files = row_files(job, job.input("deduplicate"))
    firsts = tasks_for("score", [file for file in files if file.kind == "text"])
    if computed_columns(section):
        each_task(job, "Score", firsts, partial(score_file, section))
    tasks = tasks_for("annotate", files)
    pending = unfinished(job.draft, tasks)
    run_counted(job, tasks, pending, lambda pipeline: _annotate(pipeline, annotating, tasks, pending))
    records = records_of(job.draft, tasks)
    counts, entries, _ = total(records)
    return Outcome("rows", "rows", counts, entries, _summary(annotating, [record.summary for record in records]))


def score_file(section: AnnotateSection, draft: Draft, task: FileTask) -> SplitRecord:
    """Compute the scores of a file's documents that are the first of their cluster; the others have none yet."""
    documents = task.file.document_table()
    _, _, ranks = _clusters(task.file)
    first = np.flatnonzero(ranks == 0)
    texts = document_texts(task.file.table(), first)
    languages = documents["lang"].take(pa.array(first)).to_pylist()
    names = computed_columns(section)
    scores: Scores = np.full((documents.num_rows, len(names)), np.nan, np.float32)
    scores[first] = score(section, texts, languages)
    table = pa.table({name: scores[:, place] for place, name in enumerate(names)})
    return SplitRecord(files=[draft.write_table(_kept(task.file), table)])


def annotate_file(annotating: Annotating, task: FileTask, given: Sequence[tuple[Any, Any]]) -> SplitRecord:
    """Write the annotated columns of a file's rows and documents; `given` are positions and scores of copies."""
    file, draft = task.file, annotating.draft
    entries: list[FileEntry] = []
    joined: dict[str, Any] = {}
    doubled: dict[str, str] = {}
    for of, name, table in _tables(file):
        columns: dict[str, Any] = {}
        if of == "documents":
            columns |= _computed(annotating, file, given)
        for outside in annotating.outside:
            if outside.of == of:
                found = join(outside, table)
                columns |= {own: found.columns[own] for own in outside.columns}
                joined[outside.label] = {"matched": found.matched, "without": table.num_rows - found.matched}
                doubled |= {outside.label: found.doubled} if found.doubled else {}
        if columns:
            entries.append(_write(draft, name, columns))
    rows = file.table().num_rows
    return SplitRecord(
        files=entries, rows=SplitRecord.rows_of(Counts(rows, 0, rows)), summary={"joined": joined, "doubled": doubled}
    )


def _annotate(pipeline: beam.Pipeline, annotating: Annotating, tasks: list[FileTask], pending: list[FileTask]) -> None:
    asked = pipeline | "Files to write" >> beam.Create([(task.file.index, None) for task in pending])
    copies = [task for task in tasks if task.file.kind == "text" and computed_columns(annotating.section)]
    given = (
        pipeline
        | "Files" >> beam.Create(copies)
        | "Send scores" >> beam.ParDo(SendScores(annotating)).with_output_types(Message)
        | "Group by bucket" >> beam.GroupByKey()
        | "Give scores" >> beam.ParDo(GiveScores()).with_output_types(Given)
    )
    (
        (given, asked)
        | "Scores and files" >> beam.Flatten()
        | "Group by file" >> beam.GroupByKey()
        | "Write" >> beam.ParDo(WriteScores(annotating, {task.file.index: task for task in pending}))
    )


class SendScores(beam.DoFn):
    """Emits the scores of a file's first copies, and what its other copies ask for, bucket by bucket."""

    def __init__(self, annotating: Annotating) -> None:
        self._annotating = annotating

    def process(self, task: FileTask) -> Iterator[Message]:
        clusters, sizes, ranks = _clusters(task.file)
        scores = _scores(self._annotating, task.file)
        buckets = self._annotating.section.buckets
        first, copies = np.flatnonzero((ranks == 0) & (sizes > 1)), np.flatnonzero(ranks > 0)
        for bucket, positions in by_bucket(clusters[first], buckets):
            own = first[positions]
            yield bucket, (FIRST, clusters[own], scores[own])
        for bucket, positions in by_bucket(clusters[copies], buckets):
            own = copies[positions]
            yield bucket, (task.file.index, clusters[own], own.astype(np.uint32))


class GiveScores(beam.DoFn):
    """Looks up, in one bucket, the scores that copies ask for."""

    def process(self, element: tuple[int, Iterable[tuple[int, Any, Any]]]) -> Iterator[Given]:
        parts = list(element[1])
        firsts = [part for part in parts if part[0] == FIRST]
        if not firsts:
            return
        clusters, scores = (np.concatenate([part[place] for part in firsts]) for place in (1, 2))
        order = np.argsort(clusters)
        for file, asked, positions in parts:
            if file != FIRST:
                yield file, (positions, scores[order[np.searchsorted(clusters[order], asked)]])


class WriteScores(beam.DoFn):
    """Writes a file's annotated columns and ticks it off."""

    def __init__(self, annotating: Annotating, tasks: dict[int, FileTask]) -> None:
        self._annotating = annotating
        self._tasks = tasks

    def process(self, element: tuple[int, Iterable[tuple[Any, Any] | None]]) -> None:
        task = self._tasks.get(element[0])
        if task is not None:
            given = [part for part in element[1] if part is not None]
            self._annotating.draft.finish(task.split, annotate_file(self._annotating, task, given))


def _tables(file: RowFile) -> Iterator[tuple[Of, str, pa.Table]]:
    """Yield the tables that a file's scores can belong to, with their names."""
    yield ("pairs" if file.kind == "pairs" else "rows"), file.name, file.table()
    if file.kind == "text":
        yield "documents", documents_name(file.name), file.document_table()


def _computed(annotating: Annotating, file: RowFile, given: Sequence[tuple[Any, Any]]) -> dict[str, Any]:
    names = computed_columns(annotating.section)
    if not names:
        return {}
    scores = _scores(annotating, file)
    for positions, values in given:
        scores[positions] = values
    return {name: scores[:, place] for place, name in enumerate(names)}


def _scores(annotating: Annotating, file: RowFile) -> Scores:
    table = mapped(annotating.draft.folder / _kept(file))
    return np.stack([column(table, name).to_numpy() for name in table.column_names], axis=1)


def _clusters(file: RowFile) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return cluster, size and rank of a file's documents (CLUSTERS)."""
    table = file.document_cluster_table()
    cluster, size, rank = (column(table, name).to_numpy() for name in ("cluster", "cluster_size", "rank"))
    return cluster, size, rank


def _write(draft: Draft, name: str, columns: dict[str, Any]) -> FileEntry:
    table = pa.table({own: pa.array(values, pa.float32(), from_pandas=True) if isinstance(values, np.ndarray)
                      else values for own, values in columns.items()})  # fmt: skip
    return draft.write_table(f"scores/{name}", table, {"kind": "scores", "of": name})


def _summary(annotating: Annotating, parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return of which table each column is, and how many ids of each file from outside found a row.

    Raises UserError where none did, or where an id stands twice.
    """
    columns: dict[str, list[str]] = {name: ["documents"] for name in computed_columns(annotating.section)}
    joined = add_up(part["joined"] for part in parts)
    for outside in annotating.outside:
        columns |= {name: [outside.of] for name in outside.columns}
        counts = joined.setdefault(outside.label, {"matched": 0, "without": 0})
        counts["unmatched"] = outside.rows - counts["matched"]
        if doubled := [part["doubled"][outside.label] for part in parts if outside.label in part["doubled"]]:
            raise UserError(f"{outside.path}: an id stands twice ({doubled[0]}); give each one row")
        if outside.rows and not counts["matched"]:
            raise UserError(f"{outside.path}: none of its ids is of the corpus; ids are those of the staged rows")
    return {"columns": columns, "joined": joined}


def _kept(file: RowFile) -> str:
    return f"score/{file.name}"
