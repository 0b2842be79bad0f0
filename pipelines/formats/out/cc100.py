"""CC-100's text: a file for each language, a paragraph a line, a blank line between documents, packed with xz.

The format is that of https://data.statmt.org/cc-100/. A file is a row of xz streams, each of whole documents, so that
it can be unpacked in parts.
"""

import lzma
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.formats.out.parallel import in_order

_STREAM_BYTES = 24 << 20  # as much as `xz -6 -T0` puts into a block


class Cc100:
    """Writes `LANGUAGE.txt.xz` for the training split and `LANGUAGE.SPLIT.txt.xz` for the others."""

    layout = (
        "`LANGUAGE.txt.xz` is the training split, `LANGUAGE.dev.txt.xz` and `LANGUAGE.test.txt.xz` are held out: a "
        "paragraph a line, a blank line between documents."
    )
    has_texts = True
    has_pairs = False
    on_hub = True

    def files(self, name: str, split: str) -> str:
        return f"{name}.txt.xz" if split == "train" else f"{name}.{split}.txt.xz"

    def write(self, folder: Path, name: str, split: str, tables: Iterable[pa.Table]) -> None:
        parts = (part for table in tables for part in _parts(table["text"].combine_chunks()))
        with (folder / self.files(name, split)).open("wb") as file:
            for packed in in_order(_packed, enumerate(parts)):
                file.write(packed)


def _packed(numbered: tuple[int, pa.Array]) -> bytes:
    """Return a run of documents as an xz stream; all but the first begin with the blank line behind the one before."""
    number, texts = numbered
    whole = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    text = pc.binary_join(whole, "\n\n")[0].as_buffer().to_pybytes()
    return lzma.compress((b"\n" if number else b"") + text + b"\n")


def _parts(texts: pa.Array) -> Iterator[pa.Array]:
    """Yield runs of documents, each of about `_STREAM_BYTES`."""
    ends = np.cumsum(pc.binary_length(texts).to_numpy().astype(np.int64)) // _STREAM_BYTES
    cuts = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(texts)]
    for start, stop in pairwise(cuts):
        yield texts.slice(start, stop - start)
