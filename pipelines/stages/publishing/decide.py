# mypy: disable-error-code="no-untyped-call"
"""Second pass of publish: which copy survives, and which rows equal one that is held out. Hashes alone are shuffled.

Several kinds of messages share one shuffle. `copies` are the rows of clusters larger than one, `texts` the folded
sides of all rows; where they are asked for, `letters` are the letters of pairs, `sources` and `targets` their sides,
with what makes them copies. Only rows that passed the thresholds send any.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import apache_beam as beam
import numpy as np
import pyarrow as pa

from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.evidence import Sample
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import DECISIONS
from pipelines.dedup.exact import Hashes, by_bucket, cluster_keys
from pipelines.dedup.survivors import SPLITS, Levels, leaks, losers, surplus
from pipelines.stages.inputs import FileTask, RowFile
from pipelines.stages.publishing.choose import lost_documents
from pipelines.stages.publishing.index import write_index
from pipelines.stages.publishing.screen import screened, whole_rows
from pipelines.stages.publishing.standing import Deciding, Rows, standing
from pipelines.stages.publishing.summary import account
from pipelines.stages.publishing.thresholds import PASSED, REASONS, Codes, Limits, code_of, describe
from pipelines.stages.work import column, samples_by_reason
from pipelines.text.words import mixed

COPIES: Final = "copies"
TEXTS: Final = "texts"
LETTERS: Final = "letters"
SOURCES: Final = "sources"
TARGETS: Final = "targets"
# why a row goes that any message says must go; a later one is said in place of an earlier one
GOING: Final = (
    (SOURCES, Reason.REPEATED_SIDE),
    (TARGETS, Reason.REPEATED_SIDE),
    (TEXTS, Reason.HELD_OUT),
    (LETTERS, Reason.SAME_LETTERS),
    (COPIES, Reason.DUPLICATE),
)
KEPT: Final = ""  # the reason of a row that is kept
DOCUMENT_REASONS: Final = (Reason.DUPLICATE_DOCUMENT, Reason.NEAR_DUPLICATE)
CANDIDATES = 60  # rows of a reason that a file offers as samples; copies among them show once

Message = tuple[
    tuple[str, int], tuple[int, Any, Any, Any, Any]
]  # (kind, bucket), (file, rows, hashes, levels, ranks or pairs)
Verdict = tuple[int, tuple[str, Any] | None]  # file, (kind, rows that go)


def decisions(pipeline: beam.Pipeline, deciding: Deciding, tasks: list[FileTask], pending: list[FileTask]) -> None:
    """Resolve copies and leaks among all rows, and write down the decisions on the files of `pending`."""
    verdicts = (
        pipeline
        | "Files" >> beam.Create(tasks)
        | "Send hashes" >> beam.ParDo(SendHashes(deciding)).with_output_types(Message)
        | "Group by bucket" >> beam.GroupByKey()
        | "Resolve" >> beam.ParDo(Resolve(deciding.duplicates.repeats_per_side)).with_output_types(Verdict)
    )
    asked = pipeline | "Files to decide" >> beam.Create([(task.file.index, None) for task in pending])
    (
        (verdicts, asked)
        | "Verdicts and files" >> beam.Flatten()
        | "Group by file" >> beam.GroupByKey()
        | "Write decisions" >> beam.ParDo(WriteDecisions(deciding, {task.file.index: task for task in pending}))
    )


class SendHashes(beam.DoFn):
    """Emits what a file's rows must be compared by, bucket by bucket."""

    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding

    def process(self, task: FileTask) -> Iterator[Message]:
        rows = _rows(self._deciding, task)
        clusters = task.file.cluster_table()
        passed = rows.failures == PASSED
        resolved = task.file.kind == "pairs" or self._deciding.duplicates.paragraphs == "one"
        copies = np.flatnonzero(passed & resolved & (column(clusters, "cluster_size").to_numpy() > 1))
        ranks = column(clusters, "rank").to_numpy()
        yield from self._messages(COPIES, task.file, copies, rows.clusters[copies], rows.levels, ranks)
        texts = np.flatnonzero(passed)
        found = screened(self._deciding.draft, task.file)
        for side in found.sides:
            yield from self._messages(TEXTS, task.file, texts, side[texts], rows.levels)
        if found.letters is not None:
            yield from self._messages(LETTERS, task.file, texts, found.letters[texts], rows.levels)
        if task.file.kind == "pairs" and self._deciding.duplicates.repeats_per_side is not None:
            pairs = rows.clusters if found.letters is None else found.letters
            languages = task.file.languages()
            for kind, side in zip((SOURCES, TARGETS), found.sides, strict=True):
                keys = cluster_keys(*languages, side)[texts]
                yield from self._messages(kind, task.file, texts, keys, rows.levels, pairs)

    def _messages(
        self, kind: str, file: RowFile, rows: Any, hashes: Hashes, levels: Levels, beside: Any = None
    ) -> Iterator[Message]:
        for bucket, positions in by_bucket(hashes, self._deciding.buckets):
            own = rows[positions]
            own_beside = None if beside is None else beside[own]
            yield (kind, bucket), (file.index, own.astype(np.uint32), hashes[positions], levels[own], own_beside)


