"""Near duplicates among documents, or pairs: sketched, compared where they share a band, verified by exact Jaccard.

Band keys and positions go from file to file in the order of the hash space, and rounds pair the documents of one part
of it. The shingles stay in files too, which verification maps into memory. Pairs are documents of two sides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.config.deduplicate import Near
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.manifest import FileEntry
from pipelines.dedup.candidates import Ids, encode, pairs_sharing
from pipelines.dedup.exact import Hashes, Positions, among, cluster_keys, find_repeated
from pipelines.dedup.shingles import joined, shingled, side_by_side
from pipelines.dedup.sketch import band_keys
from pipelines.engine.steps import Step
from pipelines.stages.chunks import chunks
from pipelines.stages.deduplicating.near_clusters import JoinTask, join_pairs, write_near_clusters
from pipelines.stages.deduplicating.verify import Verifying, clusters_of, keep_shingles, verify_file
from pipelines.stages.inputs import FileTask, Kind, RowFile, tasks_for
from pipelines.stages.rounds import Round, hash_order
from pipelines.stages.work import column
from pipelines.text.words import mixed


@dataclass(frozen=True)
class NearSearch:
    """What is searched for near duplicates: the documents, or the pairs, of files of one `kind`, in rounds.

    `chunk_rows` is how many band keys are held at once, and ends of verified pairs when they are joined.
    """

    near: Near
    kind: Kind
    files: Sequence[RowFile]
    rounds: Sequence[Round]
    chunk_rows: int

    @property
    def verified(self) -> list[FileTask]:
        """The tasks that verify the pairs of each file."""
        return tasks_for("near", self.files)

    @property
    def joined(self) -> list[FileTask]:
        """The tasks that write the near clusters of each file."""
        return tasks_for("near_clusters", self.files)


def near_steps(search: NearSearch) -> list[Step[Any]]:
    """Return the steps that write the verified pairs (NEAR) and near clusters (NEAR_CLUSTERS) of every file."""
    of = "documents" if search.kind == "text" else "pairs"
    sketch = sketch_documents if search.kind == "text" else sketch_pairs
    verifying = Verifying(search.near.jaccard, {file.index: file for file in search.files}, search.rounds)
    return [
        Step(f"Sketch {of}", tasks_for("sketches", search.files), partial(sketch, search.near)),
        Step(f"Compare {of}", search.rounds, partial(pair_in_round, search)),
        Step(f"Verify {of}", search.verified, partial(verify_file, verifying)),
        Step(f"Join {of}", [JoinTask(search.kind)], partial(join_pairs, search.files, search.chunk_rows)),
        Step(f"Near clusters of {of}", search.joined, write_near_clusters),
    ]


def sketch_documents(near: Near, draft: Draft, task: FileTask) -> SplitRecord:
    """Write the band keys of a file's documents, one of each document's copies, and their shingles."""
    rows = _first_of_copies(draft, task.file)
    texts, starts = _texts_of(task.file, rows)
    parts, keys = [], [np.zeros((0, near.bands), np.uint64)]
    for part in shingled(texts, starts, near.shingle_words):
        parts.append(part)
        keys.append(band_keys(part, near.bands, near.rows))
    shingles = joined(parts)
    sketches = _keep_sketches(draft, task.file, rows, np.concatenate(keys), shingles.sizes > 0)
    return SplitRecord(files=[sketches, keep_shingles(draft, task.file, [shingles], rows)])


def sketch_pairs(near: Near, draft: Draft, task: FileTask) -> SplitRecord:
    """Write the band keys of a file's pairs, one of each pair's copies, and the shingles of their sides.

    Pairs of other languages share no key, and a pair with a side that has no word takes no part.
    """
    rows = _first_of_copies(draft, task.file)
    table = task.file.table()
    each = np.arange(len(rows) + 1)
    source, target = (
        joined(list(shingled(column(table, name).take(pa.array(rows)).to_pylist(), each, near.shingle_words)))
        for name in ("source_text", "target_text")
    )
    keys = band_keys(side_by_side(source, target), near.bands, near.rows)
    keys = mixed(keys ^ cluster_keys(*task.file.languages())[rows, None])
    sketches = _keep_sketches(draft, task.file, rows, keys, (source.sizes > 0) & (target.sizes > 0))
    return SplitRecord(files=[sketches, keep_shingles(draft, task.file, [source, target], rows)])


def pair_in_round(search: NearSearch, draft: Draft, task: Round) -> SplitRecord:
    """Write the pairs of documents that share a band key of one part of the hash space, in the order of the files."""
    tables = [(file.index, draft.folder / _sketches_name(file)) for file in search.files]
    repeated, _ = find_repeated(part["key"] for part in chunks(tables, task, search.chunk_rows))

    def sharing() -> Iterator[tuple[Hashes, Ids]]:
        for part in chunks(tables, task, search.chunk_rows):
            own = np.flatnonzero(among(part["key"], repeated))
            yield part["key"][own], encode(part["file"][own], part["row"][own])

    schema = pa.schema({"file": pa.int32(), "left": pa.int64(), "right": pa.int64()})
    with draft.shard_writer(task.file, schema) as writer:
        for left, right in pairs_sharing(sharing(), search.chunk_rows):
            columns = ((left >> 32).astype(np.int32), left, right)
            writer.write(pa.record_batch([pa.array(values) for values in columns], schema=schema))
    return SplitRecord(files=[writer.entry])


def _first_of_copies(draft: Draft, file: RowFile) -> Positions:
    """Return the rows of the documents, or pairs, that are the first of their copies."""
    return np.flatnonzero(column(clusters_of(draft, file), "rank").to_numpy() == 0)


def _keep_sketches(draft: Draft, file: RowFile, rows: Positions, keys: Hashes, some: Any) -> FileEntry:
    """Write the band keys [n, bands] of documents that stand at `rows` and have shingles (`some` [n])."""
    some = np.flatnonzero(some)
    flat = keys[some].ravel()
    order = hash_order(flat)
    table = pa.table({"key": flat[order], "row": rows[some[order // keys.shape[1]]].astype(np.uint32)})
    return draft.write_table(_sketches_name(file), table)


def _texts_of(file: RowFile, documents: Any) -> tuple[list[str], Any]:
    """Return the texts of some documents in their order, and where each document's begin: int64 [documents + 1]."""
    table = file.table().select(["text", "document_row"])
    sizes = np.bincount(column(table, "document_row").to_numpy(), minlength=file.document_table().num_rows)
    wanted = np.zeros(len(sizes), bool)
    wanted[documents] = True
    texts = column(table, "text")
    if not wanted.all():
        texts = texts.filter(pa.array(np.repeat(wanted, sizes)))
    return texts.to_pylist(), np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes[documents])])


def _sketches_name(file: RowFile) -> str:
    return f"sketches/{file.compared}"
