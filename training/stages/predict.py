"""`predict`: a task's test set in all languages, in the layout of XTREME's submission, and its scores."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.stage import Job, Outcome
from training.config.finetuning import FineTuningSection
from training.config.xtreme_runs import PredictRun
from training.stages.finetune import encoder_folder
from training.xtreme.finetuning import autocast
from training.xtreme.heads import FineTuned
from training.xtreme.metrics.scoring import score
from training.xtreme.models import limits_of, pretrained_encoder, restore, with_head
from training.xtreme.predicted import Predicted, beside
from training.xtreme.prediction import predict, prepared
from training.xtreme.retrieval.suite import retrieve
from training.xtreme.submission import submitted
from training.xtreme.tasks.named import test_examples
from training.xtreme.tasks.registry import prediction_name
from training.xtreme.tokenizer import FolderTokenizer


def run(job: Job) -> Outcome:
    """Predict test by the model that scores best on dev, or by sentence vectors, and score what has labels.

    Raises UserError where a file is broken or the encoder cannot be loaded.
    """
    run: PredictRun = job.config
    torch.set_num_threads(run.threads)
    job.progress.start(len(run.test), "languages")
    chosen = _chosen(job.inputs[run.source]) if run.source else None
    found = []
    for one in _by_model(job, run, chosen) if chosen else retrieve(run, encoder_folder(job)):
        found.append(one)
        job.progress.update(len(found))
    examples = sum(one.examples for one in found)
    return Outcome(
        unit_in="examples",
        unit_out="examples",
        counts=Counts(rows_in=examples, rows_out=examples),
        files=[
            job.draft.write_bytes(
                prediction_name(run.task, run.kind, one.language),
                one.text.encode(),
                {"kind": "predictions", "language": one.language},
                rows=one.examples,
            )
            for one in found
        ],
        summary={
            "scores": {one.language: dict(one.scores) for one in found if one.scores},
            "beside": beside(found),
            "notes": {one.language: dict(one.notes) for one in found if one.notes},
            "chosen": _choice(job.inputs[run.source], chosen) if chosen else None,
        },
    )


def _chosen(candidates: Mapping[str, Dataset]) -> str:
    """Return the instance whose model is best on dev; of equals the first by name."""
    return max(sorted(candidates), key=lambda name: candidates[name].manifest.summary["value"])


def _choice(candidates: Mapping[str, Dataset], chosen: str) -> dict[str, Any]:
    summary = candidates[chosen].manifest.summary
    return {
        "run": chosen,
        "epoch": summary["best_epoch"],
        "values": {name: one.manifest.summary["value"] for name, one in sorted(candidates.items())},
        "dev": summary["dev"],
    }


def _by_model(job: Job, run: PredictRun, chosen: str) -> Iterator[Predicted]:
    dataset = job.inputs[run.source][chosen]
    point = FineTuningSection.model_validate(
        {**dataset.manifest.config["point"], "device": run.device, "precision": run.precision, "threads": run.threads}
    )
    folder = encoder_folder(job)
    tokenizer, model = FolderTokenizer(folder), _model(run, point, folder, dataset)
    for language, (path,) in run.test.items():
        labels = run.labels.get(language)
        examples = test_examples(run.kind, run.classes, Path(path), Path(labels) if labels else None)
        asked = prepared(examples, tokenizer, run.classes, limits_of(point))
        with autocast(run.device, run.precision):
            predictions = predict(model, asked)
        scores = score(run.task, language, examples, predictions)
        yield Predicted(language, len(examples), submitted(predictions), scores)


def _model(run: PredictRun, point: FineTuningSection, folder: Path, dataset: Dataset) -> FineTuned:
    model = with_head(pretrained_encoder(folder, point), run.kind, run.classes, point, run.seed)
    return restore(model, dataset.read("model.safetensors")).to(point.device)
