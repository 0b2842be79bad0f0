"""Tokenize: a SentencePiece model, given or trained on the train split alone, and every shard encoded, row for row."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipelines.config.tokenize import TokenizeSection
from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry, total_rows
from pipelines.datasets.stage import Job, Outcome
from pipelines.engine.budget import budget_of
from pipelines.stages.tokenizing.given import given_model
from pipelines.stages.work import add_up, column, each_task, mapped, records_of, total
from pipelines.text.sampling import lowest_hashes, quotas
from pipelines.text.vocabulary import UNKNOWN, Vocabulary, train_unigram

MODEL = "tokenizer.model"
TRAINED: Final = 40  # bytes that SentencePiece's training takes for each byte of its sample, at most
_PART_ROWS: Final = 4096  # that are Python objects at a time


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
        ShardTask(published.path(entry), entry) for kind in ("text", "pairs") for entry in published.files(kind=kind)
    ]
    each_task(job, "Encode", shards, partial(encode_shard, job.draft.folder / MODEL))
    records = records_of(job.draft, shards)
    counts, files, _ = total(records)
    vocabulary = Vocabulary(job.draft.folder.joinpath(MODEL).read_bytes())
    return Outcome(
        unit_in="rows",
        unit_out="rows",
        counts=counts,
        files=[*model.files, *files],
        summary={
            "vocabulary": vocabulary.size,
            "pieces": vocabulary.pieces,
            **model.summary,
            **_token_counts(shards, records),
        },
    )


def encode_shard(model: Path, draft: Draft, task: ShardTask) -> SplitRecord:
    """Encode one shard: `ids`, or `source`, `target` and `group`; same name, same rows, same order."""
    table = mapped(task.path)
    vocabulary = _vocabulary(model)

    def ids(name: str) -> pa.Array:
        texts = column(table, name)
        return pa.concat_arrays([vocabulary.encode(part) for part in _parts(texts)] or [vocabulary.encode(texts)])

    if task.entry.partition["kind"] == "pairs":
        columns = {"source": ids("source_text"), "target": ids("target_text"), "group": column(table, "group")}
    else:
        columns = {"ids": ids("text")}
    encoded = pa.table(columns)
    return SplitRecord(
        files=[draft.write_table(task.entry.name, encoded, task.entry.partition)],
        rows=SplitRecord.rows_of(Counts(table.num_rows, 0, encoded.num_rows)),
        summary={"tokens": _tokens(encoded), "unknown": _tokens(encoded, UNKNOWN)},
    )


def sample(published: Dataset, section: TokenizeSection) -> tuple[Iterator[str], dict[str, int]]:
    """Return the texts to train on, and how many come from each language.

    Every string of a pair is a text of its language too, so the text shards of the train split are enough. They are
    read from the shards as they are asked for; what is held is the places of those that were drawn.
    """
    rows: dict[str, int] = {}
    for entry in published.files(kind="text", split="train"):
        rows[entry.partition["language"]] = rows.get(entry.partition["language"], 0) + entry.rows
    if not rows:
        raise UserError(f"{published.folder}: no text in the train split; loosen publish.thresholds")
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
    return Vocabulary(model.read_bytes())


def _tokens(encoded: pa.Table, only: int | None = None) -> int:
    ids = [column(encoded, name).values.to_numpy() for name in encoded.column_names if name != "group"]
    return int(sum(len(part) if only is None else np.count_nonzero(part == only) for part in ids))


def _token_counts(shards: list[ShardTask], records: Iterable[SplitRecord]) -> dict[str, Any]:
    """Return the tokens and unknown tokens of the train split by kind and language; a pair counts both sides."""

    def parts() -> Iterator[dict[str, Any]]:
        for shard, record in zip(shards, records, strict=True):
            where = shard.entry.partition
            if where["split"] == "train":
                yield {name: {where["kind"]: {where["language"]: record.summary[name]}} for name in record.summary}

    return add_up(parts())
