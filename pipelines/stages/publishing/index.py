"""The index that a published dataset leaves: keys of its rows and documents, for later ones to be compared with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.schemas import INDEX
from pipelines.dedup.exact import group_mask
from pipelines.stages.inputs import RowFile
from pipelines.stages.work import column


@dataclass(frozen=True)
class KeySpace:
    """What keys mean: under which normalisation texts are equal, and how many splits share the clusters (0: all)."""

    normalisation: str
    group_splits: int

    @staticmethod
    def of(deduplicated: Dataset) -> "KeySpace":
        config = deduplicated.manifest.config
        return KeySpace(config["normalisation"], config["group_splits"])


def write_index(draft: Draft, space: KeySpace, file: RowFile, kept: Any) -> FileEntry:
    """Write the keys (INDEX) of a file's rows that were kept, and of the documents that they belong to.

    A key is a cluster without the mask of its group, so it is the same in every dataset.
    """
    keys = [column(file.cluster_table(), "cluster").to_numpy()[kept]]
    if file.kind == "text":
        documents = np.unique(column(file.table(), "document_row").to_numpy()[kept])
        keys.append(column(file.document_cluster_table(), "cluster").to_numpy()[documents])
    mask = group_mask(file.index // space.group_splits) if space.group_splits else np.uint64(0)
    table = pa.table([np.unique(np.concatenate(keys) ^ mask)], schema=INDEX)
    partition = {"kind": "index", "of": file.name, "normalisation": space.normalisation}
    return draft.write_table(f"index/{file.name}", table, partition)
