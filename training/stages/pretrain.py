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
from pipelines.datasets.stage import Job, Outcome
from training import checkpoint
from training.config.pretrain import PretrainArm
from training.corpus import training_corpus
from training.measures.board import Board
from training.measures.journal import Journal
from training.measures.peak import DTYPES, gemm_peak
from training.measures.speed import Speed
from training.measures.watch import watched_pairs
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
    history, spent, speed = _resume(trainer, folder)
    journal = _journal(trainer, job, history, speed)
    started, processed = time.perf_counter(), time.process_time()
    journal.begin()
    while trainer.step < arm.steps:
        with journal.timed_step():
            _train_step(trainer, job)
        journal.note()
        if trainer.step % arm.checkpoint_every == 0 and trainer.step < arm.steps:
            seconds = _spent(spent, started, processed, trainer)
            state = {"trainer": trainer.state(), "history": history, "spent": seconds, "speed": vars(speed)}
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
        timings=_timings(spent, trainer, speed),
    )


def _journal(trainer: Trainer, job: Job, history: list[dict[str, float]], speed: Speed) -> Journal:
    arm: PretrainArm = job.config
    folder = job.draft.folder
    board = Board(folder.parent / "logs" / "tensorboard" / folder.name if arm.tensorboard else None, trainer.step)
    watched = watched_pairs(job.input("tokenize"), arm)
    peak = gemm_peak(trainer.device, DTYPES[arm.precision]) * trainer.ranks.world
    return Journal(trainer, job.progress, board, watched, peak, history, speed)


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


def _resume(trainer: Trainer, folder: Any) -> tuple[list[dict[str, float]], dict[str, float], Speed]:
    state = checkpoint.latest(folder)
    if state is None:
        return [], {"seconds": 0.0, "cpu_seconds": 0.0, "key_seconds": 0.0}, Speed()
    trainer.load(state["trainer"])
    return state["history"], state["spent"], Speed(**state["speed"])


def _spent(before: dict[str, float], started: float, processed: float, trainer: Trainer) -> dict[str, float]:
    """Return the seconds of this run and of those that it goes on from."""
    return {
        "seconds": before["seconds"] + time.perf_counter() - started,
        "cpu_seconds": before["cpu_seconds"] + time.process_time() - processed,
        "key_seconds": before["key_seconds"] + trainer.key_seconds,
    }


def _timings(spent: dict[str, float], trainer: Trainer, speed: Speed) -> dict[str, float]:
    """Return what the run took; tokens in a second with all that is not a step, MFU of the steps alone."""
    rate = sum(trainer.tokens.values()) / max(spent["seconds"], 1e-9)
    return spent | {
        "tokens_per_second": rate,
        "mfu": speed.rates()["mfu"],
        "gemm_peak": speed.available / speed.seconds,
    }


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
