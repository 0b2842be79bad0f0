"""What xTune minimises: cross-entropy, λ1 · R1 and, in its second stage, λ2 · R2."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from training.config.xtune import AgreementSection, ConsistencySection, Noise
from training.xtreme.heads import FineTuned, SpanHead
from training.xtreme.losses import loss_of
from training.xtreme.xtune.batches import ViewBatch
from training.xtreme.xtune.losses import agreement, consistency, span_agreement, span_consistency


class Objective:
    """The loss of a batch of views, for `FineTuning`.

    With `agreed` and `teacher` it is that of the second stage: the teacher is the first stage's model, is frozen here,
    and reads D_A without noise and without dropout.
    """

    def __init__(
        self, kept: ConsistencySection, agreed: AgreementSection | None = None, teacher: FineTuned | None = None
    ) -> None:
        self._kept = kept
        self._agreed = agreed
        self._teacher = None if teacher is None else teacher.eval().requires_grad_(False)
        used = [kept.augmentation, *([] if agreed is None else [agreed.augmentation])]
        self._noise = next((one for one in used if isinstance(one, Noise)), None)

    def __call__(self, model: FineTuned, batch: ViewBatch) -> Tensor:
        """Return the loss of a batch on the model's device, a scalar in fp32."""
        terms = self.terms(model, batch)
        return terms.cross_entropy + terms.consistency + terms.agreement

    def terms(self, model: FineTuned, batch: ViewBatch) -> "Terms":
        """Return the weighted parts of the loss."""
        with noise_on_embeddings(model, batch.noisy, self._noise):
            logits: Tensor = model(batch.both).float()
        is_span = isinstance(model.head, SpanHead)
        counts, counts_there = batch.both.counts[: batch.inputs], batch.both.counts[batch.inputs :]
        first, second = logits[: sum(counts)], logits[sum(counts) :]
        labels = batch.both.labels[: batch.inputs if is_span else sum(counts)]
        if is_span:
            r1 = span_consistency(first, second, counts, counts_there, batch.kept, batch.kept_there)
        else:
            r1 = consistency(first[batch.kept], second[batch.kept_there])
        return Terms(loss_of(first, labels, counts), self._kept.weight * r1, self._agreement(first, batch, is_span))

    def _agreement(self, first: Tensor, batch: ViewBatch, is_span: bool) -> Tensor:
        if self._agreed is None or self._teacher is None or batch.augmented is None:
            return first.new_zeros(())
        with torch.no_grad():
            theirs: Tensor = self._teacher(batch.augmented).float()
        ours, hard = first[batch.agreed], self._agreed.hard_labels
        if is_span:
            return self._agreed.weight * span_agreement(ours, theirs, batch.augmented.counts, hard)
        return self._agreed.weight * agreement(ours, theirs, hard)


@dataclass(frozen=True)
class Terms:
    """The parts of the loss, scalars, each with its weight."""

    cross_entropy: Tensor
    consistency: Tensor
    agreement: Tensor


@contextmanager
def noise_on_embeddings(model: FineTuned, noisy: Tensor | None, noise: Noise | None) -> Iterator[None]:
    """Add noise to the word embeddings of some packed tokens (`noisy`, bool `[T]`) in what the model runs meanwhile.

    The embeddings get their gradient as without it.
    """
    if noisy is None or noise is None:
        yield
        return

    def add(_module: nn.Module, _inputs: Any, embedded: Tensor) -> Tensor:
        drawn = torch.rand_like(embedded) * 2 - 1 if noise.distribution == "uniform" else torch.randn_like(embedded)
        return embedded + drawn * noise.scale * noisy[:, None]

    handle = model.encoder.tokens.register_forward_hook(add)
    try:
        yield
    finally:
        handle.remove()
