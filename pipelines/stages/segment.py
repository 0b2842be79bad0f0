"""Segment: paragraphs to sentences, in a file beside each file of staged rows. Nothing is dropped."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.align.keys import NO_GROUP
from pipelines.config.segment import SegmentSection
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.schemas import SENTENCES
from pipelines.datasets.stage import Job, Outcome
from pipelines.stages.work import add_up, codes, column, compact, each_task, mapped, records_of, total
from pipelines.text.segmentation import segment

_TAKEN = ("file", "record", "paragraph", "document", "document_row", "lang")


@dataclass(frozen=True)
class SegmentTask:
    """One file of staged rows."""

    name: str
    path: Path
    source: str

    @property
    def split(self) -> str:
        return f"segment/{self.name.removesuffix('.arrow')}"


def run(job: Job) -> Outcome:
    """Divide the rows without a key of every source asked for."""
    tasks = _tasks(job, job.config)
    each_task(job, "Segment", tasks, segment_file)
    records = records_of(job.draft, tasks)
    counts, files, _ = total(records)
    return Outcome(
        unit_in="paragraphs",
        unit_out="sentences",
        counts=counts,
        files=files,
        summary={"languages": add_up(record.summary for record in records)},
    )


def segment_file(draft: Draft, task: SegmentTask) -> SplitRecord:
    """Write the sentences (SENTENCES) of a file's rows without a key; no file where it has no such row."""
    table = mapped(task.path)
    table = table.filter(pa.array(column(table, "group").to_numpy() == NO_GROUP))
    sentences = sentence_rows(table)
    counts = Counts(table.num_rows, sentences.num_rows - table.num_rows, sentences.num_rows)
    files: list[FileEntry] = []
    if table.num_rows:
        partition = {"kind": "sentences", "of": task.name, "source": task.source}
        files = [draft.write_table(f"sentences/{task.name.partition('/')[2]}", compact(sentences), partition)]
    return SplitRecord(files=files, rows=SplitRecord.rows_of(counts), summary=_by_language(table, sentences))


def sentence_rows(table: pa.Table) -> pa.Table:
    """Return the sentences (SENTENCES) of staged rows."""
    segments = segment(column(table, "text").to_pylist(), column(table, "lang").to_pylist())
    taken = table.select(_TAKEN).take(pa.array(segments.row))
    columns = {name: taken[name] for name in _TAKEN}
    numbers = _numbers(column(taken, "document_row").to_numpy())
    columns |= {"sentence": pa.array(numbers), "text": pa.array(segments.texts, pa.string())}
    return pa.table([columns[name] for name in SENTENCES.names], schema=SENTENCES)


def _numbers(document_row: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return the place of each sentence in its document, from 0; `document_row` ascends."""
    first = np.searchsorted(document_row, document_row, side="left")
    return (np.arange(len(document_row)) - first).astype(np.int32)


def _by_language(table: pa.Table, sentences: pa.Table) -> dict[str, Any]:
    found: dict[str, dict[str, int]] = {}
    for unit, rows in (("paragraphs", table), ("sentences", sentences)):
        code, names = codes(rows, "lang")
        for name, count in zip(names, np.bincount(code, minlength=len(names)).tolist(), strict=True):
            if count:
                found.setdefault(name, {})[unit] = count
    return found


def _tasks(job: Job, section: SegmentSection) -> list[SegmentTask]:
    """Return the staged files of the sources asked for. Raises UserError where one of these is no source."""
    ingested = job.input("ingest")
    staged = ingested.files(kind="staged")
    known = {entry.partition["source"] for entry in staged}
    if unknown := sorted(set(section.sources) - known):
        raise UserError(f"segment.sources: ingest has no source {unknown[0]}, only {', '.join(sorted(known))}")
    wanted = set(section.sources) or known
    return [
        SegmentTask(entry.name, ingested.future_path(entry), entry.partition["source"])
        for entry in staged
        if entry.partition["source"] in wanted
    ]
