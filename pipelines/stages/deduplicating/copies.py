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
from pipelines.stages.inputs import FileTask, RowFile, documents_name, tasks_for
from pipelines.stages.rounds import Round, for_file, hash_order, in_round
from pipelines.stages.work import Step, codes, column, mapped
from pipelines.text.ccnet import ccnet_forms
from pipelines.text.fold import fold_all

LARGEST: Final = 20  # clusters shown in the summary
_FORMS: Final = {"fold": fold_all, "ccnet": ccnet_forms}
_FOUND: Final = pa.schema(
    {"file": pa.int32(), "row": pa.uint32(), **{field.name: field.type for field in CLUSTERS}}
)  # of rows that have copies or were published before; `file` is the index of a target

Slice = tuple[int, slice]  # the place of a target, and rows of its table of keys


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


@dataclass(frozen=True)
class _Chunk:
    """Keys of a round [n]: of which target and row each is, and the cluster that it names within its group."""

    files: npt.NDArray[np.int32]
    rows: npt.NDArray[np.uint32]
    keys: Hashes
    clusters: Hashes


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
    groups = list(_groups(search, draft, task))
    with draft.shard_writer(task.file, _FOUND) as writer:
        found = find_copies(lambda: (_read(search, draft, group).clusters for group in groups))
        for group, copies in zip(groups, found, strict=True):
            chunk = _read(search, draft, group)
            published = _published(search, task, chunk.keys)
            told = np.flatnonzero(published | (copies.size > 1))
            columns = (chunk.files, chunk.rows, chunk.clusters, copies.size, copies.rank, published)
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


def _groups(search: Search, draft: Draft, task: Round) -> Iterator[list[Slice]]:
    """Yield what a round reads at a time: slices of at most `chunk_rows` together, in the order of the targets."""
    group: list[Slice] = []
    rows = 0
    for place, target in enumerate(search.targets):
        own = in_round(_kept_keys(draft, target)[0], task)
        if rows + own.stop - own.start > search.chunk_rows and group:
            yield group
            group, rows = [], 0
        if own.stop > own.start:
            group.append((place, own))
            rows += own.stop - own.start
    if group:
        yield group


def _read(search: Search, draft: Draft, group: list[Slice]) -> _Chunk:
    sizes = [own.stop - own.start for _, own in group]
    targets = [search.targets[place] for place, _ in group]
    keys, rows = np.empty(sum(sizes), np.uint64), np.empty(sum(sizes), np.uint32)
    end = 0
    for target, size, (_, own) in zip(targets, sizes, group, strict=True):
        begin, end = end, end + size
        own_keys, own_rows = _kept_keys(draft, target)
        keys[begin:end], rows[begin:end] = own_keys[own], own_rows[own]
    files = np.repeat(np.array([target.index for target in targets], np.int32), sizes)
    masks = np.array([search.mask(target) for target in targets])
    return _Chunk(files, rows, keys, keys ^ np.repeat(masks, sizes))


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
    texts = hash_texts(table.column("text" if file.kind == "text" else "target_text").to_pylist(), forms)
    sides = [texts]
    if file.kind == "pairs":  # a pair's group is the hash of its folded source
        source = table.column("group").to_numpy() if by_language else None
        sides.insert(0, hash_texts(table.column("source_text").to_pylist(), forms) if source is None else source)
    yield Target(file.index, file, False), cluster_keys(*_languages(table, file.language_column, by_language), *sides)
    if file.kind == "text":
        documents = file.document_table()
        whole = document_hashes(texts, column(table, "document_row").to_numpy(), documents.num_rows)
        keys = cluster_keys(*_languages(documents, "lang", by_language), whole)
        yield Target(files + file.index, file, True), keys


def _languages(table: pa.Table, name: str, by_language: bool) -> tuple[npt.NDArray[np.int32], list[str]]:
    return codes(table, name) if by_language else (np.zeros(table.num_rows, np.int32), [""])


def _kept_keys(draft: Draft, target: Target) -> tuple[Hashes, npt.NDArray[np.uint32]]:
    """Return the keys of a target in the order of the hash space, and the row of each, mapped into memory."""
    table = mapped(draft.folder / _keys_name(target))
    return column(table, "key").to_numpy(), column(table, "row").to_numpy()


def _keys_name(target: Target) -> str:
    return f"keys/{target.name}"


def _record(target: Target, entry: FileEntry, sizes: Any, ranks: Any, published: Any) -> SplitRecord:
    if target.documents:
        counts = _counts(target.file.document_table(), "lang", ranks, published)
        return SplitRecord(files=[entry], summary={"documents": counts, "largest": []})
    table, kind, language = target.file.table(), target.file.kind, target.file.language_column
    first = np.flatnonzero((ranks == 0) & (sizes > 1))
    first = first[np.argsort(-sizes[first], kind="stable")][:LARGEST]
    shown = table.select([language, "text" if kind == "text" else "target_text"]).take(pa.array(first))
    return SplitRecord(
        files=[entry],
        rows=SplitRecord.rows_of(Counts(len(sizes), 0, len(sizes))),
        summary={
            "languages": {kind: _counts(table, language, ranks, published)},
            "largest": [
                {"kind": kind, "language": name, "size": size, "text": text[:200]}
                for name, text, size in zip(*(shown[part].to_pylist() for part in shown.column_names),
                                            sizes[first].tolist(), strict=True)
            ],
        },
    )  # fmt: skip


def _counts(table: pa.Table, name: str, ranks: Any, published: Any) -> dict[str, dict[str, int]]:
    """Return rows, copies (but for the first of each cluster) and rows published before, by language."""
    language, names = codes(table, name)
    rows, copies, before = (
        np.bincount(part, minlength=len(names)).tolist()
        for part in (language, language[ranks > 0], language[published])
    )
    return {
        code: {"rows": rows[place], "copies": copies[place], "published": before[place]}
        for place, code in enumerate(names)
    }
