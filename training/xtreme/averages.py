"""XTREME's averages, as google-research/xtreme's evaluate.py computes them.

Over languages for each metric, English included where the task has it; over a task's metrics; a group over its tasks;
and overall over all nine tasks, not over the four groups. Where a language or a task is missing there is no average,
never the mean of what is there.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean

from training.xtreme.tasks.registry import ENGLISH, TASKS, Group

Scores = Mapping[str, Mapping[str, float]]
"""By language and metric, in percent."""


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean; None where a value is missing, or there is none."""
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def language_score(metrics: Sequence[str], scores: Mapping[str, float]) -> float | None:
    """Return the mean of a task's metrics in one language."""
    return mean([scores.get(metric) for metric in metrics])


def task_score(metrics: Sequence[str], languages: Sequence[str], scores: Scores) -> float | None:
    """Return the mean over a task's languages, of each of its metrics and then of these."""
    return mean([mean([scores.get(code, {}).get(metric) for code in languages]) for metric in metrics])


def group_score(group: Group, tasks: Mapping[str, float | None]) -> float | None:
    """Return the mean over the tasks of a group, given the scores by task."""
    return mean([tasks.get(task.name) for task in TASKS if task.group is group])


def overall(tasks: Mapping[str, float | None]) -> float | None:
    """Return the mean over all nine tasks."""
    return mean([tasks.get(task.name) for task in TASKS])


def transfer_gap(metrics: Sequence[str], languages: Sequence[str], scores: Scores) -> float | None:
    """Return English less the mean of the other languages (Hu et al. 2020, section 5), in percentage points.

    None for a task without English or without another language, and where a language is missing.
    """
    others = [code for code in languages if code != ENGLISH]
    if len(others) == len(languages):
        return None
    english = language_score(metrics, scores.get(ENGLISH, {}))
    rest = mean([language_score(metrics, scores.get(code, {})) for code in others])
    return None if english is None or rest is None else english - rest
