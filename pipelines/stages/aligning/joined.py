"""Beads as rows: the texts of their sentences joined, measured, and put side by side; and the vectors of documents."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.align.beads import LONGEST
from pipelines.stages.aligning.pairing import Pairs, SentenceFile, Translations
from pipelines.stages.aligning.pairs import Links, measured, pair_columns
from pipelines.stages.work import column, mapped
from pipelines.text.langid import identifier

_TAKEN = ("file", "record", "paragraph", "sentence", "document", "lang")

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Aligned:
    """The two-sided beads of a pair of documents, by rows of their files of sentences."""

    source_file: int
    source: Int32
    sources: Int32
    target: Int32
    targets: Int32
    confidence: Float32


def bead_pairs(translations: Translations, file: SentenceFile, found: Sequence[Aligned]) -> pa.Table:
    """Return the pairs (PAIRS) of the beads of one file's documents."""
    no = np.zeros(0, np.int32)
    nothing = Aligned(file.index, no, no, no, no, np.zeros(0, np.float32))
    parts = [nothing, *found]
    target, targets = (np.concatenate([getattr(part, name) for part in parts]) for name in ("target", "targets"))
    confidence = np.concatenate([part.confidence for part in parts])
    model = identifier(translations.model)
    second = measured(_joined(file, target, targets), model)
    first = measured(
        pa.concat_tables(
            [_joined(translations.files[part.source_file], part.source, part.sources) for part in parts]
        ).unify_dictionaries(),
        model,
    )
    links = Links(
        translations.section.method, confidence, _numbers(first, parts, "sources"), _numbers(second, parts, "targets")
    )
    second = second.append_column("key", pa.array([""] * len(target), pa.string()))
    return pair_columns(second, first, links)


def document_vectors(files: Sequence[SentenceFile], pairs: Pairs, pair: int, side: str) -> Float32:
    """Return the vectors of a document's sentences and spans as `embedding.align` takes them: float32 [k, s, d]."""
    file, first, stop = pairs.place(pair, side)
    vectors, spans = files[file].vectors, files[file].spans
    assert vectors is not None
    single = _matrix(mapped(vectors), first, stop)
    if spans is None:
        return single[None]
    table = mapped(spans)
    begins, counts = (column(table, name).to_numpy() for name in ("first", "count"))
    begin, end = np.searchsorted(begins, [first, stop]).tolist()
    longest = min(int(counts.max(initial=1)), LONGEST)
    out = np.zeros((longest, *single.shape), np.float32)
    out[0] = single
    rows = np.flatnonzero(counts[begin:end] <= longest) + begin
    out[counts[rows] - 1, begins[rows] - first + counts[rows] - 1] = _matrix(table, begin, end)[rows - begin]
    return out


def _joined(file: SentenceFile, first: Int32, counts: Int32) -> pa.Table:
    """Return the texts of runs of sentences, joined by spaces, beside the place of the first sentence of each."""
    table = file.table()
    taken = table.select(_TAKEN).take(pa.array(first))
    texts = [
        " ".join(table["text"].slice(begin, count).to_pylist())
        for begin, count in zip(first.tolist(), counts.tolist(), strict=True)
    ]
    return taken.append_column("text", pa.array(texts, pa.string()))


def _numbers(side: pa.Table, parts: Sequence[Aligned], name: str) -> Int32:
    counts = np.concatenate([getattr(part, name) for part in parts])
    return np.stack([column(side, "sentence").to_numpy(), counts], axis=1).astype(np.int32)


def _matrix(table: pa.Table, begin: int, end: int) -> Float32:
    rows = table["vector"].slice(begin, end - begin).combine_chunks()
    matrix: Float32 = rows.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return matrix.reshape(end - begin, rows.type.list_size)
