"""How well the words of a pair translate each other, by a model that is estimated from the corpus itself.

Of each language pair some pairs are drawn at random, copies left out, and cut in two halves by a hash. A lexicon is
estimated from each half, and every pair is scored by the lexicon of the half that it does not belong to: a wrong pair
cannot vouch for itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.align.lexicon import Lexicon, estimate, from_table, scores, to_table
from pipelines.align.wordforms import forms
from pipelines.config.annotate import LEXICAL
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.stage import Job
from pipelines.engine.steps import Step
from pipelines.stages.inputs import FileTask, RowFile, tasks_for
from pipelines.stages.work import column, each_step, mapped, records_of
from pipelines.text.words import mixed

CELLS: Final = 1 << 22  # pairs of forms within a pair of texts that a lexicon is estimated from at most
CELL: Final = 110  # bytes that each takes while it is estimated
_HALVES: Final = (0, 1)


@dataclass(frozen=True)
class LexiconTask:
    """The lexicon of one half of a language pair, the `number`th."""

    label: str
    number: int
    half: int

    @property
    def split(self) -> str:
        return f"lexicon/{self.number:04d}-{self.half}"

    @property
    def file(self) -> str:
        return f"{self.split}.arrow"


@dataclass(frozen=True)
class Lexicons:
    """The files of all lexicons: of each language pair that of either half."""

    paths: dict[str, tuple[Path, ...]]

    def columns(self, file: RowFile) -> dict[str, npt.NDArray[np.float32]]:
        """Return the two scores of a file's pairs by column: float32 [n] each; see `align.lexicon.scores`."""
        found = np.zeros((2, file.rows), np.float32)
        texts = [column(file.table(), f"{side}_text") for side in ("source", "target")]
        language, names = file.languages()
        half = _halves(_dice(file))
        for code, name in enumerate(names):
            for own in _HALVES:
                rows = np.flatnonzero((language == code) & (half == own))
                lexicon = _load(self.paths[name][1 - own])
                found[:, rows] = scores(lexicon, *(side.take(pa.array(rows)).to_pylist() for side in texts))
        return dict(zip(LEXICAL, found, strict=True))


def learn(job: Job, files: Sequence[RowFile], most: int) -> Lexicons:
    """Estimate the lexicons of all language pairs, each from at most `most` pairs."""
    draws = tasks_for("draw", files)
    each_step(job, [Step("Draw pairs", draws, partial(draw, most))])
    labels = sorted({label for record in records_of(job.draft, draws) for label in record.summary["labels"]})
    tasks = [LexiconTask(label, number, half) for number, label in enumerate(labels) for half in _HALVES]
    each_step(job, [Step("Estimate lexicons", tasks, partial(estimate_one, files, most))])
    return Lexicons({label: tuple(job.draft.folder / task.file for task in tasks if task.label == label)
                     for label in labels})  # fmt: skip


def draw(most: int, draft: Draft, task: FileTask) -> SplitRecord:
    """Keep which pairs of a file may be drawn: of each language pair and half those with the lowest throws."""
    language, names = task.file.languages()
    dice = _dice(task.file)
    first = np.flatnonzero(column(task.file.cluster_table(), "rank").to_numpy() == 0)
    group = language[first].astype(np.int64) * len(_HALVES) + _halves(dice[first])
    order = np.lexsort((dice[first], group))
    starts = np.searchsorted(group[order], group[order])  # of each row's group
    drawn = first[order[np.arange(len(order)) - starts < most]]
    table = pa.table({"label": language[drawn], "die": dice[drawn], "row": drawn})
    return SplitRecord(files=[draft.write_table(_drawn(task.file), table)], summary={"labels": names})


def estimate_one(files: Sequence[RowFile], most: int, draft: Draft, task: LexiconTask) -> SplitRecord:
    """Estimate one lexicon from the pairs with the lowest throws of all files, as many as `CELLS` has room for."""
    candidates = [(file, *_candidates(draft, file, task)) for file in files]
    dice = np.concatenate([dice for _, dice, _ in candidates])
    drawn = np.sort(dice)[:most]
    limit = drawn[-1] if len(drawn) else 0
    order = np.argsort(dice[dice <= limit], kind="stable")
    sides: list[list[str]] = []
    for name in ("source_text", "target_text"):
        texts = [column(file.table(), name).take(pa.array(rows[own <= limit])) for file, own, rows in candidates]
        sides.append(pa.chunked_array(texts).take(pa.array(order)).to_pylist())
    own_forms = [forms(side) for side in sides]
    cells = np.cumsum(np.prod([np.diff(found.starts) for found in own_forms], axis=0))
    if len(cells) and cells[-1] > CELLS:
        fitting = max(int(np.searchsorted(cells, CELLS, side="right")), 1)
        own_forms = [forms(side[:fitting]) for side in sides]
    return SplitRecord(files=[draft.write_table(task.file, to_table(estimate(*own_forms)))])


def _candidates(draft: Draft, file: RowFile, task: LexiconTask) -> tuple[npt.NDArray[np.uint64], Any]:
    """Return the throws and the rows of a file's pairs that were drawn for a lexicon."""
    table = mapped(draft.folder / _drawn(file))
    _, names = file.languages()
    dice, rows = column(table, "die").to_numpy(), column(table, "row").to_numpy()
    own = np.zeros(len(rows), bool)
    if task.label in names:
        own = (column(table, "label").to_numpy() == names.index(task.label)) & (_halves(dice) == task.half)
    return dice[own], rows[own]


def _dice(file: RowFile) -> npt.NDArray[np.uint64]:
    """Return a throw for each pair, equal for copies: uint64 [n]."""
    return mixed(column(file.cluster_table(), "cluster").to_numpy().copy())


def _halves(dice: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    return (dice & np.uint64(1)).astype(np.int64)


def _drawn(file: RowFile) -> str:
    return f"drawn/{file.name}"


@lru_cache(maxsize=4)
def _load(path: Path) -> Lexicon:
    return from_table(mapped(path))
