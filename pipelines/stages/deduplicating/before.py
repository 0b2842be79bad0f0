"""The index of what was published before: checked, and found."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.datasets.corpus import PUBLISHED
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.mirror import folder_of


def index_files(folders: Sequence[str], normalisation: str) -> list[Path]:
    """Return the index files of published datasets.

    Raises UserError where a folder holds no published dataset, or one that was deduplicated under another
    normalisation.
    """
    found = []
    for folder in folders:
        dataset = Dataset(folder_of(folder))
        entries = dataset.files(kind="index")
        if dataset.manifest.stage not in PUBLISHED:
            raise UserError(
                f"{folder}: deduplicate.against names a dataset of {dataset.manifest.stage}; name one of publish"
            )
        for entry in entries:
            if entry.partition["normalisation"] != normalisation:
                raise UserError(
                    f"{folder}: its index is of texts under {entry.partition['normalisation']}; set "
                    f"deduplicate.normalisation to that, not {normalisation}, or leave it out of deduplicate.against"
                )
        found += [dataset.future_path(entry) for entry in entries]
    return found
