"""Paragraphs to measured rows (STAGED) and documents (DOCUMENTS)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.datasets.schemas import DOCUMENTS, STAGED
from pipelines.stages.ingesting.rows import Paragraphs, Places
from pipelines.stages.work import dictionary
from pipelines.text.documents import measure_documents
from pipelines.text.langid import LanguageIdentifier
from pipelines.text.quality import measure
from pipelines.text.scripts import dominant_scripts
from pipelines.text.vote import vote


def measured(rows: Paragraphs, by_document: bool, identifier: LanguageIdentifier) -> tuple[pa.Table, pa.Table]:
    """Return the rows and the documents of a split.

    A document is what stands together under one name (`by_document`), or else the paragraphs of one record.
    """
    places, texts = rows.places, rows.texts
    first, document_row = _documents(places, by_document)
    scripts = dominant_scripts(texts)
    identified = identifier.identify(texts, scripts)
    weights = np.fromiter((len(text.encode()) for text in texts), np.int64, len(texts))
    voted = vote(document_row, identified.languages, identified.probabilities, weights)
    languages = [places.language[row] or found for row, found in zip(first.tolist(), voted.languages, strict=True)]
    measures = measure(texts)
    documents = {
        "file": dictionary([places.file[row] for row in first]),
        "record": pa.array([places.record[row] for row in first], pa.int32()),
        "document": dictionary([places.document[row] for row in first]),
        "lang": dictionary(languages),
        "lid": dictionary(voted.languages),
        "lid_prob": voted.probabilities,
        "agreement": voted.agreement,
        **measure_documents(texts, document_row, languages, measures),
    }
    columns = {
        "file": dictionary(places.file),
        "record": pa.array(places.record, pa.int32()),
        "paragraph": pa.array(places.paragraph, pa.int32()),
        "offset": pa.array(places.offset, pa.int64()),
        "document": dictionary(places.document),
        "document_row": document_row,
        "key": pa.array(places.key, pa.string()),
        "group": pa.array(np.array(places.group, np.uint64)),
        "score": pa.array(places.score, pa.float32()),
        "lang": dictionary(_row_languages(places.language, document_row, languages)),
        "text": pa.array(texts, pa.string()),
        "changed": rows.changed,
        "changes": rows.changes,
        "script": dictionary(scripts),
        "lid": dictionary(identified.languages),
        "lid_prob": identified.probabilities,
        **vars(measures),
        "emails": rows.emails,
        "addresses": rows.addresses,
    }
    return pa.table(_in_order(columns, STAGED), schema=STAGED), pa.table(_in_order(documents, DOCUMENTS), DOCUMENTS)


def _documents(places: Places, by_document: bool) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int32]]:
    """Return the first row of each document, and the document of each row."""
    if not places.file:
        return np.zeros(0, np.intp), np.zeros(0, np.int32)
    names: Sequence[object] = places.document if by_document else places.record
    pairs = list(zip(places.file, names, strict=True))
    begins = np.array([True, *(before != after for before, after in pairwise(pairs))])
    return np.flatnonzero(begins), (np.cumsum(begins) - 1).astype(np.int32)


def _row_languages(declared: list[str], document_row: npt.NDArray[np.int32], languages: list[str]) -> list[str]:
    return [own or languages[row] for own, row in zip(declared, document_row.tolist(), strict=True)]


def _in_order(columns: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    return {name: columns[name] for name in schema.names}
