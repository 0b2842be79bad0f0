"""Which stages belong to which flow."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pipelines.datasets.stage import StageRun

# The one place that says it. The flow `full` runs them one after the other; a stage's runs (the arms of `pretrain`)
# run at the same time, those of `xtreme` as many as `xtreme.at_once` allows.
PHASES: dict[str, tuple[str, ...]] = {
    "corpus": (
        "ingest",
        "segment",
        "embed",
        "align",
        "mine",
        "deduplicate",
        "annotate",
        "score",
        "publish",
        "dictionary",
        "tokenize",
    ),
    "pretrain": ("pretrain",),
    "xtreme": ("finetune", "xtune", "predict", "scoreboard"),
    "evaluate": ("export", "evaluate", "report"),
}


def runs_of(phase: str, planned: Iterable[StageRun]) -> list[StageRun]:
    """Return the runs of one flow, in the plan's order."""
    return [run for run in planned if run.spec.name in PHASES[phase]]


def by_stage(runs: Sequence[StageRun]) -> Iterator[list[StageRun]]:
    """Yield the runs of each stage: those of one stage do not read each other, so they can run together."""
    for _, group in groupby(runs, key=lambda run: run.spec.name):
        yield list(group)
