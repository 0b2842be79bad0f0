# mypy: disable-error-code="no-untyped-call"
"""Deduplicate: which rows are copies of each other. Hashes and positions are shuffled, text is not; nothing is dropped.

Each file's hashes go in buckets to whoever sorts that part of the hash space; what comes back, for copies alone, is
written row by row beside the file's name.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from pipelines.config.deduplicate import DeduplicateSection
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.schemas import CLUSTERS
from pipelines.datasets.stage import Job, Outcome
from pipelines.dedup.exact import Copies, Hashes, by_bucket, find_copies
from pipelines.stages.inputs import RowFile, row_files, row_keys
from pipelines.stages.work import add_up, column, records_of, run_counted, total, unfinished

LARGEST = 20  # clusters shown in the summary

Part = tuple[int, tuple[int, Any, Any]]  # bucket, (file, hashes, positions)
Found = tuple[int, tuple[Any, Any, Any, Any] | None]  # file, (positions, clusters, sizes, ranks)


def run(job: Job) -> Outcome:
    """Hash every row, join equal hashes bucket by bucket, and write a cluster for each row."""
    section: DeduplicateSection = job.config
    files = row_files(job)
    pending = unfinished(job.draft, files)
    run_counted(job, files, pending, lambda pipeline: _clusters(pipeline, files, pending, section.buckets, job.draft))
    records = records_of(job.draft, files)
    counts, entries, _ = total(records)
    return Outcome(
        unit_in="rows",
        unit_out="rows",
        counts=counts,
        files=entries,
        summary=_summary([record.summary for record in records]),
    )


def _clusters(
    pipeline: beam.Pipeline, files: list[RowFile], pending: list[RowFile], buckets: int, draft: Draft
) -> None:
    found = (
        pipeline
        | "Files" >> beam.Create(files)
        | "Hash rows" >> beam.ParDo(HashRows(draft, buckets)).with_output_types(Part)
        | "Group by bucket" >> beam.GroupByKey()
        | "Find copies" >> beam.ParDo(FindCopies()).with_output_types(Found)
    )
    asked = pipeline | "Files to write" >> beam.Create([(file.index, None) for file in pending])
    (
        (found, asked)
        | "Copies and files" >> beam.Flatten()
        | "Group by file" >> beam.GroupByKey()
        | "Write clusters" >> beam.ParDo(WriteClusters(draft, {file.index: file for file in pending}))
    )


class HashRows(beam.DoFn):
    """Emits a file's hashes and their positions, bucket by bucket, and keeps them for the writer."""

    def __init__(self, draft: Draft, buckets: int) -> None:
        self._draft = draft
        self._buckets = buckets

    def process(self, file: RowFile) -> Iterator[Part]:
        keys = row_keys(file)
        np.save(_kept_keys(self._draft, file), keys)
        for bucket, positions in by_bucket(keys, self._buckets):
            yield bucket, (file.index, keys[positions], positions.astype(np.uint32))


class FindCopies(beam.DoFn):
    """Joins equal hashes of one bucket, in the order of the files."""

    def process(self, element: tuple[int, Iterable[tuple[int, Hashes, Any]]]) -> Iterator[Found]:
        parts = sorted(element[1], key=lambda part: part[0])
        copies = find_copies([(hashes, positions) for _, hashes, positions in parts])
        for number, (file, _, _) in enumerate(parts):
            if len(own := np.flatnonzero(copies.part == number)):
                yield file, _columns(copies, own)


class WriteClusters(beam.DoFn):
    """Writes a file's clusters: what was found for its copies, and a cluster of its own for every other row."""

    def __init__(self, draft: Draft, files: dict[int, RowFile]) -> None:
        self._draft = draft
        self._files = files

    def process(self, element: tuple[int, Iterable[tuple[Any, Any, Any, Any] | None]]) -> None:
        file = self._files.get(element[0])
        if file is not None:
            found = [part for part in element[1] if part is not None]
            self._draft.finish(file.split, write_clusters(self._draft, file, found))


def write_clusters(draft: Draft, file: RowFile, found: list[tuple[Any, Any, Any, Any]]) -> SplitRecord:
    """Write the file of clusters (CLUSTERS) that is row-aligned to `file`."""
    keys = np.load(_kept_keys(draft, file))
    sizes, ranks = np.ones(len(keys), np.int32), np.zeros(len(keys), np.int32)
    for positions, clusters, part_sizes, part_ranks in found:
        keys[positions], sizes[positions], ranks[positions] = clusters, part_sizes, part_ranks
    table = pa.table({"cluster": keys, "cluster_size": sizes, "rank": ranks}, schema=CLUSTERS)
    entry = draft.write_table(f"clusters/{file.name}", table, {"kind": "clusters", "of": file.name})
    return SplitRecord(
        files=[entry],
        rows=SplitRecord.rows_of(Counts(len(keys), 0, len(keys))),
        summary=_file_summary(file, sizes, ranks),
    )


def _columns(copies: Copies, rows: Any) -> tuple[Any, Any, Any, Any]:
    return copies.position[rows], copies.cluster[rows], copies.size[rows], copies.rank[rows]


def _kept_keys(draft: Draft, file: RowFile) -> str:
    return str(draft.scratch(f"{file.split}.npy"))


def _file_summary(file: RowFile, sizes: Any, ranks: Any) -> dict[str, Any]:
    table = file.table()
    languages = table.column(file.language_column).to_pylist()
    rows, copies = Counter(languages), Counter(np.array(languages, object)[ranks > 0].tolist())
    first = np.flatnonzero((ranks == 0) & (sizes > 1))
    first = first[np.argsort(-sizes[first], kind="stable")][:LARGEST]
    texts = column(table, "text" if file.kind == "text" else "target_text").take(pa.array(first)).to_pylist()
    return {
        "languages": {file.kind: {name: {"rows": rows[name], "copies": copies[name]} for name in rows}},
        "largest": [
            {"kind": file.kind, "language": languages[row], "size": int(sizes[row]), "text": text[:200]}
            for row, text in zip(first.tolist(), texts, strict=True)
        ],
    }


def _summary(parts: list[dict[str, Any]]) -> dict[str, Any]:
    largest = [cluster for part in parts for cluster in part["largest"]]
    largest.sort(key=lambda cluster: (-cluster["size"], cluster["kind"], cluster["language"], cluster["text"]))
    return {"languages": add_up(part["languages"] for part in parts), "largest": largest[:LARGEST]}
