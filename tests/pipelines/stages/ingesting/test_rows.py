"""Records to paragraphs: every record is accounted for, whatever it holds."""

import math

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.reasons import Reason
from pipelines.formats.protocol import RecordBuilder, Unreadable
from pipelines.stages.ingesting.rows import Split, groups_of
from pipelines.text.normalize import Change, lines, paragraphs


def split_of(texts: list[str], language: str | None = None) -> Split:
    builder = RecordBuilder()
    for number, text in enumerate(texts):
        builder.add("raw", number, "", "", language, text, offset=10 * number)
    split = Split(lines)
    for records in builder.take():
        split.add(records)
    return split


def test_a_records_lines_are_its_paragraphs_with_the_records_place() -> None:
    rows = split_of(["one", "two\n \n\nthree  four\n"]).paragraphs(mask=False)
    places = rows.places
    assert rows.texts == ["one", "two", "three four"]
    found = [tuple(place.values()) for place in places.select(["record", "paragraph", "offset"]).to_pylist()]
    assert found == [(0, 0, 0), (1, 0, 10), (1, 1, 10)]


def test_a_score_goes_to_every_paragraph_of_its_record() -> None:
    builder = RecordBuilder()
    builder.add("raw", 0, "", "raw:0", "de", "eins\nzwei", score=0.5)
    builder.add("raw", 1, "", "", "de", "drei")
    split = Split(lines)
    for records in builder.take():
        split.add(records)
    assert split.paragraphs(mask=False).places["score"].to_pylist() == pytest.approx([0.5, 0.5, math.nan], nan_ok=True)


def test_masked_personal_data_is_a_change() -> None:
    for mask, changes in ((False, [0, 0]), (True, [Change.PERSONAL, 0])):
        found = split_of(["write to jo@firma.de today", "nothing here"]).paragraphs(mask)
        assert (found.changes.tolist(), found.emails.tolist()) == (changes, [1, 0])
    assert found.texts[0] == "write to email@example.com today"


def test_a_blank_record_is_dropped_once() -> None:
    split = split_of(["\n \n", "text"])
    assert split.paragraphs(mask=False).texts == ["text"]
    assert split.dropped == {Reason.EMPTY: 1}
    assert (split.records, split.expanded) == (2, 0)


def test_a_record_of_an_unknown_language_is_dropped_but_not_damaged() -> None:
    split = split_of(["nuqneH"], language="tlh")
    assert split.dropped == {Reason.UNKNOWN_LANGUAGE: 1}
    assert not split.quarantine


def test_what_could_not_be_read_is_counted_and_put_into_quarantine() -> None:
    builder = RecordBuilder()
    builder.reject(Unreadable("raw", 3, Reason.NOT_JSON, "no object", "["))
    split = Split(lines)
    for records in builder.take():
        split.add(records)
    assert (split.records, split.dropped) == (1, {Reason.NOT_JSON: 1})
    assert [(entry.record, entry.error) for entry in split.quarantine] == [(3, "no object")]


@given(st.lists(st.text(alphabet="ab \n\r\t\u200b\x00", max_size=12), max_size=8))
def test_records_are_conserved(texts: list[str]) -> None:
    split = split_of(texts)
    kept = split.paragraphs(mask=False)
    assert split.records + split.expanded == len(kept.texts) + split.dropped.total()
    assert all(kept.texts)


def test_a_text_that_was_cut_otherwise_is_in_no_group_with_it() -> None:
    documents, keys = pa.array(["light"] * 3 + [""]), pa.array(["help"] * 3 + [""])
    groups = groups_of(documents, keys, np.zeros(4, np.int64), np.array([1, 2, 1, 1])).to_pylist()
    assert groups[0] == groups[2] == xxhash.xxh3_64_intdigest(b"light\0help\x000\x001")
    assert groups[0] != groups[1]
    assert groups[3] == 0


def test_a_catalogs_paragraphs_stand_between_blank_lines() -> None:
    split = Split(paragraphs)
    builder = RecordBuilder()
    builder.add("raw", 0, "light", "help", "en", "First\nline.\n\nSecond.")
    for records in builder.take():
        split.add(records)
    assert split.paragraphs(mask=False).texts == ["First line.", "Second."]
