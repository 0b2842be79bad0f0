"""Collation: one step's examples as packed tensors, each part sorted by length."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.config import Objective, PretrainArm
from training.data import random
from training.data.masking import mask
from training.data.sequences import Examples
from training.data.shards import Ragged
from training.model import Packed
from training.objectives.contrast import KeyTags

_MASKING = 4
_TOKENS_PER_PASS = 16_384


@dataclass(frozen=True)
class Targets:
    """What the language-model part must restore.

    places: int64 `[M]`, rows of the part's states; labels: int64 `[M]`; is_tlm: bool `[M]`.
    """

    places: Tensor
    labels: Tensor
    is_tlm: Tensor


@dataclass(frozen=True)
class Contrast:
    """The key side of the contrast.

    keys: N packed sequences, in their own order; key_of: int64 `[N]`, which key belongs to query i; tags: what is
    known of query i and its key.
    """

    keys: Packed
    key_of: Tensor
    tags: KeyTags


@dataclass(frozen=True)
class Batch:
    """One step: queries (to the contrast layer only), then the language-model sequences (through all layers).

    target_counts: masked tokens of MMLM and TLM, examples of XLCO, for each objective of the step.
    """

    packed: Packed
    queries: int
    targets: Targets | None
    contrast: Contrast | None
    target_counts: dict[Objective, int]

    @property
    def query_lengths(self) -> tuple[int, ...]:
        return self.packed.lengths[: self.queries]

    @property
    def lm_lengths(self) -> tuple[int, ...]:
        return self.packed.lengths[self.queries :]


def collate(examples: dict[Objective, Examples], vocabulary: int, arm: PretrainArm, step: int) -> Batch:
    """Return a step's batch; masking is a function of the arm's seed and the step."""
    parts: list[Ragged] = []
    contrast = targets = None
    counts: dict[Objective, int] = {}
    if "xlco" in examples:
        query, contrast = _contrast(examples["xlco"], vocabulary, arm, step)
        parts.append(query)
        counts["xlco"] = len(query)
    language_model = [examples[name].sequences for name in ("mlm", "tlm") if name in examples]
    if language_model:
        texts = len(examples["mlm"].sequences) if "mlm" in examples else 0
        sequences, order = _by_length(_concat(language_model))
        masked = mask(sequences, vocabulary, arm.masking, random.generator(arm.seed, _MASKING, step, 0))
        is_tlm = np.repeat(order >= texts, sequences.lengths)[masked.places]
        targets = Targets(
            torch.from_numpy(masked.places),
            torch.from_numpy(masked.labels.astype(np.int64)),
            torch.from_numpy(is_tlm),
        )
        parts.append(masked.sequences)
        if "mlm" in examples:
            counts["mlm"] = int((~is_tlm).sum())
        if "tlm" in examples:
            counts["tlm"] = int(is_tlm.sum())
    return Batch(packed(_concat(parts)), counts.get("xlco", 0), targets, contrast, counts)


def packed(sequences: Ragged) -> Packed:
    """Return the sequences as tensors, in their order."""
    return Packed(torch.from_numpy(sequences.values.astype(np.int64)), tuple(sequences.lengths.tolist()))


def passes(lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of sequences of these lengths, shortest first, in passes of about 16,384 tokens."""
    order = np.argsort(lengths, kind="stable")
    number = np.cumsum(lengths[order]) // _TOKENS_PER_PASS
    yield from np.split(order, np.flatnonzero(np.diff(number)) + 1)


def _contrast(examples: Examples, vocabulary: int, arm: PretrainArm, step: int) -> tuple[Ragged, Contrast]:
    assert examples.keys is not None
    assert examples.groups is not None
    assert examples.key_is_source is not None
    queries, query_order = _by_length(examples.sequences)
    keys, key_order = _by_length(examples.keys)
    if arm.contrast.mask_inputs:
        queries, keys = (
            mask(side, vocabulary, arm.masking, random.generator(arm.seed, _MASKING, step, number)).sequences
            for number, side in ((1, queries), (2, keys))
        )
    place_of_example = np.empty_like(key_order)
    place_of_example[key_order] = np.arange(len(key_order))
    return queries, Contrast(
        packed(keys),
        torch.from_numpy(place_of_example[query_order]),
        KeyTags(
            torch.from_numpy(examples.groups[query_order].view(np.int64)),
            torch.from_numpy(examples.key_is_source[query_order]),
        ),
    )


def _by_length(sequences: Ragged) -> tuple[Ragged, NDArray[np.int64]]:
    order = np.argsort(sequences.lengths, kind="stable")
    return sequences.take(order), order


def _concat(parts: list[Ragged]) -> Ragged:
    return Ragged(np.concatenate([part.values for part in parts]), np.concatenate([part.lengths for part in parts]))
