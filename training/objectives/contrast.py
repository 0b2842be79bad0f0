"""XLCO: cross-lingual contrast with a momentum encoder and a queue (InfoXLM, section 3.3; MoCo, He et al. 2020)."""

import copy
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config.contrast import ConstantMomentum, ContrastSection, RampMomentum
from training.model import Encoder, Packed


class Projector(nn.Module):
    """From hidden states to the contrast's space: pooling, and a square matrix if asked.

    The matrix starts as N(0, 0.02²), without bias (infoxlm/models/infoxlm.py).
    """

    def __init__(self, contrast: ContrastSection, width: int, seed: int) -> None:
        super().__init__()
        self.contrast = contrast
        self.weight: nn.Parameter | None = None
        if contrast.projection:
            random = torch.Generator().manual_seed(seed)
            self.weight = nn.Parameter(torch.empty(width, width).normal_(0.0, 0.02, generator=random))

    def forward(self, hidden: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Return the vectors `[N, D]` of N texts, given their states after the contrast layer `[T, D]`."""
        vectors = pool(hidden, lengths, self.contrast.pooling)
        if self.weight is not None:
            vectors = F.linear(vectors, self.weight)
        return F.normalize(vectors, dim=1) if self.contrast.normalize else vectors


class MomentumEncoder(nn.Module):
    """The key side: a float32 copy of the encoder up to the contrast layer and of the projector, no gradient.

    With `key_precision: fp16` its weights hold what half precision can tell apart.
    """

    def __init__(self, encoder: Encoder, projector: Projector) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoder)
        del self.encoder.layers[projector.contrast.layer :]
        self.projector = copy.deepcopy(projector)
        self.requires_grad_(False)
        if projector.contrast.key_precision == "fp16":
            for weight in self.parameters():
                weight.copy_(weight.half())

    def forward(self, packed: Packed) -> Tensor:
        """Return the keys of N texts, `[N, D]`."""
        keys: Tensor = self.projector(self.encoder(packed), packed.lengths)
        return keys

    @torch.no_grad()
    def update(self, encoder: Encoder, projector: Projector, momentum: float) -> None:
        """Set key ← momentum · key + (1 − momentum) · query, for all weights at once."""
        pairs = []
        for own, trained in ((self.encoder, encoder), (self.projector, projector)):
            weights = dict(trained.named_parameters())
            pairs += [(weight, weights[name]) for name, weight in own.named_parameters()]
        if self.projector.contrast.key_precision == "fp16":
            for key, query in pairs:
                key.copy_(half_average(key, query, momentum))
        else:
            torch._foreach_lerp_([key for key, _ in pairs], [query for _, query in pairs], 1.0 - momentum)


def half_average(key: Tensor, query: Tensor, momentum: float) -> Tensor:
    """Return the momentum's average as the released code computes it, in half precision from end to end.

    At 0.9999 a step is smaller than half the distance of two neighbouring numbers for nearly all weights, and is
    rounded away (infoxlm/models/infoxlm.py, update_slow_weight, under `--fp16`).
    """
    return key.half() * momentum + query.half() * (1.0 - momentum)


def momentum_at(schedule: ConstantMomentum | RampMomentum, step: int) -> float:
    """Return the momentum of a step, counted from 0."""
    if isinstance(schedule, ConstantMomentum):
        return schedule.value
    return schedule.begin + (schedule.end - schedule.begin) * min(1.0, step / schedule.steps)


@dataclass(frozen=True)
class KeyTags:
    """What decides whether a key is a negative of a query.

    groups: int64 `[N, h]`, equal for pairs with the same English text; is_source: bool `[N]`, the key's side.
    """

    groups: Tensor
    is_source: Tensor

    def to(self, device: torch.device) -> "KeyTags":
        """Return the same tags on a device."""
        return KeyTags(self.groups.to(device), self.is_source.to(device))


class KeyQueue(nn.Module):
    """The newest K keys, as a ring buffer; places that were never filled are no negatives.

    Its buffers are part of a checkpoint, so a resumed run has the same negatives.
    """

    keys: Tensor
    groups: Tensor
    is_source: Tensor
    made: Tensor
    pushed: Tensor

    def __init__(self, size: int, width: int, groups: int) -> None:
        super().__init__()
        self.register_buffer("keys", torch.zeros(size, width))
        self.register_buffer("groups", torch.zeros(size, groups, dtype=torch.int64))
        self.register_buffer("is_source", torch.zeros(size, dtype=torch.bool))
        self.register_buffer("made", torch.zeros(size, dtype=torch.int32))
        self.register_buffer("pushed", torch.zeros((), dtype=torch.int64))

    def filled(self) -> tuple[Tensor, KeyTags]:
        """Return the keys that are there, `[n, D]`, and their tags."""
        count = min(int(self.pushed), len(self.keys))
        return self.keys[:count], KeyTags(self.groups[:count], self.is_source[:count])

    def mean_age(self, step: int) -> float | None:
        """Return how many steps ago the queue's keys were made, their mean at `step`; None where there are none."""
        made = self.made[: min(int(self.pushed), len(self.keys))]
        return step - float(made.double().mean()) if len(made) else None

    @torch.no_grad()
    def enqueue(self, keys: Tensor, tags: KeyTags, step: int) -> None:
        """Write keys `[N, D]` made at `step` over the oldest; call after backward, which still reads the old ones."""
        size = len(self.keys)
        if not size:
            return
        first = max(0, len(keys) - size)
        places = (int(self.pushed) + torch.arange(first, len(keys), device=keys.device)) % size
        self.keys[places] = keys[first:]
        self.groups[places] = tags.groups[first:]
        self.is_source[places] = tags.is_source[first:]
        self.made[places] = step
        self.pushed += len(keys)


def info_nce(
    queries: Tensor, example: Tensor, keys: Tensor, tags: KeyTags, queue: KeyQueue, contrast: ContrastSection
) -> tuple[Tensor, Tensor]:
    """Return the sum over queries of -log [e^(q·k/τ) / (e^(q·k/τ) + Σ_n e^(q·n/τ))], and the hits, two scalars.

    queries: `[n, D]`, of the examples `example`, int64 `[n]`; keys: `[N, D]`, of all examples of the step, whose tags
    are `tags`. Negatives n are the queue's keys and, if asked, the other keys of the step, but for those that the
    options rule out. A hit is a query whose own key scores highest. The sums are in float32.
    (van den Oord et al. 2018, equation 4; infoxlm/criterions/xlco.py.)
    """
    queries = queries.float()
    own_tags = KeyTags(tags.groups[example], tags.is_source[example])
    scores = [(queries * keys[example]).sum(1, keepdim=True)]
    allowed = [torch.ones_like(scores[0], dtype=torch.bool)]
    if contrast.in_batch_negatives:
        others = _negatives(own_tags, tags, contrast)
        others[torch.arange(len(example), device=example.device), example] = False
        scores.append(queries @ keys.T)
        allowed.append(others)
    queued, queued_tags = queue.filled()
    if len(queued):
        scores.append(queries @ queued.T)
        allowed.append(_negatives(own_tags, queued_tags, contrast))
    logits = torch.cat(scores, 1).div(contrast.temperature)
    logits = logits.masked_fill(~torch.cat(allowed, 1), float("-inf"))
    target = torch.zeros(len(queries), dtype=torch.int64, device=queries.device)
    loss = F.cross_entropy(logits, target, reduction="sum")
    with torch.no_grad():
        hits = (logits[:, :1] >= logits.max(1, keepdim=True).values).sum()
    return loss, hits


def _negatives(own: KeyTags, other: KeyTags, contrast: ContrastSection) -> Tensor:
    """Return which of M keys may be negatives of each of N queries, bool `[N, M]`."""
    allowed = own.is_source.new_ones(len(own.is_source), len(other.is_source))
    if contrast.mask_same_group:
        for mine in own.groups.unbind(1):
            for theirs in other.groups.unbind(1):
                allowed &= mine[:, None] != theirs[None, :]
    if contrast.same_side_negatives:
        allowed &= own.is_source[:, None] == other.is_source[None, :]
    return allowed


def pool(hidden: Tensor, lengths: tuple[int, ...], pooling: Literal["cls", "mean"]) -> Tensor:
    """Return one vector for each of N texts, `[N, D]`, of states `[T, D]`: the first, or the mean of all."""
    counts = torch.tensor(lengths, dtype=torch.int64, device=hidden.device)
    if pooling == "cls":
        return hidden.index_select(0, torch.cumsum(counts, 0) - counts)
    text = torch.repeat_interleave(torch.arange(len(lengths), device=hidden.device), counts)
    sums = hidden.new_zeros(len(lengths), hidden.shape[1]).index_add(0, text, hidden)
    return sums / counts[:, None]
