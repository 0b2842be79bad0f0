"""The batches of xTune: D, in its second stage D and a D_A made anew in each epoch, each input in two views."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.data import random
from training.data.shards import spans
from training.xtreme.batches import Batch, collate, cut, order_of_epoch
from training.xtreme.features import Encoded
from training.xtreme.xtune.augmentation import Augmentation, Clean
from training.xtreme.xtune.views import View, same_view

_CHOICE, _ITEM = 1, 2


@dataclass(frozen=True)
class ViewBatch:
    """n inputs: a first view of each, which has the labels, then a second view of each, all in one packed batch.

    kept, kept_there: int64 `[K]`, what is classified and the same in both, by its place among what is classified in
    the first views and in the second ones. augmented: those of the first views that are in D_A, as the frozen model
    reads them, None where there are none; agreed: int64 `[A]`, the places of what is classified in them. noisy: bool
    `[T]`, the packed tokens whose embeddings get noise, None where none does.
    """

    both: Batch
    inputs: int
    kept: Tensor
    kept_there: Tensor
    augmented: Batch | None
    agreed: Tensor
    noisy: Tensor | None

    def to(self, device: torch.device) -> "ViewBatch":
        """Return the same batch on a device."""
        return replace(
            self,
            both=self.both.to(device),
            kept=self.kept.to(device),
            kept_there=self.kept_there.to(device),
            augmented=None if self.augmented is None else self.augmented.to(device),
            agreed=self.agreed.to(device),
            noisy=None if self.noisy is None else self.noisy.to(device),
        )


@dataclass(frozen=True)
class TwoViews:
    """An input in two views, neither of which need be the clean one."""

    first: View
    second: View
    is_augmented: bool = False
    is_noisy: bool = False


class TwoViewBatches:
    """The batches of each epoch. A step takes `batch_size` inputs of D and D_A together, cut into `parts` batches.

    `consistency` makes second views; `augmented` makes D_A, of `ratio` inputs for each in D, those drawn anew in each
    epoch. Every draw is a function of seed, epoch and input.
    """

    def __init__(
        self,
        clean: Sequence[Clean],
        consistency: Augmentation,
        augmented: Augmentation | None,
        ratio: float,
        batch_size: int,
        parts: int,
        seed: int,
    ) -> None:
        self._clean = clean
        self._consistency = consistency
        self._augmented = augmented
        self._more = ceil(ratio * len(clean)) if augmented is not None else 0
        self._batch_size = batch_size
        self._parts = parts
        self._seed = seed

    @property
    def steps(self) -> int:
        """How many steps an epoch has."""
        return -(-(len(self._clean) + self._more) // self._batch_size)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[list[ViewBatch]]:
        """Yield the batches of each step of an epoch, from a step on; epochs and steps count from 0."""
        count = len(self._clean)
        chosen = order_of_epoch(count, random.key(self._seed, _CHOICE), number)[: self._more]
        order = order_of_epoch(count + self._more, self._seed, number)

        def take(rows: NDArray[np.int64]) -> ViewBatch:
            return collate_views(
                [
                    self._views(number, row if row < count else int(chosen[row - count]), row >= count)
                    for row in rows.tolist()
                ],
                self._consistency.is_noisy,
            )

        for step in range(first_step, self.steps):
            yield cut(order[step * self._batch_size : (step + 1) * self._batch_size], self._parts, take)

    def _views(self, epoch: int, place: int, is_augmented: bool) -> TwoViews:
        draws = Random(random.key(self._seed, _ITEM, epoch, place, is_augmented))
        clean, noisy = self._clean[place], False
        first = same_view(clean.encoded)
        if is_augmented:
            assert self._augmented is not None
            clean = self._augmented.base(clean, draws)
            first, noisy = self._augmented.view(clean, draws), self._augmented.is_noisy
        # also of an augmented input the second view comes from what is clean, as in xTune's release
        second = self._consistency.view(self._consistency.base(clean, draws), draws)
        return TwoViews(first, second, is_augmented, noisy)


def collate_views(items: Sequence[TwoViews], second_is_noisy: bool) -> ViewBatch:
    """Return the two views of inputs of one kind as a batch; `second_is_noisy` goes for all second views."""
    inputs = [item.first.encoded for item in items] + [item.second.encoded for item in items]
    both = collate(inputs)
    counts = np.asarray(both.counts, np.int64)
    here, there = counts[: len(items)], counts[len(items) :]
    kept, kept_there = [], []
    for item, begin, begin_there in zip(items, _begins(here), _begins(there), strict=True):
        _, ours, theirs = np.intersect1d(item.first.clean, item.second.clean, return_indices=True)
        kept.append(item.first.kept[ours] + begin)
        kept_there.append(item.second.kept[theirs] + begin_there)
    augmented = [place for place, item in enumerate(items) if item.is_augmented]
    noisy = [item.is_noisy for item in items] + [second_is_noisy] * len(items)
    return ViewBatch(
        both,
        len(items),
        torch.from_numpy(np.concatenate(kept)),
        torch.from_numpy(np.concatenate(kept_there)),
        collate([inputs[place] for place in augmented]) if augmented else None,
        torch.from_numpy(spans(_begins(here)[augmented], here[augmented])),
        torch.from_numpy(_of_tokens(noisy, inputs)) if any(noisy) else None,
    )


def _begins(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.cumsum(counts) - counts


def _of_tokens(flags: Sequence[bool], inputs: Sequence[Encoded]) -> NDArray[np.bool_]:
    """Return the flag of each packed token's input; `collate` packs the shortest first."""
    lengths = np.asarray([len(one.tokens) for one in inputs], np.int64)
    order = np.argsort(lengths, kind="stable")
    return np.repeat(np.asarray(flags, np.bool_)[order], lengths[order])
