"""Floating-point operations of a training step, and the share of the machine's peak that they reach (MFU).

Only what the model needs is counted, each multiply-add as two: products with weights, attention, the masked-LM head
on masked rows, the contrast's scores. Recomputed activations, normalisations, lookups and the optimiser are not.
A backward pass has twice the products of its forward pass (Chowdhery et al. 2022, PaLM, appendix B).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.config.model import ModelSection
from training.config.pretrain import PretrainArm
from training.data.batch import Step

_FORWARD_AND_BACKWARD: Final = 3
_SCORES_AND_THEIR_GRADIENT: Final = 2  # for the queries alone: keys have no gradient


@dataclass(frozen=True)
class Sequences:
    """Sequences as far as their cost goes: how many tokens, and the sum of the squares of their lengths."""

    tokens: float = 0
    squares: float = 0

    @staticmethod
    def of(lengths: NDArray[np.int64]) -> "Sequences":
        return Sequences(int(lengths.sum()), int((lengths**2).sum()))


@dataclass(frozen=True)
class Work:
    """What a step consists of: sequences of MMLM and TLM, masked tokens, and the contrast's queries, keys and scores.

    examples: queries of the contrast, as many as keys; negatives: keys that each query is compared with. All are
    counts of one step, or their means.
    """

    language_model: Sequences = Sequences()
    masked: float = 0
    queries: Sequences = Sequences()
    keys: Sequences = Sequences()
    examples: float = 0
    negatives: float = 0


def work_of(step: Step, arm: PretrainArm) -> Work:
    """Return what a step consists of, over all its parts; the queue counts as full."""
    language_model = queries = keys = Sequences()
    examples = negatives = 0
    if step.language_model is not None:
        language_model = Sequences.of(step.language_model.sequences.lengths)
    if step.contrast is not None:
        queries, keys = Sequences.of(step.contrast.queries.lengths), Sequences.of(step.contrast.keys.lengths)
        examples = len(step.contrast.queries)
        negatives = arm.contrast.queue_size + (examples if arm.contrast.in_batch_negatives else 0)
    masked = sum(step.target_counts.get(name, 0) for name in ("mlm", "tlm"))
    return Work(language_model, masked, queries, keys, examples, negatives)


def step_flops(work: Work, arm: PretrainArm, vocabulary: int) -> float:
    """Return the FLOPs of a step. The queries and the keys run up to the contrast's layer, the keys forward only."""
    shape, depth = arm.model, arm.contrast.layer
    trained = encoder_flops(shape, work.language_model, shape.layers) + head_flops(shape, work.masked, vocabulary)
    trained += encoder_flops(shape, work.queries, depth)
    keys = encoder_flops(shape, work.keys, depth)
    if arm.contrast.projection:
        projected = 2.0 * work.examples * shape.hidden**2
        trained, keys = trained + projected, keys + projected
    scores = 2.0 * work.examples * work.negatives * shape.hidden
    return _FORWARD_AND_BACKWARD * trained + keys + _SCORES_AND_THEIR_GRADIENT * scores


def encoder_flops(shape: ModelSection, sequences: Sequences, layers: int) -> float:
    """Return the FLOPs of a forward pass through the first `layers` layers."""
    weights = 4 * shape.hidden**2 + 2 * shape.hidden * shape.feed_forward
    return layers * (2.0 * sequences.tokens * weights + 4.0 * sequences.squares * shape.hidden)


def head_flops(shape: ModelSection, rows: float, vocabulary: int) -> float:
    """Return the FLOPs of a forward pass of the masked-LM head on `rows` masked tokens."""
    return 2.0 * rows * (shape.hidden**2 + shape.hidden * vocabulary)


def mfu(flops: float, seconds: float, peak: float) -> float:
    """Return which share of the peak a machine reached: the model FLOPs utilisation.

    flops: what was needed in all; seconds: how long it took; peak: FLOP/s of all devices together.
    """
    return flops / seconds / peak
