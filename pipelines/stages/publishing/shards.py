"""Third pass of publish: shards of one kind, language and split, each written whole by one worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import pyarrow as pa

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.dedup.survivors import SPLITS
from pipelines.stages.inputs import RowFile
from pipelines.stages.publishing.decide import kept_rows
from pipelines.stages.work import compact


@dataclass(frozen=True)
class Slice:
    """Rows `start` to `stop` of those that a file gives to a language and split."""

    file: RowFile
    start: int
    stop: int


@dataclass(frozen=True)
class ShardTask:
    """One shard, and the rows that it is made of, in order."""

    name: str
    kind: str
    language: str
    part: str
    slices: tuple[Slice, ...]

    @property
    def split(self) -> str:
        return f"shard/{self.name.removesuffix('.arrow')}"


def plan_shards(
    files: Sequence[RowFile], records: Sequence[SplitRecord], pivot: str, shard_rows: int
) -> list[ShardTask]:
    """Return the shards for what was kept: rows in the order of the files, at most `shard_rows` in each."""
    shards = []
    for kind in ("text", "pairs"):
        kept = [record.summary["kept"].get(kind, {}) for record in records]
        for language in sorted({language for counts in kept for language in counts}):
            for part in SPLITS:
                rows = [counts.get(language, {}).get(part, 0) for counts in kept]
                named = as_name(language)
                folder = f"text/{named}" if kind == "text" else f"pairs/{pivot}-{named}"
                for number, slices in enumerate(_cut(files, rows, shard_rows)):
                    name = f"{folder}/{part}-{number:05d}.arrow"
                    shards.append(ShardTask(name, kind, language, part, slices))
    return shards


def as_name(language: str) -> str:
    """Return a language as the name of a folder: a code stays as it is, whatever else data may say is escaped."""
    return quote(language, safe="").replace(".", "%2E") or "%"


def write_shard(draft: Draft, shard: ShardTask) -> SplitRecord:
    """Write one shard: the rows as they were staged or aligned, with their cluster."""
    table = compact(pa.concat_tables([_rows(draft, shard, part) for part in shard.slices]))
    partition = {"kind": shard.kind, "language": shard.language, "split": shard.part}
    return SplitRecord(files=[draft.write_table(shard.name, table, partition)])


def _rows(draft: Draft, shard: ShardTask, part: Slice) -> pa.Table:
    rows = pa.array(kept_rows(draft, part.file, shard.language, shard.part)[part.start : part.stop])
    table = part.file.table().take(rows)
    clusters = part.file.cluster_table().take(rows)
    for name in ("cluster", "cluster_size"):
        table = table.append_column(clusters.schema.field(name), clusters[name])
    return table


def _cut(files: Sequence[RowFile], rows: Sequence[int], shard_rows: int) -> list[tuple[Slice, ...]]:
    shards: list[tuple[Slice, ...]] = []
    current: list[Slice] = []
    room = shard_rows
    for file, count in zip(files, rows, strict=True):
        start = 0
        while start < count:
            stop = min(count, start + room)
            current.append(Slice(file, start, stop))
            room -= stop - start
            start = stop
            if not room:
                shards.append(tuple(current))
                current, room = [], shard_rows
    return [*shards, tuple(current)] if current else shards
