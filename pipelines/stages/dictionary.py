"""Dictionary: the words of the pivot language and their translations, from the published pairs of the train split."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.align.dictionary import extract
from pipelines.config.dictionary import DictionarySection
from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.stage import Job, Outcome
from pipelines.stages.inputs import ARROW
from pipelines.stages.work import column, each_task, mapped, records_of, total

_SEED = 42


@dataclass(frozen=True)
class LanguageTask:
    """The shards of the pairs of the pivot language with another."""

    languages: str
    language: str
    shards: tuple[Path, ...]

    @property
    def split(self) -> str:
        return f"dictionary/{self.languages}"


def run(job: Job) -> Outcome:
    """Write a dictionary for each language that has pairs with the pivot."""
    section: DictionarySection = job.config
    tasks = _tasks(job.input("publish"))
    each_task(job, "Extract", tasks, partial(write_dictionary, section))
    records = records_of(job.draft, tasks)
    counts, files, _ = total(records)
    languages = {task.language: record.summary for task, record in zip(tasks, records, strict=True)}
    return Outcome(unit_in="pairs", unit_out="pairs", counts=counts, files=files, summary={"languages": languages})


def write_dictionary(section: DictionarySection, draft: Draft, task: LanguageTask) -> SplitRecord:
    """Write a line `word<tab>translation` for each entry, in the order of the words, the surest first."""
    table = pa.concat_tables([mapped(shard).select(["source_text", "target_text"]) for shard in task.shards])
    rows = np.sort(np.random.default_rng(_SEED).permutation(table.num_rows)[: section.pairs])
    read = table.take(pa.array(rows))
    sources, targets = (column(read, name).to_pylist() for name in ("source_text", "target_text"))
    entries = extract(sources, targets, section.translations, section.certainty, section.seen)
    lines = "".join(f"{entry.word}\t{entry.translation}\n" for entry in entries)
    partition = {"kind": "dictionary", "language": task.language}
    file = draft.write_bytes(f"{task.languages}.txt", lines.encode(), partition, rows=len(entries))
    return SplitRecord(
        files=[file],
        rows=SplitRecord.rows_of(Counts(table.num_rows, 0, table.num_rows)),
        summary={"words": len({entry.word for entry in entries}), "entries": len(entries)},
    )


def _tasks(published: Dataset) -> list[LanguageTask]:
    """Return a task for each language. Raises UserError where there are no pairs of the train split."""
    shards: dict[str, list[FileEntry]] = {}
    for entry in published.files(kind="pairs", split="train"):
        if ARROW not in entry.partition["language"]:
            shards.setdefault(entry.name.split("/")[1], []).append(entry)
    if not shards:
        raise UserError(f"{published.place}: no pairs in the train split, so no dictionary; add the section `align`")
    return [
        LanguageTask(languages, own[0].partition["language"], tuple(published.future_path(entry) for entry in own))
        for languages, own in shards.items()
    ]
