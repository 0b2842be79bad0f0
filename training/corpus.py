"""The published and tokenized datasets as training sees them."""

import pyarrow as pa

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from training.data.streams import Corpus


def training_corpus(tokenize: Dataset) -> Corpus:
    """Open the training split, memory-mapped. Raises UserError where it has no text or no pairs."""
    text = tables_of(tokenize, "text", "train")
    pairs = tables_of(tokenize, "pairs", "train")
    for kind, tables in (("text", text), ("pairs", pairs)):
        if not any(table.num_rows for group in tables.values() for table in group):
            raise UserError(f"{tokenize.place}: no {kind} in the training split; loosen the thresholds of `publish`")
    return Corpus(text, pairs, vocabulary_size(tokenize))


def vocabulary_size(tokenize: Dataset) -> int:
    """Return the number of token ids, special ones included; `<mask>` is the last."""
    return int(tokenize.manifest.summary["vocabulary"])


def tables_of(dataset: Dataset, kind: str, split: str) -> dict[str, list[pa.Table]]:
    """Return the tables of each language, languages and files sorted by name."""
    groups: dict[str, list[pa.Table]] = {}
    entries = sorted(dataset.files(kind=kind, split=split), key=lambda entry: entry.name)
    dataset.fetch(entries)
    for entry in entries:
        groups.setdefault(entry.partition["language"], []).append(dataset.table(entry))
    return dict(sorted(groups.items()))
