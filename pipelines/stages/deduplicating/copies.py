"""Copies of texts, pairs and documents. Hashes and positions go from file to file, text does not.

Each file's keys are written once, in the order of the hash space; rounds join equal keys of one part of it, in the
order of the files; and each file's clusters are written row by row beside its name. Keys of datasets that were
published before are sorted, so a round looks at its slice of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.config.deduplicate import DeduplicateSection
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.schemas import CLUSTERS
from pipelines.dedup.exact import Hashes, among, cluster_keys, document_hashes, find_copies, group_mask, hash_texts
from pipelines.engine.steps import Step
from pipelines.stages.chunks import chunks
from pipelines.stages.inputs import FileTask, RowFile, documents_name, sides_of, tasks_for
from pipelines.stages.rounds import Round, for_file, hash_order, in_round
from pipelines.stages.work import codes, column, mapped
from pipelines.text.ccnet import ccnet_forms
from pipelines.text.fold import fold_all

LARGEST: Final = 20  # clusters shown in the summary
_FORMS: Final = {"fold": fold_all, "ccnet": ccnet_forms}
_FOUND: Final = pa.schema(
    {"file": pa.int32(), "row": pa.uint32(), **{field.name: field.type for field in CLUSTERS}}
)  # of rows that have copies or were published before; `file` is the index of a target


@dataclass(frozen=True)
class Target:
    """What a file of clusters is made for: the rows of a file, or (`documents`) its documents."""

    index: int
    file: RowFile
    documents: bool

    @property
    def name(self) -> str:
        return documents_name(self.file.name) if self.documents else self.file.name

    @property
    def split(self) -> str:
        return self.name.removesuffix(".arrow")


def targets_of(files: Sequence[RowFile]) -> list[Target]:
    """Return the targets: the rows of every file, then the documents of those that have any."""
    rows = [Target(file.index, file, False) for file in files]
    return rows + [Target(len(files) + file.index, file, True) for file in files if file.kind == "text"]


@dataclass(frozen=True)
class Search:
    """What is searched for copies: the targets of `files` files, in rounds whose tables of keys are read in chunks.

    `before` are index files (INDEX) of published datasets; `chunk_rows` is how many keys are held at once.
    """

    section: DeduplicateSection
    files: int
    targets: Sequence[Target]
    before: Sequence[Path]
    rounds: Sequence[Round]
    chunk_rows: int

    def mask(self, target: Target) -> np.uint64:
        """Return what the keys of a target are combined with, so that groups of splits share none."""
        splits = self.section.group_splits
        return group_mask(target.file.index // splits) if splits else np.uint64(0)


def copy_steps(search: Search) -> list[Step[Any]]:
    """Return the steps that write the clusters (CLUSTERS) of every target."""
    hashed = tasks_for("keys", [target.file for target in search.targets if not target.documents])
    return [
        Step("Hash rows", hashed, partial(hash_rows, search)),
        Step("Find copies", search.rounds, partial(find_in_round, search)),
        Step("Write clusters", search.targets, partial(write_clusters, search)),
    ]


def hash_rows(search: Search, draft: Draft, task: FileTask) -> SplitRecord:
    """Write the keys of a file's rows and documents with their positions, in the order of the hash space."""
    entries = []
    for target, keys in _keys(task.file, search.section.normalisation, search.files):
        order = hash_order(keys)
        table = pa.table({"key": keys[order], "row": order.astype(np.uint32)})
        entries.append(draft.write_table(_keys_name(target), table))
    return SplitRecord(files=entries)


def find_in_round(search: Search, draft: Draft, task: Round) -> SplitRecord:
    """Join equal keys of one part of the hash space, and mark those that were published before."""
    tables = [(target.index, draft.folder / _keys_name(target)) for target in search.targets]
    masks = np.zeros(2 * search.files, np.uint64)
    for target in search.targets:
        masks[target.index] = search.mask(target)

    def clusters() -> Iterator[Hashes]:
        for chunk in chunks(tables, task, search.chunk_rows):
            yield chunk["key"] ^ masks[chunk["file"]]

    with draft.shard_writer(task.file, _FOUND) as writer:
        for chunk, copies in zip(chunks(tables, task, search.chunk_rows), find_copies(clusters), strict=True):
            own = chunk["key"] ^ masks[chunk["file"]]
            published = _published(search, task, chunk["key"])
            told = np.flatnonzero(published | (copies.size > 1))
            columns = (chunk["file"], chunk["row"], own, copies.size, copies.rank, published)
            writer.write(pa.record_batch([pa.array(values[told]) for values in columns], schema=_FOUND))
    return SplitRecord(files=[writer.entry])


