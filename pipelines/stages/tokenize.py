"""Tokenize: a SentencePiece model, given or trained on the train split alone, and every shard encoded, row for row."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.config.tokenize import TokenizeSection
from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry, total_rows
from pipelines.datasets.stage import Job, Outcome
from pipelines.datasets.store import fetched
from pipelines.engine.budget import budget_of
from pipelines.stages.tokenizing.counts import COUNTS, CPU_SECONDS, by_language, counted, speed
from pipelines.stages.tokenizing.given import given_model
from pipelines.stages.work import column, each_task, mapped, records_of, total
from pipelines.text.sampling import lowest_hashes, quotas
from pipelines.text.vocabulary import Vocabulary, train_unigram

MODEL = "tokenizer.model"
TRAINED: Final = 40  # bytes that SentencePiece's training takes for each byte of its sample, at most
_PART_ROWS: Final = 4096  # of the sample that are Python objects at a time
_PART_BYTES: Final = 4 << 20  # of a shard's text that are encoded at a time; the ids do not depend on it


@dataclass(frozen=True)
class ShardTask:
    """One published shard."""

    path: Path
    entry: FileEntry

    @property
    def split(self) -> str:
        return f"encode/{self.entry.name.removesuffix('.arrow')}"


def run(job: Job) -> Outcome:
    """Train the model, or take the one that is given, then encode every shard of texts and pairs."""
    section: TokenizeSection = job.config
    published = job.input("publish")
    model = _model(job, published, section)
    shards = [
        ShardTask(published.future_path(entry), entry)
        for kind in ("text", "pairs")
        for entry in published.files(kind=kind)
    ]
    each_task(job, "Encode", shards, partial(encode_shard, job.draft.folder / MODEL))
    records = records_of(job.draft, shards)
    counts, files, _ = total(records)
    vocabulary = Vocabulary(job.draft.path(MODEL).read_bytes())
    counted_tokens = by_language([shard.entry for shard in shards], records)
    return Outcome(
        unit_in="rows",
        unit_out="rows",
        counts=counts,
        files=[*model.files, *files],
        summary={
            "vocabulary": vocabulary.size,
            "pieces": vocabulary.pieces,
            **model.summary,
            COUNTS: counted_tokens,
        },
        timings=speed(counted_tokens, records),
    )


def encode_shard(model: Path, draft: Draft, task: ShardTask) -> SplitRecord:
    """Encode one shard: `ids`, or `source`, `target` and `group`; same name, same rows, same order."""
    table = mapped(task.path)
    vocabulary = _vocabulary(model)
    names = ("source_text", "target_text") if task.entry.partition["kind"] == "pairs" else ("text",)
    texts = [column(table, name) for name in names]
    started = time.process_time()
    ids = [_encode(vocabulary, part) for part in texts]
    seconds = time.process_time() - started
    if len(ids) == 2:
        encoded = pa.table({"source": ids[0], "target": ids[1], "group": column(table, "group")})
    else:
        encoded = pa.table({"ids": ids[0]})
    return SplitRecord(
        files=[draft.write_table(task.entry.name, encoded, task.entry.partition)],
        rows=SplitRecord.rows_of(Counts(table.num_rows, 0, encoded.num_rows)),
        summary={COUNTS: counted(vocabulary, texts, ids), CPU_SECONDS: seconds},
    )


def _encode(vocabulary: Vocabulary, texts: pa.Array) -> pa.ListArray:
    """Return the ids of all texts, some megabytes of which are taken at a time."""
    ends = np.cumsum(pc.binary_length(texts).to_numpy(), dtype=np.int64)
    whole = int(ends[-1]) if len(ends) else 0
    cuts = np.unique(np.searchsorted(ends, np.arange(_PART_BYTES, whole, _PART_BYTES)))
    bounds = [0, *cuts.tolist(), len(texts)]
    return pa.concat_arrays([vocabulary.encode(texts.slice(low, high - low)) for low, high in pairwise(bounds)])


def sample(published: Dataset, section: TokenizeSection) -> tuple[Iterator[str], dict[str, int]]:
    """Return the texts to train on, and how many come from each language.

    Every string of a pair is a text of its language too, so the text shards of the train split are enough. They are
    read from the shards as they are asked for; what is held is the places of those that were drawn.
    """
    rows: dict[str, int] = {}
    for entry in published.files(kind="text", split="train"):
        rows[entry.partition["language"]] = rows.get(entry.partition["language"], 0) + entry.rows
    if not rows:
        raise UserError(f"{published.place}: no text in the train split; loosen publish.thresholds")
    given = quotas(rows, section.exponent, section.sentences)
    return (text for language in sorted(given) for text in _drawn(published, language, given[language])), given


def _drawn(published: Dataset, language: str, count: int) -> Iterator[str]:
    """Yield `count` texts of a language, those with the lowest hashes, in the order of the shards."""
    shards = [
        column(published.table(entry), "text")
        for entry in published.files(kind="text", split="train", language=language)
    ]
    places = lowest_hashes((part.to_pylist() for shard in shards for part in _parts(shard)), count)
    begin = 0
    for shard in shards:
        own = places[slice(*np.searchsorted(places, [begin, begin + len(shard)]))] - begin
        for part in _parts(pa.array(own)):
            yield from shard.take(part).to_pylist()
        begin += len(shard)


def _parts(values: pa.Array) -> Iterator[pa.Array]:
    return (values.slice(start, _PART_ROWS) for start in range(0, len(values), _PART_ROWS))


def _model(job: Job, published: Dataset, section: TokenizeSection) -> SplitRecord:
    finished = job.draft.finished("model")
    if finished is not None:
        return finished
    if section.model is None:
        model, summary = _trained(job, published, section)
    else:
        model, summary = given_model(section.model), {}
    record = SplitRecord(files=[job.draft.write_bytes(MODEL, model, {"kind": "tokenizer"})], summary=summary)
    job.draft.finish("model", record)
    return record


def _trained(job: Job, published: Dataset, section: TokenizeSection) -> tuple[bytes, dict[str, Any]]:
    texts, given = sample(published, section)
    _check_sample(job, published, section, given)
    model = train_unigram(
        texts,
        section.vocabulary,
        section.coverage,
        section.threads,
        byte_fallback=section.byte_fallback,
        normalization=section.normalization,
    )
    return model, {"sampled": given}


def _check_sample(job: Job, published: Dataset, section: TokenizeSection, given: Mapping[str, int]) -> None:
    """Raise UserError where SentencePiece, which runs alone in this process, needs more memory than there is."""
    size = 0
    for language, count in given.items():
        shards = published.files(kind="text", split="train", language=language)
        size += count * sum(entry.bytes for entry in shards) // max(total_rows(shards), 1)
    budget = replace(budget_of(job, "tokenize"), workers=1)
    fitting = int(budget.share / (TRAINED * max(size, 1)) * section.sentences)
    remedy = f"lower tokenize.sentences to {fitting}" if fitting > 0 else ""
    budget.require(TRAINED * size, f"SentencePiece on {sum(given.values()):,} texts", remedy)


@lru_cache(maxsize=1)
def _vocabulary(model: Path) -> Vocabulary:
    return Vocabulary(fetched(model).read_bytes())
