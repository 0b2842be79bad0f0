"""Reading a whole source, for the tests of formats."""

import math
from typing import Any

from pydantic import TypeAdapter

from pipelines.config.sources import Source
from pipelines.formats.protocol import RECORDS, Format, Unreadable
from pipelines.stages.ingesting.sources import open_format


def open_source(**keys: Any) -> Format:
    """Return the reader of a source of the config, which is called `s`."""
    return open_format(TypeAdapter(Source).validate_python({"name": "s", **keys}))


def read_all(form: Format) -> tuple[list[dict[str, Any]], list[Unreadable]]:
    """Return the rows and what could not be read; a score that is not a number is None."""
    rows: list[dict[str, Any]] = []
    bad: list[Unreadable] = []
    for split in form.plan():
        for records in form.read(split):
            assert records.batch.schema == RECORDS
            rows += records.batch.to_pylist()
            bad += records.unreadable
    for row in rows:
        row["score"] = None if math.isnan(row["score"]) else round(row["score"], 4)
    return rows, bad


def columns(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]
