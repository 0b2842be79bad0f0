"""What stands on the encoder when it is fine-tuned: one head for each kind of task."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from training.model import Encoder
from training.xtreme.batches import Batch

HeadKind = Literal["classification", "tagging", "tagging_by_sum", "span"]


class ClassificationHead(nn.Module):
    """Dropout, dense, tanh, dropout, dense on the state of `<s>` (`XLMRobertaClassificationHead` of transformers)."""

    def __init__(self, hidden: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, labels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, batch: Batch) -> Tensor:
        """Return logits `[N, labels]` from the states `[T, D]` of all tokens."""
        first = self.dropout(states[batch.places])
        logits: Tensor = self.out(self.dropout(torch.tanh(self.dense(first))))
        return logits


class TaggingHead(nn.Module):
    """Dropout and dense on the state of each word's first token or, with `sums`, on the sum of its tokens' states.

    The sum is what xTune takes for UD-POS (its `pooling_strategy`); the first token is XTREME's.
    """

    def __init__(self, hidden: int, labels: int, dropout: float, sums: bool) -> None:
        super().__init__()
        self.out = nn.Linear(hidden, labels)
        self.dropout = nn.Dropout(dropout)
        self.sums = sums

    def forward(self, states: Tensor, batch: Batch) -> Tensor:
        """Return logits `[words, labels]` from the states `[T, D]` of all tokens."""
        words = self._sums(states, batch) if self.sums else states[batch.places]
        logits: Tensor = self.out(self.dropout(words))
        return logits

    @staticmethod
    def _sums(states: Tensor, batch: Batch) -> Tensor:
        assert batch.pieces is not None
        word = torch.repeat_interleave(torch.arange(len(batch.places), device=states.device), batch.pieces)
        starts = torch.cumsum(batch.pieces, 0) - batch.pieces
        token = batch.places[word] + torch.arange(len(word), device=states.device) - starts[word]
        empty = states.new_zeros(len(batch.places), states.shape[1])
        return empty.index_add(0, word, states[token])


class SpanHead(nn.Module):
    """One dense layer with two logits for each token: how likely the answer starts, and ends, there."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.out = nn.Linear(hidden, 2)

    def forward(self, states: Tensor, batch: Batch) -> Tensor:
        """Return logits `[tokens of all windows, 2]` from the states `[T, D]` of all tokens."""
        logits: Tensor = self.out(states)
        return logits[batch.places]


Head = ClassificationHead | TaggingHead | SpanHead


class FineTuned(nn.Module):
    """An encoder with a head. Its state is what a `finetune` dataset holds."""

    def __init__(self, encoder: Encoder, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits of what is classified, in the order of `batch.places`: `[M, labels]`, of spans `[M, 2]`."""
        logits: Tensor = self.head(self.encoder(batch.packed), batch)
        return logits


def new_head(kind: HeadKind, hidden: int, labels: Sequence[str], dropout: float, std: float, seed: int) -> Head:
    """Return a head whose weights are drawn from N(0, std²) by the seed; biases are 0."""
    match kind:
        case "classification":
            head: Head = ClassificationHead(hidden, len(labels), dropout)
        case "tagging" | "tagging_by_sum":
            head = TaggingHead(hidden, len(labels), dropout, sums=kind == "tagging_by_sum")
        case "span":
            head = SpanHead(hidden)
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in head.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0.0, std, generator=random)
            else:
                parameter.zero_()
    return head
