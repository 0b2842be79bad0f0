"""What chooses among epochs and points of a grid: a model's scores on the files that may be used for it."""

from collections.abc import Mapping
from statistics import fmean

from training.xtreme.finetuning import Measured, Scores
from training.xtreme.heads import FineTuned
from training.xtreme.metrics.scoring import score
from training.xtreme.prediction import Prepared, predict
from training.xtreme.tasks.registry import METRICS, Kind


def scores_on_dev(task: str, kind: Kind, prepared: Mapping[str, Prepared]) -> Scores:
    """Return what measures a model in each language; its value is the mean of the task's metrics and languages."""

    def measure(model: FineTuned) -> Measured:
        detail = {
            language: score(task, language, asked.examples, predict(model, asked))
            for language, asked in prepared.items()
        }
        return Measured(fmean(found[metric] for found in detail.values() for metric in METRICS[kind]), detail)

    return measure
