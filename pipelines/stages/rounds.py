"""A shuffle by files: what goes from split to split by its hash is kept in the order of the hash space.

Each split writes one table of keys and columns, in order; a round reads one part of the hash space from every table,
whose rows are then a slice, mapped into memory; what it finds goes into one table in the order of the splits. So
memory is for one part at a time, whatever the runner, and the number of parts may change between a run and its resume.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.dedup.exact import Hashes, Positions
from pipelines.stages.work import mapped

_BITS: Final = 16  # the high ones of a key, by which tables are in order: a radix sort
_LOW: Final = 64 - _BITS


@dataclass(frozen=True)
class Round:
    """Part `number` of the hash space in `of` parts, as a task of `step`."""

    step: str
    number: int
    of: int

    @property
    def split(self) -> str:
        return f"{self.step}/{self.of}/{self.number:05d}"

    @property
    def file(self) -> str:
        """The name of the table that the round writes."""
        return f"{self.split}.arrow"


def rounds(step: str, parts: int) -> list[Round]:
    """Return a round for each part of the hash space; at most 65,536."""
    return [Round(step, number, parts) for number in range(parts)]


def hash_order(keys: Hashes) -> Positions:
    """Return the order in which a table of these keys is written: by their high bits, equal ones as they stand."""
    return np.argsort((keys >> np.uint64(_LOW)).astype(np.uint16), kind="stable")


def in_round(keys: Hashes, task: Round) -> slice:
    """Return where the keys of a round stand among keys that are in `hash_order`, or sorted."""
    begin, end = (
        len(keys) if bound >> _BITS else int(np.searchsorted(keys, np.uint64(bound << _LOW))) for bound in _bounds(task)
    )
    return slice(begin, end)


def within(keys: Hashes, task: Round) -> npt.NDArray[np.bool_]:
    """Return which keys are of a round: bool [n]."""
    begin, end = _bounds(task)
    high = keys >> np.uint64(_LOW)
    mask: npt.NDArray[np.bool_] = (high >= begin) & (high < end)
    return mask


def _bounds(task: Round) -> tuple[int, int]:
    """Return the first high bits of a round's keys, and the first after them."""
    return (task.number << _BITS) // task.of, ((task.number + 1) << _BITS) // task.of


def for_file(paths: Iterable[Path], file: int) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """Yield the rows for one file from each table that has some: columns by name, without `file`.

    The tables are of rounds; each record batch has a column `file`, ascending.
    """
    for path in paths:
        for batch in mapped(path).to_batches():
            begin, end = np.searchsorted(batch.column("file").to_numpy(), [file, file + 1]).tolist()
            if end > begin:
                rows = pa.table(batch.slice(begin, end - begin)).drop_columns("file")
                yield {name: rows[name].chunk(0).to_numpy(zero_copy_only=False) for name in rows.column_names}
