"""`pretrain`: train one arm, from its last checkpoint if there is one."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors.torch import save as safetensors_bytes
from torch import nn

from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft
from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import canonical, digest
from pipelines.datasets.stage import Job, Outcome
from training.checkpoint import Checkpoints
from training.config.pretrain import PretrainArm
from training.distributed import Ranks
from training.loop import Work, train
from training.measures.board import Board
from training.measures.journal import Journal
from training.measures.watch import watched_pairs
from training.processes import sharing
from training.stopping import stop_requests
from training.trainer import Diverged, Trainer

_CHECKPOINTS: Final = "checkpoints"


def run(job: Job) -> Outcome:
    """Train for a fixed number of steps and tokens, and write weights, shape and history.

    A run that was killed goes on from its last checkpoint and gives the same bytes as one that was not.
    Raises UserError where training diverges (the step's batch is kept to be looked at), the training split is empty or
    dev has too few pairs to be watched, and Stopped after SIGTERM, when the state is saved.
    """
    arm: PretrainArm = job.config
    folder = job.draft.scratch(_CHECKPOINTS)
    watched = watched_pairs(job.input("tokenize"), arm)
    with stop_requests() as is_asked_to_stop, sharing(arm.processes, arm.device) as ranks:
        resumed = Checkpoints(folder, ranks, arm.asynchronous_checkpoints).latest()
        journal = Journal(job.progress, Board(_board_folder(job), resumed or 0), watched)
        work: Work = ranks.told(Work(arm, job.input("tokenize").folder, folder, resumed))
        return _trained(job, work, journal, ranks, is_asked_to_stop)


def _board_folder(job: Job) -> Path | None:
    return job.draft.folder.parent / "logs" / "tensorboard" / job.draft.folder.name if job.config.tensorboard else None


def _trained(job: Job, work: Work, journal: Journal, ranks: Ranks, is_asked_to_stop: Callable[[], bool]) -> Outcome:
    trainer, checkpoints = work.trainer(ranks), work.opened(ranks, lambda: job.draft.preserve(_CHECKPOINTS))
    initial_weights = weights_digest(trainer.model)
    spent = _resume(trainer, checkpoints, work.resumed, journal)
    started, processed = time.perf_counter(), time.process_time()

    def notes() -> dict[str, Any]:
        return {"journal": journal.state(), "spent": _spent(spent, started, processed, trainer)}

    def take_step() -> None:
        with _batch_kept(job.draft):
            trainer.train_step()
        journal.note(trainer)

    journal.begin(trainer)
    train(trainer, checkpoints, is_asked_to_stop, take_step, notes)
    total = _spent(spent, started, processed, trainer)
    files = [
        job.draft.write_bytes("model.safetensors", model_bytes(trainer.model), {"kind": "weights"}),
        job.draft.write_bytes("config.json", _json(_shape(trainer)), {"kind": "config"}),
        job.draft.write_bytes("history.json", _json(journal.lines), {"kind": "history"}, rows=len(journal.lines)),
    ]
    return Outcome(
        unit_in="steps",
        unit_out="steps",
        counts=Counts(rows_in=trainer.step, rows_out=trainer.step),
        files=files,
        summary=_summary(trainer, initial_weights, journal.lines),
        timings=_timings(total, trainer, journal),
    )


@contextmanager
def _batch_kept(draft: Draft) -> Iterator[None]:
    """Keep the batch of a step after which training is given up."""
    try:
        yield
    except Diverged as error:
        path = draft.scratch("diverged.npz")
        np.savez(path, allow_pickle=False, **error.step.arrays())
        raise UserError(f"{error}; the step's batch is in {path}") from error


def weights_digest(model: nn.Module) -> str:
    """Return the checksum of all weights, in the order of their names."""
    return digest(b"".join(value.cpu().numpy().tobytes() for _, value in sorted(model.state_dict().items())))


def model_bytes(model: nn.Module) -> bytes:
    """Return the weights as a safetensors file."""
    data: bytes = safetensors_bytes({name: value.cpu().contiguous() for name, value in model.state_dict().items()})
    return data


def _resume(trainer: Trainer, checkpoints: Checkpoints, step: int | None, journal: Journal) -> dict[str, float]:
    """Load the state of a step, if there is one, and return what the run has spent so far."""
    if step is None:
        return {"seconds": 0.0, "cpu_seconds": 0.0, "key_seconds": 0.0}
    state = checkpoints.load(step)
    trainer.load(state["trainer"])
    journal.load(state["journal"])
    spent: dict[str, float] = state["spent"]
    return spent


def _spent(before: dict[str, float], started: float, processed: float, trainer: Trainer) -> dict[str, float]:
    """Return the seconds of this run and of those that it goes on from."""
    return {
        "seconds": before["seconds"] + time.perf_counter() - started,
        "cpu_seconds": before["cpu_seconds"] + time.process_time() - processed,
        "key_seconds": before["key_seconds"] + trainer.key_seconds,
    }


def _timings(spent: dict[str, float], trainer: Trainer, journal: Journal) -> dict[str, float]:
    """Return what the run took; tokens in a second with all that is not a step, MFU of the steps alone."""
    return {
        **spent,
        "tokens_per_second": sum(trainer.tokens.values()) / max(spent["seconds"], 1e-9),
        "processes": trainer.ranks.world,
        "mfu": journal.speed.mfu,
        "gemm_peak": journal.speed.peak,
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
