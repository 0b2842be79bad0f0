# mypy: disable-error-code="no-untyped-call"
"""The sides that are mined: each language's distinct sentences in the order of the files, and their vectors in shards.

Sentences that are equal when folded are one: the first stands for all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.align.margins import centred
from pipelines.align.mining import approximate_index, exact_index
from pipelines.config.mine import MineSection
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.schemas import vectors_schema
from pipelines.dedup.exact import hash_texts
from pipelines.stages.work import codes, column, mapped

EXACT_UP_TO: Final = 500_000  # sentences of a language, for `index: auto`
_BLOCK: Final = 65_536  # vectors that are read at a time

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SentenceFile:
    """A file of sentences (SENTENCES) and the file of their vectors beside it. `index` is its place in the order."""

    index: int
    sentences: Path
    vectors: Path

    @property
    def split(self) -> str:
        return f"scan/{self.index:05d}"


@dataclass(frozen=True)
class Mining:
    """What every step knows: the config, the files, the languages as the files write them, and the vectors' width."""

    section: MineSection
    files: tuple[SentenceFile, ...]
    languages: tuple[str, ...]
    width: int


@dataclass(frozen=True)
class SideTask:
    """A language whose sentences are collected."""

    language: str

    @property
    def split(self) -> str:
        return f"side/{self.language}"


@dataclass(frozen=True)
class ShardTask:
    """Some of a language's distinct sentences: `number` counts the shards. The last may be empty, copies being gone."""

    language: str
    number: int
    approximate: bool

    @property
    def split(self) -> str:
        return f"shard/{self.language}-{self.number:05d}"


def sentence_files(segment: Dataset, embed: Dataset) -> tuple[SentenceFile, ...]:
    """Return the files of sentences in the manifest's order, each with its vectors."""
    vectors = {entry.partition["of"]: embed.future_path(entry) for entry in embed.files(kind="vectors")}
    entries = segment.files(kind="sentences")
    return tuple(
        SentenceFile(index, segment.future_path(entry), vectors[entry.name]) for index, entry in enumerate(entries)
    )


def scan_file(mining: Mining, draft: Draft, file: SentenceFile) -> SplitRecord:
    """Write the hash and the row of each sentence in a language that is mined."""
    table = mapped(file.sentences)
    language, names = codes(table, "lang")
    wanted = [names.index(name) for name in mining.languages if name in names]
    rows = np.flatnonzero(np.isin(language, wanted))
    texts = column(table, "text").take(pa.array(rows)).to_pylist()
    scanned = {
        "language": pa.DictionaryArray.from_arrays(pa.array(language[rows]), pa.array(names, pa.string())),
        "row": rows,
        "hash": hash_texts(texts),
    }
    entry = draft.write_table(f"{file.split}.arrow", pa.table(scanned))
    return SplitRecord(files=[entry])


def collect_side(mining: Mining, draft: Draft, task: SideTask) -> SplitRecord:
    """Write where the distinct sentences of a language stand, and the mean of their vectors where it is asked for."""
    parts = [_of_language(draft, file, task.language) for file in mining.files]
    files = np.repeat(np.arange(len(parts), dtype=np.int32), [len(rows) for rows, _ in parts])
    rows = np.concatenate([rows for rows, _ in parts])
    hashes = np.concatenate([own for _, own in parts])
    first = np.sort(np.unique(hashes, return_index=True)[1])
    places = pa.table({"file": files[first], "row": rows[first]})
    entries = [draft.write_table(_places_name(task.language), places)]
    if mining.section.centering:
        mean = _mean(mining, files[first], rows[first])
        entries.append(draft.write_table(_mean_name(task.language), pa.table({"mean": mean})))
    return SplitRecord(files=entries, summary={"distinct": len(first)})


def _of_language(draft: Draft, file: SentenceFile, language: str) -> tuple[Rows, npt.NDArray[np.uint64]]:
    table = mapped(draft.folder / f"{file.split}.arrow")
    code, names = codes(table, "language")
    own = np.flatnonzero(code == (names.index(language) if language in names else -1))
    return column(table, "row").to_numpy()[own], column(table, "hash").to_numpy()[own]


def _mean(mining: Mining, files: npt.NDArray[np.int32], rows: Rows) -> npt.NDArray[np.float32]:
    total = np.zeros(1)
    for block in _blocks(len(rows)):
        total = total + vectors_at(mining, files[block], rows[block]).sum(axis=0, dtype=np.float64)
    return np.asarray(total / max(len(rows), 1), np.float32)


def places_of(draft: Draft, language: str) -> tuple[npt.NDArray[np.int32], Rows]:
    """Return the file and the row of each distinct sentence of a language, int32 and int64 `[n]`."""
    table = mapped(draft.folder / _places_name(language))
    return column(table, "file").to_numpy(), column(table, "row").to_numpy()


def write_shard(mining: Mining, draft: Draft, task: ShardTask) -> SplitRecord:
    """Write the vectors of a shard, centred where it is asked for, and its index where the search is approximate."""
    files, rows = places_of(draft, task.language)
    own = slice(task.number * mining.section.shard_rows, (task.number + 1) * mining.section.shard_rows)
    vectors = vectors_at(mining, files[own], rows[own])
    if mining.section.centering:
        mean = column(mapped(draft.folder / _mean_name(task.language)), "mean").to_numpy()
        for block in _blocks(len(vectors)):
            vectors[block] = centred(vectors[block], mean)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), mining.width)
    entries = [draft.write_table(f"{task.split}.arrow", pa.table([flat], schema=vectors_schema(mining.width)))]
    if task.approximate and len(vectors):
        data = faiss.serialize_index(approximate_index(vectors.astype(np.float32)))
        entries.append(draft.write_bytes(f"{task.split}.faiss", data.tobytes()))
    return SplitRecord(files=entries)


def vectors_at(mining: Mining, files: npt.NDArray[np.int32], rows: Rows) -> npt.NDArray[np.float16]:
    """Return the vectors of sentences, float16 `[n, d]`; they are ordered by file."""
    nothing = np.zeros((0, mining.width), np.float16)
    parts = [_array(mining.files[file].vectors)[rows[files == file]] for file in np.unique(files).tolist()]
    return np.concatenate([nothing, *parts])


def shard_vectors(draft: Draft, task: ShardTask) -> npt.NDArray[np.float16]:
    """Return the vectors of a shard, float16 `[n, d]`, mapped into memory."""
    return _array(draft.folder / f"{task.split}.arrow")


def indexes(draft: Draft, tasks: Sequence[ShardTask]) -> Iterator[faiss.Index]:
    """Yield the index of each shard in turn; approximate ones are mapped into memory."""
    for task in tasks:
        vectors = shard_vectors(draft, task)
        if task.approximate and len(vectors):
            yield faiss.read_index(str(draft.path(f"{task.split}.faiss")), faiss.IO_FLAG_MMAP)
        elif len(vectors):
            yield exact_index(vectors.astype(np.float32))


def _array(path: Path) -> npt.NDArray[np.float16]:
    values = column(mapped(path), "vector")
    flat: Any = values.values.to_numpy(zero_copy_only=True)
    return np.asarray(flat.reshape(len(values), values.type.list_size))


def _blocks(rows: int) -> Iterator[slice]:
    yield from (slice(begin, begin + _BLOCK) for begin in range(0, rows, _BLOCK))


def _places_name(language: str) -> str:
    return f"side/{language}.arrow"


def _mean_name(language: str) -> str:
    return f"side/{language}-mean.arrow"
