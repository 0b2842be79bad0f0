"""The loop of fine-tuning: epochs of steps, scores on dev after each, checkpoints, and a stop."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, Self, TypeVar

import torch
from torch import Tensor, nn

from pipelines.datasets.errors import Stopped, UserError
from training.checkpoint import Checkpoints
from training.config.finetuning import FineTuningSection
from training.data import random
from training.distributed import ALONE
from training.optim import adamw, learning_rate
from training.xtreme.heads import FineTuned

_DROPOUT: Final = 1
_DTYPES: Final = {"bf16": torch.bfloat16, "fp16": torch.float16}


class OnDevice(Protocol):
    """What a loss is computed of."""

    def to(self, device: torch.device) -> Self:
        """Return the same on a device."""
        ...


Part = TypeVar("Part", bound=OnDevice)

Loss = Callable[[FineTuned, Part], Tensor]
"""From the model in training mode and a part of a step, on the model's device, to a scalar whose gradient is taken."""


class Batches(Protocol[Part]):
    """What is trained on. Every epoch has the same number of steps, and is a function of its number alone."""

    @property
    def steps(self) -> int:
        """How many steps an epoch has."""
        ...

    def epoch(self, number: int, first_step: int = 0) -> Iterator[list[Part]]:
        """Yield the parts of each step of an epoch, from a step on; epochs and steps count from 0."""
        ...


@dataclass(frozen=True)
class Measured:
    """What an epoch came to on dev. value: the epoch with the highest is kept; detail: goes into the history."""

    value: float
    detail: dict[str, Any]


Scores = Callable[[FineTuned], Measured]
"""Measures a model, which is in evaluation mode, on what may choose among epochs."""


class FineTuning:
    """A run: the model, its optimiser, and where it is. `step` counts finished steps of all epochs.

    history: one line for each finished epoch: `epoch` from 1, `step`, mean `loss` of its steps, `value` and `dev`, the
    value and the detail that were measured.
    """

    def __init__(
        self, model: FineTuned, section: FineTuningSection, batches: Batches[Part], loss: Loss[Part], seed: int
    ) -> None:
        self.model = model
        self.section = section
        self.steps = section.epochs * batches.steps
        self.step = 0
        self.seconds = 0.0  # of the steps since this object was made
        self.history: list[dict[str, Any]] = []
        self._device = torch.device(section.device)
        self.model.to(self._device)
        self.model.encoder.recompute = section.recompute
        self._batches: Batches[Any] = batches
        self._loss: Loss[Any] = loss
        self._seed = seed
        self._best: tuple[int, dict[str, Tensor]] | None = None  # epoch, and a copy of its weights
        self._losses = 0.0  # sum over the epoch's steps so far
        self._schedule = section.optimizer(self.steps)
        self._optimizer = adamw([model], self._schedule)
        self._scaler = torch.amp.GradScaler(section.device, enabled=section.precision == "fp16")

    def run(
        self,
        scores: Scores,
        checkpoints: Checkpoints,
        is_asked_to_stop: Callable[[], bool],
        report: Callable[[int], None],
    ) -> None:
        """Train from where the run is to its last step, and leave the weights of the best epoch, the first of equals.

        report: called with the number of finished steps. Raises Stopped, with the state saved, where the run is asked
        to stop, and UserError where the loss is no number.
        """
        if not self._batches.steps:
            raise UserError("there is no training example: look into the task's train file")
        while self.step < self.steps:
            epoch, first = divmod(self.step, self._batches.steps)
            for parts in self._batches.epoch(epoch, first):
                self.take_step(parts)
                report(self.step)
                if self.step % self._batches.steps == 0:
                    self._finish_epoch(epoch, scores)
                self._save(checkpoints, is_asked_to_stop)
        if self._best is not None:
            self.model.load_state_dict(self._best[1])
        self.model.eval()

    @property
    def best_epoch(self) -> int | None:
        """The epoch that is best so far, counted from 1; None before the first is finished."""
        return None if self._best is None else self._best[0]

    def take_step(self, parts: Sequence[OnDevice]) -> None:
        """Make one optimiser step: the loss is the mean of those of its parts."""
        started = time.perf_counter()
        self.model.train()
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(self._schedule, self.step, self.steps)
        total = torch.zeros((), device=self._device)
        for number, part in enumerate(parts):
            torch.manual_seed(random.key(self._seed, _DROPOUT, self.step, number) >> 1)
            with autocast(self.section.device, self.section.precision):
                loss = self._loss(self.model, part.to(self._device)) / len(parts)
            torch.autograd.backward(self._scaler.scale(loss))
            total += loss.detach()
        self._scaler.unscale_(self._optimizer)
        nn.utils.clip_grad_norm_(self.model.parameters(), self.section.clip)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad(set_to_none=True)
        self.step += 1
        value = float(total)
        if not math.isfinite(value):
            raise UserError(
                f"the loss of step {self.step:,} is no number: fine-tuning diverged; lower `learning_rate` or, with "
                "precision fp16, take bf16 or fp32"
            )
        self._losses += value
        self.seconds += time.perf_counter() - started

    def state(self) -> dict[str, Any]:
        """Return all that the rest of the run depends on, as tensors, numbers and strings."""
        return {
            "step": self.step,
            "losses": self._losses,
            "history": list(self.history),
            "best": self._best,
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take up a run where `state` was made: what follows is bit for bit what would have followed."""
        self.step = state["step"]
        self._losses = state["losses"]
        self.history = list(state["history"])
        self._best = state["best"]
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])

    def _finish_epoch(self, epoch: int, scores: Scores) -> None:
        mean = self._losses / self._batches.steps
        self._losses = 0.0
        self.model.eval()
        with torch.no_grad(), autocast(self.section.device, self.section.precision):
            measured = scores(self.model)
        if all(measured.value > line["value"] for line in self.history):
            self._best = epoch + 1, {name: weight.cpu().clone() for name, weight in self.model.state_dict().items()}
        self.history.append(
            {
                "epoch": epoch + 1,
                "step": self.step,
                "loss": mean,
                "value": measured.value,
                "dev": measured.detail,
            }
        )

    def _save(self, checkpoints: Checkpoints, is_asked_to_stop: Callable[[], bool]) -> None:
        is_last = self.step == self.steps
        stops = is_asked_to_stop() and not is_last
        if stops or (self.step % self.section.checkpoint_every == 0 and not is_last):
            checkpoints.save(self.step, self.state())
        if stops:
            raise Stopped(
                f"stopped after step {self.step:,} of {self.steps:,}, which is saved: "
                "the same command goes on from there"
            )


def autocast(device: str, precision: str) -> AbstractContextManager[Any]:
    """Return a context in which products are computed in a precision."""
    dtype = _DTYPES.get(precision)
    return torch.autocast(device, dtype=dtype) if dtype else nullcontext()


def fine_tune(
    run: FineTuning,
    folder: Path,
    scores: Scores,
    is_asked_to_stop: Callable[[], bool],
    report: Callable[[int], None],
    preserve: Callable[[], None] = lambda: None,
) -> None:
    """Train a run to its end, from the newest checkpoint in a folder if there is one; checkpoints go there.

    `preserve` is called when one is in its place. Raises as `FineTuning.run` does.
    """
    checkpoints = Checkpoints(folder, ALONE, asynchronous=False, preserve=preserve)
    newest = checkpoints.latest()
    if newest is not None:
        run.load(checkpoints.load(newest))
    run.run(scores, checkpoints, is_asked_to_stop, report)
