# mypy: disable-error-code="no-untyped-call"
"""What is found: neighbours of every sentence, the pairs that they make, and these as rows (PAIRS)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.align.margins import Mined, Neighbours, mine
from pipelines.align.mining import nearest
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.evidence import SAMPLES_PER_REASON, Sample
from pipelines.datasets.reasons import Reason
from pipelines.stages.aligning.pairs import Links, measured, pair_columns
from pipelines.stages.mining.sides import Mining, Rows, ShardTask, indexes, places_of, shard_vectors
from pipelines.stages.work import column, compact, mapped, samples_by_reason
from pipelines.text.langid import identifier
from pipelines.text.words import mixed

PAIR_ROWS: Final = 100_000  # in a file of pairs
_TAKEN = ("file", "record", "paragraph", "sentence", "document", "lang", "text")


@dataclass(frozen=True)
class Sides:
    """A pair of languages, the shards of both, and how many sentences the target has, copies among them."""

    source: str
    target: str
    source_shards: tuple[ShardTask, ...]
    target_shards: tuple[ShardTask, ...]
    target_rows: int

    @property
    def name(self) -> str:
        return f"{self.source}-{self.target}"

    @property
    def split(self) -> str:
        return f"found/{self.name}"

    @property
    def forward(self) -> list["SearchTask"]:
        """The searches for the sources' neighbours among the targets."""
        return [SearchTask(self.name, shard, self.target_shards) for shard in self.source_shards]

    @property
    def backward(self) -> list["SearchTask"]:
        """The searches for the targets' neighbours among the sources."""
        return [SearchTask(self.name, shard, self.source_shards) for shard in self.target_shards]


@dataclass(frozen=True)
class SearchTask:
    """The sentences of one shard, whose neighbours are sought in all shards of the other language."""

    sides: str
    queries: ShardTask
    database: tuple[ShardTask, ...]

    @property
    def split(self) -> str:
        return f"search/{self.sides}/{self.queries.language}-{self.queries.number:05d}"


@dataclass(frozen=True)
class WriteTask:
    """A part of the pairs of two languages: at most one file."""

    sides: Sides
    number: int

    @property
    def split(self) -> str:
        return f"mined/{self.sides.name}-{self.number:05d}"


def search(mining: Mining, draft: Draft, task: SearchTask) -> SplitRecord:
    """Write the neighbours of a shard's sentences, one column a rank."""
    found = nearest(shard_vectors(draft, task.queries), indexes(draft, task.database), mining.section.neighbours)
    columns: dict[str, npt.NDArray[Any]] = {}
    for rank in range(found.index.shape[1]):
        columns |= {f"index{rank}": found.index[:, rank], f"similarity{rank}": found.similarity[:, rank]}
    return SplitRecord(files=[draft.write_table(f"{task.split}.arrow", pa.table(columns))])


def find(mining: Mining, draft: Draft, sides: Sides) -> SplitRecord:
    """Write which sentences of two languages pair, and count the target's: a pair, or a reason for none."""
    forward, backward = _neighbours(draft, sides.forward), _neighbours(draft, sides.backward)
    candidates = mine(forward, backward, mining.section.margin, mining.section.retrieval)
    good = candidates.margin >= mining.section.threshold
    kept, low = candidates.take(good), candidates.take(~good)
    table = pa.table({"source": kept.source, "target": kept.target, "margin": kept.margin})
    distinct = len(places_of(draft, sides.target)[1])
    fate = np.full(distinct, 2, np.uint8)  # of each target: paired, too low, without a candidate
    fate[low.target] = 1
    fate[kept.target] = 0
    paired, too_low, alone = np.bincount(fate, minlength=3).tolist()
    dropped = {
        Reason.NO_COUNTERPART: alone,
        Reason.LOW_MARGIN: too_low,
        Reason.DUPLICATE: sides.target_rows - distinct,
    }
    counts = Counts(
        rows_in=sides.target_rows,
        expanded=len(kept.source) - paired,
        rows_out=len(kept.source),
        dropped={reason: count for reason, count in dropped.items() if count},
    )
    samples = samples_by_reason(
        [
            *_samples(mining, draft, sides, low.take(_some(fate[low.target] == 1, low.target)), Reason.LOW_MARGIN),
            *_alone(mining, draft, sides, np.flatnonzero(fate == 2)),
        ]
    )
    return SplitRecord(
        files=[draft.write_table(_found_name(sides), table)],
        rows=SplitRecord.rows_of(counts),
        samples=samples,
    )


