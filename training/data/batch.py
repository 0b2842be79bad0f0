"""Collation: one step's examples as packed tensors, and its cut into parts for memory and for ranks.

What a step consists of, masks included, is the same however many parts it has: so a step of k parts is one large
batch, and the number of ranks may change.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.config.pretrain import PretrainArm
from training.config.section import Objective
from training.data import random
from training.data.masking import mask
from training.data.sampling import language_entropy
from training.data.sequences import Examples
from training.data.shards import Ragged
from training.model import Packed
from training.objectives.contrast import KeyTags

_MASKING = 4
_TOKENS_PER_PASS = 16_384
_NOT_MASKED = -1


@dataclass(frozen=True)
class Targets:
    """What the language-model sequences of a part must restore.

    places: int64 `[M]`, rows of their states; labels: int64 `[M]`; is_tlm: bool `[M]`.
    """

    places: Tensor
    labels: Tensor
    is_tlm: Tensor


@dataclass(frozen=True)
class Keys:
    """Some of a step's keys, packed for the momentum encoder; example: int64 `[n]`, the example of each."""

    packed: Packed
    example: Tensor


@dataclass(frozen=True)
class Batch:
    """One part of a step: queries (to the contrast layer only), then language-model sequences (through all layers).

    query_example: int64 `[queries]`, the example of each query. targets: None where the arm has neither MMLM nor TLM.
    """

    packed: Packed
    query_example: Tensor
    targets: Targets | None

    @property
    def queries(self) -> int:
        return len(self.query_example)

    @property
    def query_lengths(self) -> tuple[int, ...]:
        return self.packed.lengths[: self.queries]

    @property
    def lm_lengths(self) -> tuple[int, ...]:
        return self.packed.lengths[self.queries :]

    def to(self, device: torch.device) -> "Batch":
        """Return the same part on a device."""
        targets = self.targets
        if targets is not None:
            targets = Targets(*(value.to(device) for value in (targets.places, targets.labels, targets.is_tlm)))
        return Batch(self.packed.to(device), self.query_example.to(device), targets)


@dataclass(frozen=True)
class _LanguageModel:
    """The masked sequences of MMLM and TLM. labels: as `sequences`, -1 where nothing is to be restored."""

    sequences: Ragged
    labels: Ragged
    is_tlm: NDArray[np.bool_]


@dataclass(frozen=True)
class _Contrast:
    """The sequences of XLCO, each side sorted by length; the examples that they belong to, int64 `[N]` each.

    languages: int64 `[N, h]`, a number for the pair of languages of each of an example's pairs.
    """

    queries: Ragged
    query_example: NDArray[np.int64]
    keys: Ragged
    key_example: NDArray[np.int64]
    tags: KeyTags
    languages: NDArray[np.int64]


@dataclass(frozen=True)
class Step:
    """All examples of one step. Every part has a like share of the short and of the long ones.

    target_counts: masked tokens of MMLM and TLM, examples of XLCO, for each objective of the step.
    """

    target_counts: dict[Objective, int]
    language_model: _LanguageModel | None
    contrast: _Contrast | None

    @property
    def tags(self) -> KeyTags | None:
        """What is known of each example's key, in the examples' order."""
        return self.contrast.tags if self.contrast else None

    @property
    def contrast_entropy(self) -> float | None:
        """Entropy in nats of the contrast's pairs of languages; 0 where all pairs are of the same two languages."""
        return language_entropy(self.contrast.languages) if self.contrast else None

    def arrays(self) -> dict[str, NDArray[np.int32] | NDArray[np.int64]]:
        """Return the ids of all sequences, int32, with their lengths, int64, to be looked at."""
        sequences: dict[str, Ragged] = {}
        if self.language_model:
            sequences |= {"language_model": self.language_model.sequences, "labels": self.language_model.labels}
        if self.contrast:
            sequences |= {"queries": self.contrast.queries, "keys": self.contrast.keys}
        return {name: part.values for name, part in sequences.items()} | {
            f"{name}_lengths": part.lengths for name, part in sequences.items()
        }

    def part(self, number: int, parts: int) -> Batch:
        """Return one of `parts` parts, counted from 0."""
        sequences: list[Ragged] = []
        example = np.zeros(0, np.int64)
        if self.contrast:
            sequences.append(_share(self.contrast.queries, number, parts))
            example = self.contrast.query_example[number::parts]
        targets = None
        if self.language_model:
            sequences.append(_share(self.language_model.sequences, number, parts))
            labels = _share(self.language_model.labels, number, parts)
            is_tlm = np.repeat(self.language_model.is_tlm[number::parts], labels.lengths)
            places = np.flatnonzero(labels.values != _NOT_MASKED)
            targets = Targets(
                torch.from_numpy(places),
                torch.from_numpy(labels.values[places].astype(np.int64)),
                torch.from_numpy(is_tlm[places]),
            )
        return Batch(packed(Ragged.concat(sequences)), torch.from_numpy(example.copy()), targets)

    def keys(self, number: int, parts: int) -> Keys:
        """Return a part of the keys. Raises ValueError for a step without the contrast."""
        if self.contrast is None:
            raise ValueError("a step without the contrast has no keys")
        share = _share(self.contrast.keys, number, parts)
        return Keys(packed(share), torch.from_numpy(self.contrast.key_example[number::parts].copy()))


