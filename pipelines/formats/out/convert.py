"""A published corpus in another format: a folder that appears whole, with the dataset card."""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry
from pipelines.formats.out.card import README, converted_card
from pipelines.formats.out.cc100 import Cc100
from pipelines.formats.out.documents import documents, translations
from pipelines.formats.out.jsonl import Jsonl
from pipelines.formats.out.moses import Moses
from pipelines.formats.out.parquet import Parquet
from pipelines.formats.out.protocol import OutputFormat
from pipelines.formats.out.tmx import Tmx
from pipelines.formats.out.tsv import Tsv

FORMATS: Final[Mapping[str, OutputFormat]] = {
    "cc100": Cc100(),
    "jsonl": Jsonl(),
    "parquet": Parquet(),
    "moses": Moses(),
    "tsv": Tsv(),
    "tmx": Tmx(),
}


@dataclass(frozen=True)
class _Part:
    """The shards of one language, or of a source and a target language, and split, in order."""

    name: str
    split: str
    languages: Sequence[str]
    shards: Sequence[FileEntry]

    def tables(self, dataset: Dataset) -> Iterable[pa.Table]:
        shards = [dataset.table(entry) for entry in self.shards]
        return documents(shards) if len(self.languages) == 1 else translations(shards, *self.languages)


def convert(dataset: Dataset, target: Path, to: str) -> None:
    """Write the texts, and the pairs where the format holds any, of a published corpus into the folder `target`.

    The same corpus gives the same bytes. Raises UserError where `target` is there and not an empty folder, and where
    the corpus has nothing that the format holds.
    """
    form = FORMATS[to]
    _check_target(target)
    texts = _parts(dataset, "text") if form.has_texts else []
    pairs = _parts(dataset, "pairs") if form.has_pairs else []
    if not texts and not pairs:
        lacks, other = ("texts", "pairs") if form.has_texts else ("pairs", "texts")
        raise UserError(f"{dataset.place}: holds no {lacks}, and {to} no {other}; convert it to jsonl or parquet")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".tmp-{os.getpid()}-{target.name}")
    try:
        temporary.mkdir()
        for part in (*texts, *pairs):
            form.write(temporary, part.name, part.split, part.tables(dataset))
        languages = {language for part in (*texts, *pairs) for language in part.languages}
        splits = _splits(texts), _splits(pairs)
        card = converted_card(dataset.read(README).decode(), dataset.manifest.config, form, languages, *splits)
        (temporary / README).write_text(card, encoding="utf-8")
        temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_target(target: Path) -> None:
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise UserError(f"{target}: is there already; name another folder, or remove this one")


def _parts(dataset: Dataset, kind: str) -> list[_Part]:
    shards: dict[tuple[str, str, str], list[FileEntry]] = {}
    for entry in dataset.files(kind=kind):
        name = entry.name.split("/")[1]
        shards.setdefault((name, entry.partition["split"], entry.partition["language"]), []).append(entry)
    return [
        _Part(name, split, _languages(dataset, entries[0]) if kind == "pairs" else (language,), entries)
        for (name, split, language), entries in shards.items()
    ]


def _languages(dataset: Dataset, shard: FileEntry) -> tuple[str, str]:
    """Return the source and the target language of a shard of pairs, which all its rows have."""
    first = dataset.table(shard).slice(0, 1)
    return first["source_lang"][0].as_py(), first["target_lang"][0].as_py()


def _splits(parts: Sequence[_Part]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in parts:
        found.setdefault(part.name, []).append(part.split)
    return found
