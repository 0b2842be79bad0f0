"""What a split takes in memory while it is read, and the refusal of sources whose splits take too much."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pipelines.config.sources import Source
from pipelines.engine.budget import Budget
from pipelines.formats.protocol import Split

# The most that was seen with splits of 8 to 32 MiB, of lines of 48 to 2,000 bytes and of JSON Lines.
BASE: Final = 80 << 20  # bytes for any split
BYTE: Final = 6.5  # … for each of its bytes
ROW: Final = 650  # … and for each of its rows
_ROW_BYTES: Final = 128  # of a row where their number is not known


def need(size: int, rows: int = 0) -> int:
    """Return how many bytes are held while a split of `size` unpacked bytes and so many rows is read."""
    return int(BASE + BYTE * size + ROW * max(rows, size // _ROW_BYTES))


def check_before(budget: Budget, place: int, source: Source) -> None:
    """Raise UserError where the splits of a source take too much, as far as that is known before it is planned.

    `place` is the source's in `ingest.sources`. To plan a large file takes minutes.
    """
    path = Path(getattr(source, "path", None) or "")
    if path.is_file() and path.stat().st_size >= source.split_bytes:
        _require(budget, place, source, source.split_bytes, need(source.split_bytes))


def check_splits(budget: Budget, place: int, source: Source, splits: Sequence[Split]) -> None:
    """Raise UserError where one of the splits takes too much."""
    ends = [*(split.first_record for split in splits[1:]), 0]  # of the last one, and of some formats, it is not known
    for split, end in zip(splits, ends, strict=True):
        _require(budget, place, source, split.unpacked, need(split.unpacked, end - split.first_record))


def _require(budget: Budget, place: int, source: Source, size: int, taken: int) -> None:
    key = f"ingest.sources[{place}]"
    fitting = int((budget.share - BASE) / (BYTE + ROW / _ROW_BYTES))
    if size > 2 * source.split_bytes:
        remedy = f"give {key} in smaller row groups, members or documents: one of {size:,} bytes is never cut"
    elif fitting > 0:
        remedy = f"lower {key}.split_bytes to {fitting}"
    else:
        remedy = ""
    budget.require(taken, f"a split of {key} ({source.name}) of {size:,} bytes", remedy)
