"""What names a row: its id, which it keeps from the raw file to the shard, and its place in a file of a dataset."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.errors import UserError

_PAIRING = {"pairs": "align", "mined": "mine"}  # stages by the folder of their files
_FULL = re.compile(r"(.+):(\d{1,10}):(\d{1,10})")
_SHORT = re.compile(r"(.+):(\d{1,10})")


def stage_of(name: str) -> str:
    """Return the stage that made a file of staged rows, of documents or of pairs."""
    return _PAIRING.get(name.partition("/")[0], "ingest")


@dataclass(frozen=True)
class RowId:
    """A row's id; without a paragraph it stands for every row of the record."""

    file: str
    record: int
    paragraph: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.record}" + ("" if self.paragraph is None else f":{self.paragraph}")

    @staticmethod
    def parse(text: str) -> "RowId":
        """Read `FILE:RECORD` or `FILE:RECORD:PARAGRAPH`. Raises UserError for another text."""
        if full := _FULL.fullmatch(text):
            return RowId(full[1], int(full[2]), int(full[3]))
        if short := _SHORT.fullmatch(text):
            return RowId(short[1], int(short[2]))
        raise UserError(f"{text}: not the id of a row; write FILE:RECORD or FILE:RECORD:PARAGRAPH")

    def rows(self, table: pa.Table, side: str = "") -> list[int]:
        """Return where the id's rows are in `table`; `side` is "", or "source_" or "target_" in pairs."""
        found = pc.equal(table[f"{side}record"], self.record)
        if self.paragraph is not None:
            found = pc.and_(found, pc.equal(table[f"{side}paragraph"], self.paragraph))
        rows = true_rows(found)
        files = table[f"{side}file"].take(pa.array(rows, pa.int64())).to_pylist()  # numbers are compared faster
        return [row for row, file in zip(rows, files, strict=True) if file == self.file]


@dataclass(frozen=True)
class Place:
    """A row of an Arrow file of a dataset, counted from 0."""

    file: str
    row: int

    def __str__(self) -> str:
        return f"{self.file}:{self.row}"

    @staticmethod
    def parse(text: str) -> "Place | None":
        """Read `FILE.arrow:ROW`; None for another text."""
        fit = _SHORT.fullmatch(text)
        return Place(fit[1], int(fit[2])) if fit and fit[1].endswith(".arrow") else None


def true_rows(mask: pa.ChunkedArray) -> list[int]:
    """Return the positions where `mask` (bool [n]) is true."""
    return np.flatnonzero(mask.to_numpy()).tolist()


def one_of(names: Sequence[str]) -> str:
    """Return names as a sentence shows them: the first ten, and how many more there are."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more
