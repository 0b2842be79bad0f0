"""Which documents are paired: by name, by URL, by content, over several files of sentences."""

from typing import Literal

import numpy as np
import pyarrow as pa
import pytest

from pipelines.config.align import DocumentsSection
from pipelines.datasets.schemas import SENTENCES
from pipelines.stages.aligning.documents import documents_of, paired_documents

Document = tuple[str, str, list[str]]  # name, language, sentences


def file_of(documents: list[Document]) -> pa.Table:
    rows = [
        {"file": "f", "record": number, "paragraph": 0, "sentence": place, "document": name, "document_row": number,
         "lang": language, "text": text}
        for number, (name, language, texts) in enumerate(documents)
        for place, text in enumerate(texts)
    ]  # fmt: skip
    return pa.table({name: [row[name] for row in rows] for name in SENTENCES.names}).cast(SENTENCES)


FILES = [
    file_of([("http://a/de/x", "de", ["Anna Weber.", "1813."]), ("http://a/x", "en", ["Anna Weber came."])]),
    file_of([]),
    file_of([("y", "en", ["A city in 1945."]), ("y", "de", ["Eine Stadt 1945."]), ("y", "ja", ["1945年"])]),
]


def test_documents_are_where_their_sentences_are() -> None:
    found = documents_of(FILES)
    assert found.file.tolist() == [0, 0, 2, 2, 2]
    assert (found.first.tolist(), found.stop.tolist()) == ([0, 2, 0, 1, 2], [2, 3, 1, 2, 3])
    assert found.names == ["http://a/de/x", "http://a/x", "y", "y", "y"]
    assert found.languages == ["de", "en", "en", "de", "ja"]


@pytest.mark.parametrize(
    ("match", "expected"),
    [("name", [(2, 3), (2, 4)]), ("url", [(1, 0), (2, 3), (2, 4)]), ("content", [(1, 0), (2, 3), (2, 4)])],
)
def test_pairs(match: Literal["name", "url", "content"], expected: list[tuple[int, int]]) -> None:
    section = DocumentsSection(match=match, min_score=0.0)
    found = paired_documents(FILES, documents_of(FILES), section, "en")
    assert list(zip(found.source.tolist(), found.target.tolist(), strict=True)) == expected
    assert found.score.dtype == np.float32


def test_no_documents() -> None:
    assert len(paired_documents([], documents_of([]), DocumentsSection(match="content"), "en").source) == 0