def write_clusters(search: Search, draft: Draft, target: Target) -> SplitRecord:
    """Write the file of clusters that is row-aligned to `target`: a cluster of its own for what has no copy."""
    table = mapped(draft.folder / _keys_name(target))
    keys = np.empty(table.num_rows, np.uint64)
    keys[column(table, "row").to_numpy()] = column(table, "key").to_numpy() ^ search.mask(target)
    sizes, ranks, published = np.ones(len(keys), np.int32), np.zeros(len(keys), np.int32), np.zeros(len(keys), bool)
    for found in for_file([draft.folder / task.file for task in search.rounds], target.index):
        rows = found["row"]
        sizes[rows], ranks[rows], published[rows] = found["cluster_size"], found["rank"], found["published"]
    clusters = pa.table([keys, sizes, ranks, published], schema=CLUSTERS)
    kind = "document_clusters" if target.documents else "clusters"
    entry = draft.write_table(f"clusters/{target.name}", clusters, {"kind": kind, "of": target.name})
    return _record(target, entry, sizes, ranks, published)


def _published(search: Search, task: Round, keys: Hashes) -> npt.NDArray[np.bool_]:
    published = np.zeros(len(keys), bool)
    for path in search.before:
        known = column(mapped(path), "key").to_numpy()
        published |= among(keys, known[in_round(known, task)])
    return published


def _keys(file: RowFile, normalisation: str, files: int) -> Iterator[tuple[Target, Hashes]]:
    """Yield the keys of a file's rows and of its documents. CCNet's rule asks for no language."""
    table, forms = file.table(), _FORMS[normalisation]
    by_language = normalisation == "fold"
    if by_language:
        sides = sides_of(table, file.kind)
    else:
        names = ("text",) if file.kind == "text" else ("source_text", "target_text")
        sides = [hash_texts(table.column(name).to_pylist(), forms) for name in names]
    languages = file.languages() if by_language else _no_languages(table)
    yield Target(file.index, file, False), cluster_keys(*languages, *sides)
    if file.kind == "text":
        documents = file.document_table()
        whole = document_hashes(sides[0], column(table, "document_row").to_numpy(), documents.num_rows)
        keys = cluster_keys(*(codes(documents, "lang") if by_language else _no_languages(documents)), whole)
        yield Target(files + file.index, file, True), keys


def _no_languages(table: pa.Table) -> tuple[npt.NDArray[np.int32], list[str]]:
    return np.zeros(table.num_rows, np.int32), [""]


def _keys_name(target: Target) -> str:
    return f"keys/{target.name}"


def _record(target: Target, entry: FileEntry, sizes: Any, ranks: Any, published: Any) -> SplitRecord:
    if target.documents:
        counts = _counts(*codes(target.file.document_table(), "lang"), ranks, published)
        return SplitRecord(files=[entry], summary={"documents": counts, "largest": []})
    table, kind = target.file.table(), target.file.kind
    language, names = target.file.languages()
    first = np.flatnonzero((ranks == 0) & (sizes > 1))
    first = first[np.argsort(-sizes[first], kind="stable")][:LARGEST]
    shown = column(table, "text" if kind == "text" else "target_text").take(pa.array(first)).to_pylist()
    return SplitRecord(
        files=[entry],
        rows=SplitRecord.rows_of(Counts(len(sizes), 0, len(sizes))),
        summary={
            "languages": {kind: _counts(language, names, ranks, published)},
            "largest": [
                {"kind": kind, "language": names[code], "size": size, "text": text[:200]}
                for code, text, size in zip(language[first].tolist(), shown, sizes[first].tolist(), strict=True)
            ],
        },
    )  # fmt: skip


def _counts(
    language: npt.NDArray[np.int32], names: Sequence[str], ranks: Any, published: Any
) -> dict[str, dict[str, int]]:
    """Return rows, copies (but for the first of each cluster) and rows published before, by language."""
    rows, copies, before = (
        np.bincount(part, minlength=len(names)).tolist()
        for part in (language, language[ranks > 0], language[published])
    )
    return {
        code: {"rows": rows[place], "copies": copies[place], "published": before[place]}
        for place, code in enumerate(names)
    }
