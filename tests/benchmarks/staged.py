"""Documents as `ingest` would have staged them, for benchmarks of what comes after: texts, languages and documents.

The other columns hold zeros: deduplication reads none of them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.manifest import Manifest
from pipelines.datasets.progress import Progress
from pipelines.datasets.schemas import DOCUMENTS, STAGED
from pipelines.datasets.stage import EngineSection, Job


def staged(documents: Sequence[tuple[str, str, Sequence[str]]], folder: Path, split_rows: int) -> Dataset:
    """Write documents (language, script, paragraphs) as a dataset of `ingest`, `split_rows` paragraphs a file or more.

    Documents are not divided between files.
    """
    draft = Draft(folder)
    files, begin, rows = [], 0, 0
    for end in range(1, len(documents) + 1):
        rows += len(documents[end - 1][2])
        if rows >= split_rows or end == len(documents):
            files += _write(draft, len(files) // 2, documents[begin:end])
            begin, rows = end, 0
    total = sum(entry.rows for entry in files if entry.partition["kind"] == "staged")
    manifest = Manifest(
        stage="ingest",
        version=0,
        fingerprint="0" * 32,
        config={},
        inputs={},
        unit_in="records",
        unit_out="paragraphs",
        rows=SplitRecord.rows_of(Counts(len(documents), total - len(documents), total)),
        files=files,
    )
    draft.commit(manifest, b"{}")
    return Dataset(folder)


def job(config: Any, ingested: Dataset, folder: Path) -> Job:
    """Return a job of a stage that reads `ingested`, on one worker."""
    folder.mkdir(parents=True)
    progress = Progress("bench", folder / "progress.json")
    return Job(config, EngineSection(workers=1), {"ingest": {"": ingested}}, Draft(folder), progress)


def _write(draft: Draft, number: int, documents: Sequence[tuple[str, str, Sequence[str]]]) -> list[Any]:
    sizes = [len(paragraphs) for _, _, paragraphs in documents]
    row = np.repeat(np.arange(len(documents), dtype=np.int32), sizes)
    languages, scripts = ([document[place] for document in documents] for place in (0, 1))
    texts = [text for _, _, paragraphs in documents for text in paragraphs]
    known = {"text": texts, "document_row": row, "lang": _label(languages).take(pa.array(row)),
             "script": _label(scripts).take(pa.array(row))}  # fmt: skip
    return [
        draft.write_table(f"staged/{number:05d}.arrow", _table(STAGED, len(row), known), {"kind": "staged"}),
        draft.write_table(
            f"documents/{number:05d}.arrow",
            _table(DOCUMENTS, len(documents), {"lang": _label(languages)}),
            {"kind": "documents"},
        ),
    ]


def _table(schema: pa.Schema, rows: int, known: dict[str, Any]) -> pa.Table:
    return pa.table({field.name: known.get(field.name, _blank(field.type, rows)) for field in schema}, schema)


def _blank(kind: pa.DataType, rows: int) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return _label([""] * rows)
    if pa.types.is_string(kind):
        return pa.array([""] * rows)
    return pa.array(np.zeros(rows, np.int8)).cast(kind)


def _label(values: Sequence[str]) -> pa.DictionaryArray:
    return pa.array(values, pa.string()).dictionary_encode()
