"""The scoreboard: the scores of all encoders by task, group and language, beside what others have published."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.xtreme.averages import Scores, group_score, language_score, mean, overall, task_score, transfer_gap
from training.xtreme.published import PUBLISHED, Published, published_row
from training.xtreme.tasks.registry import Group, Task


@dataclass(frozen=True)
class Run:
    """The scores of one prediction run on test; seed: None where nothing is fine-tuned, as in retrieval.

    beside: further scores by their name, which no average counts; layer: the one that was read, for retrieval;
    dev: by language what each layer reaches on dev (BUCC), where the recipe asks for it.
    """

    encoder: str
    task: str
    seed: int | None
    scores: Scores
    beside: Mapping[str, Scores] = field(default_factory=dict)
    layer: int | None = None
    dev: Mapping[str, Mapping[int, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scored:
    """A task as the scoreboard knows it: one of XTREME's, or another one, which has no group and is in no average."""

    name: str
    title: str
    metrics: tuple[str, ...]
    languages: tuple[str, ...]
    group: Group | None = None
    chosen_by: str = ""

    @classmethod
    def of(cls, task: Task) -> "Scored":
        """Return one of XTREME's tasks, with all of its languages."""
        return cls(task.name, task.title, task.metrics, task.languages, task.group, task.dev_from.value)


def scoreboard(
    runs: Iterable[Run], tasks: Sequence[Scored], published: Sequence[Published] = PUBLISHED
) -> dict[str, Any]:
    """Return the scoreboard as JSON values: `tasks`, `groups`, `encoders` in the order of the runs, and `published`.

    A score is the mean over seeds in percent, or None where a language is missing in any of them; `spread` has the
    lowest, the highest and the standard deviation (of a sample) over seeds where there are two or more.
    """
    by_encoder: dict[str, dict[str, list[Run]]] = {}
    for run in runs:
        by_encoder.setdefault(run.encoder, {}).setdefault(run.task, []).append(run)
    return {
        "tasks": {task.name: _described(task) for task in tasks},
        "groups": [group.value for group in Group],
        "encoders": {encoder: _encoder(own, tasks) for encoder, own in by_encoder.items()},
        "published": [published_row(one) for one in published],
    }


def _described(task: Scored) -> dict[str, Any]:
    return {
        "title": task.title,
        "group": task.group.value if task.group else None,
        "metrics": list(task.metrics),
        "languages": list(task.languages),
        "chosen_by": task.chosen_by,
    }


def _encoder(runs: Mapping[str, Sequence[Run]], tasks: Sequence[Scored]) -> dict[str, Any]:
    found = {task.name: _task(task, runs[task.name]) for task in tasks if task.name in runs}
    scores = {name: task["score"] for name, task in found.items()}
    return {
        "tasks": found,
        "groups": {group.value: _rounded(group_score(group, scores)) for group in Group},
        "average": _rounded(overall(scores)),
    }


def _task(task: Scored, runs: Sequence[Run]) -> dict[str, Any]:
    ordered = sorted(runs, key=lambda run: -1 if run.seed is None else run.seed)
    scores = [run.scores for run in ordered]
    by_seed = [task_score(task.metrics, task.languages, one) for one in scores]
    languages = {code: _language(task, code, scores) for code in task.languages}
    names = dict.fromkeys(name for run in ordered for name in run.beside)
    return {
        "score": _rounded(mean(by_seed)),
        "spread": _spread(by_seed),
        "gap": _rounded(mean([transfer_gap(task.metrics, task.languages, one) for one in scores])),
        "seeds": [{"seed": run.seed, "score": _rounded(score)} for run, score in zip(ordered, by_seed, strict=True)],
        "metrics": _metrics(task, scores),
        "languages": {code: one for code, one in languages.items() if one},
        "missing": [code for code, one in languages.items() if not one],
        "beside": {name: _beside(task, [run.beside.get(name, {}) for run in ordered]) for name in names},
        "layer": ordered[0].layer,
        "dev_by_layer": _dev_by_layer(ordered[0].dev),
    }


def _language(task: Scored, code: str, scores: Sequence[Scores]) -> dict[str, Any] | None:
    """Return the means over seeds of all metrics of a language, and its score; None where a seed lacks it."""
    own = [one.get(code, {}) for one in scores]
    by_seed = [language_score(task.metrics, one) for one in own]
    score = mean(by_seed)
    if score is None:
        return None
    metrics = dict.fromkeys(metric for one in own for metric in one)
    return {
        "score": _rounded(score),
        "spread": _spread(by_seed),
        "metrics": {metric: _rounded(mean([one.get(metric) for one in own])) for metric in metrics},
    }


def _metrics(task: Scored, scores: Sequence[Scores]) -> dict[str, float | None]:
    """Return the mean of every metric over languages and seeds, of those too that do not count in the score."""
    names = dict.fromkeys(metric for one in scores for own in one.values() for metric in own)
    return {name: _rounded(mean([task_score((name,), task.languages, one) for one in scores])) for name in names}


def _beside(task: Scored, scores: Sequence[Scores]) -> dict[str, Any]:
    by_language = {
        code: _rounded(mean([language_score(task.metrics, one.get(code, {})) for one in scores]))
        for code in task.languages
    }
    return {
        "score": _rounded(mean([task_score(task.metrics, task.languages, one) for one in scores])),
        "languages": {code: score for code, score in by_language.items() if score is not None},
    }


def _dev_by_layer(dev: Mapping[str, Mapping[int, float]]) -> list[dict[str, Any]]:
    """Return for each layer the mean over languages of what it reaches on dev."""
    layers = sorted({layer for own in dev.values() for layer in own})
    return [{"layer": layer, "f1": _rounded(mean([own.get(layer) for own in dev.values()]))} for layer in layers]


def _spread(by_seed: Sequence[float | None]) -> dict[str, float] | None:
    scores = [score for score in by_seed if score is not None]
    if len(scores) < max(2, len(by_seed)):
        return None
    return {
        "low": round(min(scores), 3),
        "high": round(max(scores), 3),
        "deviation": round(statistics.stdev(scores), 3),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
