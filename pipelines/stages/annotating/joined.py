"""Columns from outside: Parquet joined to rows, documents or pairs by their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipelines.config.annotate import JoinedColumns
from pipelines.datasets.errors import UserError

Of = Literal["rows", "documents", "pairs"]

_IDS: Final[dict[Of, tuple[str, ...]]] = {
    "pairs": tuple(f"{side}_{name}" for side in ("source", "target") for name in ("file", "record", "paragraph")),
    "rows": ("file", "record", "paragraph"),
    "documents": ("file", "record"),
}

_SENTENCES: Final = ("source_sentence", "target_sentence")  # of pairs that are sentences of documents, beside the ids


@dataclass(frozen=True)
class Outside:
    """A Parquet file that was looked at: what its rows are and how many, their id, and the columns wanted of it."""

    path: str
    of: Of
    rows: int
    ids: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def label(self) -> str:
        """What its counts are called: never the path, which may differ from run to run."""
        return ",".join(self.columns)


def look_at(config: JoinedColumns) -> Outside:
    """Return what the Parquet file holds.

    Raises UserError where it cannot be read, has no id columns or not the columns wanted, or where these are no
    numbers.
    """
    found = _open(config.path)
    types = {field.name: field.type for field in found.schema}
    of = next((of for of, ids in _IDS.items() if all(name in types for name in ids)), None)
    if of is None:
        raise UserError(
            f"{config.path}: no ids; rows have the columns file, record and paragraph, documents file and record, "
            f"pairs {', '.join(_IDS['pairs'])} (found: {', '.join(types)})"
        )
    ids = _IDS[of]
    if of == "pairs" and all(name in types for name in _SENTENCES):
        ids += _SENTENCES
    for name in ids:
        wanted = _is_text if name.endswith("file") else pa.types.is_integer
        if not wanted(types[name]):
            raise UserError(f"{config.path}: the column {name!r} of the id holds {types[name]}; convert it first")
    for name in config.columns:
        if name not in types:
            raise UserError(f"{config.path}: there is no column {name!r}; there are: {', '.join(types)}")
        if not _is_number(types[name]):
            raise UserError(f"{config.path}: the column {name!r} holds {types[name]}, not numbers; convert it first")
    return Outside(config.path, of, found.count_rows(), ids, config.columns)


@dataclass(frozen=True)
class Joined:
    """What was found for a table: the columns row by row (float32, null where there is no partner).

    `matched` rows have one; `doubled` is an id that stands twice in the file, in words, or "".
    """

    columns: pa.Table
    matched: int
    doubled: str


def join(outside: Outside, table: pa.Table) -> Joined:
    """Return the columns for `table`, which has the ids of rows, documents or pairs.

    Raises UserError where pairs are sentences and the file's ids do not say which.
    """
    ids = list(outside.ids)
    if outside.of == "pairs" and _SENTENCES[0] not in ids and (pc.max(table[_SENTENCES[0]]).as_py() or 0) > 0:
        raise UserError(f"{outside.path}: the pairs are sentences of documents; give {' and '.join(_SENTENCES)} too")
    rows = pa.table({name: _plain(table[name]) for name in ids}).append_column(
        "_row", pa.array(range(table.num_rows), pa.int64())
    )
    wanted = _rows_for(outside, rows, ids)
    firsts = wanted.group_by(ids, use_threads=False).aggregate([(name, "first") for name in outside.columns])
    first = firsts.rename_columns([name.removesuffix("_first") for name in firsts.column_names])
    there = first.append_column("_there", pa.repeat(True, first.num_rows))
    found = rows.join(there, ids, join_type="left outer").sort_by("_row")
    matched = found.num_rows - found["_there"].null_count
    doubled = _doubled(wanted, ids) if first.num_rows < wanted.num_rows else ""
    return Joined(found.select(outside.columns), matched, doubled)


def _doubled(wanted: pa.Table, ids: list[str]) -> str:
    counts = wanted.group_by(ids, use_threads=False).aggregate([([], "count_all")])
    doubled = counts.filter(pc.field("count_all") > 1)
    return ", ".join(f"{name} {doubled[name][0]}" for name in ids)


def _rows_for(outside: Outside, rows: pa.Table, ids: Sequence[str]) -> pa.Table:
    """Return the file's rows that may belong to `rows`: of their files and between their records."""
    file, record = ids[0], ids[1]
    within = pc.field(file).isin(pc.unique(rows[file]))
    if rows.num_rows:
        bounds = pc.min_max(rows[record])
        within &= (pc.field(record) >= bounds["min"]) & (pc.field(record) <= bounds["max"])
    found = _open(outside.path).to_table(
        columns=[*ids, *outside.columns], filter=within, batch_readahead=1, fragment_readahead=1
    )
    kinds = [*(rows.schema.field(name).type for name in ids), *(pa.float32() for _ in outside.columns)]
    return found.cast(pa.schema(list(zip(found.column_names, kinds, strict=True))), safe=False)


def _open(path: str) -> ds.Dataset:
    try:
        system, place = fsspec.core.url_to_fs(path)
        return ds.dataset(place, filesystem=system, format="parquet")
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        raise UserError(f"{path}: cannot be read as Parquet ({error}); check annotate.columns") from error


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))
