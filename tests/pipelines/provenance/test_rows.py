"""Names of rows: ids and places."""

import pyarrow as pa
import pytest

from pipelines.datasets.errors import UserError
from pipelines.provenance.rows import Place, RowId, one_of


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("wild:3", RowId("wild", 3)),
        ("wild:3:0", RowId("wild", 3, 0)),
        ("app/a:b/de.json:3:12", RowId("app/a:b/de.json", 3, 12)),
    ],
)
def test_an_id_is_read_as_it_is_written(text: str, row: RowId) -> None:
    assert RowId.parse(text) == row
    assert str(row) == text


@pytest.mark.parametrize("text", ["wild", "wild:", ":3", "wild:-1", "wild:3:x"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="not the id of a row; write FILE:RECORD or FILE:RECORD:PARAGRAPH"):
        RowId.parse(text)


def test_a_place_is_a_row_of_an_arrow_file() -> None:
    assert Place.parse("text/en/train-00000.arrow:17") == Place("text/en/train-00000.arrow", 17)
    assert Place.parse("wild:17") is None


def test_rows_are_found_by_their_id_in_any_chunk() -> None:
    part = pa.table(
        {
            "file": pa.array(["a", "b", "a"]).dictionary_encode(),
            "record": pa.array([1, 1, 1], pa.int32()),
            "paragraph": pa.array([0, 0, 1], pa.int32()),
        }
    )
    table = pa.concat_tables([part, part])
    assert RowId("a", 1).rows(table) == [0, 2, 3, 5]
    assert RowId("a", 1, 1).rows(table) == [2, 5]
    assert RowId("c", 1).rows(table) == []


def test_many_names_are_cut_short() -> None:
    assert one_of(["a", "b"]) == "a, b"
    assert one_of([str(number) for number in range(12)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