class Resolve(beam.DoFn):
    """Decides one bucket: which copies lose, which texts leak, or which sides stand in too many pairs."""

    def __init__(self, repeats_per_side: int | None) -> None:
        self._most = repeats_per_side or 0

    def process(self, element: tuple[tuple[str, int], Iterable[tuple[int, Any, Any, Any, Any]]]) -> Iterator[Verdict]:
        (kind, _), messages = element
        parts = list(messages)
        files = np.concatenate([np.full(len(part[1]), part[0]) for part in parts])
        rows, hashes, levels = (np.concatenate([part[place] for part in parts]) for place in (1, 2, 3))
        if kind == TEXTS:
            going = leaks(hashes, levels)
        elif kind == COPIES:
            going = losers(hashes, levels, np.concatenate([part[4] for part in parts]))
        else:
            order = np.empty(len(rows), np.int64)
            order[np.lexsort((rows, files))] = np.arange(len(rows))
            going = (
                losers(hashes, levels, order)
                if kind == LETTERS
                else surplus(hashes, np.concatenate([part[4] for part in parts]), levels, order, self._most)
            )
        for file in np.unique(files[going]).tolist():
            yield file, (kind, rows[going & (files == file)])


class WriteDecisions(beam.DoFn):
    """Writes down the decision on each row of a file, and ticks the file off."""

    def __init__(self, deciding: Deciding, tasks: dict[int, FileTask]) -> None:
        self._deciding = deciding
        self._tasks = tasks

    def process(self, element: tuple[int, Iterable[tuple[str, Any] | None]]) -> None:
        task = self._tasks.get(element[0])
        if task is not None:
            verdicts = [verdict for verdict in element[1] if verdict is not None]
            self._deciding.draft.finish(task.split, decide_file(self._deciding, task, verdicts))


def kept_rows(draft: Draft, file: RowFile) -> Any:
    """Return the positions of a file's published rows, by language and split: uint32 [n], memory-mapped.

    Languages are in the order of the record's summary (`kept`), splits in that of SPLITS, rows in that of the file.
    """
    return np.load(_kept(draft, file), mmap_mode="r")


def _rows(deciding: Deciding, task: FileTask) -> Rows:
    rows = standing(deciding, task)
    if deciding.by_document and task.file.kind == "text":
        passed = rows.failures == PASSED
        for lost, reason in zip(lost_documents(deciding.draft, task.file), DOCUMENT_REASONS, strict=True):
            rows.failures[passed & lost] = code_of(reason)
    return rows


def decide_file(deciding: Deciding, task: FileTask, verdicts: list[tuple[str, Any]]) -> SplitRecord:
    rows = _rows(deciding, task)
    reasons = rows.failures
    for kind, reason in GOING:
        for own, going in verdicts:
            if own == kind:
                reasons[going] = code_of(reason)
    entries = [
        _write(deciding.draft, task.file, reasons, rows.levels),
        write_index(deciding.draft, deciding.key_space, task.file, reasons == PASSED),
    ]
    counts = np.bincount(reasons, minlength=len(REASONS) + 1).tolist()
    dropped = {reason: count for reason, count in zip(REASONS, counts[1:], strict=True) if count}
    language, names = task.file.languages()
    kept = np.flatnonzero(reasons == PASSED)
    place = language[kept] * len(SPLITS) + rows.levels[kept]
    np.save(_kept(deciding.draft, task.file), kept[np.argsort(place, kind="stable")].astype(np.uint32))
    examples = samples_by_reason(_candidates(deciding.limits, task.file, rows.clusters, reasons))
    return SplitRecord(
        files=entries,
        rows=SplitRecord.rows_of(Counts(len(reasons), 0, counts[PASSED], dropped)),
        samples={reason: examples[reason] for reason in dropped},
        summary={
            "kept": {task.file.kind: _by_language(names, place)},
            "dropped": {task.file.kind: {str(reason): count for reason, count in dropped.items()}},
            "examples": {task.file.kind: [sample.model_dump() for sample in examples.get(None, [])]},
            **account(task.file, reasons, partial(describe, limits=deciding.limits)),
        },
    )


def _write(draft: Draft, file: RowFile, reasons: Codes, levels: Levels) -> FileEntry:
    columns = (_labels(reasons, [KEPT, *map(str, REASONS)]), _labels(levels, SPLITS))
    table = pa.table(dict(zip(DECISIONS.names, columns, strict=True)), schema=DECISIONS)
    return draft.write_table(_name(file), table, {"kind": "decisions", "of": file.name})


def _labels(values: Any, names: Sequence[str]) -> pa.DictionaryArray:
    """Return small numbers as the names that they stand for; names of no row are left out."""
    used, places = np.unique(values, return_inverse=True)
    return pa.DictionaryArray.from_arrays(places.astype(np.int32), pa.array([names[number] for number in used]))


def _by_language(names: list[str], place: Any) -> dict[str, dict[str, int]]:
    """Count rows by language and split; `place` is `code * len(SPLITS) + level` for each row."""
    grid = np.bincount(place, minlength=len(names) * len(SPLITS)).reshape(len(names), len(SPLITS)).tolist()
    return {name: dict(zip(SPLITS, row, strict=True)) for name, row in zip(names, grid, strict=True) if any(row)}


def _candidates(
    limits: Limits, file: RowFile, clusters: Hashes, reasons: Codes
) -> Iterator[tuple[Reason | None, Sample]]:
    """Yield some rows of every reason, and of those that are kept (None), that are no neighbours of each other."""
    order = np.argsort(mixed(clusters ^ np.arange(len(reasons), dtype=np.uint64)))
    for code in np.unique(reasons).tolist():
        reason = None if code == PASSED else REASONS[code - 1]
        for row in whole_rows(file, order[reasons[order] == code][:CANDIDATES]):
            detail = describe(reason, row, limits) if reason else ""
            if file.kind == "pairs":
                text = f"{row['source_text']} → {row['target_text']}"
                yield reason, Sample.of(row["target_file"], row["target_record"], text, row["target_lang"], detail)
            else:
                yield reason, Sample.of(row["file"], row["record"], row["text"], row["lang"], detail)


def _name(file: RowFile) -> str:
    return f"decisions/{file.name}"


def _kept(draft: Draft, file: RowFile) -> str:
    return str(draft.scratch(f"kept/{file.split}.npy"))
