# mypy: disable-error-code="no-untyped-call"
"""Align: pairs of sentences that are one entry of one document in two languages, with scores. Groups are shuffled,
text is not.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from pipelines.align.keys import NO_GROUP, match
from pipelines.config.align import AlignSection
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.evidence import Sample
from pipelines.datasets.reasons import Reason
from pipelines.datasets.stage import Job, Outcome
from pipelines.dedup.exact import Hashes, by_bucket
from pipelines.stages.aligning.pairs import SIDE, Links, pair_columns
from pipelines.stages.inputs import RowFile, row_files
from pipelines.stages.work import (
    add_up,
    codes,
    column,
    compact,
    records_of,
    run_counted,
    samples_by_reason,
    total,
    unfinished,
)
from pipelines.text.languages import canonical

Part = tuple[int, tuple[int, Any, Any, Any]]  # bucket, (file, positions, groups, which are of the pivot language)
Found = tuple[int, tuple[Any, Any, Any] | None]  # file, (target positions, pivot files, pivot positions)


def run(job: Job) -> Outcome:
    """Match the rows of each group with the pivot language's row, and write the pairs beside them."""
    section: AlignSection = job.config
    files = row_files(job)
    pending = unfinished(job.draft, files)
    run_counted(job, files, pending, lambda pipeline: _pairs(pipeline, files, pending, section, job.draft))
    records = records_of(job.draft, files)
    counts, entries, samples = total(records)
    return Outcome(
        unit_in="sentences beside the pivot's",
        unit_out="pairs",
        counts=counts,
        files=entries,
        summary=_summary([record.summary for record in records]),
        samples=samples,
    )


def _pairs(
    pipeline: beam.Pipeline, files: list[RowFile], pending: list[RowFile], section: AlignSection, draft: Draft
) -> None:
    pivot = canonical(section.pivot)
    found = (
        pipeline
        | "Files" >> beam.Create(files)
        | "Read groups" >> beam.ParDo(ReadGroups(pivot, section.buckets)).with_output_types(Part)
        | "Group by bucket" >> beam.GroupByKey()
        | "Match" >> beam.ParDo(Match()).with_output_types(Found)
    )
    asked = pipeline | "Files to write" >> beam.Create([(file.index, None) for file in pending])
    (
        (found, asked)
        | "Matches and files" >> beam.Flatten()
        | "Group by file" >> beam.GroupByKey()
        | "Write pairs" >> beam.ParDo(WritePairs(draft, pivot, files, [file.index for file in pending]))
    )


class ReadGroups(beam.DoFn):
    """Emits the groups of a file's rows and their positions, bucket by bucket."""

    def __init__(self, pivot: str, buckets: int) -> None:
        self._pivot = pivot
        self._buckets = buckets

    def process(self, file: RowFile) -> Iterator[Part]:
        table = file.table()
        groups = column(table, "group").to_numpy()
        of_pivot = is_language(table, self._pivot)
        grouped = np.flatnonzero(groups != NO_GROUP)  # no other row has a counterpart, so none is shuffled
        for bucket, places in by_bucket(groups[grouped], self._buckets):
            positions = grouped[places]
            yield bucket, (file.index, positions.astype(np.uint32), groups[positions], of_pivot[positions])


class Match(beam.DoFn):
    """Matches the sentences of one bucket's groups, in the order of the files."""

    def process(self, element: tuple[int, Iterable[tuple[int, Any, Hashes, Any]]]) -> Iterator[Found]:
        parts = sorted(element[1], key=lambda part: part[0])
        files = np.concatenate([np.full(len(positions), file) for file, positions, _, _ in parts])
        positions = np.concatenate([part for _, part, _, _ in parts])
        groups = np.concatenate([part for _, _, part, _ in parts])
        of_pivot = np.concatenate([part for _, _, _, part in parts])
        pivots, targets = np.flatnonzero(of_pivot), np.flatnonzero(~of_pivot)
        matches = match(groups[pivots], groups[targets])
        target, pivot = targets[matches.target], pivots[matches.pivot]
        for file in np.unique(files[target]).tolist():
            own = files[target] == file
            yield file, (positions[target[own]], files[pivot[own]], positions[pivot[own]])


