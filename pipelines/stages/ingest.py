"""Ingest: raw bytes of any format to rows of normalised, measured paragraphs. Only blanks are dropped."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from pipelines.config import (
    CatalogSource,
    IngestSection,
    LinesSource,
    Source,
    WarcSource,
)
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.evidence import QuarantineEntry, Sample
from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import STAGED
from pipelines.datasets.stage import Job, Outcome
from pipelines.formats.arrow import Arrow
from pipelines.formats.catalog import Catalog
from pipelines.formats.compressed import RawFile
from pipelines.formats.fields import Fields
from pipelines.formats.jsonl import Jsonl
from pipelines.formats.lines import Lines
from pipelines.formats.parquet import Parquet
from pipelines.formats.protocol import Format, Records, Split, Unreadable
from pipelines.formats.warc import Warc
from pipelines.stages.work import add_up, dictionary, each_task, records_of, samples_by_reason, total
from pipelines.text.langid import identifier
from pipelines.text.languages import canonical
from pipelines.text.normalize import changed, normalize, paragraphs
from pipelines.text.quality import measure

_READ_WELL = (Reason.NOT_TEXT, Reason.UNKNOWN_LANGUAGE)  # dropped, but no damage: not for quarantine
_WITH_FIELDS: dict[str, type[Jsonl] | type[Parquet] | type[Arrow]] = {
    "jsonl": Jsonl,
    "parquet": Parquet,
    "arrow": Arrow,
}
CONFUSIONS = 10  # identified languages listed for each declared one


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
    identifier(section.language_model)  # a bad path or file ends the run here, in one sentence
    tasks = [
        IngestTask(source, number, part)
        for source in section.sources
        for number, part in enumerate(open_format(source).plan())
    ]
    each_task(job, "Ingest", tasks, partial(ingest_split, section.language_model))
    records = records_of(job.draft, tasks)
    counts, files, samples = total(records)
    quarantine = [entry for record in records for entry in record.quarantine]
    _check_tolerated(quarantine, counts, section.tolerated_share)
    return Outcome(
        unit_in="records",
        unit_out="paragraphs",
        counts=counts,
        files=files,
        summary=_summary([record.summary for record in records]),
        samples=samples,
        quarantine=quarantine,
    )


def open_format(source: Source) -> Format:
    """Return the reader for a source of the config."""
    if isinstance(source, CatalogSource):
        return Catalog(
            source.name, source.path, source.pattern, source.languages, source.split_bytes, source.max_member_bytes
        )
    raw = RawFile(source.path, source.max_unpacked_bytes, source.max_ratio)
    if isinstance(source, LinesSource):
        return Lines(source.name, raw, source.language, source.documents, source.split_bytes, source.max_record_bytes)
    if isinstance(source, WarcSource):
        return Warc(source.name, raw, source.language, source.split_bytes, source.max_record_bytes)
    fields = Fields(source.text_field, source.document_field, source.language_field, source.language)
    kind = _WITH_FIELDS[source.format]
    return kind(source.name, raw, fields, source.split_bytes, source.max_record_bytes)


def ingest_split(model: str, draft: Draft, task: IngestTask) -> SplitRecord:
    """Read one split and write its rows as one Arrow file (STAGED)."""
    staged = _Staged()
    for records in open_format(task.source).read(task.part):
        staged.add(records)
    table = _measured(staged.rows, model)
    entry = draft.write_table(f"staged/{task.split}.arrow", table, {"kind": "staged", "source": task.source.name})
    dropped = Counter(reason for reason, _ in staged.dropped)
    counts = Counts(staged.records, staged.expanded, table.num_rows, dropped)
    return SplitRecord(
        files=[entry],
        rows=SplitRecord.rows_of(counts),
        samples=samples_by_reason(staged.dropped),
        quarantine=staged.quarantine,
        summary=_split_summary(table),
    )


@dataclass
class _Rows:
    file: list[str] = field(default_factory=list)
    record: list[int] = field(default_factory=list)
    paragraph: list[int] = field(default_factory=list)
    document: list[str] = field(default_factory=list)
    key: list[str] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    language: list[str] = field(default_factory=list)  # "" where none is declared
    text: list[str] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)


@dataclass
class _Staged:
    """The rows of one split and the account of its records; a split's size bounds what it holds."""

    rows: _Rows = field(default_factory=_Rows)
    records: int = 0
    expanded: int = 0
    dropped: list[tuple[Reason, Sample]] = field(default_factory=list)
    quarantine: list[QuarantineEntry] = field(default_factory=list)

    def add(self, records: Records) -> None:
        for row in zip(*(column.to_pylist() for column in records.batch.columns), strict=True):
            self._add_declared(*row)
        for bad in records.unreadable:
            self._reject(bad)

    def _add_declared(self, file: str, record: int, document: str, key: str, language: str | None, text: str) -> None:
        try:
            declared = canonical(language) if language else ""
        except UserError as error:
            self._reject(Unreadable(file, record, Reason.UNKNOWN_LANGUAGE, str(error), text))
        else:
            self._add_record(file, record, document, key, declared, text)

    def _add_record(self, file: str, record: int, document: str, key: str, declared: str, text: str) -> None:
        parts = paragraphs(text)
        self.records += 1
        self.expanded += len(parts) - 1
        for number, part in enumerate(parts):
            clean = normalize(part)
            if not clean:
                sample = Sample.of(file, record, part, declared, "no visible character")
                self.dropped.append((Reason.EMPTY, sample))
                continue
            rows = self.rows
            rows.file.append(file)
            rows.record.append(record)
            rows.paragraph.append(number)
            rows.document.append(document)
            rows.key.append(key)
            rows.group.append(group_of(document, key, number, len(parts)))
            rows.language.append(declared)
            rows.text.append(clean)
            rows.changed.append(changed(part, clean))

    def _reject(self, bad: Unreadable) -> None:
        self.records += 1
        self.dropped.append((bad.reason, Sample.of(bad.file, bad.record, bad.text, detail=bad.error)))
        if bad.reason not in _READ_WELL:
            entry = QuarantineEntry(file=bad.file, record=bad.record, reason=bad.reason, error=bad.error)
            self.quarantine.append(entry)


