"""The loop that all processes of a run go through: steps, checkpoints, and a stop."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import Stopped
from training.checkpoint import Checkpoints
from training.config.pretrain import PretrainArm
from training.corpus import training_corpus
from training.distributed import Ranks
from training.trainer import Diverged, Trainer


@dataclass(frozen=True)
class Work:
    """What every process of a run has to know.

    tokens: folder of the `tokenize` dataset; checkpoints: their folder; resumed: the step whose checkpoint the run
    goes on from, if any.
    """

    arm: PretrainArm
    tokens: Path
    checkpoints: Path
    resumed: int | None

    def trainer(self, ranks: Ranks) -> Trainer:
        """Return the trainer before the first step."""
        torch.set_num_threads(self.arm.threads)
        ranks.take_device(self.arm.device)
        return Trainer(self.arm, training_corpus(Dataset(self.tokens)), ranks)

    def opened(self, ranks: Ranks, preserve: Callable[[], None] = lambda: None) -> Checkpoints:
        """Return the run's checkpoints; `preserve` is for the first rank, see `Checkpoints`."""
        return Checkpoints(self.checkpoints, ranks, self.arm.asynchronous_checkpoints, preserve)


def train(
    trainer: Trainer,
    checkpoints: Checkpoints,
    is_asked_to_stop: Callable[[], bool],
    take_step: Callable[[], None],
    notes: Callable[[], dict[str, Any]] = dict,
) -> None:
    """Train to the last step.

    take_step: makes one step of the trainer; notes: what a checkpoint keeps beside the trainer's state. All ranks stop
    after the same step, as soon as one is asked to; it is saved, and Stopped raised.
    """
    arm, ranks = trainer.arm, trainer.ranks
    while trainer.step < arm.steps:
        take_step()
        is_last = trainer.step == arm.steps
        checkpoints.settle()
        stops = ranks.any(is_asked_to_stop()) and not is_last
        if stops or (trainer.step % arm.checkpoint_every == 0 and not is_last):
            checkpoints.save(trainer.step, {"trainer": trainer.state(), **notes()})
        if stops:
            checkpoints.finish()
            raise Stopped(
                f"stopped after step {trainer.step:,} of {arm.steps:,}, which is saved: "
                "the same command goes on from there"
            )
    checkpoints.finish()


def help_along(ranks: Ranks, is_asked_to_stop: Callable[[], bool]) -> None:
    """Do this process's share of whatever the first one trains, until it says that there is no more.

    Raises Stopped where the run stops, and SystemExit where the first process has ended by itself.
    """
    while (work := _heard(ranks)) is not None:
        trainer, checkpoints = work.trainer(ranks), work.opened(ranks)
        if work.resumed is not None:
            trainer.load(checkpoints.load(work.resumed)["trainer"])
        try:
            train(trainer, checkpoints, is_asked_to_stop, trainer.train_step)
        except Diverged:  # the first process saw the same, and says so
            continue


def _heard(ranks: Ranks) -> Work | None:
    try:
        work: Work | None = ranks.told(None)
    except RuntimeError:
        raise SystemExit(f"process {ranks.rank + 1} of {ranks.world} ends, as the first one has ended") from None
    return work
