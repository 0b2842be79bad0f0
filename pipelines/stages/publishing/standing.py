"""How a file's rows stand before copies are resolved: what each failed, its level, and its cluster."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.config.deduplicate import Duplicates
from pipelines.datasets.draft import Draft
from pipelines.datasets.reasons import Reason
from pipelines.dedup.exact import Hashes
from pipelines.dedup.survivors import TRAIN, Levels
from pipelines.stages.inputs import FileTask, RowFile
from pipelines.stages.publishing.index import KeySpace
from pipelines.stages.publishing.screen import is_mined, screened
from pipelines.stages.publishing.splits import Assignment
from pipelines.stages.publishing.thresholds import PASSED, Codes, Limits, code_of
from pipelines.stages.work import codes, column


@dataclass(frozen=True)
class Deciding:
    """What every file is decided by."""

    draft: Draft
    limits: Limits
    duplicates: Duplicates
    assignment: Assignment
    small: Mapping[str, list[str]]  # languages that are too small, by kind
    key_space: KeySpace

    @property
    def by_document(self) -> bool:
        """Whether whole documents are dropped as copies."""
        return "one" in (self.duplicates.documents, self.duplicates.near)


@dataclass(frozen=True)
class Rows:
    """The rows of one file before copies are resolved: the reason to drop them or 0, and their level."""

    failures: Codes
    levels: Levels
    clusters: Hashes


def standing(deciding: Deciding, task: FileTask) -> Rows:
    """Return how the rows of a file stand."""
    table, file = task.file.table(), task.file
    failures = screened(deciding.draft, file).failures.copy()
    language, names = file.languages()
    small = [code for code, name in enumerate(names) if name in deciding.small.get(file.kind, [])]
    _fail(failures, np.isin(language, small), Reason.SMALL_LANGUAGE)
    clusters = column(file.cluster_table(), "cluster").to_numpy()
    _fail(failures, _published_before(deciding, file), Reason.PUBLISHED_BEFORE)
    if file.kind == "text" and deciding.duplicates.paragraphs == "none":
        _fail(failures, column(file.cluster_table(), "cluster_size").to_numpy() > 1, Reason.REPEATED)
    document, documents = codes(table, "document")
    levels = deciding.assignment.levels(documents, document, clusters)
    if file.kind == "pairs":
        _fail(failures, is_mined(table) & (levels > TRAIN), Reason.HELD_OUT)
    return Rows(failures, levels, clusters)


def _published_before(deciding: Deciding, file: RowFile) -> npt.NDArray[np.bool_]:
    """Return which rows were published before: by row, unless all copies are kept, and by document, if one is."""
    rows: npt.NDArray[np.bool_] = column(file.cluster_table(), "published").to_numpy(zero_copy_only=False)
    if file.kind == "pairs":
        return rows
    before = rows if deciding.duplicates.paragraphs != "all" else np.zeros(len(rows), bool)
    if deciding.by_document:
        documents = column(file.document_cluster_table(), "published").to_numpy(zero_copy_only=False)
        before = before | documents[column(file.table(), "document_row").to_numpy()]
    return before


def _fail(failures: Codes, mask: npt.NDArray[np.bool_], reason: Reason) -> None:
    failures[(failures == PASSED) & mask] = code_of(reason)