def write_pairs(mining: Mining, model: str, draft: Draft, task: WriteTask) -> SplitRecord:
    """Write a part of the pairs (PAIRS), in the order of the target's files; no file where there are no more."""
    table = mapped(draft.folder / _found_name(task.sides)).slice(task.number * PAIR_ROWS, PAIR_ROWS)
    if not table.num_rows:
        return SplitRecord()
    sources = _sentences(mining, draft, task.sides.source, column(table, "source").to_numpy())
    targets = _sentences(mining, draft, task.sides.target, column(table, "target").to_numpy())
    links = Links("mined", column(table, "margin").to_numpy(), _numbers(sources), _numbers(targets))
    targets = targets.append_column("key", pa.array([""] * targets.num_rows))
    pairs = pair_columns(measured(targets, identifier(model)), measured(sources, identifier(model)), links)
    return SplitRecord(files=[draft.write_table(f"{task.split}.arrow", compact(pairs), {"kind": "pairs"})])


def _neighbours(draft: Draft, tasks: list[SearchTask]) -> Neighbours:
    tables = [mapped(draft.folder / f"{task.split}.arrow") for task in tasks]
    ranks = range(tables[0].num_columns // 2)

    def joined(name: str) -> npt.NDArray[Any]:
        columns = [np.concatenate([column(table, f"{name}{rank}").to_numpy() for table in tables]) for rank in ranks]
        return np.stack(columns, axis=1)

    return Neighbours(joined("similarity"), joined("index"))


def _sentences(mining: Mining, draft: Draft, language: str, positions: Rows) -> pa.Table:
    """Return sentences of a language (columns of SENTENCES), in the order of `positions`."""
    files, rows = (values[positions] for values in places_of(draft, language))
    order = np.argsort(files, kind="stable")
    parts = [
        mapped(mining.files[file].sentences).select(_TAKEN).take(pa.array(rows[order][files[order] == file]))
        for file in np.unique(files).tolist()
    ]
    if not parts:
        return mapped(mining.files[0].sentences).select(_TAKEN).slice(0, 0)
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks().take(pa.array(back))


def _numbers(sentences: pa.Table) -> npt.NDArray[np.int32]:
    """Return the first sentence's number in its document and that it is one, int32 `[n, 2]`."""
    number = column(sentences, "sentence").to_numpy()
    return np.stack([number, np.ones_like(number)], axis=1)


def _samples(
    mining: Mining, draft: Draft, sides: Sides, mined: Mined, reason: Reason
) -> Iterator[tuple[Reason, Sample]]:
    sources = _sentences(mining, draft, sides.source, mined.source).to_pylist()
    targets = _sentences(mining, draft, sides.target, mined.target).to_pylist()
    for source, target, margin in zip(sources, targets, mined.margin.tolist(), strict=True):
        text = f"{source['text']} → {target['text']}"
        yield reason, Sample.of(target["file"], target["record"], text, target["lang"], f"margin {margin:.3f}")


def _alone(mining: Mining, draft: Draft, sides: Sides, targets: Rows) -> Iterator[tuple[Reason, Sample]]:
    chosen = targets[_some(np.ones(len(targets), bool), targets)]
    for row in _sentences(mining, draft, sides.target, chosen).to_pylist():
        yield Reason.NO_COUNTERPART, Sample.of(row["file"], row["record"], row["text"], row["lang"], "")


def _some(candidates: npt.NDArray[np.bool_], targets: Rows) -> Rows:
    """Return a few of the candidates that are no neighbours of each other, in their order."""
    places = np.flatnonzero(candidates)
    few = np.argsort(mixed(targets[places].astype(np.uint64)), kind="stable")[: 3 * SAMPLES_PER_REASON]
    return places[np.sort(few)]


def _found_name(sides: Sides) -> str:
    return f"{sides.split}.arrow"
