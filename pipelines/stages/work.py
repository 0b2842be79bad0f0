"""What the stages share: tables from files, results by split, and sums of them."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import pyarrow as pa

from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.evidence import SAMPLES_PER_REASON, Sample
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.reasons import Reason
from pipelines.datasets.stage import Job
from pipelines.datasets.store import Store
from pipelines.engine.steps import AnyTask, Step, Task, do_steps

_MOST_HELD: Final = 8 * SAMPLES_PER_REASON


def each_task(job: Job, label: str, tasks: Sequence[AnyTask], work: Callable[[Draft, AnyTask], SplitRecord]) -> None:
    """Do every task that is not finished yet; see `Step`."""
    each_step(job, [Step(label, tasks, work)])


def each_step(job: Job, steps: Sequence[Step[Any]]) -> None:
    """Do every task that is not finished yet, those of a step when all of the step before are done, and show it."""
    pending = [Step(step.label, unfinished(job.draft, step.tasks), step.work) for step in steps]
    left = sum(len(step.tasks) for step in pending)
    before = sum(len(step.tasks) for step in steps) - left
    others = job.draft.finished_splits() - before
    job.progress.start(before + left, "splits", before)
    if left:
        with job.progress.counted_by(lambda: job.draft.finished_splits() - others):
            do_steps(job.engine, job.draft, pending)


def unfinished(draft: Draft, tasks: Iterable[AnyTask]) -> list[AnyTask]:
    """Return the tasks that no earlier run has ticked off."""
    return [task for task in tasks if draft.finished(task.split) is None]


class Records(Iterable[SplitRecord]):
    """What came of some tasks, in their order. Each record is read when its turn comes, on every pass, so that one at
    a time is held however many there are.
    """

    def __init__(self, draft: Draft, splits: Sequence[str]) -> None:
        self._draft = draft
        self._splits = splits

    def __iter__(self) -> Iterator[SplitRecord]:
        return map(self._draft.record, self._splits)


def records_of(draft: Draft, tasks: Iterable[Task]) -> Records:
    """Return what came of the tasks, in their order. Raises RuntimeError where one was not done.

    Their files are not read again, which would be one process's work for all: those of an earlier run were checked
    before, and of its own files a worker knows what it wrote.
    """
    splits = [task.split for task in tasks]
    for split in splits:
        if not draft.is_ticked_off(split):
            raise RuntimeError(f"{split} was not finished, although the runner reports success")
    return Records(draft, splits)


def total(records: Iterable[SplitRecord]) -> tuple[Counts, list[FileEntry], dict[Reason, list[Sample]]]:
    """Return the counts, files and samples of all records together."""
    counts, files = Counts(), list[FileEntry]()

    def samples() -> Iterator[tuple[Reason, Sample]]:
        nonlocal counts
        for record in records:
            counts = Counts.total([counts, record.counts])
            files.extend(record.files)
            yield from ((reason, sample) for reason, own in record.samples.items() for sample in own)

    drawn = samples_by_reason(samples())
    return counts, files, drawn


Label = TypeVar("Label", bound=Hashable)


def samples_by_reason(samples: Iterable[tuple[Label, Sample]]) -> dict[Label, list[Sample]]:
    """Return at most twenty samples of each reason, each text of a language once; few more are held at a time."""
    pools: dict[Label, dict[tuple[str, str], Sample]] = {}
    for reason, sample in samples:
        pool = pools.setdefault(reason, {})
        known = pool.setdefault((sample.language, sample.text), sample)
        if sample.order < known.order:
            pool[sample.language, sample.text] = sample
        if len(pool) == _MOST_HELD:
            pools[reason] = {(one.language, one.text): one for one in _lowest(pool)}
    return {reason: _lowest(pool) for reason, pool in pools.items()}


def _lowest(pool: Mapping[tuple[str, str], Sample]) -> list[Sample]:
    return sorted(pool.values(), key=lambda sample: sample.order)[:SAMPLES_PER_REASON]


def add_up(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return nested dictionaries of integers added up key by key, keys sorted."""
    summed: dict[str, Any] = {}
    for part in parts:
        _add(summed, part)
    return _sorted(summed)


def _add(summed: dict[str, Any], part: dict[str, Any]) -> None:
    """Add a part to a sum in place: it costs what the part is, not what the sum has become."""
    for key, value in part.items():
        if isinstance(value, dict):
            _add(summed.setdefault(key, {}), value)
        else:
            summed[key] = summed.get(key, 0) + value


def _sorted(summed: dict[str, Any]) -> dict[str, Any]:
    return {key: _sorted(value) if isinstance(value, dict) else value for key, value in sorted(summed.items())}


def dictionary(values: Sequence[str] | pa.Array) -> pa.DictionaryArray:
    """Return `values` as a dictionary column (int32 indices)."""
    array = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    return array if pa.types.is_dictionary(array.type) else array.dictionary_encode()


def mapped(path: Path) -> pa.Table:
    """Return an Arrow file of a dataset, given where it is, as a table that is memory-mapped."""
    return Store(path.parent).table(path.name)


def compact(table: pa.Table) -> pa.Table:
    """Return `table` in one chunk, each dictionary with the values that its rows have and no others."""
    columns = []
    for field, chunks in zip(table.schema, table.columns, strict=True):
        is_dictionary = pa.types.is_dictionary(field.type)
        values = chunks.cast(field.type.value_type).dictionary_encode() if is_dictionary else chunks
        columns.append(values.unify_dictionaries().combine_chunks() if is_dictionary else values.combine_chunks())
    return pa.table(columns, schema=table.schema)


def column(table: pa.Table, name: str) -> pa.Array:
    """Return a column as one array; that of a file of one record batch stays where it is mapped."""
    chunks = table.column(name)
    return chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()


def codes(table: pa.Table, name: str) -> tuple[np.ndarray[Any, np.dtype[np.int32]], list[str]]:
    """Return a dictionary column as codes (int32 [n]) and the names that they stand for."""
    array = column(table, name)
    return array.indices.to_numpy(zero_copy_only=False), array.dictionary.to_pylist()
