"""Second pass of publish: which copy survives, and which rows equal one that is held out, by their hashes alone.

Kinds of hashes are kept of each file and resolved in rounds: `copies` are the clusters of rows that have copies,
`texts` the folded sides of all rows, and where that is asked `letters` the letters of pairs; only rows that passed the
thresholds take part. With each hash goes a number: of its equals the row with the highest one stays. Where that is
asked, near duplicates go from what then stays of pairs (`near`), and the rest is capped by its `sources` and `targets`,
the sides of pairs.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.evidence import Sample
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import DECISIONS
from pipelines.dedup.exact import Hashes, cluster_keys
from pipelines.dedup.survivors import SPLITS, Highest, Levels, highest, lowest_kept, order_of, precedence
from pipelines.engine.steps import Step
from pipelines.stages.chunks import Chunk, chunks
from pipelines.stages.inputs import FileTask, RowFile, tasks_for
from pipelines.stages.publishing.choose import choose, keep_pairs, lost_documents
from pipelines.stages.publishing.evidence import keep_evidence
from pipelines.stages.publishing.index import write_index
from pipelines.stages.publishing.screen import screened, whole_rows
from pipelines.stages.publishing.standing import Deciding, Rows, standing
from pipelines.stages.publishing.summary import account
from pipelines.stages.publishing.thresholds import PASSED, REASONS, Codes, Limits, code_of, describe
from pipelines.stages.rounds import Round, for_file, hash_order, rounds
from pipelines.stages.work import column, samples_by_reason
from pipelines.text.words import mixed

COPIES: Final = "copies"
TEXTS: Final = "texts"
KEPT: Final = ""  # the reason of a row that is kept
LETTERS: Final = "letters"
SOURCES: Final = "sources"
TARGETS: Final = "targets"
NEAR: Final = "near"
GOING: Final = {
    TEXTS: Reason.HELD_OUT,
    LETTERS: Reason.SAME_LETTERS,
    COPIES: Reason.DUPLICATE,
    NEAR: Reason.NEAR_DUPLICATE,
    SOURCES: Reason.REPEATED_SIDE,
    TARGETS: Reason.REPEATED_SIDE,
}
DOCUMENT_REASONS: Final = (Reason.DUPLICATE_DOCUMENT, Reason.NEAR_DUPLICATE)
CANDIDATES = 60  # rows of a reason that a file offers as samples; copies among them show once

Found: Final = pa.schema({"file": pa.int32(), "row": pa.uint32()})  # rows that go
# bytes that a row takes, at most, while its part of the hash space is resolved
ROW: Final = 160


def decisions(deciding: Deciding, tasks: Sequence[FileTask], parts: int) -> list[Step[Any]]:
    """Return the steps that resolve copies and leaks among all rows, and write down the decisions on each file.

    The hash space is gone through in so many `parts`.
    """
    files = [task.file for task in tasks]
    pairs = [file for file in files if file.kind == "pairs"]
    by_letters = [LETTERS] * (bool(pairs) and deciding.duplicates.pairs == "one_by_letters")
    found = _tables(deciding.draft, (TEXTS, *by_letters, COPIES), parts)  # a lost copy counts as a copy
    steps: list[Step[Any]] = [
        Step("Keep hashes", tasks_for("hashes", files), partial(keep_hashes, deciding)),
        Step("Resolve", [part for kind in found for part in rounds(kind, parts)], partial(resolve, files)),
    ]
    if pairs and deciding.duplicates.near_pairs == "one":
        near = _tables(deciding.draft, (NEAR,), parts)
        steps += [
            Step("Keep near pairs", tasks_for("near_pairs", pairs), partial(keep_near, deciding, found)),
            Step("Choose pairs", rounds(NEAR, parts), partial(choose, pairs)),
        ]
        found = found | near
    most = deciding.duplicates.repeats_per_side
    if pairs and most is not None:
        capped = _tables(deciding.draft, (SOURCES, TARGETS), parts)
        sides = [part for kind in capped for part in rounds(kind, parts)]
        steps += [
            Step("Keep sides", tasks_for("sides", pairs), partial(keep_sides, deciding, found)),
            Step("Cap", sides, partial(cap, pairs, most)),
        ]
        found = found | capped
    return [*steps, Step("Write decisions", tasks, partial(decide_file, deciding, found))]


def _tables(draft: Draft, kinds: Sequence[str], parts: int) -> dict[str, list[Path]]:
    """Return the files of what rounds of each kind find."""
    return {kind: [draft.folder / part.file for part in rounds(kind, parts)] for kind in kinds}


def keep_hashes(deciding: Deciding, draft: Draft, task: FileTask) -> SplitRecord:
    """Keep what a file's rows must be compared by, in the order of the hash space."""
    rows = _rows(deciding, task)
    clusters = task.file.cluster_table()
    passed = rows.failures == PASSED
    resolved = task.file.kind == "pairs" or deciding.duplicates.paragraphs == "one"
    copies = np.flatnonzero(passed & resolved & (column(clusters, "cluster_size").to_numpy() > 1))
    ranks = column(clusters, "rank").to_numpy()
    texts = np.flatnonzero(passed)
    kept = screened(draft, task.file)
    hashes = np.concatenate([side[texts] for side in kept.sides])
    entries = [
        _keep(draft, COPIES, task.file, copies, rows.clusters[copies], precedence(rows.levels, ranks)),
        _keep(draft, TEXTS, task.file, np.tile(texts, len(kept.sides)), hashes, rows.levels),
    ]
    if kept.letters is not None:
        order = order_of(rows.levels, task.file.index)
        entries.append(_keep(draft, LETTERS, task.file, texts, kept.letters[texts], order))
    return SplitRecord(files=entries)


