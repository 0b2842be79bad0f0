"""`xtune`: the second stage of xTune. It begins with the pre-trained encoder again; the first stage's model teaches."""

import torch

from pipelines.datasets.stage import Job, Outcome
from training.config.xtreme_runs import FINETUNE, XtuneRun
from training.stages.finetune import fine_tuned, material, new_model
from training.xtreme.learning import second_learning
from training.xtreme.models import restore


def run(job: Job) -> Outcome:
    """Fine-tune with both of xTune's terms, and write the weights of the best epoch. Raises as `finetune` does."""
    run: XtuneRun = job.config
    torch.set_num_threads(run.point.threads)
    found = material(job)
    teacher = restore(new_model(job), job.inputs[FINETUNE][run.teacher].read("model.safetensors"))
    return fine_tuned(job, found, second_learning(run, found, teacher.to(run.point.device)))