def collate(examples: dict[Objective, Examples], vocabulary: int, arm: PretrainArm, step: int) -> Step:
    """Return a step's examples, sorted by length; masking is a function of the arm's seed and the step."""
    counts: dict[Objective, int] = {}
    contrast = language_model = None
    if "xlco" in examples:
        contrast = _contrast(examples["xlco"], vocabulary, arm, step)
        counts["xlco"] = len(contrast.queries)
    if "mlm" in examples or "tlm" in examples:
        language_model = _language_model(examples, vocabulary, arm, step)
        chosen = np.repeat(language_model.is_tlm, language_model.labels.lengths)
        chosen = chosen[language_model.labels.values != _NOT_MASKED]
        if "mlm" in examples:
            counts["mlm"] = int((~chosen).sum())
        if "tlm" in examples:
            counts["tlm"] = int(chosen.sum())
    return Step(counts, language_model, contrast)


def packed(sequences: Ragged) -> Packed:
    """Return the sequences as tensors, in their order."""
    return Packed(torch.from_numpy(sequences.values.astype(np.int64)), tuple(sequences.lengths.tolist()))


def passes(lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of sequences of these lengths, shortest first, in passes of about 16,384 tokens."""
    order = np.argsort(lengths, kind="stable")
    number = np.cumsum(lengths[order]) // _TOKENS_PER_PASS
    yield from np.split(order, np.flatnonzero(np.diff(number)) + 1)


def _language_model(
    examples: dict[Objective, Examples], vocabulary: int, arm: PretrainArm, step: int
) -> _LanguageModel:
    parts = [examples[name].sequences for name in ("mlm", "tlm") if name in examples]
    texts = len(examples["mlm"].sequences) if "mlm" in examples else 0
    sequences, order = _by_length(Ragged.concat(parts))
    masked = mask(sequences, vocabulary, arm.masking, random.generator(arm.seed, _MASKING, step, 0))
    labels = np.full(len(sequences.values), _NOT_MASKED, np.int32)
    labels[masked.places] = masked.labels
    return _LanguageModel(masked.sequences, Ragged(labels, sequences.lengths), order >= texts)


def _contrast(examples: Examples, vocabulary: int, arm: PretrainArm, step: int) -> _Contrast:
    assert examples.keys is not None
    side = examples.keys
    queries, query_example = _by_length(examples.sequences)
    keys, key_example = _by_length(side.sequences)
    if arm.contrast.mask_inputs:
        queries, keys = (
            mask(part, vocabulary, arm.masking, random.generator(arm.seed, _MASKING, step, number)).sequences
            for number, part in ((1, queries), (2, keys))
        )
    tags = KeyTags(torch.from_numpy(side.groups.view(np.int64)), torch.from_numpy(side.is_source))
    return _Contrast(queries, query_example, keys, key_example, tags, side.languages)


def _share(sequences: Ragged, number: int, parts: int) -> Ragged:
    """Return every `parts`-th sequence, from `number` on."""
    return sequences if parts == 1 else sequences.take(np.arange(number, len(sequences), parts))


def _by_length(sequences: Ragged) -> tuple[Ragged, NDArray[np.int64]]:
    order = np.argsort(sequences.lengths, kind="stable")
    return sequences.take(order), order
