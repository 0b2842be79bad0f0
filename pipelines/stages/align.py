"""Align: pairs of sentences that are one entry of one document in two languages, with scores."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.config.align import AlignSection
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.evidence import Sample
from pipelines.datasets.reasons import Reason
from pipelines.datasets.stage import Job, Outcome
from pipelines.engine.budget import budget_of
from pipelines.stages.aligning.matching import ROW, is_language, keep_groups, match_round
from pipelines.stages.aligning.pairs import SIDE, Links, pair_columns
from pipelines.stages.inputs import RowFile, row_files, tasks_for
from pipelines.stages.rounds import for_file, rounds
from pipelines.stages.work import (
    Step,
    add_up,
    codes,
    column,
    compact,
    each_step,
    records_of,
    samples_by_reason,
    total,
)
from pipelines.text.languages import canonical


@dataclass(frozen=True)
class Aligning:
    """What the pairs of every file are written from: `found` are the files of what was matched."""

    pivot: str
    files: Sequence[RowFile]
    found: Sequence[Path]


def run(job: Job) -> Outcome:
    """Match the rows of each group with the pivot language's row, and write the pairs beside them."""
    section: AlignSection = job.config
    pivot = canonical(section.pivot)
    files = row_files(job)
    parts = rounds("match", budget_of(job, "align").parts(sum(file.rows for file in files), ROW, "rows to match"))
    aligning = Aligning(pivot, files, [job.draft.folder / part.file for part in parts])
    each_step(
        job,
        [
            Step("Read groups", tasks_for("groups", files), partial(keep_groups, pivot)),
            Step("Match", parts, partial(match_round, files)),
            Step("Write pairs", files, partial(write_pairs, aligning)),
        ],
    )
    records = records_of(job.draft, files)
    counts, entries, samples = total(records)
    return Outcome(
        unit_in="sentences beside the pivot's",
        unit_out="pairs",
        counts=counts,
        files=entries,
        summary=_summary(record.summary for record in records),
        samples=samples,
    )


def write_pairs(aligning: Aligning, draft: Draft, file: RowFile) -> SplitRecord:
    """Write the pairs of one file's sentences (PAIRS), in their order."""
    table = file.table()
    targets = np.flatnonzero(~is_language(table, aligning.pivot))
    source_file, source_row = np.full(table.num_rows, -1, np.int32), np.zeros(table.num_rows, np.int64)
    for found in for_file(aligning.found, file.index):
        source_file[found["row"]], source_row[found["row"]] = found["source_file"], found["source_row"]
    paired = targets[source_file[targets] >= 0]
    sources = _take_from(aligning.files, source_file[paired], source_row[paired])
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


def _take_from(files: Sequence[RowFile], file: Any, row: Any) -> pa.Table:
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


def _summary(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    summed = {"unpaired": {}, "pairs": {}, "log_ratio": {}, **add_up(parts)}
    pairs, totals = summed["pairs"], summed["log_ratio"]
    return {
        "languages": {
            name: {"pairs": pairs.get(name, 0), "unpaired": summed["unpaired"].get(name, 0)}
            for name in sorted({*pairs, *summed["unpaired"]})
        },
        "mean_log_ratio": {name: round(totals[name] / pairs[name], 4) for name in pairs},
    }