class WritePairs(beam.DoFn):
    """Writes the pairs whose target stands in one file."""

    def __init__(self, draft: Draft, pivot: str, files: list[RowFile], pending: list[int]) -> None:
        self._draft = draft
        self._pivot = pivot
        self._files = files
        self._pending = set(pending)

    def process(self, element: tuple[int, Iterable[tuple[Any, Any, Any] | None]]) -> None:
        index, parts = element
        if index in self._pending:
            found = [part for part in parts if part is not None]
            file = self._files[index]
            self._draft.finish(file.split, write_pairs(self._draft, self._pivot, self._files, file, found))


def write_pairs(
    draft: Draft, pivot: str, files: list[RowFile], file: RowFile, found: list[tuple[Any, Any, Any]]
) -> SplitRecord:
    """Write the pairs of one file's sentences (PAIRS), in their order."""
    table = file.table()
    targets = np.flatnonzero(~is_language(table, pivot))
    source_file, source_row = np.full(table.num_rows, -1), np.zeros(table.num_rows, np.int64)
    for positions, pivot_files, pivot_positions in found:
        source_file[positions], source_row[positions] = pivot_files, pivot_positions
    paired = targets[source_file[targets] >= 0]
    sources = _take_from(files, source_file[paired], source_row[paired])
    pairs = pair_columns(table.take(pa.array(paired)), sources, Links.keyed(len(paired)))
    name = f"pairs/{file.name.rsplit('/', 1)[-1]}"
    entry = draft.write_table(name, compact(pairs), {"kind": "pairs"})
    alone = targets[source_file[targets] < 0]
    dropped = {Reason.NO_COUNTERPART: len(alone)} if len(alone) else {}
    return SplitRecord(
        files=[entry],
        rows=SplitRecord.rows_of(Counts(len(targets), 0, len(paired), dropped)),
        samples=samples_by_reason((Reason.NO_COUNTERPART, sample) for sample in _unpaired(table, alone)),
        summary=_file_summary(table, alone, pairs),
    )


def is_language(table: pa.Table, language: str) -> Any:
    """Return which rows are in a language: bool [n]."""
    code, names = codes(table, "lang")
    return code == (names.index(language) if language in names else -1)


def _take_from(files: list[RowFile], file: Any, row: Any) -> pa.Table:
    """Return rows of several files in the order asked for."""
    order = np.argsort(file, kind="stable")
    parts = []
    for index in np.unique(file).tolist():
        rows = row[order][file[order] == index]
        parts.append(files[index].table().select(SIDE).take(pa.array(rows)))
    if not parts:
        return files[0].table().select(SIDE).slice(0, 0)
    gathered = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return gathered.take(pa.array(back))


def _unpaired(table: pa.Table, rows: Any) -> Iterator[Sample]:
    names = ("file", "record", "text", "lang", "key")
    for row in table.select(names).take(pa.array(rows)).to_pylist():
        yield Sample.of(row["file"], row["record"], row["text"], row["lang"], row["key"])


def _file_summary(table: pa.Table, alone: Any, pairs: pa.Table) -> dict[str, Any]:
    language, names = codes(table, "lang")
    unpaired = np.bincount(language[alone], minlength=len(names))
    target, targets = codes(pairs, "target_lang")
    counts = np.bincount(target, minlength=len(targets))
    ratios = np.bincount(target, weights=column(pairs, "length_ratio").to_numpy(), minlength=len(targets))
    return {
        "unpaired": {name: int(count) for name, count in zip(names, unpaired, strict=True) if count},
        "pairs": {name: int(count) for name, count in zip(targets, counts, strict=True) if count},
        "log_ratio": {name: float(total) for name, total in zip(targets, ratios, strict=True)},
    }


def _summary(parts: list[dict[str, Any]]) -> dict[str, Any]:
    summed = {"unpaired": {}, "pairs": {}, "log_ratio": {}, **add_up(parts)}
    pairs, totals = summed["pairs"], summed["log_ratio"]
    return {
        "languages": {
            name: {"pairs": pairs.get(name, 0), "unpaired": summed["unpaired"].get(name, 0)}
            for name in sorted({*pairs, *summed["unpaired"]})
        },
        "mean_log_ratio": {name: round(totals[name] / pairs[name], 4) for name in pairs},
    }
