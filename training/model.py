"""An encoder of XLM-R's shape that runs on packed sequences: no padding, no mask.

The tokens of all sequences stand in one `[T, D]` tensor, sequence after sequence. Every layer but attention works
on rows; attention works on runs of neighbouring sequences of equal length, so a batch that is sorted by length
needs few of them. The layer order is post-LN, so the weights are those of `XLMRobertaForMaskedLM` (see `hub`).
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.attention.varlen import varlen_attn
from torch.utils.checkpoint import checkpoint

from training.config.model import ModelSection

LAYER_NORM_EPSILON = 1e-5
POSITION_OFFSET = 2


@dataclass(frozen=True)
class Packed:
    """Sequences one after another.

    tokens: int64 `[T]`; lengths: the N lengths in tokens, which sum to T. Sorted by length runs fastest.
    """

    tokens: Tensor
    lengths: tuple[int, ...]

    def positions(self) -> Tensor:
        """Return each token's place in its sequence, from 0, int64 `[T]`."""
        lengths = torch.tensor(self.lengths, dtype=torch.int64, device=self.tokens.device)
        starts = torch.cumsum(lengths, 0) - lengths
        return torch.arange(len(self.tokens), device=self.tokens.device) - torch.repeat_interleave(starts, lengths)

    def to(self, device: torch.device) -> "Packed":
        """Return the same sequences on a device."""
        return Packed(self.tokens.to(device), self.lengths)


class Layout:
    """Where sequences begin and end in a packed tensor, worked out once for all layers."""

    def __init__(self, lengths: tuple[int, ...], device: torch.device) -> None:
        self.lengths = lengths
        self._device = device

    @cached_property
    def runs(self) -> list[tuple[int, int]]:
        """The length and number of neighbours of equal length."""
        return [(length, sum(1 for _ in same)) for length, same in groupby(self.lengths)]

    @cached_property
    def ends(self) -> Tensor:
        """0 and the end of each sequence, int32 `[N + 1]`, on the device. Making it waits for the device."""
        return torch.cumsum(torch.tensor((0, *self.lengths), device=self._device), 0, dtype=torch.int32)


class TiedGradient:
    """Brings the output embedding's gradient to the input embedding's backward pass, which adds its own rows to it.

    The two are one matrix `[V, D]`. Left to themselves, both make a gradient of that size, and a third pass adds
    them: at 250,000 tokens that is a fifth of the step. One object serves one forward and backward pass at a time.
    It can also hand the memory of one step's gradient on to the next: else the system takes it back and fills it with
    zeros anew, a sixth of the step's time.
    """

    def __init__(self) -> None:
        self._gradient: Tensor | None = None
        self._room: Tensor | None = None

    def keep_room(self, embeddings: Tensor) -> None:
        """Take the gradient of `embeddings` away, which is not needed any more, to write the next one there."""
        if embeddings.grad is not None:
            self._room, embeddings.grad = embeddings.grad, None

    def room(self, embeddings: Tensor) -> Tensor:
        """Return a tensor like `embeddings` to write to, with any content."""
        room, self._room = self._room, None
        return torch.empty_like(embeddings) if room is None else room

    def leave(self, gradient: Tensor) -> None:
        """Take the output embedding's gradient `[V, D]`; its storage will be written to."""
        self._gradient = gradient

    def take(self, embeddings: Tensor) -> Tensor:
        """Return the gradient that was left, or zeros like `embeddings`, and forget it."""
        gradient = torch.zeros_like(embeddings) if self._gradient is None else self._gradient
        self._gradient = None
        return gradient


class Encoder(nn.Module):
    """Embeddings and transformer layers. `weights` are drawn from N(0, std²), biases are 0.

    With `recompute` the layers keep no activations for the backward pass but compute them again.
    """

    def __init__(self, shape: ModelSection, vocabulary: int) -> None:
        super().__init__()
        self.shape = shape
        self.recompute = False
        self.tokens = nn.Embedding(vocabulary, shape.hidden)
        self.positions = nn.Embedding(shape.positions + POSITION_OFFSET, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=LAYER_NORM_EPSILON)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))

    def embed(self, packed: Packed, tied: TiedGradient | None = None) -> Tensor:
        """Return the hidden states before the first layer, float32 `[T, D]`."""
        tokens: Tensor
        if tied is None:
            tokens = self.tokens(packed.tokens)
        else:
            tokens = _TiedEmbedding.apply(self.tokens.weight, packed.tokens, tied)  # type: ignore[no-untyped-call]
        normed: Tensor = self.norm(tokens + self.positions(packed.positions() + POSITION_OFFSET))
        return F.dropout(normed, self.shape.dropout, self.training)

    def run(self, hidden: Tensor, lengths: tuple[int, ...], first: int, last: int) -> Tensor:
        """Return the states after layer `last`, given those after layer `first`; layers count from 1."""
        layout = Layout(lengths, hidden.device)
        for layer in self.layers[first:last]:
            if self.recompute and torch.is_grad_enabled():
                hidden = checkpoint(layer, hidden, layout, use_reentrant=False)
            else:
                hidden = layer(hidden, layout)
        return hidden

    def forward(self, packed: Packed, last: int | None = None) -> Tensor:
        """Return the hidden states after layer `last` (by default all), float32 `[T, D]`."""
        return self.run(self.embed(packed), packed.lengths, 0, len(self.layers) if last is None else last)

    def all_states(self, packed: Packed) -> list[Tensor]:
        """Return the hidden states `[T, D]` of the embeddings and after each layer, as `hidden_states` in HF."""
        states = [self.embed(packed)]
        for layer in range(len(self.layers)):
            states.append(self.run(states[-1], packed.lengths, layer, layer + 1))
        return states


