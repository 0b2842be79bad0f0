"""Shards of a corpus to tables of whole documents, and of pairs as translations."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_ID = ("file", "record", "paragraph")

# One row for each document: its paragraphs that are published, joined by line feeds.
DOCUMENT = pa.schema(
    [
        pa.field("text", pa.string()),
        pa.field("id", pa.string()),  # FILE:RECORD of its first paragraph
        pa.field("document", pa.string()),  # the page's URL, or what the source calls it; "" where it has no name
        pa.field("language", pa.string()),
        pa.field("file", pa.string()),
        pa.field("rows", pa.list_(pa.string())),  # RECORD:PARAGRAPH of each; with the file a row's id
    ]
)


def documents(shards: Sequence[pa.Table]) -> Iterator[pa.Table]:
    """Yield the documents (DOCUMENT) of a language and split: a table for each shard in which one ends.

    A document that goes on in the next shard stands whole in the next table.
    """
    carried = shards[0].slice(0, 0)
    for number, shard in enumerate(shards, 1):
        table = pa.concat_tables([carried, shard])
        starts = _starts(table)
        if number < len(shards):  # the last document may go on
            table, carried, starts = table.slice(0, starts[-1]), table.slice(starts[-1]), starts[:-1]
        if len(starts):
            yield _joined(table, starts)


def translations(shards: Sequence[pa.Table], source: str, target: str) -> Iterator[pa.Table]:
    """Yield the pairs of two languages, a table for each shard: `translation` (by language), ids, document and score.

    The score is the one that the source gave, null where it gave none.
    """
    for shard in shards:
        texts = [_plain(shard, name) for name in ("source_text", "target_text")]
        yield pa.table(
            {
                "translation": pa.StructArray.from_arrays(texts, names=[source, target]),
                "source_id": _joined_columns(shard, *(f"source_{name}" for name in _ID)),
                "target_id": _joined_columns(shard, *(f"target_{name}" for name in _ID)),
                "document": _plain(shard, "document"),
                "score": _scores(shard),
            }
        )


def _starts(table: pa.Table) -> npt.NDArray[np.int64]:
    """Return the first row of each document: [documents].

    Rows of a document follow each other, have one name, and are of one record or of one numbered document.
    """
    begins = np.zeros(table.num_rows, bool)
    begins[:1] = True
    for name in ("file", "document", "document_row"):
        values = _plain(table, name)
        begins[1:] |= pc.not_equal(values[1:], values[:-1]).to_numpy(zero_copy_only=False)
    return np.flatnonzero(begins)


def _joined(table: pa.Table, starts: npt.NDArray[np.int64]) -> pa.Table:
    offsets = pa.array(np.append(starts, table.num_rows), pa.int32())
    firsts = table.take(pa.array(starts))
    columns = {
        "text": pc.binary_join(pa.ListArray.from_arrays(offsets, _plain(table, "text")), "\n"),
        "id": _joined_columns(firsts, "file", "record"),
        "document": _plain(firsts, "document"),
        "language": _plain(firsts, "lang"),
        "file": _plain(firsts, "file"),
        "rows": pa.ListArray.from_arrays(offsets, _joined_columns(table, "record", "paragraph")),
    }
    return pa.table(columns, schema=DOCUMENT)


def _joined_columns(table: pa.Table, *names: str) -> pa.Array:
    return pc.binary_join_element_wise(*(_plain(table, name).cast(pa.string()) for name in names), ":")


def _scores(shard: pa.Table) -> pa.Array:
    if "given_score" not in shard.column_names:  # published before sources gave scores
        return pa.nulls(shard.num_rows, pa.float32())
    scores = _plain(shard, "given_score")
    return pc.if_else(pc.is_nan(scores), pa.scalar(None, pa.float32()), scores)


def _plain(table: pa.Table, name: str) -> pa.Array:
    """Return a column as one array, dictionaries as the strings that they stand for."""
    column = table[name].combine_chunks()
    plain = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
    return pa.concat_arrays(plain.chunks) if isinstance(plain, pa.ChunkedArray) else plain
