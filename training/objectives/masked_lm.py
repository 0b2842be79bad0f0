"""MMLM and TLM: restore masked tokens. The two differ in their data alone."""

from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from training.model import MaskedLM, TiedGradient

_BYTES: Final = 4  # of a float32
_CHUNK_BYTES: Final = {"cpu": 128 << 20, "cuda": 1 << 30}  # of scores that are there at a time
_SLICE_BYTES: Final = {"cpu": 2 << 20, "cuda": 1 << 30}  # of scores whose logarithms are there at a time


def masked_lm_loss(
    model: MaskedLM, hidden: Tensor, places: Tensor, labels: Tensor, scales: Tensor, tied: TiedGradient | None = None
) -> tuple[Tensor, Tensor]:
    """Return Σ scale · -log p(label) over the masked tokens, a scalar, and each token's own -log p(label), `[M]`.

    hidden: final states `[T, D]`; places: int64 `[M]`, rows of `hidden`; labels: int64 `[M]`; scales: float32
    `[M]`. Only the first result has a gradient. The head, whose cost is M · V · D, sees the masked rows only. With
    `tied`, the gradient of the token embeddings goes on to the backward pass of the embedding that it was made with.
    Under autocast the products are in half precision, the sums in float32. (Devlin et al. 2019, section 3.1.)
    """
    states = model.head(hidden.index_select(0, places))
    embeddings = model.encoder.tokens.weight
    if tied is not None:
        embeddings = embeddings.detach()
    device = states.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else states.dtype
    with torch.autocast(device, enabled=False):
        inputs = states.float(), embeddings, model.head.bias, labels, scales, dtype, tied
        loss, losses = _TiedCrossEntropy.apply(*inputs)  # type: ignore[no-untyped-call]
    return loss, losses


class _TiedCrossEntropy(torch.autograd.Function):
    """Cross-entropy of linear scores, in chunks of rows, with the gradient computed on the way forward.

    The scores `[M, V]` and their gradient never exist as a whole, so memory does not grow with M · V. A chunk turns
    into its gradient in place, slice by slice.
    """

    @staticmethod
    def forward(
        ctx: Any,
        states: Tensor,
        embeddings: Tensor,
        bias: Tensor,
        labels: Tensor,
        scales: Tensor,
        dtype: torch.dtype,
        tied: TiedGradient | None,
    ) -> tuple[Tensor, Tensor]:
        losses = torch.empty_like(scales)
        by_states = torch.empty_like(states)
        by_embeddings = torch.empty_like(embeddings) if tied is None else tied.room(embeddings)
        by_bias = torch.zeros_like(bias)
        if not len(states):
            by_embeddings.zero_()
        matrix, weights = embeddings.to(dtype), scales[:, None]
        # in half precision the scales, one over thousands of targets, would vanish: they come in afterwards
        late = dtype != torch.float32
        limit = _CHUNK_BYTES[states.device.type] // (_BYTES * len(bias))
        for chunk in _even_parts(len(states), limit):
            rows = states[chunk].to(dtype)
            gradient = torch.mm(rows, matrix.T).float()
            _subtract_labels(gradient, bias, labels[chunk], losses[chunk])
            if late:
                by_bias += (gradient * weights[chunk]).sum(0)
                half = gradient.to(dtype)
                by_states[chunk] = torch.mm(half, matrix).float() * weights[chunk]
                # relative to the largest scale, which comes in at the end
                part = torch.mm(half.T, rows * (weights[chunk] / scales.max()).to(dtype)).float()
                by_embeddings = part if chunk.start == 0 else by_embeddings.add_(part)
            else:
                gradient *= weights[chunk]
                torch.mm(gradient, matrix, out=by_states[chunk])
                by_bias += gradient.sum(0)
                if chunk.start == 0:
                    torch.mm(gradient.T, rows, out=by_embeddings)
                else:
                    by_embeddings.addmm_(gradient.T, rows)
        if late and len(states):
            by_embeddings *= scales.max()
        ctx.save_for_backward(by_states, by_embeddings, by_bias)
        ctx.tied = tied
        ctx.mark_non_differentiable(losses)
        return losses @ scales, losses

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        by_states, by_embeddings, by_bias = ctx.saved_tensors
        if outer.is_cuda or outer.item() != 1.0:  # a pass over all embeddings, spared where it changes nothing
            by_states, by_embeddings, by_bias = by_states * outer, by_embeddings.mul_(outer), by_bias * outer
        if ctx.tied is not None:
            ctx.tied.leave(by_embeddings)
            by_embeddings = None
        return by_states, by_embeddings, by_bias, None, None, None, None


def _subtract_labels(scores: Tensor, bias: Tensor, labels: Tensor, losses: Tensor) -> None:
    """Turn scores `[m, V]` without their bias into softmax − one-hot, in place, and write -log p(label) to `losses`."""
    own = torch.arange(len(scores), device=scores.device)
    limit = _SLICE_BYTES[scores.device.type] // (_BYTES * len(bias))
    for part in _even_parts(len(scores), limit):
        logs = torch.log_softmax(scores[part] + bias, 1)
        losses[part] = -logs[own[: len(logs)], labels[part]]
        torch.exp(logs, out=scores[part])
    scores[own, labels] -= 1.0


def _even_parts(count: int, limit: int) -> Iterator[slice]:
    """Yield slices of 0 … count, as few and as even as a length of `limit` (1 at least) allows."""
    parts = -(-count // max(1, limit))
    for number in range(parts):
        yield slice(count * number // parts, count * (number + 1) // parts)
