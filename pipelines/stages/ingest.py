"""Ingest: raw bytes of any format to rows of normalised, measured paragraphs. Only blanks are dropped."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from pipelines.config.ingest import IngestSection
from pipelines.config.sources import LinesSource, Source
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.evidence import QUARANTINE, quarantine_to_jsonl
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.stage import Job, Outcome
from pipelines.engine.budget import Budget, budget_of
from pipelines.formats.protocol import Split
from pipelines.stages.ingesting.ledger import SourceLedger
from pipelines.stages.ingesting.measured import measured
from pipelines.stages.ingesting.need import check_before, check_splits
from pipelines.stages.ingesting.rows import Split as Staged
from pipelines.stages.ingesting.sources import divider, open_format
from pipelines.stages.ingesting.summary import split_summary, summary
from pipelines.stages.work import each_task, records_of, total
from pipelines.text.langid import identifier


@dataclass(frozen=True)
class IngestTask:
    """One split of one source."""

    source: Source
    number: int
    part: Split

    @property
    def split(self) -> str:
        return f"{self.source.name}-{self.number:05d}"


def run(job: Job) -> Outcome:
    """Read, normalise and measure every source; rows stay in the order of their files."""
    section: IngestSection = job.config
    identifier(section.model)  # a bad path or file ends the run here, in one sentence
    if not section.sources:
        raise UserError("ingest.sources: no file fits the patterns yet; put one there")
    tasks = list(_planned(section, budget_of(job, "ingest")))
    ledger = SourceLedger(job)
    ledger.take_over(tasks)
    each_task(job, "Ingest", tasks, partial(ingest_split, section))
    records = records_of(job.draft, tasks)
    counts, files, samples = total(records)
    _check_tolerated(records, counts, section.tolerated_share)
    ledger.note(tasks)
    return Outcome(
        unit_in="records",
        unit_out="paragraphs",
        counts=counts,
        files=files,
        summary=summary(record.summary for record in records),
        samples=samples,
        quarantine=_write_quarantine(job.draft, records),
    )


def _planned(section: IngestSection, budget: Budget) -> Iterator[IngestTask]:
    """Yield the splits of all sources. Raises UserError where one takes more memory than there is."""
    for place, source in enumerate(section.sources):
        check_before(budget, place, source)
    for place, source in enumerate(section.sources):
        splits = open_format(source).plan()
        check_splits(budget, place, source, splits)
        yield from (IngestTask(source, number, part) for number, part in enumerate(splits))


def ingest_split(section: IngestSection, draft: Draft, task: IngestTask) -> SplitRecord:
    """Read one split and write its rows (STAGED) and its documents (DOCUMENTS) as an Arrow file each."""
    staged = Staged(divider(task.source))
    for records in open_format(task.source).read(task.part):
        staged.add(records)
    rows = staged.paragraphs(mask=section.personal_data == "mask")
    by_document = isinstance(task.source, LinesSource) and task.source.documents
    table, documents = measured(rows, by_document, identifier(section.model))
    source = {"source": task.source.name}
    files = [
        draft.write_table(f"staged/{task.split}.arrow", table, {"kind": "staged", **source}),
        draft.write_table(f"documents/{task.split}.arrow", documents, {"kind": "documents", **source}),
    ]
    counts = Counts(staged.records, staged.expanded, table.num_rows, staged.dropped)
    return SplitRecord(
        files=files,
        rows=SplitRecord.rows_of(counts),
        samples=staged.samples,
        quarantine=staged.quarantine,
        summary=split_summary(table),
    )


def _write_quarantine(draft: Draft, records: Iterable[SplitRecord]) -> FileEntry | None:
    """Write what could not be read, in the order of the sources, where there is any."""
    count = sum(len(record.quarantine) for record in records)
    chunks = (quarantine_to_jsonl(record.quarantine) for record in records)
    return draft.write_chunks(QUARANTINE, chunks, {"kind": "quarantine"}, rows=count) if count else None


def _check_tolerated(records: Iterable[SplitRecord], counts: Counts, tolerated: float) -> None:
    count = sum(len(record.quarantine) for record in records)
    share = count / max(counts.rows_in, 1)
    if share > tolerated:
        first = next(entry for record in records for entry in record.quarantine)
        raise UserError(
            f"{count:,} of {counts.rows_in:,} records could not be read ({share:.2%}), more than "
            f"ingest.tolerated_share = {tolerated:.2%}; the first is {first.file}, record {first.record}: {first.error}"
        )
