"""Matching by key: which rows are the same entry of the same document, one part of the hash space at a time.

Each file's groups are kept in the order of the hash space (`rounds`); a round matches one part of it, among all files.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipelines.align.keys import NO_GROUP, PIVOT, match
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.stages.chunks import chunks
from pipelines.stages.inputs import FileTask, RowFile
from pipelines.stages.rounds import Round, hash_order
from pipelines.stages.work import codes, column

SOURCE: Final = -2  # in the place of a source's file: the row is one itself
ROW: Final = 110  # bytes that a row takes while its part of the hash space is matched


def keep_groups(languages: Sequence[str], draft: Draft, task: FileTask) -> SplitRecord:
    """Keep the groups of a file's rows, which rows these are, and the place of their language in `languages`."""
    table = task.file.table()
    groups = column(table, "group").to_numpy()
    grouped = np.flatnonzero(groups != NO_GROUP)  # no other row has a counterpart
    rows = grouped[hash_order(groups[grouped])]
    code, names = codes(table, "lang")
    places = np.array([languages.index(name) for name in names], np.uint16)
    kept = {"group": groups[rows], "row": rows.astype(np.uint32), "language": places[code[rows]]}
    return SplitRecord(files=[draft.write_table(_kept(task.file), pa.table(kept))])


def match_round(files: Sequence[RowFile], draft: Draft, part: Round) -> SplitRecord:
    """Match the rows of one part of the hash space: file and row of each target, and those of its source.

    A source beside the pivot's is a row too, and its source is `SOURCE`.
    """
    nothing = {"file": np.int32, "group": np.uint64, "row": np.uint32, "language": np.uint16}
    read = [{name: np.zeros(0, kind) for name, kind in nothing.items()}]
    read += chunks([(file.index, draft.folder / _kept(file)) for file in files], part)
    file_of, groups, rows, languages = (np.concatenate([chunk[name] for chunk in read]) for name in nothing)
    matches = match(groups, languages)
    others = np.unique(matches.source[languages[matches.source] != PIVOT])
    place = np.concatenate([matches.target, others])
    source = np.concatenate([matches.source, others])
    is_source = np.arange(len(place)) >= len(matches.target)
    order = np.argsort(place)  # of the files
    found = {
        "file": file_of[place],
        "row": rows[place],
        "source_file": np.where(is_source, SOURCE, file_of[source]).astype(np.int32),
        "source_row": rows[source],
    }
    found = {name: values[order] for name, values in found.items()}
    return SplitRecord(files=[draft.write_table(part.file, pa.table(found))])


def is_language(table: pa.Table, language: str) -> Any:
    """Return which rows are in a language: bool [n]."""
    code, names = codes(table, "lang")
    return code == (names.index(language) if language in names else -1)


def _kept(file: RowFile) -> str:
    return f"groups/{file.name}"
