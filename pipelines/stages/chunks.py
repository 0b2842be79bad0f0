"""What the tables of all files hold of one part of the hash space, read some rows at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipelines.stages.rounds import Round, in_round
from pipelines.stages.work import column, mapped

CHUNK_ROWS: Final = 1 << 18

Chunk = dict[str, npt.NDArray[Any]]


def chunks(tables: Sequence[tuple[int, Path]], part: Round, most_rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """Yield the rows of one part of the hash space, in the order of the tables: their columns by name, and `file`.

    `tables` are files' indices and the tables kept for them, in `hash_order` of their first column. A chunk has at most
    `most_rows`, unless one table has more for this part.
    """
    waiting: list[Chunk] = []
    rows = 0
    for index, path in tables:
        table = mapped(path)
        own = in_round(column(table, table.column_names[0]).to_numpy(), part)
        size = own.stop - own.start
        if waiting and rows + size > most_rows:
            yield _joined(waiting)
            waiting, rows = [], 0
        if size:
            # copied, for a process may not have as many files mapped as a corpus may have
            values = {name: column(table, name).to_numpy()[own].copy() for name in table.column_names}
            waiting.append({"file": np.full(size, index, np.int32), **values})
            rows += size
    if waiting:
        yield _joined(waiting)


def _joined(parts: Sequence[Chunk]) -> Chunk:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
