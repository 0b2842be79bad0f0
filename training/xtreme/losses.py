"""Plain cross-entropy of each kind of task."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from training.xtreme.batches import Batch, padded
from training.xtreme.heads import FineTuned

OUTSIDE = -1e9
"""The logit of what stands behind the end of a window in a padded tensor; finite, so that gradients stay numbers."""


def cross_entropy(model: FineTuned, batch: Batch) -> Tensor:
    """Return the mean loss of a batch, a scalar in fp32; see `loss_of`."""
    return loss_of(model(batch), batch.labels, batch.counts)


def loss_of(logits: Tensor, labels: Tensor, counts: Sequence[int]) -> Tensor:
    """Return the mean cross-entropy of logits `[M, C]` of inputs: over inputs, over words, over windows.

    A window's loss is the mean of that of its start and of its end, each over all its tokens. What has no label does
    not count; without any the loss is 0.
    """
    logits = logits.float()
    if labels.dim() == 1:
        total = F.cross_entropy(logits, labels, reduction="sum")
        return total / (labels >= 0).sum().clamp(min=1)
    return F.cross_entropy(padded(logits, counts, OUTSIDE), labels)
