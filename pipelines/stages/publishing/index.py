"""The index that a published dataset leaves: keys of its rows and documents, for later ones to be compared with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.schemas import INDEX
from pipelines.dedup.exact import Hashes, group_mask, sides_in_keys
from pipelines.stages.inputs import RowFile, sides_of
from pipelines.stages.work import codes, column


@dataclass(frozen=True)
class KeySpace:
    """What keys mean: under which normalisation texts are equal, and how many splits share the clusters (0: all)."""

    normalisation: str
    group_splits: int

    @staticmethod
    def of(deduplicated: Dataset) -> "KeySpace":
        config = deduplicated.manifest.config
        return KeySpace(config["normalisation"], config["group_splits"])

    def keys(self, file: RowFile) -> Hashes:
        """Return the clusters of a file's rows without the mask of their group, as every dataset has them: [n]."""
        return self._unmasked(file, column(file.cluster_table(), "cluster").to_numpy())

    def document_keys(self, file: RowFile) -> Hashes:
        """Return the same of its documents."""
        return self._unmasked(file, column(file.document_cluster_table(), "cluster").to_numpy())

    def sides(self, file: RowFile) -> list[Hashes]:
        """Return the hashes of the folded texts of each row, as `sides_of` does; folded texts are not folded again."""
        table = file.table()
        if file.kind == "text" and self.normalisation == "fold":
            return [sides_in_keys(self.keys(file), *codes(table, "lang"))]
        return sides_of(table, file.kind)

    def _unmasked(self, file: RowFile, clusters: Hashes) -> Hashes:
        return clusters ^ group_mask(file.index // self.group_splits) if self.group_splits else clusters


def write_index(draft: Draft, space: KeySpace, file: RowFile, kept: Any) -> FileEntry:
    """Write the keys (INDEX) of a file's rows that were kept, and of the documents that they belong to.

    A key is a cluster without the mask of its group, so it is the same in every dataset.
    """
    keys = [space.keys(file)[kept]]
    if file.kind == "text":
        documents = np.unique(column(file.table(), "document_row").to_numpy()[kept])
        keys.append(space.document_keys(file)[documents])
    table = pa.table([np.unique(np.concatenate(keys))], schema=INDEX)
    partition = {"kind": "index", "of": file.name, "normalisation": space.normalisation}
    return draft.write_table(f"index/{file.name}", table, partition)
