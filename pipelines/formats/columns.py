"""Named columns of Arrow batches as records, whatever is in them: nothing is taken on trust from a file."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.fields import RowFields, inside
from pipelines.formats.protocol import RecordBuilder, Split

_TEXT = (pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view())


def check_columns(path: str, schema: pa.Schema, fields: RowFields) -> None:
    """Raise UserError unless `schema` has the columns of `fields`, and a text column of text or bytes."""
    try:
        names = schema.names
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: the name of a column is not UTF-8; fetch it again or remove this source") from error
    missing = [name for name in fields.names if _type_of(schema, name) is None]
    if missing:
        there = ", ".join(names)
        raise UserError(f"{path}: no column {', '.join(missing)}; name one of those that are there: {there}")
    for name in fields.text_names:
        kind: Any = _type_of(schema, name)
        if (kind.value_type if pa.types.is_dictionary(kind) else kind) not in _TEXT:
            raise UserError(f"{path}: the column {name} holds {kind}, not text; name another in text_field or texts")


def top_columns(schema: pa.Schema, fields: RowFields) -> list[str]:
    """Return the columns of `schema` in which the fields are."""
    return list(dict.fromkeys(name if name in schema.names else name.partition(".")[0] for name in fields.names))


def add_rows(
    file: str, first: int, batch: pa.RecordBatch, fields: RowFields, max_bytes: int, builder: RecordBuilder
) -> None:
    """Give the rows of `batch`, numbered from `first`, to `builder`.

    Raises pa.ArrowInvalid, and gives none, where the batch is damaged.
    """
    columns = [_values(_column(batch, name)) for name in fields.names]
    for number, values in enumerate(zip(*columns, strict=True), first):
        row = dict(zip(fields.names, values, strict=True))
        size = max(len(row[name] or b"") for name in fields.text_names)
        if size > max_bytes:
            fields.reject(file, number, Reason.OVERSIZED, f"{size} bytes, more than {max_bytes}", "", builder)
        else:
            fields.add(file, number, row, builder)


def group_splits(parts: Sequence[tuple[int, int]], split_bytes: int) -> list[Split]:
    """Return splits of about `split_bytes` over parts of (bytes, records), whole parts each."""
    splits = []
    start = size = records = first = 0
    for index, (part_bytes, part_records) in enumerate(parts):
        if size and size + part_bytes > split_bytes:
            splits.append(Split(start, index, first, size=size))
            start, size, first = index, 0, records
        size += part_bytes
        records += part_records
    return [*splits, Split(start, len(parts), first, size=size)] if parts else splits


def _type_of(schema: pa.Schema, name: str) -> pa.DataType | None:
    """Return the type of a column, or of the field of structs that dots lead to; None where there is none."""
    try:
        return inside(pa.struct(schema), name, _field_names, lambda kind, own: kind.field(own).type)
    except KeyError:
        return None


def _field_names(kind: pa.DataType) -> list[str]:
    return [kind.field(index).name for index in range(kind.num_fields)] if pa.types.is_struct(kind) else []


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    if name in batch.schema.names:
        return batch.column(name)
    top, _, rest = name.partition(".")
    whole = batch.column(top)
    whole.validate(full=False)
    return inside(whole, rest, lambda array: _field_names(array.type), pc.struct_field)


def _values(column: pa.Array) -> Iterator[Any]:
    """Yield values, strings as bytes. Offsets and indices are checked first, so that damage cannot be followed."""
    if pa.types.is_dictionary(column.type):
        column.validate(full=False)
        words = list(_values(column.dictionary))
        bounds = pc.min_max(column.indices).as_py()
        if bounds["min"] is not None and not 0 <= bounds["min"] <= bounds["max"] < len(words):
            raise pa.ArrowInvalid("an index that is not in its dictionary")
        return (None if index is None else words[index] for index in column.indices.to_pylist())
    if column.type in _TEXT:
        column = column.cast(pa.large_binary())
    column.validate(full=True)
    return iter(column.to_pylist())
