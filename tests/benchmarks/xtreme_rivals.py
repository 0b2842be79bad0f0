"""Fine-tuning as Hugging Face's example scripts do it, to compare ours with.

Inputs are cut as `run_xnli.py` and `run_qa.py` cut them, and the loop does what the Trainer does in a step and in
evaluation: AdamW (fused), linear decay, clipping at 1, logits brought together as arrays. What else the Trainer does
(logging, call-backs, `datasets`) is left out. `script` is the scripts as they come: random batches, every input padded
to the longest allowed (`--pad_to_max_length`, on by default); `dynamic` pads random batches to their longest input;
`grouped` pads to the longest, too, batches of like length (the Trainer's `group_by_length`, in training and in
evaluation).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import (
    AutoTokenizer,
    PreTrainedModel,
    XLMRobertaForQuestionAnswering,
    XLMRobertaForSequenceClassification,
    get_linear_schedule_with_warmup,
)
from transformers.trainer_pt_utils import get_length_grouped_indices
from xtreme_data import CLASSES

from training.config.finetuning import FineTuningSection
from training.data.sequences import PAD
from training.optim import adamw
from training.xtreme.tasks.examples import PairExample, Question

EVALUATED_AT_ONCE: Final = 8  # `per_device_eval_batch_size`
POOL: Final = 50  # batches that the Trainer sorts at a time (`mega_batch_mult`)
OVERLAP: Final = 128  # tokens that a window shares with the one before (`doc_stride` of run_qa.py)


@dataclass(frozen=True)
class Input:
    """An input as the scripts cut it. labels: the class, or start and end of the answer, by name."""

    ids: list[int]
    labels: dict[str, int]


@dataclass(frozen=True)
class Way:
    """How batches are made. is_grouped: of inputs of like length; is_full: padded to the longest allowed."""

    is_grouped: bool
    is_full: bool


WAYS: Final = {"script": Way(False, True), "dynamic": Way(False, False), "grouped": Way(True, False)}


def pair_inputs(folder: Path, examples: Sequence[PairExample], longest: int) -> list[Input]:
    """Return pairs as `preprocess_function` of run_xnli.py cuts them."""
    firsts, seconds = [one.first for one in examples], [one.second for one in examples]
    found = AutoTokenizer.from_pretrained(folder)(firsts, seconds, max_length=longest, truncation=True)
    return [
        Input(ids, {"labels": CLASSES.index(one.label or "")})
        for ids, one in zip(found["input_ids"], examples, strict=True)
    ]


def question_inputs(folder: Path, examples: Sequence[Question], longest: int) -> list[Input]:
    """Return windows as `prepare_train_features` of run_qa.py cuts them, with the places of their answers."""
    found = AutoTokenizer.from_pretrained(folder)(
        [one.question.lstrip() for one in examples],
        [one.context for one in examples],
        truncation="only_second",
        max_length=longest,
        stride=OVERLAP,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    inputs = []
    for row, number in enumerate(found["overflow_to_sample_mapping"]):
        start = examples[number].starts[0]
        end = start + len(examples[number].answers[0])
        sides, offsets = found.sequence_ids(row), found["offset_mapping"][row]
        shown = [place for place, side in enumerate(sides) if side == 1]
        labels = {"start_positions": 0, "end_positions": 0}
        if offsets[shown[0]][0] <= start and end <= offsets[shown[-1]][1]:
            labels["start_positions"] = max(place for place in shown if offsets[place][0] <= start)
            labels["end_positions"] = min(place for place in shown if offsets[place][1] >= end)
        inputs.append(Input(found["input_ids"][row], labels))
    return inputs


def padded(inputs: Sequence[Input], width: int | None) -> dict[str, Tensor]:
    """Return what the model takes, each side int64 `[B, L]`: L is `width` or the length of the longest input."""
    length = width or max(len(one.ids) for one in inputs)
    ids = torch.full((len(inputs), length), PAD)
    mask = torch.zeros_like(ids)
    for row, one in enumerate(inputs):
        ids[row, : len(one.ids)] = torch.tensor(one.ids)
        mask[row, : len(one.ids)] = 1
    labels = {name: torch.tensor([one.labels[name] for one in inputs]) for name in inputs[0].labels}
    return {"input_ids": ids, "attention_mask": mask} | labels


def grouped_rows(lengths: Sequence[int], size: int, count: int, seed: int) -> list[NDArray[np.int64]]:
    """Return `count` batches of inputs of like length, evenly taken from a pool as the Trainer sorts it."""
    draws = torch.Generator().manual_seed(seed)
    order = get_length_grouped_indices(list(lengths), size, mega_batch_mult=POOL, generator=draws)[: POOL * size]
    every = max(1, len(order) // size // count)
    batches = [np.asarray(order[start : start + size]) for start in range(0, len(order), size)]
    return batches[every // 2 :: every][:count]


class Rival:
    """A model of transformers' with the Trainer's step. The dropout is that of the section, as ours."""

    def __init__(self, folder: Path, is_pair: bool, way: Way, section: FineTuningSection, steps: int) -> None:
        self.way = way
        self.longest = section.max_tokens
        self.clip = section.clip
        self.model = new_model(folder, is_pair, section)
        self.optimizer = adamw([self.model], section.optimizer(steps))
        self.schedule = get_linear_schedule_with_warmup(self.optimizer, 0, steps)

    def step(self, inputs: Sequence[Input]) -> None:
        """Train on a batch."""
        self.model.train()
        loss = self.model(**padded(inputs, self.longest if self.way.is_full else None)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        self.schedule.step()
        self.model.zero_grad()

    def logits(self, inputs: Sequence[Input]) -> NDArray[np.float32]:
        """Return what the model says of a batch: float32 `[B, classes]`, of windows `[B, L, 2]`."""
        return logits_of(self.model, padded(inputs, self.longest if self.way.is_full else None))


def new_model(folder: Path, is_pair: bool, section: FineTuningSection) -> PreTrainedModel:
    """Return a folder's encoder with a head that is drawn by one seed."""
    torch.manual_seed(1)
    given: dict[str, Any] = {
        "hidden_dropout_prob": section.dropout,
        "attention_probs_dropout_prob": section.attention_dropout,
    }
    model: PreTrainedModel
    if is_pair:
        model = XLMRobertaForSequenceClassification.from_pretrained(folder, num_labels=len(CLASSES), **given)
    else:
        model = XLMRobertaForQuestionAnswering.from_pretrained(folder, **given)
    return model


@torch.no_grad()
def logits_of(model: PreTrainedModel, batch: dict[str, Tensor]) -> NDArray[np.float32]:
    """Return the logits of a batch in evaluation mode, as `Rival.logits` does."""
    found = model.eval()(**batch)
    values: Tensor = found.logits if "logits" in found else torch.stack([found.start_logits, found.end_logits], -1)
    array: NDArray[np.float32] = values.numpy()
    return array
