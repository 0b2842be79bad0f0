"""The state of a training run and its one step: everything that a checkpoint must hold is here."""

import math
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import torch
from torch import Tensor, nn

from pipelines.datasets.errors import UserError
from training.config.pretrain import PretrainArm
from training.config.section import Objective
from training.data import random
from training.data.batch import Step, collate
from training.data.loader import Loader
from training.data.streams import Corpus, Cursor
from training.distributed import ALONE, Ranks
from training.flops import step_flops, work_of
from training.initial import initial_model
from training.measures.sums import Sums, measured
from training.objectives.contrast import KeyQueue, MomentumEncoder, Projector, momentum_at
from training.objectives.together import MEASURES, Objectives, loss_scales
from training.optim import adamw, learning_rate

_PROJECTION, _DROPOUT, _KEY_DROPOUT = 5, 6, 7
_DTYPES: Final = {"bf16": torch.bfloat16, "fp16": torch.float16}
_FP16_SCALE: Final = 128.0  # at the start, and steps from one doubling to the next: as the release has it
_FP16_GROWTH: Final = 128
_NORM_MEMORY: Final = 0.98  # of the running mean that a spike is compared with


class Diverged(UserError):
    """Too many steps in a row were left out; `step` is the last of them."""

    def __init__(self, message: str, step: Step) -> None:
        super().__init__(message)
        self.step = step


