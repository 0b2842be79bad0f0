"""Paragraphs to measured rows (STAGED) and documents (DOCUMENTS)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.schemas import DOCUMENTS, STAGED
from pipelines.stages.ingesting.rows import Paragraphs
from pipelines.stages.work import column, dictionary
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
    text = pa.array(texts, pa.string())
    scripts = dominant_scripts(texts)
    identified = identifier.identify(texts, scripts)
    weights = pc.binary_length(text).to_numpy().astype(np.int64)
    voted = vote(document_row, identified.languages, identified.probabilities, weights)
    begins = places.take(pa.array(first))
    languages = [own or found for own, found in zip(begins["language"].to_pylist(), voted.languages, strict=True)]
    measures = measure(texts)
    documents = {
        "file": dictionary(column(begins, "file")),
        "record": begins["record"],
        "document": dictionary(column(begins, "document")),
        "lang": dictionary(languages),
        "lid": dictionary(voted.languages),
        "lid_prob": voted.probabilities,
        "agreement": voted.agreement,
        **measure_documents(texts, document_row, languages, measures),
    }
    columns = {
        **{name: places[name] for name in ("record", "paragraph", "offset", "key", "group", "score")},
        "file": dictionary(column(places, "file")),
        "document": dictionary(column(places, "document")),
        "document_row": document_row,
        "lang": dictionary(_row_languages(column(places, "language"), document_row, languages)),
        "text": text,
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


def _documents(places: pa.Table, by_document: bool) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int32]]:
    """Return the first row of each document, and the document of each row."""
    if not places.num_rows:
        return np.zeros(0, np.intp), np.zeros(0, np.int32)
    names = column(places, "document").dictionary_encode().indices if by_document else column(places, "record")
    begins = np.ones(places.num_rows, np.bool_)
    begins[1:] = False
    for values in (column(places, "file").dictionary_encode().indices, names):
        numbers = values.to_numpy()
        begins[1:] |= numbers[1:] != numbers[:-1]
    return np.flatnonzero(begins), (np.cumsum(begins) - 1).astype(np.int32)


def _row_languages(declared: pa.Array, document_row: npt.NDArray[np.int32], languages: list[str]) -> pa.Array:
    of_documents = pa.array(languages, pa.string()).take(pa.array(document_row))
    return pc.if_else(pc.equal(declared, ""), of_documents, declared)


def _in_order(columns: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    return {name: columns[name] for name in schema.names}