def keep_near(deciding: Deciding, found: Mapping[str, Sequence[Path]], draft: Draft, task: FileTask) -> SplitRecord:
    """Keep the pairs of a file that stay by what was `found` and are near to others."""
    rows = _decided(deciding, found, task)
    return keep_pairs(draft, task.file, rows.failures == PASSED, rows.levels)


def keep_sides(deciding: Deciding, found: Mapping[str, Sequence[Path]], draft: Draft, task: FileTask) -> SplitRecord:
    """Keep the sides of a file's pairs that stay by what was `found`, in the order of the hash space."""
    rows = _decided(deciding, found, task)
    staying = np.flatnonzero(rows.failures == PASSED)
    order = order_of(rows.levels, task.file.index)
    languages = task.file.languages()
    return SplitRecord(
        files=[
            _keep(draft, kind, task.file, staying, cluster_keys(*languages, side)[staying], order)
            for kind, side in zip((SOURCES, TARGETS), screened(draft, task.file).sides, strict=True)
        ]
    )


def resolve(files: Sequence[RowFile], draft: Draft, part: Round) -> SplitRecord:
    """Write the rows of one part of the hash space that go: copies that lose, or texts that leak.

    A text leaks if it equals one that is held out more; a pair takes part with each of its sides.
    """
    tables = _hash_tables(draft, files, part)
    return _going(draft, tables, part, highest(_contenders(chunk) for chunk in chunks(tables, part)))


def cap(files: Sequence[RowFile], most: int, draft: Draft, part: Round) -> SplitRecord:
    """Write the pairs of one part of the hash space that go since their side stands in `most` others."""
    tables = _hash_tables(draft, files, part)
    return _going(draft, tables, part, lowest_kept((_contenders(chunk) for chunk in chunks(tables, part)), most))


def _hash_tables(draft: Draft, files: Sequence[RowFile], part: Round) -> list[tuple[int, Path]]:
    own = [file for file in files if file.kind == "pairs" or part.step not in (LETTERS, SOURCES, TARGETS)]
    return [(file.index, draft.folder / _hashes(part.step, file)) for file in own]


def _going(draft: Draft, tables: Sequence[tuple[int, Path]], part: Round, best: Highest) -> SplitRecord:
    with draft.shard_writer(part.file, Found) as writer:
        for chunk in chunks(tables, part):
            going = best.beats(chunk["hash"], chunk["number"])
            writer.write(pa.record_batch([chunk["file"][going], chunk["row"][going]], schema=Found))
    return SplitRecord(files=[writer.entry])


def kept_rows(draft: Draft, file: RowFile) -> Any:
    """Return the positions of a file's published rows, by language and split: uint32 [n], memory-mapped.

    Languages are in the order of the record's summary (`kept`), splits in that of SPLITS, rows in that of the file.
    """
    return np.load(draft.preserved(_kept(file)), mmap_mode="r")


def _rows(deciding: Deciding, task: FileTask) -> Rows:
    rows = standing(deciding, task)
    if deciding.by_document and task.file.kind == "text":
        passed = rows.failures == PASSED
        for lost, reason in zip(lost_documents(deciding.draft, task.file), DOCUMENT_REASONS, strict=True):
            rows.failures[passed & lost] = code_of(reason)
    return rows


