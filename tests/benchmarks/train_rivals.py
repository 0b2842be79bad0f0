"""Loops over transformers' `XLMRobertaForMaskedLM`, as its users write them, to compare the trainer with.

`plain` pads batches in random order; `grouped` pads batches of like length, by transformers' own grouping; `careful`
is `grouped` with the head on masked rows only, three lines of a user's own; `flattened` has no padding
(`DataCollatorWithFlattening`) and the same head, and attends by FlashAttention where it is installed, else by a mask.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from transformers import DataCollatorWithFlattening, XLMRobertaForMaskedLM
from transformers.trainer_pt_utils import get_length_grouped_indices
from transformers.utils import is_flash_attn_2_available

from training.config.pretrain import PretrainArm
from training.data.sequences import PAD
from training.data.shards import Ragged
from training.hub import to_transformers
from training.model import POSITION_OFFSET, initialized
from training.optim import adamw

NO_LABEL: Final = -100
FLASH: Final = is_flash_attn_2_available()


@dataclass(frozen=True)
class Batch:
    """What the model takes, and the labels of all its tokens, `NO_LABEL` where nothing is to be restored."""

    inputs: dict[str, Any]
    labels: Tensor

    def to(self, device: torch.device) -> "Batch":
        moved = {name: value.to(device) if isinstance(value, Tensor) else value for name, value in self.inputs.items()}
        return Batch(moved, self.labels.to(device))


def padded(sequences: Ragged, labels: Ragged) -> Batch:
    """Return sentences padded to the longest, `[B, L]`."""
    inside = np.arange(int(sequences.lengths.max()))[None, :] < sequences.lengths[:, None]
    ids = np.full(inside.shape, PAD, np.int64)
    ids[inside] = sequences.values
    wanted = np.full(inside.shape, NO_LABEL, np.int64)
    wanted[inside] = np.where(labels.values < 0, NO_LABEL, labels.values)
    inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(inside.astype(np.int64))}
    return Batch(inputs, torch.from_numpy(wanted))


def flattened(sequences: Ragged, labels: Ragged) -> Batch:
    """Return sentences one after another, `[1, T]`."""
    collate = DataCollatorWithFlattening(return_flash_attn_kwargs=FLASH, position_ids_start=POSITION_OFFSET)
    inputs = dict(collate([{"input_ids": row} for row in sequences.tolist()], return_tensors="pt"))
    # the collator takes the first token of each sentence for one that has no label
    del inputs["labels"]
    wanted = np.where(labels.values < 0, NO_LABEL, labels.values).astype(np.int64)
    if not FLASH:  # `XLMRobertaModel` does not tell the sentences apart by itself
        row = torch.from_numpy(np.repeat(np.arange(len(sequences)), sequences.lengths))
        inputs["attention_mask"] = (row[:, None] == row[None, :])[None, None]
    return Batch(inputs, torch.from_numpy(wanted)[None])


def stock_loss(model: XLMRobertaForMaskedLM, batch: Batch) -> Tensor:
    loss: Tensor = model(**batch.inputs, labels=batch.labels).loss
    return loss


def careful_loss(model: XLMRobertaForMaskedLM, batch: Batch) -> Tensor:
    """As stock, but with the head on masked rows only."""
    hidden = model.roberta(**batch.inputs).last_hidden_state
    chosen = batch.labels != NO_LABEL
    return F.cross_entropy(model.lm_head(hidden[chosen]).float(), batch.labels[chosen])


def grouped_rows(sequences: Ragged, size: int) -> list[NDArray[np.int64]]:
    """Return batches by transformers' own grouping, sorted in pools of 50 batches, as it does with long datasets."""
    random = torch.Generator().manual_seed(0)
    order = get_length_grouped_indices(sequences.lengths.tolist(), size, mega_batch_mult=50, generator=random)
    return [np.asarray(order[start : start + size]) for start in range(0, len(order), size)]


def padding_ratio(sequences: Ragged, batches: list[NDArray[np.int64]]) -> float:
    """Return how many places padded batches have for each real token."""
    places = sum(len(rows) * int(sequences.lengths[rows].max()) for rows in batches)
    return places / len(sequences.values)


def random_rows(sequences: Ragged, size: int) -> list[NDArray[np.int64]]:
    order = np.random.default_rng(0).permutation(len(sequences))
    return [order[start : start + size] for start in range(0, len(order), size)]


@dataclass(frozen=True)
class Way:
    """How a user sorts sentences into batches, makes a batch, and takes its loss."""

    rows: Callable[[Ragged, int], list[NDArray[np.int64]]]
    collate: Callable[[Ragged, Ragged], Batch]
    loss: Callable[[XLMRobertaForMaskedLM, Batch], Tensor]


WAYS: Final = {
    "plain": Way(random_rows, padded, stock_loss),
    "grouped": Way(grouped_rows, padded, stock_loss),
    "careful": Way(grouped_rows, padded, careful_loss),
    "flattened": Way(random_rows, flattened, careful_loss),
}


class Rival:
    """One of them: AdamW (fused) with clipping, and autocast where the recipe asks for half precision."""

    def __init__(self, name: str, vocabulary: int, recipe: PretrainArm, batch_sentences: int) -> None:
        self.way = WAYS[name]
        self.size = batch_sentences
        self.device = torch.device(recipe.device)
        self.half = recipe.precision == "bf16"
        self.model = to_transformers(initialized(recipe.model, vocabulary, 1)).to(self.device).train()
        if name == "flattened" and FLASH:
            self.model.set_attn_implementation("flash_attention_2")
        self.optimizer = adamw([self.model], recipe.optimizer)

    def run(self, sequences: Ragged, labels: Ragged, every: int = 1) -> int:
        """Train on every so many of the batches that these sentences make, and return how many tokens they have."""
        tokens = 0
        for rows in self.way.rows(sequences, self.size)[every // 2 :: every]:
            self.step(sequences.take(rows), labels.take(rows))
            tokens += int(sequences.lengths[rows].sum())
        return tokens

    def step(self, sequences: Ragged, labels: Ragged) -> None:
        batch = self.way.collate(sequences, labels).to(self.device)
        self.optimizer.zero_grad(set_to_none=True)
        with self._autocast():
            loss = self.way.loss(self.model, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, dtype=torch.bfloat16) if self.half else nullcontext()
