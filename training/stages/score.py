"""`score`: the margin of every pair, by an encoder: how much nearer its sides are to each other than to other texts.

The margin is that of mining (Artetxe and Schwenk 2019, equation 2, as a ratio), with the neighbours sought among a
bounded sample of the other sides of the same pair of languages.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
import xxhash
from numpy.typing import NDArray

from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.schemas import MARGIN
from pipelines.datasets.stage import Job, Outcome
from training.config.reading import ScoreSection
from training.sentence_vectors import SentenceEncoder, encoder_folder, open_encoder

_BLOCK = 4096  # pairs that are compared with the sample at a time

Languages = tuple[str, str]
Texts = dict[int, str]  # by hash


@dataclass(frozen=True)
class Side:
    """A sample of one side of a pair of languages: hashes uint64 `[s]`, ascending, and unit vectors `[s, d]`.

    mean: float32 `[d]`, what is subtracted from vectors of this side before they are compared.
    """

    hashes: NDArray[np.uint64]
    vectors: NDArray[np.float32]
    mean: NDArray[np.float32]

    def centred(self, vectors: NDArray[np.float16]) -> NDArray[np.float32]:
        """Return unit vectors without the side's mean."""
        return _unit(vectors.astype(np.float32) - self.mean)


def run(job: Job) -> Outcome:
    """Draw and embed a sample of each side, then score every file of pairs that is not done yet."""
    score: ScoreSection = job.config
    torch.set_num_threads(score.threads)
    encoder = open_encoder(encoder_folder(job, score), score)
    files = list(_files(job))
    pending = [(entry, table) for entry, table in files if job.draft.finished(_split(entry)) is None]
    samples = _samples([table for _, table in files], score.sample) if pending else {}
    sides = {languages: [_side(encoder, texts, score) for texts in both] for languages, both in samples.items()}
    job.progress.start(len(files), "files", len(files) - len(pending))
    for number, (entry, table) in enumerate(pending, start=len(files) - len(pending) + 1):
        job.draft.finish(_split(entry), score_file(encoder, score, sides, job.draft, entry.name, table))
        job.progress.update(number)
    records = [job.draft.record(_split(entry)) for entry, _ in files]
    return Outcome(
        unit_in="pairs",
        unit_out="pairs",
        counts=Counts.total(record.counts for record in records),
        files=[entry for record in records for entry in record.files],
        summary={"columns": {MARGIN: ["pairs"]}},
    )


def score_file(
    encoder: SentenceEncoder,
    score: ScoreSection,
    sides: dict[Languages, list[Side]],
    draft: Draft,
    name: str,
    pairs: pa.Table,
) -> SplitRecord:
    """Write the margins of a file of pairs (PAIRS)."""
    texts = [pairs[column].to_pylist() for column in ("source_text", "target_text")]
    vectors = [encoder(side) for side in texts]
    margins = np.empty(pairs.num_rows, np.float32)
    of_rows = _languages(pairs)
    for languages in dict.fromkeys(of_rows):
        rows = np.flatnonzero([own == languages for own in of_rows])
        for block in np.split(rows, range(_BLOCK, len(rows), _BLOCK)):
            hashes = [np.array([_hash(side[row]) for row in block], np.uint64) for side in texts]
            own = [side.centred(both[block]) for side, both in zip(sides[languages], vectors, strict=True)]
            margins[block] = pair_margins(own, hashes, sides[languages], score.neighbours)
    entry = draft.write_table(f"scores/{name}", pa.table({MARGIN: margins}), {"kind": "scores", "of": name})
    return SplitRecord(files=[entry], rows=SplitRecord.rows_of(Counts(pairs.num_rows, 0, pairs.num_rows)))


def pair_margins(
    vectors: list[NDArray[np.float32]], hashes: list[NDArray[np.uint64]], sides: list[Side], k: int
) -> NDArray[np.float32]:
    """Return the margin of n pairs, float32 `[n]`.

    vectors and hashes: of sources and of targets, `[n, d]` and `[n]`. A text's neighbours are sought among the sample
    of the other side and its own partner.
    """
    cosine = np.einsum("nd,nd->n", *vectors)
    means = [_mean_of_nearest(vectors[one], cosine, hashes[1 - one], sides[1 - one], k) for one in (0, 1)]
    return np.asarray(cosine / np.maximum((means[0] + means[1]) / 2, np.float32(1e-6)), np.float32)


def _mean_of_nearest(
    queries: NDArray[np.float32], cosine: NDArray[np.float32], partners: NDArray[np.uint64], other: Side, k: int
) -> NDArray[np.float32]:
    similarity = queries @ other.vectors.T
    is_partner = other.hashes[None, :] == partners[:, None]
    similarity[is_partner] = -np.inf  # it stands in the last column
    similarity = np.concatenate([similarity, cosine[:, None]], axis=1)
    nearest = -np.partition(-similarity, min(k, similarity.shape[1]) - 1, axis=1)[:, :k]
    there = np.isfinite(nearest)
    return np.asarray(np.where(there, nearest, 0).sum(axis=1) / there.sum(axis=1), np.float32)


def _files(job: Job) -> Iterator[tuple[FileEntry, pa.Table]]:
    for stage in ("align", "mine"):
        for dataset in job.inputs.get(stage, {}).values():
            yield from ((entry, dataset.table(entry)) for entry in dataset.files(kind="pairs"))


def _samples(tables: list[pa.Table], size: int) -> dict[Languages, tuple[Texts, Texts]]:
    """Return for each pair of languages the distinct texts of both sides with the lowest hashes, at most `size`."""
    samples: dict[Languages, tuple[Texts, Texts]] = {}
    for table in tables:
        of_rows = _languages(table)
        for place, column in enumerate(("source_text", "target_text")):
            for languages, text in zip(of_rows, table[column].to_pylist(), strict=True):
                sample = samples.setdefault(languages, ({}, {}))[place]
                sample[_hash(text)] = text
                if len(sample) >= 2 * size:
                    _keep_lowest(sample, size)
    for both in samples.values():
        for sample in both:
            _keep_lowest(sample, size)
    return samples


def _keep_lowest(sample: Texts, size: int) -> None:
    for key in sorted(sample)[size:]:
        del sample[key]


def _side(encoder: SentenceEncoder, texts: Texts, score: ScoreSection) -> Side:
    hashes = sorted(texts)
    vectors = encoder([texts[key] for key in hashes]).astype(np.float32)
    mean = vectors.mean(axis=0) if score.centering else np.zeros(encoder.width, np.float32)
    return Side(np.array(hashes, np.uint64), _unit(vectors - mean), mean)


def _languages(pairs: pa.Table) -> list[Languages]:
    return list(zip(pairs["source_lang"].to_pylist(), pairs["target_lang"].to_pylist(), strict=True))


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode())


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12)))


def _split(entry: FileEntry) -> str:
    return Path(entry.name).with_suffix("").as_posix()