def _decided(deciding: Deciding, found: Mapping[str, Sequence[Path]], task: FileTask) -> Rows:
    rows = _rows(deciding, task)
    for kind, paths in found.items():
        for going in for_file(paths, task.file.index):
            rows.failures[going["row"]] = code_of(GOING[kind])
    return rows


def decide_file(deciding: Deciding, found: Mapping[str, Sequence[Path]], draft: Draft, task: FileTask) -> SplitRecord:
    """Write down the decision on each row of a file; `found` are the files of what `resolve` found, by kind."""
    rows = _decided(deciding, found, task)
    reasons = rows.failures
    entries = [
        _write(draft, task.file, reasons, rows.levels),
        write_index(draft, deciding.key_space, task.file, reasons == PASSED),
    ]
    counts = np.bincount(reasons, minlength=len(REASONS) + 1).tolist()
    dropped = {reason: count for reason, count in zip(REASONS, counts[1:], strict=True) if count}
    language, names = task.file.languages()
    kept = np.flatnonzero(reasons == PASSED)
    place = language[kept] * len(SPLITS) + rows.levels[kept]
    np.save(draft.scratch(_kept(task.file)), kept[np.argsort(place, kind="stable")].astype(np.uint32))
    draft.preserve(_kept(task.file))
    examples = _examples(deciding.limits, task.file, rows.clusters, reasons)
    keep_evidence(draft, task.file, reasons, partial(describe, limits=deciding.limits))
    return SplitRecord(
        files=entries,
        rows=SplitRecord.rows_of(Counts(len(reasons), 0, counts[PASSED], dropped)),
        samples={reason: examples[reason] for reason in dropped},
        summary={
            "kept": {task.file.kind: _by_language(names, place)},
            "dropped": {task.file.kind: {str(reason): count for reason, count in dropped.items()}},
            "examples": {task.file.kind: [sample.model_dump() for sample in examples.get(None, [])]},
            **account(task.file, reasons),
        },
    )


def _keep(draft: Draft, kind: str, file: RowFile, rows: Any, hashes: Hashes, numbers: Any) -> FileEntry:
    order = hash_order(hashes)
    kept = rows[order]
    table = pa.table({"hash": hashes[order], "row": kept.astype(np.uint32), "number": numbers[kept]})
    return draft.write_table(_hashes(kind, file), table)


def _contenders(chunk: Chunk) -> tuple[Hashes, Any]:
    """Return what may beat others: of texts those that are held out, which are few."""
    held = chunk["number"] > 0
    return chunk["hash"][held], chunk["number"][held]


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


def _examples(limits: Limits, file: RowFile, clusters: Hashes, reasons: Codes) -> dict[Reason | None, list[Sample]]:
    """Return some rows of every reason, and of those that are kept (None), that are no neighbours of each other."""
    order = np.argsort(mixed(clusters ^ np.arange(len(reasons), dtype=np.uint64)))
    offered = np.concatenate([order[reasons[order] == code][:CANDIDATES] for code in np.unique(reasons)] or [order])
    places: dict[tuple[Reason | None, str, int, str], int] = {}  # of samples: the rows that they show

    def samples() -> Iterator[tuple[Reason | None, Sample]]:
        for position, sample in zip(offered.tolist(), _shown(file, offered), strict=True):
            reason = None if reasons[position] == PASSED else REASONS[reasons[position] - 1]
            places.setdefault((reason, sample.file, sample.record, sample.text), position)
            yield reason, sample

    drawn = samples_by_reason(samples())
    for reason in [reason for reason in drawn if reason]:
        rows = [places[reason, sample.file, sample.record, sample.text] for sample in drawn[reason]]
        details = [describe(reason, row, limits) for row in whole_rows(file, np.array(rows))]
        told = zip(drawn[reason], details, strict=True)
        drawn[reason] = [sample.model_copy(update={"detail": detail}) for sample, detail in told]
    return drawn


def _shown(file: RowFile, positions: Any) -> Iterator[Sample]:
    side = "target_" if file.kind == "pairs" else ""
    names = [f"{side}{name}" for name in ("file", "record", "text", "lang")]
    sources = ["source_text"] if side else []
    for row in file.table().select([*names, *sources]).take(pa.array(positions)).to_pylist():
        place, record, text, language = (row[name] for name in names)
        yield Sample.of(place, record, f"{row['source_text']} → {text}" if side else text, language)


def _hashes(kind: str, file: RowFile) -> str:
    return f"hashes/{kind}/{file.name}"


def _name(file: RowFile) -> str:
    return f"decisions/{file.name}"


def _kept(file: RowFile) -> str:
    return f"kept/{file.split}.npy"
