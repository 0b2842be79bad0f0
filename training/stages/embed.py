"""`embed`: a vector for each sentence, and for runs of sentences where they are to be aligned."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.schemas import span_vectors_schema, vectors_schema
from pipelines.datasets.stage import Job, Outcome
from training.config.reading import EmbedSection
from training.sentence_vectors import SentenceEncoder, encoder_folder, open_encoder


def run(job: Job) -> Outcome:
    """Embed every file of sentences that is not done yet. Raises UserError as `open_encoder` does."""
    embed: EmbedSection = job.config
    torch.set_num_threads(embed.threads)
    encoder = open_encoder(encoder_folder(job, embed), embed)
    segment = job.input("segment")
    entries = segment.files(kind="sentences")
    job.progress.start(len(entries), "files", job.draft.finished_splits())
    records = []
    for number, entry in enumerate(entries, start=1):
        split = Path(entry.name).with_suffix("").as_posix()
        record = job.draft.finished(split)
        if record is None:
            record = embed_file(encoder, embed.longest_span, job.draft, entry.name, segment.table(entry))
            job.draft.finish(split, record)
        records.append(record)
        job.progress.update(number)
    return Outcome(
        unit_in="sentences",
        unit_out="vectors",
        counts=Counts.total(record.counts for record in records),
        files=[entry for record in records for entry in record.files],
        summary={"width": encoder.width, "longest_span": embed.longest_span},
    )


def embed_file(
    encoder: SentenceEncoder, longest_span: int, draft: Draft, name: str, sentences: pa.Table
) -> SplitRecord:
    """Write the vectors of a file of sentences (SENTENCES), and those of its spans where any are asked for."""
    texts: list[str] = sentences["text"].to_pylist()
    beside = name.partition("/")[2]
    files: list[FileEntry] = []
    rows = encoder(texts)
    table = pa.table([as_column(rows)], schema=vectors_schema(encoder.width))
    files.append(draft.write_table(f"vectors/{beside}", table, {"kind": "vectors", "of": name}))
    first, count = spans(sentences["document_row"].to_numpy(), longest_span)
    if longest_span > 1:
        joined = [" ".join(texts[row : row + size]) for row, size in zip(first.tolist(), count.tolist(), strict=True)]
        columns = [pa.array(first), pa.array(count), as_column(encoder(joined))]
        table = pa.table(columns, schema=span_vectors_schema(encoder.width))
        files.append(draft.write_table(f"span_vectors/{beside}", table, {"kind": "span_vectors", "of": name}))
    counts = Counts(rows_in=len(texts), expanded=len(first), rows_out=len(texts) + len(first))
    return SplitRecord(files=files, rows=SplitRecord.rows_of(counts))


def spans(document_row: NDArray[np.int32], longest: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the first row and the length of every run of 2 to `longest` rows of one document, int32 `[n]` each.

    document_row: int32 `[sentences]`, ascending. Runs are ordered by first row, then length.
    """
    rows = np.arange(len(document_row))
    left = np.searchsorted(document_row, document_row, side="right") - rows  # rows to the document's end
    count = np.tile(np.arange(2, longest + 1), len(rows))
    first = np.repeat(rows, longest - 1)
    inside = count <= np.repeat(left, longest - 1)
    return first[inside].astype(np.int32), count[inside].astype(np.int32)


def as_column(vectors: NDArray[np.float16]) -> pa.Array:
    """Return vectors `[n, D]` as a column of fixed-size lists."""
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
