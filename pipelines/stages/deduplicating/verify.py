"""Verify: which candidate pairs of documents share as much as is asked, by their whole sets of shingles."""

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
from pipelines.stages.inputs import FileTask, RowFile, documents_name
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
    similarities = np.zeros(len(left), np.float32)
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
        first, first_places = _sets(own, own_rows, left[here])
        second, second_places = _sets(other, other_rows, right[here])
        similarities[here] = jaccard(first, first_places, second, second_places, least)
    holds = similarities >= np.float32(least)
    table = pa.table({**{name: values[holds] for name, values in ends.items()}, "jaccard": similarities[holds]}, NEAR)
    name = documents_name(task.file.name)
    entry = draft.write_table(f"near/pairs/{name}", table, {"kind": "near", "of": name})
    scripts = np.array(_scripts(task.file), object)
    return SplitRecord(
        files=[entry],
        summary={
            "scripts": add_up(
                {script: {what: count} for script, count in Counter(scripts[rows].tolist()).items()}
                for what, rows in (
                    ("documents", own_rows[own.sizes > 0]),
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
    """Return the clusters of a file's documents (CLUSTERS) as the draft has them."""
    return mapped(draft.folder / f"clusters/{documents_name(file.name)}")


def keep_shingles(draft: Draft, file: RowFile, shingles: Shingles, rows: npt.NDArray[np.int64]) -> FileEntry:
    """Write the shingles of a file's documents, which stand at `rows`, for verification."""
    sets = pa.LargeListArray.from_arrays(pa.array(shingles.starts), pa.array(shingles.values))
    return draft.write_table(_shingles_name(file), pa.table({"row": rows, "shingles": sets}))


def _kept_shingles(draft: Draft, file: RowFile) -> tuple[Shingles, Any]:
    """Return the shingles of a file's documents, mapped into memory, and the documents' rows."""
    table = mapped(draft.folder / _shingles_name(file))
    sets = column(table, "shingles")
    return Shingles(sets.values.to_numpy(), sets.offsets.to_numpy()), column(table, "row").to_numpy()


def _scripts(file: RowFile) -> list[str]:
    """Return the script of each document's first text."""
    table = file.table().select(["script", "document_row"])
    first = np.searchsorted(column(table, "document_row").to_numpy(), np.arange(file.document_table().num_rows))
    return column(table, "script").take(pa.array(first)).to_pylist()  # type: ignore[no-any-return]


def _shingles_name(file: RowFile) -> str:
    return f"shingles/{documents_name(file.name)}"
