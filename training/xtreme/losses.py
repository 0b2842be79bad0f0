"""Plain cross-entropy of each kind of task."""

import torch.nn.functional as F
from torch import Tensor

from training.xtreme.batches import Batch, padded
from training.xtreme.heads import FineTuned

OUTSIDE = -1e9
"""The logit of what stands behind the end of a window in a padded tensor; finite, so that gradients stay numbers."""


def cross_entropy(model: FineTuned, batch: Batch) -> Tensor:
    """Return the mean loss of a batch, a scalar in fp32: over inputs, over words, over windows.

    A window's loss is the mean of that of its start and of its end, each over all its tokens. What has no label does
    not count; a batch without any has the loss 0.
    """
    logits = model(batch).float()
    if batch.labels.dim() == 1:
        total = F.cross_entropy(logits, batch.labels, reduction="sum")
        return total / (batch.labels >= 0).sum().clamp(min=1)
    return F.cross_entropy(padded(logits, batch.counts, OUTSIDE), batch.labels)
