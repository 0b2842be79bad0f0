"""The state of a training run and its one step: everything that a checkpoint must hold is here."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from pipelines.datasets.errors import UserError
from training.config import Objective, PretrainArm
from training.data import random
from training.data.batch import Batch, Targets, collate
from training.data.streams import Corpus, Cursor, streams
from training.model import initialized
from training.objectives.contrast import KeyQueue, MomentumEncoder, Projector, info_nce, momentum_at
from training.objectives.masked_lm import masked_lm_loss
from training.optim import adamw, learning_rate

_PROJECTION = 5


@dataclass
class Sums:
    """Losses and counts since the last logged step, by objective."""

    loss: dict[str, float] = field(default_factory=dict)
    targets: dict[str, int] = field(default_factory=dict)
    hits: int = 0

    def add(self, name: str, loss: float, targets: int) -> None:
        self.loss[name] = self.loss.get(name, 0.0) + loss
        self.targets[name] = self.targets.get(name, 0) + targets

    def means(self) -> dict[str, float]:
        """Return the mean loss of each objective and, for the contrast, the share of hits."""
        means = {name: self.loss[name] / self.targets[name] for name in self.loss if self.targets[name]}
        if self.targets.get("xlco"):
            means["xlco_hits"] = self.hits / self.targets["xlco"]
        return means


class Trainer:
    """One arm in training. `step` counts finished optimiser steps.

    Tokens are counted as they go through the trained encoder: every token of a text (MMLM), of a joined pair
    (TLM) and of a query (XLCO), special tokens included; none is padding. A query's tokens go up to the contrast
    layer only. What the momentum encoder reads is counted beside them (`key_tokens`).
    """

    def __init__(self, arm: PretrainArm, corpus: Corpus) -> None:
        self.arm = arm
        self.vocabulary = corpus.vocabulary
        self.streams = streams(corpus, arm)
        self.model = initialized(arm.model, corpus.vocabulary, arm.seed)
        modules: list[nn.Module] = [self.model]
        self.projector: Projector | None = None
        if "xlco" in arm.objectives:
            seed = random.key(arm.seed, _PROJECTION) >> 1
            self.projector = Projector(arm.contrast, arm.model.hidden, seed)
            self.key_encoder = MomentumEncoder(self.model.encoder, self.projector)
            self.queue = KeyQueue(arm.contrast.queue_size, arm.model.hidden, 2 if arm.contrast.mixup else 1)
            modules.append(self.projector)
        self.optimizer = adamw(modules, arm.optimizer)
        self.step = 0
        self.key_tokens = 0
        self.key_seconds = 0.0
        self.sums = Sums()

    @property
    def tokens(self) -> dict[Objective, int]:
        """Tokens through the trained encoder so far, by objective."""
        return {name: stream.cursor.tokens for name, stream in self.streams.items()}

    def train_step(self) -> None:
        """Make one optimiser step. Raises UserError where the loss is no longer a number."""
        rate = learning_rate(self.arm.optimizer, self.step, self.arm.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batch = self._next_batch()
        loss, keys = self._loss(batch)
        if not math.isfinite(loss.item()):
            raise UserError(
                f"the loss is {loss.item()} at step {self.step + 1}: training diverged; "
                "lower pretrain.optimizer.learning_rate or raise pretrain.optimizer.warmup_steps"
            )
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self._trained(), self.arm.optimizer.clip)
        self.optimizer.step()
        if self.projector is not None and batch.contrast is not None and keys is not None:
            momentum = momentum_at(self.arm.contrast.momentum, self.step)
            self.key_encoder.update(self.model.encoder, self.projector, momentum)
            self.queue.enqueue(keys, batch.contrast.tags)
            self.key_tokens += len(batch.contrast.keys.tokens)
        self.step += 1

    def log_line(self) -> dict[str, float]:
        """Return a line of the history: step, tokens, learning rate, mean losses since the line before."""
        means = self.sums.means()
        self.sums = Sums()
        rate = self.optimizer.param_groups[0]["lr"]
        return {"step": self.step, "tokens": sum(self.tokens.values()), "learning_rate": rate, **means}

    def state(self) -> dict[str, Any]:
        """Return all that the rest of the run depends on, as tensors, numbers and strings."""
        return {
            "step": self.step,
            "key_tokens": self.key_tokens,
            "cursors": {name: vars(stream.cursor) for name, stream in self.streams.items()},
            "sums": {"loss": self.sums.loss, "targets": self.sums.targets, "hits": self.sums.hits},
            "modules": {name: module.state_dict() for name, module in self._modules().items()},
            "optimizer": self.optimizer.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take up a run where `state` was made: what follows is bit for bit what would have followed."""
        self.step = state["step"]
        self.key_tokens = state["key_tokens"]
        for objective, stream in self.streams.items():
            stream.cursor = Cursor(**state["cursors"][objective])
        self.sums = Sums(**state["sums"])
        for name, module in self._modules().items():
            module.load_state_dict(state["modules"][name])
        self.optimizer.load_state_dict(state["optimizer"])

    def _next_batch(self) -> Batch:
        examples = {name: stream.next(self.step + 1) for name, stream in self.streams.items()}
        return collate(examples, self.vocabulary, self.arm, self.step)

    def _loss(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Return the total loss, and the keys `[N, D]` that go into the queue after backward.

        One forward pass serves all objectives: queries and language-model sequences go through the first layers
        together, and the latter alone through the rest.
        """
        encoder = self.model.encoder
        split = self.arm.contrast.layer if batch.queries else 0
        hidden = encoder.run(encoder.embed(batch.packed), batch.packed.lengths, 0, split)
        query_tokens = sum(batch.query_lengths)
        scales = loss_scales(batch.target_counts, self.arm)
        parts: list[Tensor] = []
        keys = None
        if batch.contrast is not None:
            contrast, keys = self._contrast_loss(hidden[:query_tokens], batch)
            parts.append(scales["xlco"] * contrast)
        if batch.targets is not None:
            final = encoder.run(hidden[query_tokens:], batch.lm_lengths, split, len(encoder.layers))
            parts.append(self._masked_lm_loss(final, batch.targets, scales))
        return torch.stack(parts).sum(), keys

    def _masked_lm_loss(self, final: Tensor, targets: Targets, scales: Mapping[Objective, float]) -> Tensor:
        by_row = torch.where(targets.is_tlm, scales.get("tlm", 0.0), scales.get("mlm", 0.0))
        loss, losses = masked_lm_loss(self.model, final, targets.places, targets.labels, by_row)
        tlm = int(targets.is_tlm.sum())
        if "mlm" in scales:
            self.sums.add("mlm", losses[~targets.is_tlm].sum().item(), len(losses) - tlm)
        if "tlm" in scales:
            self.sums.add("tlm", losses[targets.is_tlm].sum().item(), tlm)
        return loss

    def _contrast_loss(self, hidden: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        assert self.projector is not None
        assert batch.contrast is not None
        queries = self.projector(hidden, batch.query_lengths)
        started = time.perf_counter()
        with torch.no_grad():
            keys = self.key_encoder(batch.contrast.keys)[batch.contrast.key_of]
        self.key_seconds += time.perf_counter() - started
        loss, hits = info_nce(queries, keys, batch.contrast.tags, self.queue, self.arm.contrast)
        self.sums.add("xlco", loss.item(), batch.queries)
        self.sums.hits += int(hits)
        return loss, keys

    def _trained(self) -> list[nn.Parameter]:
        return [p for group in self.optimizer.param_groups for p in group["params"]]

    def _modules(self) -> dict[str, nn.Module]:
        modules: dict[str, nn.Module] = {"model": self.model}
        if self.projector is not None:
            modules |= {"projector": self.projector, "key_encoder": self.key_encoder, "queue": self.queue}
        return modules


def loss_scales(counts: Mapping[Objective, int], arm: PretrainArm) -> dict[Objective, float]:
    """Return what one target of each objective counts in the total loss.

    `joint_sum`: one over the number of all targets, as the released code does (tasks/infoxlm.py, train_step);
    `mean_each`: one over the number of the objective's own. The contrast's weight λ comes on top.
    """
    whole = sum(counts.values())
    return {
        name: (arm.contrast.weight if name == "xlco" else 1.0)
        / max(1, whole if arm.loss_reduction == "joint_sum" else count)
        for name, count in counts.items()
    }
