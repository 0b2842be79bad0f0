"""Mine: pairs of sentences in different languages that nothing but their meaning ties together.

Each language's distinct sentences are collected, their vectors written in shards, the nearest neighbours of every
shard sought in all shards of the other language, and the pairs chosen by margin (see `pipelines.align.margins`). A
process holds one shard of the database at a time.
"""

from functools import partial
from math import ceil
from typing import Any, Final

from pipelines.config.mine import MineSection
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import Job, Outcome
from pipelines.engine.budget import budget_of
from pipelines.engine.steps import Step
from pipelines.stages.inputs import language_model
from pipelines.stages.mining.found import PAIR_ROWS, Sides, WriteTask, find, search, write_pairs
from pipelines.stages.mining.sides import (
    EXACT_UP_TO,
    Mining,
    ShardTask,
    SideTask,
    collect_side,
    scan_file,
    sentence_files,
    write_shard,
)
from pipelines.stages.work import each_step, records_of, total
from pipelines.text.langid import identifier
from pipelines.text.languages import canonical

# Bytes that are held at a time, by step
_NUMBER: Final = 10  # search: for each number of a shard's vectors, as they are and as float32
_SENTENCE: Final = 64  # collect: for each sentence of a language
_NEIGHBOUR: Final = 64  # choose: for each neighbour of a sentence of two languages


def run(job: Job) -> Outcome:
    """Mine every pair of languages of the config."""
    section: MineSection = job.config
    segment, embed = job.input("segment"), job.input("embed")
    model = language_model(job.input("ingest"))
    identifier(model)  # a model that is gone ends the run here, in one sentence
    pairs = [(canonical(source), canonical(target)) for source, target in section.languages]
    languages = tuple(sorted({language for pair in pairs for language in pair}))
    sentences = _sentences(segment, languages)
    mining = Mining(section, sentence_files(segment, embed), languages, embed.manifest.summary["width"])
    _check_memory(job, mining, pairs, sentences)

    collect = [SideTask(language) for language in languages]
    shards = {language: _shards(section, language, sentences[language]) for language in languages}
    found = [Sides(one, other, shards[one], shards[other], sentences[other]) for one, other in pairs]
    parts = [
        WriteTask(sides, number)
        for sides in found
        for number in range(ceil(max(sentences[sides.source], sentences[sides.target]) / PAIR_ROWS))
    ]
    steps: list[Step[Any]] = [
        Step("Scan", mining.files, partial(scan_file, mining)),
        Step("Collect", collect, partial(collect_side, mining)),
        Step("Shards", [task for own in shards.values() for task in own], partial(write_shard, mining)),
        Step("Search", [one for sides in found for one in (*sides.forward, *sides.backward)], partial(search, mining)),
        Step("Choose", found, partial(find, mining)),
        Step("Write", parts, partial(write_pairs, mining, model)),
    ]
    each_step(job, steps)
    counts, _, samples = total(records_of(job.draft, found))
    _, files, _ = total(records_of(job.draft, parts))
    distinct = dict(zip(languages, (one.summary["distinct"] for one in records_of(job.draft, collect)), strict=True))
    summary = {
        sides.name: {
            "pairs": record.counts.rows_out, "source": distinct[sides.source], "target": distinct[sides.target]
        }
        for sides, record in zip(found, records_of(job.draft, found), strict=True)
    }  # fmt: skip
    return Outcome("sentences of the target", "pairs", counts, files, {"languages": summary}, samples)


def _sentences(segment: Dataset, languages: tuple[str, ...]) -> dict[str, int]:
    """Return how many sentences each language has. Raises UserError where one has none."""
    counts = segment.manifest.summary["languages"]
    for language in languages:
        if not counts.get(language, {}).get("sentences"):
            raise UserError(f"mine.languages: segment has no sentence in {language}; take it out, or add its text")
    return {language: int(counts[language]["sentences"]) for language in languages}


def _shards(section: MineSection, language: str, sentences: int) -> tuple[ShardTask, ...]:
    approximate = section.index == "approximate" or (section.index == "auto" and sentences > EXACT_UP_TO)
    return tuple(ShardTask(language, number, approximate) for number in range(ceil(sentences / section.shard_rows)))


def _check_memory(job: Job, mining: Mining, pairs: list[tuple[str, str]], sentences: dict[str, int]) -> None:
    """Refuse what cannot fit: a shard's vectors, or what must be known of all sentences of two languages at once."""
    budget = budget_of(job, "mine")
    rows = min(mining.section.shard_rows, max(sentences.values()))
    vectors = rows * mining.width * _NUMBER
    budget.require(vectors, f"the vectors of {rows:,} sentences", "lower mine.shard_rows")
    most = max(sentences[source] + sentences[target] for source, target in pairs)
    neighbours = most * max(_SENTENCE, mining.section.neighbours * _NEIGHBOUR)
    budget.require(neighbours, f"the neighbours of {most:,} sentences in two languages")
