"""`pretrain`: train one arm, from its last checkpoint if there is one."""

import json
import time
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as safetensors_bytes
from torch import nn

from pipelines.datasets.counts import Counts
from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import canonical, digest
from pipelines.datasets.progress import Progress
from pipelines.datasets.stage import Job, Outcome
from training import checkpoint
from training.config.pretrain import PretrainArm
from training.corpus import training_corpus
from training.trainer import Diverged, Trainer


def run(job: Job) -> Outcome:
    """Train for a fixed number of steps and tokens, and write weights, shape and history.

    A run that was killed goes on from its last checkpoint and gives the same bytes as one that was not.
    Raises UserError where training diverges (the step's batch is kept to be looked at) or the training split is empty.
    """
    arm: PretrainArm = job.config
    torch.set_num_threads(arm.threads)
    trainer = Trainer(arm, training_corpus(job.input("tokenize")))
    initial_weights = weights_digest(trainer.model)
    folder = job.draft.scratch("checkpoints")
    history, spent = _resume(trainer, folder)
    started, processed = time.perf_counter(), time.process_time()
    job.progress.start(arm.steps * arm.tokens_per_step, "tokens", done=trainer.step * arm.tokens_per_step)
    while trainer.step < arm.steps:
        _train_step(trainer, job)
        if trainer.step % arm.log_every == 0 or trainer.step == arm.steps:
            history.append(trainer.log_line())
        _show(job.progress, trainer, history)
        if trainer.step % arm.checkpoint_every == 0 and trainer.step < arm.steps:
            seconds = _spent(spent, started, processed, trainer)
            state = {"trainer": trainer.state(), "history": history, "spent": seconds}
            checkpoint.save(folder, trainer.step, state)
    spent = _spent(spent, started, processed, trainer)
    files = [
        job.draft.write_bytes("model.safetensors", model_bytes(trainer.model), {"kind": "weights"}),
        job.draft.write_bytes("config.json", _json(_shape(trainer)), {"kind": "config"}),
        job.draft.write_bytes("history.json", _json(history), {"kind": "history"}, rows=len(history)),
    ]
    return Outcome(
        unit_in="steps",
        unit_out="steps",
        counts=Counts(rows_in=trainer.step, rows_out=trainer.step),
        files=files,
        summary=_summary(trainer, initial_weights, history),
        timings=spent | {"tokens_per_second": sum(trainer.tokens.values()) / max(spent["seconds"], 1e-9)},
    )


def _train_step(trainer: Trainer, job: Job) -> None:
    try:
        trainer.train_step()
    except Diverged as error:
        path = job.draft.scratch("diverged.npz")
        np.savez(path, allow_pickle=False, **error.step.arrays())
        raise UserError(f"{error}; the step's batch is in {path}") from error


def weights_digest(model: nn.Module) -> str:
    """Return the checksum of all weights, in the order of their names."""
    return digest(b"".join(value.cpu().numpy().tobytes() for _, value in sorted(model.state_dict().items())))


def model_bytes(model: nn.Module) -> bytes:
    """Return the weights as a safetensors file."""
    data: bytes = safetensors_bytes({name: value.cpu().contiguous() for name, value in model.state_dict().items()})
    return data


def _resume(trainer: Trainer, folder: Any) -> tuple[list[dict[str, float]], dict[str, float]]:
    state = checkpoint.latest(folder)
    if state is None:
        return [], {"seconds": 0.0, "cpu_seconds": 0.0, "key_seconds": 0.0}
    trainer.load(state["trainer"])
    return state["history"], state["spent"]


def _spent(before: dict[str, float], started: float, processed: float, trainer: Trainer) -> dict[str, float]:
    """Return the seconds of this run and of those that it goes on from."""
    return {
        "seconds": before["seconds"] + time.perf_counter() - started,
        "cpu_seconds": before["cpu_seconds"] + time.process_time() - processed,
        "key_seconds": before["key_seconds"] + trainer.key_seconds,
    }


def _show(progress: Progress, trainer: Trainer, history: list[dict[str, float]]) -> None:
    losses = trainer.sums.means() or (history[-1] if history else {})
    shown = (f"{name} {losses[name]:.2f}" for name in ("mlm", "tlm", "xlco") if name in losses)
    progress.update(trainer.step * trainer.arm.tokens_per_step, f"step {trainer.step:,}, loss {', '.join(shown)}")


def _shape(trainer: Trainer) -> dict[str, Any]:
    return {"vocabulary": trainer.vocabulary, "arm": canonical(trainer.arm)}


def _summary(trainer: Trainer, initial_weights: str, history: list[dict[str, float]]) -> dict[str, Any]:
    return {
        "seed": trainer.arm.seed,
        "steps": trainer.step,
        "parameters": sum(parameter.numel() for parameter in trainer.model.parameters()),
        "initial_weights": initial_weights,
        "tokens": sum(trainer.tokens.values()),
        "tokens_by_objective": dict(trainer.tokens),
        "examples_by_objective": {name: cursor.examples for name, cursor in trainer.loader.cursors.items()},
        "key_tokens": trainer.key_tokens,
        "final_losses": history[-1],
    }


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()
