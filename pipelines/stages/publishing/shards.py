"""Third pass of publish: shards of one kind, language and split, each written whole by one worker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import pyarrow as pa

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.dedup.survivors import SPLITS
from pipelines.stages.inputs import ARROW, RowFile
from pipelines.stages.publishing.decide import kept_rows
from pipelines.stages.work import compact


@dataclass(frozen=True)
class Slice:
    """Places `start` to `stop` in the order of a file's kept rows (`decide.kept_rows`)."""

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


def plan_shards(files: Sequence[RowFile], records: Sequence[SplitRecord], shard_rows: int) -> list[ShardTask]:
    """Return the shards for what was kept: rows in the order of the files, at most `shard_rows` in each."""
    shards = []
    for kind in ("text", "pairs"):
        kept = [_places(record.summary["kept"].get(kind, {})) for record in records]
        for language in sorted({language for places in kept for language, _ in places}):
            for part in SPLITS:
                given = [
                    Slice(file, *places[language, part])
                    for file, places in zip(files, kept, strict=True)
                    if (language, part) in places
                ]
                sides = [language] if kind == "text" else pair_languages(language, given[0].file.pivot)
                folder = f"{kind}/{'-'.join(map(as_name, sides))}"
                for number, slices in enumerate(_cut(given, shard_rows)):
                    name = f"{folder}/{part}-{number:05d}.arrow"
                    shards.append(ShardTask(name, kind, language, part, slices))
    return shards


def pair_languages(label: str, pivot: str) -> list[str]:
    """Return source and target of what a pair counts for (`RowFile.languages`)."""
    return label.split(ARROW) if ARROW in label else [pivot, label]


def as_name(language: str) -> str:
    """Return a language as the name of a folder: a code stays as it is, whatever else data may say is escaped."""
    return quote(language, safe="").replace(".", "%2E") or "%"


def write_shard(draft: Draft, shard: ShardTask) -> SplitRecord:
    """Write one shard: the rows as they were staged or aligned, with their cluster."""
    table = compact(pa.concat_tables([_rows(draft, part) for part in shard.slices]))
    partition = {"kind": shard.kind, "language": shard.language, "split": shard.part}
    return SplitRecord(files=[draft.write_table(shard.name, table, partition)])


def _rows(draft: Draft, part: Slice) -> pa.Table:
    rows = pa.array(kept_rows(draft, part.file)[part.start : part.stop])
    table = part.file.table().take(rows)
    clusters = part.file.cluster_table().take(rows)
    for name in ("cluster", "cluster_size"):
        table = table.append_column(clusters.schema.field(name), clusters[name])
    return table


def _places(kept: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], tuple[int, int]]:
    """Return where the rows of each language and split stand in the order of a file's kept rows."""
    places, begin = {}, 0
    for language, counts in kept.items():
        for part in SPLITS:
            places[language, part] = (begin, begin + counts[part])
            begin += counts[part]
    return places


def _cut(given: Sequence[Slice], shard_rows: int) -> list[tuple[Slice, ...]]:
    shards: list[tuple[Slice, ...]] = []
    current: list[Slice] = []
    room = shard_rows
    for own in given:
        start = own.start
        while start < own.stop:
            stop = min(own.stop, start + room)
            current.append(Slice(own.file, start, stop))
            room -= stop - start
            start = stop
            if not room:
                shards.append(tuple(current))
                current, room = [], shard_rows
    return [*shards, tuple(current)] if current else shards
