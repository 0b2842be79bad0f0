"""Matching by key: which rows are the same entry of the same document, one part of the hash space at a time.

Each file's groups are kept in the order of the hash space (`rounds`); a round matches one part of it, among all files.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipelines.align.keys import NO_GROUP, match
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.stages.chunks import chunks
from pipelines.stages.inputs import FileTask, RowFile
from pipelines.stages.rounds import Round, hash_order
from pipelines.stages.work import codes, column

ROW: Final = 90  # bytes that a row takes while its part of the hash space is matched


def keep_groups(pivot: str, draft: Draft, task: FileTask) -> SplitRecord:
    """Keep the groups of a file's rows, which rows these are, and whether they are in the pivot language."""
    table = task.file.table()
    groups = column(table, "group").to_numpy()
    grouped = np.flatnonzero(groups != NO_GROUP)  # no other row has a counterpart
    rows = grouped[hash_order(groups[grouped])]
    kept = {
        "group": groups[rows],
        "row": rows.astype(np.uint32),
        "is_pivot": is_language(table, pivot)[rows].astype(np.uint8),
    }
    return SplitRecord(files=[draft.write_table(_kept(task.file), pa.table(kept))])


def match_round(files: Sequence[RowFile], draft: Draft, part: Round) -> SplitRecord:
    """Match the rows of one part of the hash space: file and row of each target, and those of its source."""
    nothing = {"file": np.int32, "group": np.uint64, "row": np.uint32, "is_pivot": np.uint8}
    read = [{name: np.zeros(0, kind) for name, kind in nothing.items()}]
    read += chunks([(file.index, draft.folder / _kept(file)) for file in files], part)
    file_of, groups, rows, is_pivot = (np.concatenate([chunk[name] for chunk in read]) for name in nothing)
    pivots, targets = np.flatnonzero(is_pivot), np.flatnonzero(is_pivot == 0)
    matches = match(groups[pivots], groups[targets])
    target, pivot = targets[matches.target], pivots[matches.pivot]
    found = {
        "file": file_of[target],
        "row": rows[target],
        "source_file": file_of[pivot],
        "source_row": rows[pivot],
    }
    return SplitRecord(files=[draft.write_table(part.file, pa.table(found))])


def is_language(table: pa.Table, language: str) -> Any:
    """Return which rows are in a language: bool [n]."""
    code, names = codes(table, "lang")
    return code == (names.index(language) if language in names else -1)


def _kept(file: RowFile) -> str:
    return f"groups/{file.name}"
