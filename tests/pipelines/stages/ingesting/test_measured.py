"""Paragraphs to rows and documents: which rows are one document, and whose language counts."""

from collections.abc import Sequence

import numpy as np

from pipelines.formats.protocol import RecordBuilder
from pipelines.stages.ingesting.measured import measured
from pipelines.stages.ingesting.rows import Paragraphs, Split
from pipelines.text.langid import Identified
from pipelines.text.normalize import lines


class FirstWord:
    """Identifies a text as the language that its first word names."""

    def identify(self, texts: Sequence[str], scripts: Sequence[str]) -> Identified:
        found = [text.split()[0] for text in texts]
        return Identified(found, np.full(len(found), 0.5, np.float32))


def rows_of(records: Sequence[tuple[str, str | None, str]]) -> Paragraphs:
    builder = RecordBuilder()
    for number, (document, language, text) in enumerate(records):
        builder.add("raw", number, document, "", language, text)
    split = Split(lines)
    for batch in builder.take():
        split.add(batch)
    return split.paragraphs(mask=False)


def test_a_record_is_a_document_whose_paragraphs_vote() -> None:
    rows, documents = measured(
        rows_of([("u", None, "de ein langer satz\nen short"), ("u", None, "en more")]), False, FirstWord()
    )
    assert rows["document_row"].to_pylist() == [0, 0, 1]
    assert rows["lid"].to_pylist() == ["de", "en", "en"]
    assert rows["lang"].to_pylist() == ["de", "de", "en"]
    assert documents["record"].to_pylist() == [0, 1]
    assert documents["lang"].to_pylist() == ["de", "en"]
    assert documents["agreement"].to_pylist() == [np.float32(18 / 26), 1]
    assert documents["paragraphs"].to_pylist() == [2, 1]


def test_lines_under_one_name_are_a_document_where_the_source_says_so() -> None:
    records = [("a", None, "de eins"), ("a", None, "de zwei"), ("b", None, "de drei")]
    rows, documents = measured(rows_of(records), True, FirstWord())
    assert rows["document_row"].to_pylist() == [0, 0, 1]
    assert documents["document"].to_pylist() == ["a", "b"]
    assert documents["record"].to_pylist() == [0, 2]


def test_a_declared_language_wins_over_the_vote() -> None:
    rows, documents = measured(rows_of([("", "no", "en the text")]), False, FirstWord())
    assert (rows["lang"].to_pylist(), documents["lang"].to_pylist()) == (["no"], ["no"])
    assert documents["lid"].to_pylist() == ["en"]


def test_no_rows_give_empty_tables() -> None:
    rows, documents = measured(rows_of([]), False, FirstWord())
    assert (rows.num_rows, documents.num_rows) == (0, 0)
