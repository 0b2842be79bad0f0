"""Verify: which documents that were compared share as much as is asked, by their whole sets of shingles.

Of pairs both sides must: the similarity of two pairs is that of their less similar side.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.schemas import NEAR
from pipelines.dedup.candidates import Ids, unique_pairs
from pipelines.dedup.jaccard import jaccard
from pipelines.dedup.shingles import Shingles
from pipelines.stages.inputs import FileTask, RowFile
from pipelines.stages.rounds import Round, for_file
from pipelines.stages.work import add_up, column, mapped

_ROW: Final = np.int64(0xFFFFFFFF)  # the part of an id that is a row; the rest is the file


@dataclass(frozen=True)
class Verifying:
    """What pairs are verified by: the least similarity, the files by their index, and the rounds that paired them."""

    least: float
    files: Mapping[int, RowFile]
    rounds: Sequence[Round]


def verify_file(verifying: Verifying, draft: Draft, task: FileTask) -> SplitRecord:
    """Write the pairs (NEAR) that hold, of those whose first document is in the file."""
    paths = [draft.folder / own.file for own in verifying.rounds]
    left, right = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for found in for_file(paths, task.file.index):
        left.append(found["left"])
        right.append(found["right"])
    pairs = unique_pairs(np.concatenate(left), np.concatenate(right))
    return verify(draft, verifying.least, verifying.files, task, *pairs)


def verify(
    draft: Draft, least: float, files: Mapping[int, RowFile], task: FileTask, left: Ids, right: Ids
) -> SplitRecord:
    """Write the pairs (NEAR) whose shingle sets share at least `least`. Ids are (file, row), sorted by `left`."""
    similarities = np.ones(len(left), np.float32)
    ends: dict[str, Any] = {
        "first": np.zeros(len(left), np.uint64), "second": np.zeros(len(left), np.uint64),
        "first_size": np.zeros(len(left), np.int32), "second_size": np.zeros(len(left), np.int32),
    }  # fmt: skip
    own, own_rows = _kept_shingles(draft, task.file)
    for number in np.unique(right >> 32).tolist():
        here = np.flatnonzero(right >> 32 == number)
        other, other_rows = _kept_shingles(draft, files[number])
        for side, file, ids in (("first", task.file, left[here]), ("second", files[number], right[here])):
            clusters = clusters_of(draft, file)
            ends[side][here] = column(clusters, "cluster").to_numpy()[ids & _ROW]
            ends[f"{side}_size"][here] = column(clusters, "cluster_size").to_numpy()[ids & _ROW]
        for own_side, other_side in zip(own, other, strict=True):
            first, first_places = _sets(own_side, own_rows, left[here])
            second, second_places = _sets(other_side, other_rows, right[here])
            alike = jaccard(first, first_places, second, second_places, least)
            similarities[here] = np.minimum(similarities[here], alike)
    holds = similarities >= np.float32(least)
    table = pa.table({**{name: values[holds] for name, values in ends.items()}, "jaccard": similarities[holds]}, NEAR)
    name = task.file.compared
    entry = draft.write_table(f"near/pairs/{name}", table, {"kind": "near", "of": name})
    group, unit, labels = _labels(task.file)
    worded = np.logical_and.reduce([side.sizes > 0 for side in own])
    return SplitRecord(
        files=[entry],
        summary={
            group: add_up(
                {label: {what: count} for label, count in Counter(labels[rows].tolist()).items()}
                for what, rows in (
                    (unit, own_rows[worded]),
                    ("candidates", left & _ROW),
                    ("verified", left[holds] & _ROW),
                )
            )
        },
    )


def _sets(shingles: Shingles, rows: Any, ids: Ids) -> tuple[Shingles, Any]:
    """Return the shingle sets of the documents with these ids, and the place of each id's among them."""
    documents, places = np.unique(np.searchsorted(rows, ids & _ROW), return_inverse=True)
    return shingles.sets(documents), places


def clusters_of(draft: Draft, file: RowFile) -> pa.Table:
    """Return the clusters of a file's documents, or pairs, (CLUSTERS) as the draft has them."""
    return mapped(draft.folder / f"clusters/{file.compared}")


def keep_shingles(draft: Draft, file: RowFile, sides: Sequence[Shingles], rows: npt.NDArray[np.int64]) -> FileEntry:
    """Write the shingles of a file's documents, which stand at `rows`, for verification; a pair has two `sides`."""
    sets = [pa.LargeListArray.from_arrays(pa.array(side.starts), pa.array(side.values)) for side in sides]
    return draft.write_table(_shingles_name(file), pa.table({"row": rows, **{_side(n): s for n, s in enumerate(sets)}}))


def _kept_shingles(draft: Draft, file: RowFile) -> tuple[list[Shingles], Any]:
    """Return the shingles of each side of a file's documents, mapped into memory, and the documents' rows."""
    table = mapped(draft.folder / _shingles_name(file))
    sides = [column(table, _side(number)) for number in range(table.num_columns - 1)]
    return [Shingles(sets.values.to_numpy(), sets.offsets.to_numpy()) for sets in sides], column(
        table, "row"
    ).to_numpy()


def _side(number: int) -> str:
    return f"shingles{number}"


def _labels(file: RowFile) -> tuple[str, str, Any]:
    """Return what the summary groups by, what it counts, and the group of each row: of documents their script."""
    if file.kind == "pairs":
        language, names = file.languages()
        return "languages", "pairs", np.array(names, object)[language]
    table = file.table().select(["script", "document_row"])
    first = np.searchsorted(column(table, "document_row").to_numpy(), np.arange(file.document_table().num_rows))
    return "scripts", "documents", np.array(column(table, "script").take(pa.array(first)).to_pylist(), object)


def _shingles_name(file: RowFile) -> str:
    return f"shingles/{file.compared}"