class Trainer:
    """One arm in training. `step` counts finished steps, those that were left out too.

    Tokens are counted as they go through the trained encoder: every token of a text (MMLM), of a joined pair
    (TLM) and of a query (XLCO), special tokens included; none is padding. A query's tokens go up to the contrast
    layer only. What the momentum encoder reads is counted beside them (`key_tokens`).

    A step is the same whatever `micro_batches` and the number of ranks: each rank takes its parts of it, keys and
    gradients are summed, and so weights, optimiser, momentum encoder and queue are the same on all ranks.
    """

    def __init__(self, arm: PretrainArm, corpus: Corpus, ranks: Ranks = ALONE) -> None:
        self.arm = arm
        self.ranks = ranks
        self.device = torch.device(arm.device)
        self.vocabulary = corpus.vocabulary
        self.loader = Loader(corpus, arm)
        self.model = initial_model(arm.init, arm.model, corpus.vocabulary, arm.seed).to(self.device)
        self.projector: Projector | None = None
        if "xlco" in arm.objectives:
            seed = random.key(arm.seed, _PROJECTION) >> 1
            self.projector = Projector(arm.contrast, arm.model.hidden, seed).to(self.device)
            self.key_encoder = MomentumEncoder(self.model.encoder, self.projector)
            self.queue = KeyQueue(arm.contrast.queue_size, arm.model.hidden, 2 if arm.contrast.mixup else 1)
            self.queue.to(self.device)
        self.objectives = Objectives(arm, self.model, self.projector)
        self._replicated = ranks.replicated(self.objectives, bool({"mlm", "tlm"} & set(arm.objectives)))
        self.optimizer = adamw([self.objectives], arm.optimizer)
        self.scaler = torch.amp.GradScaler(
            arm.device, init_scale=_FP16_SCALE, growth_interval=_FP16_GROWTH, enabled=arm.precision == "fp16"
        )
        self.step = 0
        self.key_tokens = 0
        self.key_seconds = 0.0
        self.seconds = self.flops = 0.0  # of the steps since this object was made; FLOPs of all ranks together
        self.bad_steps = 0
        self.usual_norm = 0.0
        self.sums = Sums()

    @property
    def tokens(self) -> dict[Objective, int]:
        """Tokens through the trained encoder so far, by objective."""
        return {name: cursor.tokens for name, cursor in self.loader.cursors.items()}

    def train_step(self) -> None:
        """Make one optimiser step, or leave it out where its loss or gradient is no number, or a spike.

        Raises Diverged where more steps in a row than the recipe tolerates were left out.
        """
        if self.step == 0:
            self._fill_queue()
        started = time.perf_counter()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.arm.optimizer, self.step, self.arm.steps)
        step = self.next_step()
        keys = self._keys(step)
        measures = self._backward(step, keys)
        self.scaler.unscale_(self.optimizer)
        norm = float(nn.utils.clip_grad_norm_(self._trained(), self.arm.optimizer.clip))
        if self._is_good(measures, norm):
            self._update(step, keys, measures, norm)
        else:
            self._leave_out(step, measures, norm)
        self.scaler.update()
        self.flops += step_flops(work_of(step, self.arm), self.arm, self.vocabulary)
        self.seconds += time.perf_counter() - started
        self.step += 1

    def log_line(self) -> dict[str, float]:
        """Return a line of the history: where training is, and the means of what was measured since the line before."""
        line = {
            "step": self.step,
            "tokens": sum(self.tokens.values()),
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            **self.sums.means(),
        }
        self.sums = Sums()
        age = self.queue.mean_age(self.step) if self.projector is not None else None
        return line if age is None else line | {"queue_age": age}

    def state(self) -> dict[str, Any]:
        """Return all that the rest of the run depends on, as tensors, numbers and strings; it is that of every rank."""
        return {
            "step": self.step,
            "key_tokens": self.key_tokens,
            "bad_steps": self.bad_steps,
            "usual_norm": self.usual_norm,
            "cursors": {name: vars(cursor) for name, cursor in self.loader.cursors.items()},
            "sums": dict(vars(self.sums)),
            "modules": {name: module.state_dict() for name, module in self._modules().items()},
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take up a run where `state` was made: what follows is bit for bit what would have followed."""
        self.step = state["step"]
        self.key_tokens = state["key_tokens"]
        self.bad_steps, self.usual_norm = state["bad_steps"], state["usual_norm"]
        self.loader.cursors = {name: Cursor(**state["cursors"][name]) for name in self.loader.cursors}
        self.sums = Sums(**state["sums"])
        for name, module in self._modules().items():
            module.load_state_dict(state["modules"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])

    def next_step(self) -> Step:
        """Return the examples of the next step, and move the streams on."""
        return self.loader.next(self.step)

    def _backward(self, step: Step, keys: Tensor | None) -> Tensor:
        """Add up the gradients of this rank's parts and of the other ranks, and return the step's MEASURES."""
        self.objectives.forget_gradients()
        scales = loss_scales(step.target_counts, self.arm)
        tags = step.tags.to(self.device) if step.tags else None
        queue = self.queue if self.projector is not None else None
        measures = torch.zeros(len(MEASURES), dtype=torch.float64, device=self.device)
        micro = self.arm.micro_batches
        for number in range(micro):
            part = self.ranks.rank * micro + number
            batch = step.part(part, self.ranks.world * micro).to(self.device)
            self._seed_dropout(_DROPOUT, part)
            with self._summed_at(number == micro - 1), self._autocast():
                loss, own = self._replicated(batch, scales, keys, tags, queue)
                self.scaler.scale(loss).backward()
            measures += own
        return self.ranks.summed(measures)

    @torch.no_grad()
    def _keys(self, step: Step) -> Tensor | None:
        """Return the keys of all examples of a step, float32 `[N, D]`, of which each rank computes its share."""
        if step.contrast is None:
            return None
        started = time.perf_counter()
        micro = self.arm.micro_batches
        found = torch.zeros(step.target_counts["xlco"], self.arm.model.hidden, device=self.device)
        for number in range(micro):
            part = self.ranks.rank * micro + number
            share = step.keys(part, self.ranks.world * micro)
            self._seed_dropout(_KEY_DROPOUT, part)
            with self._autocast():
                vectors = self.key_encoder(share.packed.to(self.device))
            found[share.example.to(self.device)] = vectors.float()
        found = self.ranks.summed(found)  # each key is there once, and zeros everywhere else
        self.key_seconds += time.perf_counter() - started
        return found

    def _fill_queue(self) -> None:
        """Fill the queue with keys of pairs that are drawn for this alone, before the first step."""
        if self.projector is None or not self.arm.contrast.prefill:
            return
        left = self.arm.contrast.queue_size
        for number, examples in enumerate(self.loader.prefill()):
            if left <= 0:
                break
            step = collate({"xlco": examples.part(0, left)}, self.vocabulary, self.arm, -1 - number)
            keys = self._keys(step)
            assert keys is not None
            assert step.tags is not None
            self.queue.enqueue(keys, step.tags.to(self.device), self.step)
            left -= len(keys)

    def _is_good(self, measures: Tensor, norm: float) -> bool:
        finite = math.isfinite(norm) and bool(torch.isfinite(measures).all())
        spike = self.arm.spike is not None and self.usual_norm > 0 and norm > self.arm.spike * self.usual_norm
        return finite and not spike

    def _update(self, step: Step, keys: Tensor | None, measures: Tensor, norm: float) -> None:
        self.scaler.step(self.optimizer)
        self.bad_steps = 0
        self.usual_norm = norm if self.usual_norm == 0 else _NORM_MEMORY * self.usual_norm + (1 - _NORM_MEMORY) * norm
        self.sums.add(measured(step, measures, norm, keys))
        if self.projector is not None and keys is not None and step.contrast is not None:
            momentum = momentum_at(self.arm.contrast.momentum, self.step)
            self.key_encoder.update(self.model.encoder, self.projector, momentum)
            self.queue.enqueue(keys, step.contrast.tags.to(self.device), self.step)
            self.key_tokens += len(step.contrast.keys.values)

    def _leave_out(self, step: Step, measures: Tensor, norm: float) -> None:
        self.bad_steps += 1
        self.sums.skipped += 1
        if self.bad_steps > self.arm.tolerated_bad_steps:
            sums = zip(MEASURES, measures.tolist(), strict=True)
            losses = ", ".join(f"{name} {value:.4g}" for name, value in sums if name in step.target_counts)
            raise Diverged(
                f"the loss or its gradient is no number, or a spike, at step {self.step + 1} (sums: {losses}; norm of "
                f"the gradient {norm:.4g}) and at the {self.bad_steps - 1} before it: training diverged; lower "
                "pretrain.optimizer.learning_rate or raise pretrain.optimizer.warmup_steps",
                step,
            )

    def _seed_dropout(self, purpose: int, part: int) -> None:
        """Make dropout a function of seed, step and part, so that a resumed run has the same."""
        if self.arm.model.dropout or self.arm.model.attention_dropout:
            torch.manual_seed(random.key(self.arm.seed, purpose, self.step, part) >> 1)

    def _autocast(self) -> AbstractContextManager[Any]:
        dtype = _DTYPES.get(self.arm.precision)
        return torch.autocast(self.device.type, dtype=dtype) if dtype else nullcontext()

    def _summed_at(self, last: bool) -> AbstractContextManager[Any]:
        """Let gradients be summed over ranks with the last part alone."""
        return nullcontext() if last or self.ranks.world == 1 else self._replicated.no_sync()  # type: ignore[operator]

    def _trained(self) -> list[nn.Parameter]:
        return [p for group in self.optimizer.param_groups for p in group["params"]]

    def _modules(self) -> dict[str, nn.Module]:
        modules: dict[str, nn.Module] = {"model": self.model}
        if self.projector is not None:
            modules |= {"projector": self.projector, "key_encoder": self.key_encoder, "queue": self.queue}
        return modules
