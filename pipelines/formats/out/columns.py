"""Columns of text to the lines of a file, many at once."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.formats.out.parallel import in_order

_PACKED_TOGETHER = 50_000  # lines


def joined_lines(texts: pa.StringArray) -> memoryview:
    """Return the texts [n], a line feed behind each, as bytes."""
    lines = pc.binary_join_element_wise(texts, "", "\n")
    _, offsets, data = lines.buffers()
    if not len(lines):
        return memoryview(b"")
    first, last = np.frombuffer(offsets, np.int32)[[lines.offset, lines.offset + len(lines)]].tolist()
    return memoryview(data)[first:last]


def write_packed(path: Path, parts: Iterable[pa.StringArray | bytes]) -> None:
    """Write lines, and bytes as they are, as a gzip file of many members, so that it can be read in parts."""
    pieces = (piece for part in parts for piece in ([part] if isinstance(part, bytes) else _pieces(part)))
    with path.open("wb") as file:
        for packed in in_order(_packed, pieces):
            file.write(packed)


def _pieces(lines: pa.StringArray) -> Iterable[pa.StringArray]:
    return (lines.slice(start, _PACKED_TOGETHER) for start in range(0, len(lines), _PACKED_TOGETHER))


def _packed(piece: pa.StringArray | bytes) -> bytes:
    return gzip.compress(piece if isinstance(piece, bytes) else joined_lines(piece), mtime=0)
