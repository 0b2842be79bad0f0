"""Tab-separated values, plain or compressed: a translation unit a line. Only `\\n` ends a line.

WikiMatrix: score, first and second language (facebookresearch/LASER, tasks/WikiMatrix/extract.py). The sentences of
CCAligned: first, second language, score. Bitextor, which makes ParaCrawl: two URLs, two texts, scores
(https://bitextor.readthedocs.io/en/latest/OUTPUT.html). There are no quotes and no escapes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.reasons import Reason
from pipelines.formats.bitext import UnitColumns, in_records, in_units
from pipelines.formats.compressed import RawFile
from pipelines.formats.line_arrays import LineBlock, read_line_blocks
from pipelines.formats.linewise import BadLine, plan_lines
from pipelines.formats.protocol import Records, Split

SCORE: Final = "score"
DOCUMENT: Final = "document"
UNREAD: Final = "-"


def languages_of(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the languages among the names of columns, in their order.

    Raises ValueError unless there are at least two, each once, and at most one score and one document.
    """
    named = [name for name in columns if name != UNREAD]
    languages = tuple(name for name in named if name not in (SCORE, DOCUMENT))
    if len(set(named)) < len(named) or len(languages) < 2:
        raise ValueError(
            f"columns must name two languages or more, and each of them, {SCORE!r} and {DOCUMENT!r} at most once "
            f"({UNREAD!r} for what is not read)"
        )
    return languages


@dataclass(frozen=True)
class Tsv:
    """The source `name`: the lines of the file `raw`, each with these `columns`.

    A column is a language, `score`, `document`, or `-`, which is not read. With `header` the first line names the
    columns and is no unit. A split is about `split_bytes`; a line of more than `max_record_bytes` is not read.
    """

    name: str
    raw: RawFile
    columns: tuple[str, ...]
    header: bool
    split_bytes: int
    max_record_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits that end at line ends. Raises UserError as `plan_lines` does."""
        return in_records(plan_lines(self.raw, self.split_bytes), len(languages_of(self.columns)))

    def read(self, split: Split) -> Iterator[Records]:
        languages = languages_of(self.columns)
        for block in read_line_blocks(self.raw, in_units(split, len(languages)), self.max_record_bytes):
            skipped = int(self.header and block.first == 0)
            if len(block) > skipped:
                yield self._units(block.slice(skipped, len(block)), languages).records()

    def _units(self, block: LineBlock, languages: tuple[str, ...]) -> UnitColumns:
        width = len(self.columns)
        cells = pc.split_pattern(block.lines, b"\t")
        found = pc.list_value_length(cells).to_numpy()
        wrong = np.flatnonzero(found != width).tolist()
        bad = {place: _misshapen(block.lines[place].as_py(), int(found[place]), width) for place in wrong}
        first_cell = pa.array(np.cumsum(found) - found, mask=found != width)
        values = cells.flatten()

        def column(name: str) -> pa.Array:
            return values.take(pc.add(first_cell, self.columns.index(name))).fill_null(b"")

        return UnitColumns(
            file=self.name,
            first=block.first,
            languages=languages,
            texts=[column(language) for language in languages],
            documents=column(DOCUMENT) if DOCUMENT in self.columns else None,
            scores=column(SCORE) if SCORE in self.columns else None,
            offsets=block.offsets,
            bad={**bad, **block.bad},
        )


def _misshapen(line: bytes, columns: int, width: int) -> BadLine:
    error = f"{columns} columns, where the config names {width}"
    return BadLine(Reason.WRONG_FIELD, error, line.decode("utf-8", "backslashreplace"))
