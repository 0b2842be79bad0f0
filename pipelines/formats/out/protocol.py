"""What every output format offers: where its files are, and how they are written from tables of documents or pairs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import pyarrow as pa


class OutputFormat(Protocol):
    """A format that a corpus is converted to. `layout` says in Markdown what its files are, for the dataset card.

    `on_hub` says whether Hugging Face `datasets` reads the files as they are.
    """

    layout: str
    has_texts: bool
    has_pairs: bool
    on_hub: bool

    def files(self, name: str, split: str) -> str:
        """Return the pattern of the files of a split; `name` is the language, or `en-de` for pairs."""

    def write(self, folder: Path, name: str, split: str, tables: Iterable[pa.Table]) -> None:
        """Write the documents, or pairs, of a split under `folder`; there is a table for each shard."""