def group_of(document: str, key: str, paragraph: int, paragraphs: int) -> int:
    """Return the hash that ties translations of one paragraph together, 0 where a record has no key.

    The number of paragraphs takes part, so that a translation that was cut differently is not paired askew.
    """
    return xxhash.xxh3_64_intdigest(f"{document}\0{key}\0{paragraph}\0{paragraphs}".encode()) if key else 0


def _measured(rows: _Rows, model: str) -> pa.Table:
    measures = measure(rows.text)
    identified = identifier(model).identify(rows.text)
    pairs = zip(rows.language, identified.languages, strict=True)
    columns = {
        "file": dictionary(rows.file),
        "record": pa.array(rows.record, pa.int32()),
        "paragraph": pa.array(rows.paragraph, pa.int32()),
        "document": dictionary(rows.document),
        "key": pa.array(rows.key, pa.string()),
        "group": pa.array(np.array(rows.group, np.uint64)),
        "lang": dictionary([declared or found for declared, found in pairs]),
        "text": pa.array(rows.text, pa.string()),
        "changed": pa.array(rows.changed, pa.int32()),
        "lid": dictionary(identified.languages),
        "lid_prob": identified.probabilities,
        "chars": measures.chars,
        "words": measures.words,
        "letters": measures.letters,
        "digits": measures.digits,
        "punctuation": measures.punctuation,
        "placeholders": measures.placeholders,
    }
    return pa.table(columns, schema=STAGED)


def _split_summary(table: pa.Table) -> dict[str, Any]:
    languages, found = table["lang"].to_pylist(), table["lid"].to_pylist()
    confusion: dict[str, Counter[str]] = {}
    characters: Counter[str] = Counter()
    changed_rows: Counter[str] = Counter()
    columns = (table["chars"].to_pylist(), table["changed"].to_pylist())
    for language, identified, chars, changes in zip(languages, found, *columns, strict=True):
        confusion.setdefault(language, Counter())[identified] += 1
        characters[language] += chars
        changed_rows[language] += changes > 0
    rows = Counter(languages)
    by_language = {
        name: {"rows": rows[name], "characters": characters[name], "changed_rows": changed_rows[name]} for name in rows
    }
    return {"languages": by_language, "confusion": {name: dict(counts) for name, counts in confusion.items()}}


def _summary(parts: list[dict[str, Any]]) -> dict[str, Any]:
    summed = add_up(parts)
    confusion = summed.get("confusion", {})
    return {**summed, "confusion": {name: dict(_largest(counts)) for name, counts in confusion.items()}}


def _largest(counts: dict[str, int]) -> Iterator[tuple[str, int]]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    yield from ordered[:CONFUSIONS]
    if rest := sum(count for _, count in ordered[CONFUSIONS:]):
        yield "other", rest


def _check_tolerated(quarantine: list[QuarantineEntry], counts: Counts, tolerated: float) -> None:
    share = len(quarantine) / max(counts.rows_in, 1)
    if share > tolerated:
        first = min(quarantine, key=lambda entry: (entry.file, entry.record or 0))
        raise UserError(
            f"{len(quarantine):,} of {counts.rows_in:,} records could not be read ({share:.2%}), more than "
            f"ingest.tolerated_share = {tolerated:.2%}; the first is {first.file}, record {first.record}: {first.error}"
        )
