"""`finetune`: an encoder on a task, with one point of its grid and one seed, from the last checkpoint there is."""

import json
from pathlib import Path
from typing import Any, Final

import torch

from pipelines.datasets.counts import Counts
from pipelines.datasets.elsewhere import ExportedArm
from pipelines.datasets.stage import Job, Outcome
from training.config.xtreme_runs import DICTIONARY, FinetuneRun, TaskRun
from training.stopping import stop_requests
from training.xtreme.dev import scores_on_dev
from training.xtreme.finetuning import FineTuning, fine_tune
from training.xtreme.heads import FineTuned
from training.xtreme.learning import Learning, first_learning, material_of
from training.xtreme.models import limits_of, pretrained_encoder, redrawn, to_bytes, with_head
from training.xtreme.prediction import prepared
from training.xtreme.tasks.examples import joined
from training.xtreme.tasks.named import choosing_examples, training_examples
from training.xtreme.tokenizer import FolderTokenizer
from training.xtreme.xtune.setup import Material

_CHECKPOINTS: Final = "checkpoints"


def run(job: Job) -> Outcome:
    """Fine-tune, by plain cross-entropy or by xTune's first stage, and write the weights of the best epoch.

    Raises UserError where a file of the task is broken, the encoder cannot be loaded or training diverges, and Stopped
    after SIGTERM, when the state is saved.
    """
    run: FinetuneRun = job.config
    torch.set_num_threads(run.point.threads)
    found = material(job)
    return fine_tuned(job, found, first_learning(run, found))


def material(job: Job) -> Material:
    """Read what the job's run is trained on."""
    run: FinetuneRun = job.config
    examples = training_examples(run.kind, run.classes, run.train, run.is_cut)
    return material_of(run, joined(examples.values()), FolderTokenizer(encoder_folder(job)), dictionaries(job))


def dictionaries(job: Job) -> dict[str, Path]:
    """Return the files of the recipe's `dictionary` by language, none where the run does not read them."""
    return {
        entry.partition["language"]: dataset.path(entry)
        for dataset in job.inputs.get(DICTIONARY, {}).values()
        for entry in dataset.files(kind="dictionary")
    }


def fine_tuned(job: Job, material: Material, how: Learning[Any]) -> Outcome:
    """Fine-tune the job's encoder, from the job's last checkpoint if there is one, and return what came of it."""
    run: FinetuneRun = job.config
    limits = limits_of(run.point)
    chosen_by = choosing_examples(run.kind, run.classes, run.dev, run.is_cut)
    dev = {code: prepared(found, material.tokenizer, run.classes, limits) for code, found in chosen_by.items()}
    tuning = FineTuning(new_model(job), run.point, how.batches, how.loss, run.seed)
    job.progress.start(tuning.steps, "steps")
    with stop_requests() as is_asked_to_stop:
        measure = scores_on_dev(run.task, run.kind, dev)
        folder = job.draft.scratch(_CHECKPOINTS)
        fine_tune(
            tuning, folder, measure, is_asked_to_stop, job.progress.update, lambda: job.draft.preserve(_CHECKPOINTS)
        )
    best = tuning.history[(tuning.best_epoch or 1) - 1]
    history = (json.dumps(tuning.history, indent=1, sort_keys=True) + "\n").encode()
    return Outcome(
        unit_in="steps",
        unit_out="steps",
        counts=Counts(rows_in=tuning.steps, rows_out=tuning.steps),
        files=[
            job.draft.write_bytes("model.safetensors", to_bytes(tuning.model), {"kind": "weights"}),
            job.draft.write_bytes("history.json", history, {"kind": "history"}, rows=len(tuning.history)),
        ],
        summary={
            "examples": len(material.examples),
            "inputs": len(material.inputs),
            "steps": tuning.steps,
            "best_epoch": best["epoch"],
            "value": best["value"],
            "dev": best["dev"],
        },
        timings={"training_seconds": tuning.seconds},
    )


def new_model(job: Job) -> FineTuned:
    """Return the encoder of the job's run, or one of its shape with weights drawn by the seed, under a new head."""
    run: FinetuneRun = job.config
    encoder = pretrained_encoder(encoder_folder(job), run.point)
    if run.untrained:
        encoder = redrawn(encoder, run.seed)
    return with_head(encoder, run.kind, run.classes, run.point, run.seed)


def encoder_folder(job: Job) -> Path:
    """Return the folder of the encoder that a run of a task names."""
    run: TaskRun = job.config
    if isinstance(run.encoder, ExportedArm):
        return job.input("encoder").subfolder(run.encoder.arm)
    return Path(run.encoder)
