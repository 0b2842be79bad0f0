"""Pairs of documents: found once, and kept in a table that every worker reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.align.documents import copied_share
from pipelines.config.align import AlignSection, SentencesSection
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import Job
from pipelines.dedup.exact import hash_texts
from pipelines.engine.budget import budget_of
from pipelines.stages.aligning.documents import documents_of, paired_documents
from pipelines.stages.inputs import language_model
from pipelines.stages.work import column, dictionary, mapped
from pipelines.text.langid import identifier

SAMPLED: Final = 60_000  # bytes that a sentence of the sample takes while words are learnt from it


@dataclass(frozen=True)
class SentenceFile:
    """One file of sentences (SENTENCES), and those of the vectors of its sentences and spans, if there are any."""

    index: int
    name: str
    path: Path
    vectors: Path | None
    spans: Path | None

    @property
    def split(self) -> str:
        return f"beads/{self.name.removesuffix('.arrow')}"

    def table(self) -> pa.Table:
        return mapped(self.path)


@dataclass(frozen=True)
class Translations:
    """The documents that are aligned by their sentences. `model` is the language model, `pivot` the first language.

    `segmented` are the names of the staged files that the sentences are of.
    """

    section: SentencesSection
    pivot: str
    model: str
    files: tuple[SentenceFile, ...]
    segmented: frozenset[str]


@dataclass(frozen=True)
class Whole:
    """A step of one task."""

    split: str


DOCUMENTS: Final = Whole("documents")
SIDES: Final = ("source", "target")


def look_at(job: Job, pivot: str) -> Translations:
    """Return what there is to align. Raises UserError where what the method needs is not there, or memory for it."""
    align: AlignSection = job.config
    section = align.sentences
    assert section is not None
    if not job.inputs.get("segment"):
        raise UserError("align.sentences needs the sentences of documents: add a section `segment: {}`")
    if section.method == "embedding" and not job.inputs.get("embed"):
        raise UserError(
            "align.sentences.method is embedding, which needs vectors: add a section `embed`, or take lexical"
        )
    if section.method != "length":
        most = section.sample * SAMPLED
        budget_of(job, "align").require(
            most, f"the words of {section.sample:,} sentences", "lower align.sentences.sample"
        )
    model = language_model(job.input("ingest"))
    identifier(model)  # a model that is gone ends the run here, in one sentence
    segment = job.input("segment")
    entries = segment.files(kind="sentences")
    vectors, spans = (_beside(job.input("embed") if job.inputs.get("embed") else None, kind) for kind in _KINDS)
    files = tuple(
        SentenceFile(index, entry.name, segment.future_path(entry), vectors.get(entry.name), spans.get(entry.name))
        for index, entry in enumerate(entries)
    )
    return Translations(section, pivot, model, files, frozenset(entry.partition["of"] for entry in entries))


def pair_documents(translations: Translations, draft: Draft, _task: Whole) -> SplitRecord:
    """Write the pairs of documents: file, first and last row and language of each, in the order of the targets."""
    tables = [file.table() for file in translations.files]
    documents = documents_of(tables)
    pairs = paired_documents(tables, documents, translations.section.documents, translations.pivot)
    columns: dict[str, pa.Array | npt.NDArray[np.int64]] = {}
    for side, places in (("source", pairs.source), ("target", pairs.target)):
        columns |= {f"{side}_{name}": getattr(documents, name)[places] for name in ("file", "first", "stop")}
        columns[f"{side}_lang"] = dictionary([documents.languages[place] for place in places.tolist()])
    return SplitRecord(files=[draft.write_table(_PAIRS, pa.table(columns))])


@dataclass(frozen=True)
class Pairs:
    """Pairs of documents [p]: columns by name, such as `source_first`; `language` [p] is such as `en-de`.

    `rank` (int64 [p]) is the place of a pair among those of its languages.
    """

    columns: dict[str, npt.NDArray[np.int64]]
    language: npt.NDArray[np.object_]
    rank: npt.NDArray[np.int64]

    @classmethod
    def read(cls, draft: Draft) -> "Pairs":
        """Return the pairs of documents that `pair_documents` wrote."""
        table = mapped(draft.folder / _PAIRS)
        names = [name for name in table.column_names if not name.endswith("_lang")]
        sides = (table.column(f"{side}_lang").to_pylist() for side in SIDES)
        language = np.array([f"{source}-{target}" for source, target in zip(*sides, strict=True)], object)
        rank = np.zeros(len(language), np.int64)
        for name in set(language.tolist()):
            own = np.flatnonzero(language == name)
            rank[own] = np.arange(len(own))
        return cls({name: column(table, name).to_numpy() for name in names}, language, rank)

    def texts(self, files: Sequence[SentenceFile], pair: int) -> tuple[list[str], list[str]]:
        """Return the sentences of a pair's two documents."""
        return self._texts(files, pair, "source"), self._texts(files, pair, "target")

    def place(self, pair: int, side: str) -> tuple[int, int, int]:
        """Return the file of one document of a pair, and its first and last row there."""
        file, first, stop = (int(self.columns[f"{side}_{name}"][pair]) for name in ("file", "first", "stop"))
        return file, first, stop

    def _texts(self, files: Sequence[SentenceFile], pair: int, side: str) -> list[str]:
        file, first, stop = self.place(pair, side)
        texts: list[str] = files[file].table()["text"].slice(first, stop - first).to_pylist()
        return texts


def untranslated(translations: Translations, sources: Sequence[str], targets: Sequence[str]) -> bool:
    """Return whether a document of these sentences is its source, and was never translated."""
    lengths = np.fromiter(map(len, targets), np.int32, len(targets))
    share = copied_share(hash_texts(sources), hash_texts(targets), lengths)
    return share > translations.section.documents.max_copied


_PAIRS: Final = "documents/pairs.arrow"
_KINDS: Final = ("vectors", "span_vectors")


def _beside(dataset: Dataset | None, kind: str) -> dict[str, Path]:
    return {entry.partition["of"]: dataset.future_path(entry) for entry in dataset.files(kind=kind)} if dataset else {}
