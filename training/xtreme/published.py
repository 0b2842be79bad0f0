"""What others have published on XTREME, to stand beside one's own scores.

A figure is verified where it was read in the source that is named. The others are recalled from the papers and the
leaderboard and were not checked again: they are targets, and are marked wherever they are shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from training.xtreme.averages import group_score, mean
from training.xtreme.tasks.registry import TASKS, Group


@dataclass(frozen=True)
class Figures:
    """Figures of one source, in percent: by task and metric, by group, and the average over all nine tasks."""

    source: str
    is_verified: bool
    tasks: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    groups: Mapping[Group, float] = field(default_factory=dict)
    average: float | None = None


@dataclass(frozen=True)
class Published:
    """A system, what it was fine-tuned on, and its figures; a figure of an earlier source counts before a later one."""

    name: str
    setting: str
    figures: tuple[Figures, ...]


_LEADERBOARD: Final = "XTREME leaderboard (sites.research.google/xtreme)"
_PAPER: Final = "Hu et al. 2020, XTREME (arXiv 2003.11080)"
_MT5: Final = "google-research/multilingual-t5, README.md, table of results (question answering: F1 alone)"
_TULRV2: Final = (
    f"{_LEADERBOARD}, October 2020; the announcement (Microsoft Research blog, October 2020) tells that it led VECO by "
    "3.5 points, and no figure by task"
)
_NOT_SAID: Final = "not said"
_ZERO_SHOT: Final = "zero-shot"
_TRANSLATED: Final = "translate-train"
_TASKS_OF_MT5: Final = ("xnli", "pawsx", "panx", "xquad", "mlqa", "tydiqa")
_METRIC: Final = {"xnli": "accuracy", "pawsx": "accuracy"}


def _mt5(*values: float | None) -> Figures:
    """Return a row of that table: XNLI, PAWS-X, WikiAnn NER, XQuAD, MLQA, TyDiQA-GoldP."""
    found = zip(_TASKS_OF_MT5, values, strict=True)
    return Figures(_MT5, True, {task: {_METRIC.get(task, "f1"): value} for task, value in found if value is not None})


def _leaderboard(average: float, *groups: float, source: str = _LEADERBOARD) -> Figures:
    """Return a row of the leaderboard: the average, then classification, structured, question answering, retrieval."""
    return Figures(source, False, groups=dict(zip(Group, groups, strict=True)), average=average)


PUBLISHED: Final[tuple[Published, ...]] = (
    Published(
        "mBERT", _ZERO_SHOT, (_mt5(65.4, 81.9, 62.2, 64.5, 61.4, 59.7), _leaderboard(59.6, 73.7, 66.3, 53.8, 47.7))
    ),
    Published(
        "XLM-R large",
        _ZERO_SHOT,
        (
            _mt5(79.2, 86.4, 65.4, 76.6, 71.6, 65.1),
            Figures(
                _PAPER,
                False,
                {
                    "udpos": {"f1": 72.6},
                    "xquad": {"exact_match": 60.8},
                    "mlqa": {"exact_match": 53.2},
                    "tydiqa": {"exact_match": 45.0},
                    "bucc2018": {"f1": 66.0},
                    "tatoeba": {"accuracy": 57.3},
                },
                average=68.1,
            ),
        ),
    ),
    Published("InfoXLM large", _ZERO_SHOT, (_mt5(81.4, None, None, None, 73.6, None),)),
    Published("VECO", _ZERO_SHOT, (_mt5(79.9, 88.7, 65.7, 77.3, 71.7, 67.6),)),
    Published(
        "X-STILTs",
        "zero-shot, after an intermediate task",
        (_mt5(80.4, 87.7, 64.7, 77.2, 72.3, 76.0), _leaderboard(73.5, 83.9, 69.4, 67.2, 76.5)),
    ),
    Published("RemBERT", _ZERO_SHOT, (_mt5(80.8, 87.5, 70.1, 79.6, 73.1, 77.0),)),
    Published("mT5-XXL", _ZERO_SHOT, (_mt5(85.0, 90.0, 69.2, 82.5, 76.0, 82.0),)),
    Published("FILTER", _TRANSLATED, (_leaderboard(77.0, 87.5, 71.9, 68.5, 84.4),)),
    Published("VECO", _TRANSLATED, (_leaderboard(77.2, 87.0, 70.4, 68.0, 88.1),)),
    Published(
        "XLM-R large + xTune",
        _TRANSLATED,
        (
            Figures(
                "Zheng et al. 2021, Consistency Regularization for Cross-Lingual Fine-Tuning (arXiv 2106.08226)",
                False,
                {
                    "xnli": {"accuracy": 84.8},
                    "pawsx": {"accuracy": 91.6},
                    "udpos": {"f1": 79.3},
                    "panx": {"f1": 69.9},
                    "xquad": {"f1": 82.5, "exact_match": 69.0},
                    "mlqa": {"f1": 75.0, "exact_match": 57.1},
                    "tydiqa": {"f1": 75.4, "exact_match": 60.8},
                },
            ),
        ),
    ),
    Published("T-ULRv2 + StableTune", _NOT_SAID, (_leaderboard(80.7, 88.8, 75.4, 72.9, 89.3, source=_TULRV2),)),
    Published(
        "LaBSE",
        "trained on pairs, no fine-tuning",
        (
            Figures(
                "Feng et al. 2022, Language-agnostic BERT Sentence Embedding (arXiv 2007.01852)",
                False,
                {"tatoeba": {"accuracy": 95.0}},
            ),
        ),
    ),
    Published("human", "", (Figures(_LEADERBOARD, False, average=93.3),)),
)


def published_row(one: Published) -> dict[str, Any]:
    """Return a system as JSON values: metrics by task, with the score where all of them are known, groups, average.

    Each figure has its `value` and whether it is `verified`. A group's score follows from its tasks where no source has
    one; what follows from several figures is verified where all of them are.
    """
    tasks = {task.name: _task(task.name, task.metrics, one.figures) for task in TASKS}
    groups = {
        group.value: _first((own.groups.get(group), own.is_verified) for own in one.figures) or _derived(group, tasks)
        for group in Group
    }
    return {
        "name": one.name,
        "setting": one.setting,
        "tasks": {name: found for name, found in tasks.items() if found},
        "groups": {group: figure for group, figure in groups.items() if figure},
        "average": _first((own.average, own.is_verified) for own in one.figures),
        "sources": [{"source": own.source, "verified": own.is_verified} for own in one.figures],
    }


def _task(name: str, metrics: Iterable[str], figures: Iterable[Figures]) -> dict[str, Any]:
    own = {
        metric: _first((one.tasks.get(name, {}).get(metric), one.is_verified) for one in figures) for metric in metrics
    }
    known = {metric: figure for metric, figure in own.items() if figure}
    score = mean([figure["value"] if figure else None for figure in own.values()])
    if score is None:
        return {"metrics": known} if known else {}
    return {
        "metrics": known,
        "score": {"value": round(score, 3), "verified": all(one["verified"] for one in known.values())},
    }


def _derived(group: Group, tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    scores = {name: found["score"] for name, found in tasks.items() if "score" in found}
    value = group_score(group, {name: score["value"] for name, score in scores.items()})
    own = [task.name for task in TASKS if task.group is group]
    return _first([(value, all(scores[name]["verified"] for name in own if name in scores))])


def _first(figures: Iterable[tuple[float | None, bool]]) -> dict[str, Any] | None:
    return next(({"value": round(value, 3), "verified": known} for value, known in figures if value is not None), None)
