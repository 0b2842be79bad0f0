"""Averages over languages, tasks and groups; where something is missing there is none, never the mean of the rest.

google-research/xtreme, evaluate.py: a metric's mean over the task's languages, English included; for question answering
the mean of F1 and exact match; a group's mean over its tasks; overall the mean over nine tasks, not over four groups.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean

from training.xtreme.tasks.registry import TASKS, Group, Task

ByLanguage = Mapping[str, Mapping[str, float]]
"""A task's scores by language and metric, in percent."""

ByTask = Mapping[str, ByLanguage]


def missing_languages(task: Task, scores: ByLanguage) -> tuple[str, ...]:
    """Return the languages of the task in which a metric that counts is missing."""
    return tuple(
        language
        for language in task.languages
        if not all(metric in scores.get(language, {}) for metric in task.metrics)
    )


def metric_average(task: Task, scores: ByLanguage, metric: str) -> float | None:
    """Return a metric's mean over all languages of the task; None where one has no score."""
    values = [scores.get(language, {}).get(metric) for language in task.languages]
    return _mean_of_all(values)


def task_average(task: Task, scores: ByLanguage) -> float | None:
    """Return the task's score: the mean over its languages, and over its metrics."""
    return _mean_of_all([metric_average(task, scores, metric) for metric in task.metrics])


def group_average(group: Group, scores: ByTask) -> float | None:
    """Return the mean over the tasks of a group."""
    return _mean_of_all([task_average(task, scores.get(task.name, {})) for task in TASKS if task.group is group])


def overall_average(scores: ByTask) -> float | None:
    """Return the mean over the nine tasks."""
    return _mean_of_all([task_average(task, scores.get(task.name, {})) for task in TASKS])


def _mean_of_all(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return fmean(there) if there and len(there) == len(values) else None