class _TiedEmbedding(torch.autograd.Function):
    """Rows of the token embeddings; their gradient is added to the one that `TiedGradient` brings."""

    @staticmethod
    def forward(ctx: Any, embeddings: Tensor, tokens: Tensor, tied: TiedGradient) -> Tensor:
        ctx.save_for_backward(embeddings, tokens)
        ctx.tied = tied
        return F.embedding(tokens, embeddings)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        embeddings, tokens = ctx.saved_tensors
        return ctx.tied.take(embeddings).index_add_(0, tokens, gradient), None, None


class Layer(nn.Module):
    """Self-attention and feed-forward, each followed by dropout, the residual sum and LayerNorm."""

    def __init__(self, shape: ModelSection) -> None:
        super().__init__()
        self.heads = shape.heads
        self.dropout = shape.dropout
        self.attention_dropout = shape.attention_dropout
        self.qkv = nn.Linear(shape.hidden, 3 * shape.hidden)
        self.out = nn.Linear(shape.hidden, shape.hidden)
        self.attention_norm = nn.LayerNorm(shape.hidden, eps=LAYER_NORM_EPSILON)
        self.up = nn.Linear(shape.hidden, shape.feed_forward)
        self.down = nn.Linear(shape.feed_forward, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=LAYER_NORM_EPSILON)

    def forward(self, hidden: Tensor, layout: Layout) -> Tensor:
        dropped = self.attention_dropout if self.training else 0.0
        attended = self.out(attention(self.qkv(hidden), layout, self.heads, dropped))
        hidden = self.attention_norm(hidden + F.dropout(attended, self.dropout, self.training))
        expanded = self._narrowed(self.up(hidden))
        normed: Tensor = self.norm(hidden + F.dropout(expanded, self.dropout, self.training))
        return normed

    def _narrowed(self, wide: Tensor) -> Tensor:
        """Return the feed-forward's second half. GELU alone is computed again: a quarter less memory, no more time."""
        if not torch.is_grad_enabled():
            return self._gelu_down(wide)
        narrowed: Tensor = checkpoint(self._gelu_down, wide, use_reentrant=False, preserve_rng_state=False)
        return narrowed

    def _gelu_down(self, wide: Tensor) -> Tensor:
        # the backward pass stops computing again where all is there: before the product
        narrowed: Tensor = self.down(F.gelu(wide))
        return narrowed


class MaskedLMHead(nn.Module):
    """Dense, GELU, LayerNorm; then come the tied token embeddings with a bias. Run on chosen rows only."""

    def __init__(self, shape: ModelSection, vocabulary: int) -> None:
        super().__init__()
        self.dense = nn.Linear(shape.hidden, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=LAYER_NORM_EPSILON)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, hidden: Tensor) -> Tensor:
        """Return what is multiplied with the token embeddings, `[M, D]`, of final states `[M, D]`."""
        normed: Tensor = self.norm(F.gelu(self.dense(hidden)))
        return normed


class MaskedLM(nn.Module):
    """The encoder with its masked-language-model head: what a checkpoint and an export hold."""

    def __init__(self, shape: ModelSection, vocabulary: int) -> None:
        super().__init__()
        self.encoder = Encoder(shape, vocabulary)
        self.head = MaskedLMHead(shape, vocabulary)

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the scores `[M, V]` of all tokens for final states `[M, D]`."""
        return F.linear(self.head(hidden), self.encoder.tokens.weight, self.head.bias)


def initialized(shape: ModelSection, vocabulary: int, seed: int) -> MaskedLM:
    """Return a model whose weights are a function of these arguments alone."""
    model = MaskedLM(shape, vocabulary)
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(0.0, shape.initializer_std, generator=random)
            else:
                parameter.fill_(1.0 if name.endswith("norm.weight") else 0.0)
    return model


def attention(qkv: Tensor, layout: Layout, heads: int, dropout: float = 0.0) -> Tensor:
    """Return self-attention within each sequence, `[T, D]`, of queries, keys and values side by side, `[T, 3D]`.

    `dropout` is the share of the attention weights that are dropped. The one place that chooses the kernel:
    variable-length flash attention where the device and dtype have it (CUDA in half precision, no dropout), else one
    call for each run of sequences of equal length.
    """
    if qkv.is_cuda and qkv.dtype in (torch.float16, torch.bfloat16) and not dropout:
        return variable_length_attention(qkv, layout, heads)
    return run_attention(qkv, layout, heads, dropout)


def run_attention(qkv: Tensor, layout: Layout, heads: int, dropout: float = 0.0) -> Tensor:
    """As `attention`: neighbours of equal length in one call, on views of the packed tensor, without padding."""
    width = qkv.shape[1] // 3
    if not layout.lengths:
        return qkv[:, :width]
    parts = []
    tokens = [length * count for length, count in layout.runs]
    for part, (length, count) in zip(torch.split(qkv, tokens), layout.runs, strict=True):
        query, key, value = part.view(count, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, dropout_p=dropout)
        parts.append(mixed.transpose(1, 2).reshape(count * length, width))
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def variable_length_attention(qkv: Tensor, layout: Layout, heads: int) -> Tensor:
    """As `attention`: all sequences in one call of `varlen_attn`, which has no CPU kernel."""
    width = qkv.shape[1] // 3
    query, key, value = qkv.view(-1, 3, heads, width // heads).unbind(1)
    longest = max(layout.lengths)
    mixed = varlen_attn(query, key, value, layout.ends, layout.ends, longest, longest)
    assert isinstance(mixed, Tensor)
    return mixed.reshape(-1, width)
