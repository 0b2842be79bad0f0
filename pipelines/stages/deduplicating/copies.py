# mypy: disable-error-code="no-untyped-call"
"""Copies of texts, pairs and documents. Hashes and positions are shuffled, text is not.

Each file's hashes go in buckets to whoever sorts that part of the hash space; what comes back, for copies alone, is
written row by row beside the file's name. Keys of datasets that were published before join the same shuffle.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.config.deduplicate import DeduplicateSection
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.schemas import CLUSTERS
from pipelines.datasets.stage import Job
from pipelines.dedup.exact import (
    Copies,
    Hashes,
    among,
    by_bucket,
    cluster_keys,
    document_hashes,
    find_copies,
    group_mask,
    hash_texts,
)
from pipelines.stages.inputs import RowFile, documents_name, sides_of
from pipelines.stages.work import codes, column, mapped, run_counted, unfinished
from pipelines.text.ccnet import ccnet_forms
from pipelines.text.fold import fold_all

LARGEST: Final = 20  # clusters shown in the summary
_BEFORE: Final = -1  # the number of what was published before
_FORMS: Final = {"fold": fold_all, "ccnet": ccnet_forms}

Part = tuple[int, tuple[int, Any, Any]]  # bucket, (target, hashes, positions)
Found = tuple[int, tuple[Any, Any, Any, Any, Any] | None]  # target, (positions, clusters, sizes, ranks, published)


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


def find_all_copies(job: Job, targets: Sequence[Target], before: Sequence[Path]) -> None:
    """Write the clusters of every target that is not finished. `before` are index files of published datasets."""
    pending = unfinished(job.draft, targets)
    section: DeduplicateSection = job.config
    run_counted(job, targets, pending, lambda pipeline: _build(pipeline, section, job.draft, targets, pending, before))


def _build(
    pipeline: beam.Pipeline,
    section: DeduplicateSection,
    draft: Draft,
    targets: Sequence[Target],
    pending: Sequence[Target],
    before: Sequence[Path],
) -> None:
    files = [target.file for target in targets if not target.documents]
    hashed = (
        pipeline
        | "Files" >> beam.Create(files)
        | "Hash rows" >> beam.ParDo(HashRows(draft, section, len(files))).with_output_types(Part)
    )
    published = (
        pipeline
        | "Index files" >> beam.Create(list(before))
        | "Read keys" >> beam.ParDo(ReadKeys(section.buckets)).with_output_types(Part)
    )
    found = (
        (hashed, published)
        | "Rows and keys" >> beam.Flatten()
        | "Group by bucket" >> beam.GroupByKey()
        | "Find copies" >> beam.ParDo(FindCopies(section.group_splits, len(files))).with_output_types(Found)
    )
    asked = pipeline | "Files to write" >> beam.Create([(target.index, None) for target in pending])
    (
        (found, asked)
        | "Copies and files" >> beam.Flatten()
        | "Group by file" >> beam.GroupByKey()
        | "Write clusters" >> beam.ParDo(WriteClusters(draft, section, {target.index: target for target in pending}))
    )


class HashRows(beam.DoFn):
    """Emits the keys of a file's rows and documents with their positions, by bucket, and keeps them for the writer."""

    def __init__(self, draft: Draft, section: DeduplicateSection, files: int) -> None:
        self._draft = draft
        self._section = section
        self._files = files

    def process(self, file: RowFile) -> Iterator[Part]:
        for target, keys in _keys(file, self._section.normalisation, self._files):
            np.save(_kept_keys(self._draft, target), keys)
            for bucket, positions in by_bucket(keys, self._section.buckets):
                yield bucket, (target.index, keys[positions], positions.astype(np.uint32))


class ReadKeys(beam.DoFn):
    """Emits the keys of an index file (INDEX) by bucket."""

    def __init__(self, buckets: int) -> None:
        self._buckets = buckets

    def process(self, path: Path) -> Iterator[Part]:
        keys = column(mapped(path), "key").to_numpy()
        for bucket, positions in by_bucket(keys, self._buckets):
            yield bucket, (_BEFORE, keys[positions], None)


class FindCopies(beam.DoFn):
    """Joins equal keys of one bucket, in the order of the files, and marks those that were published before."""

    def __init__(self, group_splits: int, files: int) -> None:
        self._group_splits = group_splits
        self._files = files

    def process(self, element: tuple[int, Iterable[tuple[int, Hashes, Any]]]) -> Iterator[Found]:
        received = sorted(element[1], key=lambda part: part[0])
        before = [keys for target, keys, _ in received if target == _BEFORE]
        parts = [part for part in received if part[0] != _BEFORE]
        if not parts:
            return
        masks = [_mask(self._group_splits, target % self._files) for target, _, _ in parts]
        copies = find_copies([(keys ^ mask, at) for (_, keys, at), mask in zip(parts, masks, strict=True)])
        published = np.concatenate(before) if before else np.zeros(0, np.uint64)
        for number, (target, keys, positions) in enumerate(parts):
            own = np.flatnonzero(copies.part == number)
            again = positions[among(keys, published)]
            if len(own) or len(again):
                yield target, (*_columns(copies, own), again)


class WriteClusters(beam.DoFn):
    """Writes a file's clusters: what was found for its copies, and a cluster of its own for every other row."""

    def __init__(self, draft: Draft, section: DeduplicateSection, targets: dict[int, Target]) -> None:
        self._draft = draft
        self._section = section
        self._targets = targets

    def process(self, element: tuple[int, Iterable[tuple[Any, ...] | None]]) -> None:
        target = self._targets.get(element[0])
        if target is not None:
            found = [part for part in element[1] if part is not None]
            mask = _mask(self._section.group_splits, target.file.index)
            self._draft.finish(target.split, write_clusters(self._draft, target, mask, found))


def write_clusters(draft: Draft, target: Target, mask: np.uint64, found: list[tuple[Any, ...]]) -> SplitRecord:
    """Write the file of clusters (CLUSTERS) that is row-aligned to `target`; `mask` is its group's."""
    keys = np.load(_kept_keys(draft, target)) ^ mask
    sizes, ranks, published = np.ones(len(keys), np.int32), np.zeros(len(keys), np.int32), np.zeros(len(keys), bool)
    for positions, clusters, part_sizes, part_ranks, part_published in found:
        keys[positions], sizes[positions], ranks[positions] = clusters, part_sizes, part_ranks
        published[part_published] = True
    table = pa.table([keys, sizes, ranks, published], schema=CLUSTERS)
    kind = "document_clusters" if target.documents else "clusters"
    entry = draft.write_table(f"clusters/{target.name}", table, {"kind": kind, "of": target.name})
    return _record(target, entry, sizes, ranks, published)


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


def _mask(group_splits: int, file: int) -> np.uint64:
    return group_mask(file // group_splits) if group_splits else np.uint64(0)


def _columns(copies: Copies, rows: Any) -> tuple[Any, Any, Any, Any]:
    return copies.position[rows], copies.cluster[rows], copies.size[rows], copies.rank[rows]


def _kept_keys(draft: Draft, target: Target) -> str:
    return str(draft.scratch(f"keys/{target.split}.npy"))


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
