"""`scoreboard`: the scores of all encoders on all tasks, beside what others have published."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.stage import DELIVERABLE, Job, Outcome
from training.config.xtreme_runs import ScoreboardRun
from training.xtreme.scoreboard import Run, Scored, scoreboard
from training.xtreme.tasks.registry import BY_NAME, ENGLISH, TASKS, Kind

FILE = "scoreboard.json"


def run(job: Job) -> Outcome:
    """Write `scoreboard.json` from the summaries of all predictions, and put the averages into the summary."""
    section: ScoreboardRun = job.config
    datasets = list(job.inputs["predict"].values())
    runs = sorted((_run(dataset) for dataset in datasets), key=lambda one: section.encoders.index(one.encoder))
    tasks = [_scored(name, title, datasets) for name, title in section.tasks.items()]
    board = {"setting": section.setting, "selection": section.selection, **scoreboard(runs, tasks)}
    data = (json.dumps(board, ensure_ascii=False, indent=1) + "\n").encode()
    return Outcome(
        unit_in="predictions",
        unit_out="predictions",
        counts=Counts(rows_in=len(runs), rows_out=len(runs)),
        files=[job.draft.write_bytes(FILE, data, DELIVERABLE)],
        summary={
            "encoders": {
                name: {
                    "average": own["average"],
                    "groups": own["groups"],
                    "tasks": {task: found["score"] for task, found in own["tasks"].items()},
                }
                for name, own in board["encoders"].items()
            }
        },
    )


def _run(dataset: Dataset) -> Run:
    config, summary = dataset.manifest.config, dataset.manifest.summary
    notes: Mapping[str, Mapping[str, Any]] = summary.get("notes", {})
    curves = {language: own.get("dev_f1_by_layer", {}) for language, own in notes.items()}
    is_seeded = Kind(config["kind"]) not in {Kind.BUCC, Kind.TATOEBA}
    return Run(
        config["encoder_name"],
        config["task"],
        config["seed"] if is_seeded else None,
        summary["scores"],
        summary.get("beside", {}),
        next((own["layer"] for own in notes.values() if "layer" in own), None),
        {language: {int(layer): f1 for layer, f1 in own.items()} for language, own in curves.items() if own},
    )


def _scored(name: str, title: str, predictions: Iterable[Dataset]) -> Scored:
    """Return one of XTREME's tasks with its languages, or another one with those that were predicted, English first."""
    if name in BY_NAME:
        return Scored.of(BY_NAME[name])
    own = [dataset.manifest for dataset in predictions if dataset.manifest.config["task"] == name]
    languages = {language for manifest in own for language in manifest.summary["scores"]}
    kind = Kind(own[0].config["kind"])
    metrics = next(task.metrics for task in TASKS if task.kind is kind)
    return Scored(name, title, metrics, tuple(sorted(languages, key=lambda code: (code != ENGLISH, code))))
