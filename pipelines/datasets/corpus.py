"""Published corpora: the datasets that are meant to be read by others than this project's stages."""

from pathlib import Path
from typing import Final

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError

PUBLISHED: Final = ("publish", "remove")  # the stages that make them
KINDS: Final = ("text", "pairs")  # of their shards


def open_corpus(folder: Path) -> Dataset:
    """Open a published corpus. Raises UserError where `folder` holds no dataset, or one of another stage."""
    dataset = Dataset(folder)
    if (stage := dataset.manifest.stage) not in PUBLISHED:
        raise UserError(f"{folder}: a dataset of {stage}; name a published corpus, such as runs/NAME/publish-…")
    return dataset
