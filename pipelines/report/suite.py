"""What the report says of a suite of tasks (XTREME), as plain values, and how it is read from `scoreboard.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_METRICS = {
    "f1": "F1",
    "exact_match": "exact match",
    "f1_seqeval_1.2.2": "F1 by seqeval 1.2.2",
    "token_accuracy": "share of tags that are right",
}
_SETTINGS = {"zero_shot": "zero-shot", "translate_train_all": "translate-train-all"}


@dataclass(frozen=True)
class Cell:
    """A score in percent; deviation: the standard deviation over seeds, where there are several.

    verified: whether a published figure was read in its source; metric: set where only this one of the task's is known.
    """

    value: float
    deviation: float | None = None
    verified: bool = True
    metric: str = ""


@dataclass(frozen=True)
class TaskFacts:
    """A task: its group (None for one that is in no average), languages, and what may choose between models."""

    name: str
    title: str
    group: str | None
    languages: Sequence[str]
    chosen_by: str


@dataclass(frozen=True)
class TaskScores:
    """An encoder on a task. gap: English less the mean of the other languages, in points; missing: languages.

    metrics: the mean over languages of each metric by its name, of those too that do not count in the score;
    beside: other ways to search that no average counts, by name, None where a language is missing; layer: the one that
    is read for retrieval; by_layer: layers with their mean on dev, where the recipe asked for them.
    """

    score: Cell | None
    gap: float | None
    seeds: int
    languages: Mapping[str, Cell]
    missing: Sequence[str]
    metrics: Mapping[str, float | None]
    beside: Mapping[str, float | None]
    layer: int | None
    by_layer: Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Row:
    """A row of the scoreboard: one's own encoder, or a published system with its sources."""

    name: str
    setting: str
    average: Cell | None
    groups: Mapping[str, Cell]
    tasks: Mapping[str, Cell]
    sources: Sequence[str] = ()


@dataclass(frozen=True)
class SuiteFacts:
    """The scoreboard. `scores` has the tasks of each own encoder by name, `board` all of it as JSON values."""

    setting: str
    selection: str
    tasks: Sequence[TaskFacts]
    groups: Sequence[str]
    own: Sequence[Row]
    published: Sequence[Row]
    scores: Mapping[str, Mapping[str, TaskScores]]
    board: Mapping[str, Any]

    @property
    def averaged(self) -> list[TaskFacts]:
        """The tasks that count in the average."""
        return [task for task in self.tasks if task.group is not None]

    @property
    def with_gap(self) -> list[TaskFacts]:
        """The tasks for which any encoder has a transfer gap."""
        return [task for task in self.tasks if any(own[task.name].gap is not None for own in self._on(task))]

    @property
    def best(self) -> Row | None:
        """The own encoder with the highest average, where any has one."""
        return _highest(self.own)

    @property
    def target(self) -> Row | None:
        """The published system with the highest average; people have no groups there."""
        return _highest([row for row in self.published if row.groups])

    @property
    def incomplete(self) -> list[tuple[str, str, Sequence[str]]]:
        """Encoder, title of a task and the languages that it lacks, for all that lack any."""
        return [
            (encoder, task.title, own[task.name].missing)
            for encoder, own in self.scores.items()
            for task in self.tasks
            if task.name in own and own[task.name].missing
        ]

    @property
    def curves(self) -> list[tuple[str, TaskScores]]:
        """Encoders and their scores, once for each task that tells what each layer reaches on dev."""
        return [(encoder, one) for encoder, own in self.scores.items() for one in own.values() if one.by_layer]

    @property
    def published_on_tasks(self) -> list[Row]:
        """The published systems that have a figure of any task here."""
        return [row for row in self.published if any(task.name in row.tasks for task in self.tasks)]

    def metrics(self, task: str) -> list[str]:
        """Return the names of the metrics that any encoder has on a task."""
        return list(dict.fromkeys(name for own in self.scores.values() if task in own for name in own[task].metrics))

    def beside(self, task: str) -> list[str]:
        """Return the names of the other ways to search that any encoder has on a task."""
        return list(dict.fromkeys(name for own in self.scores.values() if task in own for name in own[task].beside))

    def _on(self, task: TaskFacts) -> list[Mapping[str, TaskScores]]:
        return [own for own in self.scores.values() if task.name in own]


def suite_facts(board: Mapping[str, Any]) -> SuiteFacts:
    """Return the facts that `scoreboard.json` holds."""
    return SuiteFacts(
        setting=board["setting"],
        selection=board["selection"],
        tasks=[
            TaskFacts(name, task["title"], task["group"], task["languages"], task["chosen_by"])
            for name, task in board["tasks"].items()
        ],
        groups=board["groups"],
        own=[_own(name, encoder, board["setting"]) for name, encoder in board["encoders"].items()],
        published=[_published(row) for row in board["published"]],
        scores={
            name: {task: _scores(found) for task, found in encoder["tasks"].items()}
            for name, encoder in board["encoders"].items()
        },
        board=board,
    )


def _highest(rows: Sequence[Row]) -> Row | None:
    known = [(row.average.value, row) for row in rows if row.average is not None]
    return max(known, key=lambda one: one[0])[1] if known else None


def _own(name: str, encoder: Mapping[str, Any], setting: str) -> Row:
    tasks = {task: _cell(found["score"], found["spread"]) for task, found in encoder["tasks"].items()}
    groups = {group: _cell(score) for group, score in encoder["groups"].items()}
    return Row(name, _SETTINGS[setting], _cell(encoder["average"]), _known(groups), _known(tasks))


def _scores(task: Mapping[str, Any]) -> TaskScores:
    return TaskScores(
        score=_cell(task["score"], task["spread"]),
        gap=task["gap"],
        seeds=len(task["seeds"]),
        languages=_known({code: _cell(own["score"], own["spread"]) for code, own in task["languages"].items()}),
        missing=task["missing"],
        metrics={_METRICS.get(name, name): value for name, value in task["metrics"].items()},
        beside={name: found["score"] for name, found in task["beside"].items()},
        layer=task["layer"],
        by_layer=[(one["layer"], one["f1"]) for one in task["dev_by_layer"] if one["f1"] is not None],
    )


def _published(row: Mapping[str, Any]) -> Row:
    return Row(
        row["name"],
        row["setting"],
        _figure(row["average"]),
        _known({group: _figure(figure) for group, figure in row["groups"].items()}),
        _known({task: _of_task(found) for task, found in row["tasks"].items()}),
        [source["source"] for source in row["sources"]],
    )


def _of_task(found: Mapping[str, Any]) -> Cell | None:
    """Return a published task's score, or its first known metric by name."""
    if "score" in found:
        return _figure(found["score"])
    metric, figure = next(iter(found["metrics"].items()))
    return Cell(figure["value"], verified=figure["verified"], metric=_METRICS.get(metric, metric))


def _figure(figure: Mapping[str, Any] | None) -> Cell | None:
    return None if figure is None else Cell(figure["value"], verified=figure["verified"])


def _cell(score: float | None, spread: Mapping[str, float] | None = None) -> Cell | None:
    return None if score is None else Cell(score, spread["deviation"] if spread else None)


def _known(cells: Mapping[str, Cell | None]) -> dict[str, Cell]:
    return {name: cell for name, cell in cells.items() if cell is not None}
