"""All objectives of one part of a step, by one forward pass."""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

from training.config.pretrain import PretrainArm
from training.config.section import Objective
from training.data.batch import Batch
from training.measures.space import distances
from training.model import MaskedLM, TiedGradient
from training.objectives.contrast import KeyQueue, KeyTags, Projector, info_nce
from training.objectives.masked_lm import masked_lm_loss

# sums of losses, the queries whose own key scored highest, and how far queries and their own keys lie apart
MEASURES: Final = ("mlm", "tlm", "xlco", "hits", "distances")


class Objectives(nn.Module):
    """The trained weights: the model and, with the contrast, the projector.

    Queries and language-model sequences go through the first layers together, and the latter alone through the rest.
    """

    def __init__(self, arm: PretrainArm, model: MaskedLM, projector: Projector | None) -> None:
        super().__init__()
        self.arm = arm
        self.model = model
        self.projector = projector
        self._tied = TiedGradient()
        model.encoder.recompute = arm.recompute

    def forward(
        self,
        batch: Batch,
        scales: Mapping[Objective, float],
        keys: Tensor | None,
        tags: KeyTags | None,
        queue: KeyQueue | None,
    ) -> tuple[Tensor, Tensor]:
        """Return the part's share of the total loss, a scalar, and its MEASURES, float64 `[5]`, without gradient.

        scales: what one target of each objective counts; keys: float32 `[N, D]` of all examples of the step.
        """
        encoder = self.model.encoder
        split = self.arm.contrast.layer if batch.queries else 0
        tied = self._tied if batch.targets else None
        hidden = encoder.run(encoder.embed(batch.packed, tied), batch.packed.lengths, 0, split)
        query_tokens = sum(batch.query_lengths)
        parts: list[Tensor] = []
        measures = torch.zeros(len(MEASURES), dtype=torch.float64, device=hidden.device)
        if self.projector is not None and keys is not None and tags is not None and queue is not None:
            queries = self.projector(hidden[:query_tokens], batch.query_lengths)
            with torch.autocast(hidden.device.type, enabled=False):
                contrast, hits = info_nce(queries, batch.query_example, keys, tags, queue, self.arm.contrast)
            parts.append(scales["xlco"] * contrast)
            measures[2], measures[3] = contrast.detach(), hits
            measures[4] = distances(queries.detach().float(), keys[batch.query_example])
        if batch.targets is not None:
            final = encoder.run(hidden[query_tokens:], batch.lm_lengths, split, len(encoder.layers))
            targets, is_tlm = batch.targets, batch.targets.is_tlm
            by_row = torch.where(is_tlm, scales.get("tlm", 0.0), scales.get("mlm", 0.0))
            loss, losses = masked_lm_loss(self.model, final, targets.places, targets.labels, by_row, tied)
            parts.append(loss)
            measures[0], measures[1] = losses.masked_fill(is_tlm, 0).sum(), losses.masked_fill(~is_tlm, 0).sum()
        return torch.stack(parts).sum(), measures

    def forget_gradients(self) -> None:
        """Drop the gradients of the step before, but for the memory of the largest."""
        self._tied.keep_room(self.model.encoder.tokens.weight)
        self.zero_grad(set_to_none=True)


def loss_scales(counts: Mapping[Objective, int], arm: PretrainArm) -> dict[Objective, float]:
    """Return what one target of each objective counts in the total loss.

    counts: the targets of the whole step, over all its parts and ranks: masked tokens of MMLM and TLM, examples of
    XLCO. `joint_sum`: one over the number of all targets, as the released code does (tasks/infoxlm.py, train_step);
    `mean_each`: one over the number of the objective's own. The contrast's weight λ comes on top.
    """
    whole = sum(counts.values())
    return {
        name: (arm.contrast.weight if name == "xlco" else 1.0)
        / max(1, whole if arm.loss_reduction == "joint_sum" else count)
        for name, count in counts.items()
    }
