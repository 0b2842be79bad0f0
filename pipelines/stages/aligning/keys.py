"""Pairs by key: the rows that are the same entry of the same document as a row of the pivot language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.align.keys import NO_GROUP
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.evidence import Sample
from pipelines.datasets.reasons import Reason
from pipelines.stages.aligning.matching import SOURCE, is_language
from pipelines.stages.aligning.pairs import SIDE, Links, pair_columns
from pipelines.stages.inputs import RowFile
from pipelines.stages.rounds import for_file
from pipelines.stages.work import codes, column, compact, samples_by_reason


@dataclass(frozen=True)
class Aligning:
    """What the pairs of every file are written from: `found` are the files of what was matched.

    The rows without a group of the files in `segmented` are aligned by their sentences, and not counted here.
    """

    pivot: str
    files: Sequence[RowFile]
    found: Sequence[Path]
    segmented: frozenset[str] = frozenset()


def write_pairs(aligning: Aligning, draft: Draft, file: RowFile) -> SplitRecord:
    """Write the pairs of one file's sentences (PAIRS), in their order."""
    table = file.table()
    beside = ~is_language(table, aligning.pivot)
    if file.name in aligning.segmented:
        beside &= column(table, "group").to_numpy() != NO_GROUP
    source_file, source_row = np.full(table.num_rows, -1, np.int32), np.zeros(table.num_rows, np.int64)
    for found in for_file(aligning.found, file.index):
        source_file[found["row"]], source_row[found["row"]] = found["source_file"], found["source_row"]
    targets = np.flatnonzero(beside & (source_file != SOURCE))
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


def language_summary(pairs: pa.Table) -> dict[str, dict[str, Any]]:
    """Return how many pairs each language has, and the sum of their log length ratios."""
    target, targets = codes(pairs, "target_lang")
    counts = np.bincount(target, minlength=len(targets))
    ratios = np.bincount(target, weights=column(pairs, "length_ratio").to_numpy(), minlength=len(targets))
    return {
        "pairs": {name: int(count) for name, count in zip(targets, counts, strict=True) if count},
        "log_ratio": {name: float(total) for name, total in zip(targets, ratios, strict=True)},
    }


def _file_summary(table: pa.Table, alone: Any, pairs: pa.Table) -> dict[str, Any]:
    language, names = codes(table, "lang")
    unpaired = np.bincount(language[alone], minlength=len(names))
    found = {name: int(count) for name, count in zip(names, unpaired, strict=True) if count}
    return {"unpaired": found, **language_summary(pairs)}
