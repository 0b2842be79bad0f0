"""Inputs of one kind as one packed batch, and the batches of an epoch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.data import random
from training.data.shards import spans
from training.model import Packed
from training.xtreme.features import Encoded, EncodedPair, EncodedSentence
from training.xtreme.windows import EncodedWindow


@dataclass(frozen=True)
class Batch:
    """N inputs of one kind. What the head classifies stands in the order in which the inputs were given.

    packed: the inputs, shortest first; places: int64 `[M]`, the row of each classified thing among the packed tokens:
    `<s>` of a pair, the first token of a word, every token of a window; counts: how many of the M are of each input,
    N numbers; labels: int64 `[M]`, for windows `[N, 2]`: start and end within the window; pieces: int64 `[M]`, for
    sentences how many tokens each word has.
    """

    packed: Packed
    places: Tensor
    counts: tuple[int, ...]
    labels: Tensor
    pieces: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """Return the same batch on a device."""
        pieces = None if self.pieces is None else self.pieces.to(device)
        return Batch(self.packed.to(device), self.places.to(device), self.counts, self.labels.to(device), pieces)


def collate(inputs: Sequence[Encoded]) -> Batch:
    """Return inputs, all of one kind, as a batch."""
    lengths = np.asarray([len(one.tokens) for one in inputs], np.int64)
    order = np.argsort(lengths, kind="stable")
    starts = np.empty_like(lengths)  # of each input, in the order given, among the packed tokens
    starts[order] = np.cumsum(lengths[order]) - lengths[order]
    tokens = torch.from_numpy(np.concatenate([inputs[row].tokens for row in order]).astype(np.int64))
    packed = Packed(tokens, tuple(lengths[order].tolist()))
    match inputs[0]:
        case EncodedPair():
            pairs = cast(Sequence[EncodedPair], inputs)
            return _batch(packed, starts, np.ones_like(lengths), [pair.label for pair in pairs])
        case EncodedSentence():
            sentences = cast(Sequence[EncodedSentence], inputs)
            words = np.asarray([len(one.firsts) for one in sentences], np.int64)
            firsts, tags, pieces = (
                np.concatenate([getattr(one, name) for one in sentences]) for name in ("firsts", "tags", "pieces")
            )
            return _batch(packed, np.repeat(starts, words) + firsts, words, tags, pieces)
        case EncodedWindow():
            shown = cast(Sequence[EncodedWindow], inputs)
            return _batch(packed, spans(starts, lengths), lengths, [(one.start, one.end) for one in shown])


def _batch(
    packed: Packed,
    places: NDArray[np.int64],
    counts: NDArray[np.int64],
    labels: Sequence[int] | Sequence[tuple[int, int]] | NDArray[np.int64],
    pieces: NDArray[np.int64] | None = None,
) -> Batch:
    return Batch(
        packed,
        torch.from_numpy(places),
        tuple(counts.tolist()),
        torch.from_numpy(np.asarray(labels, np.int64)),
        None if pieces is None else torch.from_numpy(pieces),
    )


def padded(values: Tensor, counts: Sequence[int], fill: float) -> Tensor:
    """Return values `[M, …]` of N inputs as `[N, L, …]`, L the largest count, with `fill` behind shorter ones."""
    return torch.nn.utils.rnn.pad_sequence(
        list(torch.split(values, list(counts))), batch_first=True, padding_value=fill
    )


class EpochBatches:
    """The batches of each epoch of training: all inputs once, in an order that seed and epoch alone decide.

    A step takes `batch_size` inputs, cut into `parts` batches of about as many inputs; the last step of an epoch takes
    what is left.
    """

    def __init__(self, inputs: Sequence[Encoded], batch_size: int, parts: int, seed: int) -> None:
        self._inputs = inputs
        self._batch_size = batch_size
        self._parts = parts
        self._seed = seed

    @property
    def steps(self) -> int:
        """How many steps an epoch has."""
        return -(-len(self._inputs) // self._batch_size)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[list[Batch]]:
        """Yield the batches of each step of an epoch, from a step on; epochs and steps count from 0."""
        order = order_of_epoch(len(self._inputs), self._seed, number)
        for step in range(first_step, self.steps):
            yield cut(order[step * self._batch_size : (step + 1) * self._batch_size], self._parts, self._take)

    def _take(self, rows: NDArray[np.int64]) -> Batch:
        return collate([self._inputs[row] for row in rows.tolist()])


def order_of_epoch(inputs: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of the inputs in an epoch, int64 `[inputs]`."""
    return random.permute(np.arange(inputs, dtype=np.int64), inputs, random.key(seed, epoch))


Taken = TypeVar("Taken")


def cut(rows: NDArray[np.int64], parts: int, take: Callable[[NDArray[np.int64]], Taken]) -> list[Taken]:
    """Return the batches of the rows of one step, in `parts` parts or, where there are fewer rows, one for each."""
    return [take(part) for part in np.array_split(rows, min(parts, len(rows)))]
