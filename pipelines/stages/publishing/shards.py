"""Third pass of publish: shards of one kind, language and split, each written whole by one worker."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import numpy as np
import pyarrow as pa

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.store import fetched
from pipelines.dedup.survivors import SPLITS
from pipelines.stages.inputs import ARROW, RowFile
from pipelines.stages.publishing.decide import kept_rows
from pipelines.stages.work import compact

_PLAN: Final = "shards.npy"


@dataclass(frozen=True)
class ShardTask:
    """One shard: the slices `first` to `last` of the plan make its rows, in order."""

    name: str
    kind: str
    language: str
    part: str
    first: int
    last: int

    @property
    def split(self) -> str:
        return f"shard/{self.name.removesuffix('.arrow')}"


@dataclass(frozen=True)
class Plan:
    """All slices of all shards, in a file: the index of a file, and a range in the order of its kept rows
    (`decide.kept_rows`): int64 [n, 3].
    """

    files: Sequence[RowFile]
    path: Path

    def slices(self, shard: ShardTask) -> list[tuple[RowFile, int, int]]:
        table = np.load(fetched(self.path), mmap_mode="r")
        return [(self.files[file], start, stop) for file, start, stop in table[shard.first : shard.last].tolist()]


def plan_shards(
    draft: Draft, files: Sequence[RowFile], records: Iterable[SplitRecord], shard_rows: int
) -> tuple[Plan, list[ShardTask]]:
    """Return the shards for what was kept: rows in the order of the files, at most `shard_rows` in each."""
    kept = _kept_slices(files, records)
    pivot = next((file.pivot for file in files if file.kind == "pairs"), "")
    planned = array("q")
    shards = []
    for kind in ("text", "pairs"):
        for language in sorted({language for own, language, _ in kept if own == kind}):
            for part in SPLITS:
                sides = [language] if kind == "text" else pair_languages(language, pivot)
                folder = f"{kind}/{'-'.join(map(as_name, sides))}"
                for number, slices in enumerate(_cut(kept.get((kind, language, part), array("q")), shard_rows)):
                    first = len(planned) // 3
                    planned.extend(slices)
                    name = f"{folder}/{part}-{number:05d}.arrow"
                    shards.append(ShardTask(name, kind, language, part, first, len(planned) // 3))
    path = draft.scratch(_PLAN)
    np.save(path, np.array(planned, np.int64).reshape(-1, 3))
    draft.preserve(_PLAN)
    return Plan(files, path), shards


def pair_languages(label: str, pivot: str) -> list[str]:
    """Return source and target of what a pair counts for (`RowFile.languages`)."""
    return label.split(ARROW) if ARROW in label else [pivot, label]


def as_name(language: str) -> str:
    """Return a language as the name of a folder: a code stays as it is, whatever else data may say is escaped."""
    return quote(language, safe="").replace(".", "%2E") or "%"


def write_shard(plan: Plan, draft: Draft, shard: ShardTask) -> SplitRecord:
    """Write one shard: the rows as they were staged or aligned, with their cluster."""
    table = compact(pa.concat_tables([_rows(draft, *own) for own in plan.slices(shard)]))
    partition = {"kind": shard.kind, "language": shard.language, "split": shard.part}
    return SplitRecord(files=[draft.write_table(shard.name, table, partition)])


def _rows(draft: Draft, file: RowFile, start: int, stop: int) -> pa.Table:
    rows = pa.array(kept_rows(draft, file)[start:stop])
    table = file.table().take(rows)
    clusters = file.cluster_table().take(rows)
    for name in ("cluster", "cluster_size"):
        table = table.append_column(clusters.schema.field(name), clusters[name])
    return table


def _kept_slices(files: Sequence[RowFile], records: Iterable[SplitRecord]) -> dict[tuple[str, str, str], "array[int]"]:
    """Return where the rows of each kind, language and split stand: file, start, stop, and so on for the next file."""
    found: dict[tuple[str, str, str], array[int]] = {}
    for file, record in zip(files, records, strict=True):
        for kind, languages in record.summary["kept"].items():
            for (language, part), (start, stop) in _places(languages).items():
                found.setdefault((kind, language, part), array("q")).extend((file.index, start, stop))
    return found


def _places(kept: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], tuple[int, int]]:
    """Return where the rows of each language and split stand in the order of a file's kept rows."""
    places, begin = {}, 0
    for language, counts in kept.items():
        for part in SPLITS:
            places[language, part] = (begin, begin + counts[part])
            begin += counts[part]
    return places


def _cut(given: "array[int]", shard_rows: int) -> Iterator["array[int]"]:
    """Yield the slices of each shard, in the same form as they are given."""
    current = array("q")
    room = shard_rows
    for at in range(0, len(given), 3):
        file, start, end = given[at : at + 3]
        while start < end:
            stop = min(end, start + room)
            current.extend((file, start, stop))
            room -= stop - start
            start = stop
            if not room:
                yield current
                current, room = array("q"), shard_rows
    if current:
        yield current
