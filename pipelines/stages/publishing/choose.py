"""Which documents lose to a copy or a near duplicate, if one of each is to be kept, by their hashes alone.

Documents that could lose, and the verified pairs among them, are decided on in rounds over the hash space of their near
clusters. This comes before copies of rows are resolved, so that no row loses to one whose document goes.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.dedup.exact import document_hashes
from pipelines.dedup.survivors import COPY, KEPT, NEAR, Documents, Levels, document_losers
from pipelines.engine.steps import Step
from pipelines.stages.chunks import Chunk, chunks
from pipelines.stages.inputs import FileTask, RowFile, tasks_for
from pipelines.stages.publishing.standing import Deciding, standing
from pipelines.stages.publishing.thresholds import PASSED
from pipelines.stages.rounds import Round, for_file, hash_order, rounds
from pipelines.stages.work import column, mapped

DOCUMENTS: Final = "documents"
PAIRS: Final = "pairs"
Fates: Final = pa.schema({"file": pa.int32(), "row": pa.uint32(), "fate": pa.uint8()})  # of documents that go
_NO_PAIRS: Final = pa.schema({name: pa.uint64() for name in ("near", "first", "second")}).empty_table()
_NEAR: Final = ("near_cluster", "near_cluster_size")
# bytes that a document, or a verified pair of documents, takes at most while its part of the hash space is decided on
ROW: Final = 200


def choices(deciding: Deciding, tasks: Sequence[FileTask], parts: int) -> list[Step[Any]]:
    """Return the steps that decide on the documents of all files, and write down what becomes of them.

    The hash space of near clusters is gone through in so many `parts`.
    """
    files = [task.file for task in tasks]
    chosen = rounds("choices", parts)
    found = [deciding.draft.folder / part.file for part in chosen]
    return [
        Step("Keep documents", tasks_for("contested", files), partial(keep_documents, deciding)),
        Step("Choose", chosen, partial(choose, files)),
        Step("Write choices", tasks, partial(choose_in_file, found)),
    ]


def keep_documents(deciding: Deciding, draft: Draft, task: FileTask) -> SplitRecord:
    """Keep the documents of a file that are copies of or near to others, and the pairs that were verified.

    Both are in the hash order of the near clusters that they are of.
    """
    file = task.file
    rows = standing(deciding, task)
    passed = rows.failures == PASSED
    clusters = file.document_cluster_table()
    document = column(file.table(), "document_row").to_numpy()
    count = np.bincount(document[passed], minlength=clusters.num_rows)
    levels = np.zeros(clusters.num_rows, np.uint8)
    np.maximum.at(levels, document[passed], rows.levels[passed])
    marks = document_hashes(passed.astype(np.uint64), document, clusters.num_rows)
    own, near, size = _clusters(deciding, file)
    contested = np.flatnonzero((count > 0) & (size > 1))
    pairs = _pairs(file, own, near) if deciding.duplicates.near == "one" else _NO_PAIRS
    return _keep(draft, file, near, contested, Documents(own, marks, levels, count), pairs)


def keep_pairs(draft: Draft, file: RowFile, staying: Any, levels: Levels) -> SplitRecord:
    """Keep the pairs of sentences that stay (bool [n]) and are near to others, as documents of one row are kept."""
    own = column(file.cluster_table(), "cluster").to_numpy()
    near, size = (column(file.near_cluster_table(), name).to_numpy() for name in _NEAR)
    documents = Documents(own, np.zeros(len(own), np.uint64), levels, np.ones(len(own), np.int64))
    return _keep(draft, file, near, np.flatnonzero(staying & (size > 1)), documents, _pairs(file, own, near))


def choose(files: Sequence[RowFile], draft: Draft, part: Round) -> SplitRecord:
    """Decide on the documents, or pairs, whose near clusters are in one part of the hash space."""
    documents, pairs = (
        _whole([(file.index, draft.folder / _contested(kind, file)) for file in files], part)
        for kind in (DOCUMENTS, PAIRS)
    )
    fate = np.zeros(0, np.uint8)
    if documents:
        nothing = np.zeros(0, np.uint64)
        fate = document_losers(
            Documents(*(documents[name] for name in ("cluster", "mark", "level", "rows"))),
            *(pairs.get(name, nothing) for name in ("first", "second")),
        )
    going = np.flatnonzero(fate != KEPT)
    columns = [documents.get(name, fate)[going] for name in ("file", "row")]
    table = pa.table([*columns, fate[going]], schema=Fates)
    return SplitRecord(files=[draft.write_table(part.file, table)])


def choose_in_file(found: Sequence[Path], draft: Draft, task: FileTask) -> SplitRecord:
    """Keep what becomes of each document of a file beside it until the commit; `found` is what `choose` wrote."""
    fate = np.full(task.file.document_cluster_table().num_rows, KEPT, np.uint8)
    for going in for_file(found, task.file.index):
        fate[going["row"]] = going["fate"]
    return SplitRecord(files=[draft.write_table(_name(task.file), pa.table({"fate": fate}))])


def lost_documents(draft: Draft, file: RowFile) -> tuple[Any, Any]:
    """Return which rows are of a document that is a lost copy, and of one that is a lost near duplicate: bool [n]."""
    fate = column(mapped(draft.folder / _name(file)), "fate").to_numpy()
    own = fate[column(file.table(), "document_row").to_numpy()]
    return own == COPY, own == NEAR


def _keep(draft: Draft, file: RowFile, near: Any, chosen: Any, documents: Documents, pairs: pa.Table) -> SplitRecord:
    """Keep the documents at `chosen` places, in the hash order of their near clusters [n], and verified `pairs`."""
    at = chosen[hash_order(near[chosen])]
    table = pa.table(
        {
            "near": near[at],
            "row": at.astype(np.uint32),
            "cluster": documents.clusters[at],
            "mark": documents.marks[at],
            "level": documents.levels[at],
            "rows": documents.rows[at],
        }
    )
    return SplitRecord(
        files=[
            draft.write_table(_contested(DOCUMENTS, file), table),
            draft.write_table(_contested(PAIRS, file), pairs),
        ]
    )


def _clusters(deciding: Deciding, file: RowFile) -> tuple[Any, Any, Any]:
    """Return the cluster of each document, that within which it may lose, and how many documents that has."""
    clusters = file.document_cluster_table()
    own, size = (column(clusters, name).to_numpy() for name in ("cluster", "cluster_size"))
    if deciding.duplicates.near == "all":
        return own, own, size
    near = file.near_cluster_table()
    return own, *(column(near, name).to_numpy() for name in _NEAR)


def _pairs(file: RowFile, own: Any, near: Any) -> pa.Table:
    first, second = (column(file.near_table(), name).to_numpy() for name in ("first", "second"))
    order = np.argsort(own)
    joint = near[order[np.searchsorted(own, first, sorter=order)]]
    at = hash_order(joint)
    return pa.table([joint[at], first[at], second[at]], schema=_NO_PAIRS.schema)


def _whole(tables: Sequence[tuple[int, Path]], part: Round) -> Chunk:
    """Return all that the tables hold of one part of the hash space; nothing at all where that is no row."""
    read = list(chunks(tables, part))
    return {name: np.concatenate([chunk[name] for chunk in read]) for name in read[0]} if read else {}


def _contested(kind: str, file: RowFile) -> str:
    return f"contested/{kind}/{file.name}"


def _name(file: RowFile) -> str:
    return f"choose/{file.name}"
