"""Near clusters: what verified pairs join, directly or by others, and the cluster of each document.

One process joins all, a file of them at a time. Its arrays are mapped files, 24 bytes for each different document (or
pair) that has a near duplicate, so that the kernel may take their memory back.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.schemas import NEAR_CLUSTERS
from pipelines.dedup.components import find_roots, join
from pipelines.engine.budget import MOST_PARTS
from pipelines.stages.deduplicating.verify import clusters_of
from pipelines.stages.inputs import FileTask, Kind, RowFile
from pipelines.stages.rounds import rounds, within
from pipelines.stages.work import column, mapped

_ENDS: Final = ("first", "second")
_TYPES: Final[dict[str, type[np.generic]]] = {
    "nodes": np.uint64, "parents": np.int64, "own": np.int32, "sizes": np.int32
}  # fmt: skip


@dataclass(frozen=True)
class JoinTask:
    """The one task that joins what was verified in all files of one kind."""

    kind: Kind

    @property
    def split(self) -> str:
        return f"near_join/{self.kind}"


def join_pairs(files: Sequence[RowFile], rows: int, draft: Draft, task: JoinTask) -> SplitRecord:
    """Find the components of the graph that the verified pairs make; about `rows` ends of pairs are held at once.

    Kept are the clusters that have a pair, ascending; the place of each one's component, which is that of its smallest
    cluster; and how many documents each component has.
    """
    paths = [draft.folder / f"near/pairs/{file.compared}" for file in files]
    nodes = _keep_nodes(draft, task.kind, paths, rows)
    parents, own, sizes = (_new(draft, task.kind, name, len(nodes)) for name in ("parents", "own", "sizes"))
    chunks = [slice(begin, min(begin + rows, len(nodes))) for begin in range(0, len(nodes), rows)]
    for chunk in chunks:
        parents[chunk] = np.arange(chunk.start, chunk.stop)
    for path in paths:
        table = mapped(path)
        left, right = (np.searchsorted(nodes, column(table, end).to_numpy()) for end in _ENDS)
        for places, end in ((left, "first"), (right, "second")):
            own[places] = column(table, f"{end}_size").to_numpy()
        join(parents, left, right)
    for chunk in chunks:
        parents[chunk] = find_roots(parents, parents[chunk])
        np.add.at(sizes, parents[chunk], own[chunk])
    for array in (nodes, parents, sizes):
        if isinstance(array, np.memmap):
            array.flush()
    draft.preserve(f"near_join/{task.kind}")
    return SplitRecord()


def write_near_clusters(draft: Draft, task: FileTask) -> SplitRecord:
    """Write the near cluster of each of a file's documents or pairs: its own cluster, where it is near to nothing."""
    clusters = clusters_of(draft, task.file)
    near, sizes = (column(clusters, name).to_numpy().copy() for name in ("cluster", "cluster_size"))
    nodes, parents, joint = (_kept(draft, task.file.kind, name) for name in ("nodes", "parents", "sizes"))
    if len(nodes):
        place = np.minimum(np.searchsorted(nodes, near), len(nodes) - 1)
        known = np.flatnonzero(nodes[place] == near)
        component = parents[place[known]]
        near[known], sizes[known] = nodes[component], joint[component]
    name = task.file.compared
    table = pa.table([near, sizes], schema=NEAR_CLUSTERS)
    return SplitRecord(files=[draft.write_table(f"near/{name}", table, {"kind": "near_clusters", "of": name})])


def _keep_nodes(draft: Draft, kind: Kind, paths: Sequence[Path], rows: int) -> npt.NDArray[Any]:
    """Write the clusters that have a pair, ascending, part by part of the hash space, and return them."""
    ends = sum(2 * mapped(path).num_rows for path in paths)
    with draft.scratch(_name(kind, "nodes")).open("wb") as file:
        for part in rounds("near_join", min(-(-ends // rows), MOST_PARTS)):
            found = [np.unique(keys[within(keys, part)]) for keys in _ends_of(paths)]
            np.unique(np.concatenate(found)).tofile(file)
    return _kept(draft, kind, "nodes")


def _ends_of(paths: Sequence[Path]) -> Iterator[npt.NDArray[np.uint64]]:
    for path in paths:
        table = mapped(path)
        yield from (column(table, end).to_numpy() for end in _ENDS)


def _new(draft: Draft, kind: Kind, name: str, length: int) -> npt.NDArray[Any]:
    """Return an array of zeros that is a mapped file, whose place on the disk is taken at once."""
    with draft.scratch(_name(kind, name)).open("wb") as file:
        if length:  # a full disk then is an error here, and not the end of the process at some write
            os.posix_fallocate(file.fileno(), 0, length * _TYPES[name]().itemsize)
    return _kept(draft, kind, name)


def _kept(draft: Draft, kind: Kind, name: str) -> npt.NDArray[Any]:
    path = draft.preserved(_name(kind, name))
    return np.memmap(path, _TYPES[name], "r+") if path.stat().st_size else np.zeros(0, _TYPES[name])


def _name(kind: Kind, name: str) -> str:
    return f"near_join/{kind}/{name}"
