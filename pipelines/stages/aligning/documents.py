"""Which documents of the files of sentences are translations of each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.align.contents import Words, pair_by_words
from pipelines.align.documents import DocumentPairs, name_keys, pair_by_key, url_keys
from pipelines.config.align import DocumentsSection
from pipelines.stages.work import column
from pipelines.text.words import tokens

Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Documents:
    """The documents [d] of files of sentences (SENTENCES): where each is, its name and its language.

    `file` is the place of its file, `first` and `stop` (int64) its sentences' rows in it.
    """

    file: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]
    names: list[str]
    languages: list[str]


def documents_of(files: Sequence[pa.Table]) -> Documents:
    """Return the documents of `files` in their order."""
    file, first, stop = ([np.zeros(0, np.int64)] for _ in range(3))
    names: list[str] = []
    languages: list[str] = []
    for number, table in enumerate(files):
        rows = column(table, "document_row").to_numpy()
        begins = np.flatnonzero(np.diff(rows, prepend=-1) != 0)
        file.append(np.full(len(begins), number))
        first.append(begins)
        stop.append(np.append(begins[1:], len(rows))[: len(begins)])
        names += column(table, "document").take(pa.array(begins)).to_pylist()
        languages += column(table, "lang").take(pa.array(begins)).to_pylist()
    return Documents(np.concatenate(file), np.concatenate(first), np.concatenate(stop), names, languages)


def paired_documents(
    files: Sequence[pa.Table], documents: Documents, section: DocumentsSection, pivot: str
) -> DocumentPairs:
    """Return the pairs of documents, by their places in `documents`, in the order of their targets."""
    if section.match == "content":
        return _by_content(files, documents, pivot, section.min_score)
    named = section.match == "name"
    keys = name_keys(documents.names) if named else url_keys(documents.names, documents.languages)
    return pair_by_key(keys, documents.languages, pivot)


def _by_content(files: Sequence[pa.Table], documents: Documents, pivot: str, min_score: float) -> DocumentPairs:
    """Return the pairs of the pivot's documents with those of each other language, one to one in each."""
    languages = np.array(documents.languages, object)
    pivots = np.flatnonzero(languages == pivot)
    sources = _words(files, documents, pivots)
    parts = [DocumentPairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))]
    for language in sorted(set(documents.languages) - {pivot}):
        own = np.flatnonzero(languages == language)
        found = pair_by_words(sources, _words(files, documents, own), min_score)
        parts.append(DocumentPairs(pivots[found.source], own[found.target], found.score))
    source, target, score = (np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0]))
    order = np.argsort(target)
    return DocumentPairs(source[order], target[order], score[order])


def _words(files: Sequence[pa.Table], documents: Documents, chosen: npt.NDArray[np.int64]) -> Words:
    """Return the words of the `chosen` documents, numbered in their order."""
    hashes, document = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for number, place in enumerate(chosen.tolist()):
        first, stop = int(documents.first[place]), int(documents.stop[place])
        texts = files[int(documents.file[place])]["text"].slice(first, stop - first).to_pylist()
        found = tokens(texts).hashes
        hashes.append(found)
        document.append(np.full(len(found), number))
    return Words(np.concatenate(hashes), np.concatenate(document), len(chosen))
