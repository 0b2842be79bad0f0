"""Packed batches, and the order of an epoch."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.xtreme.batches import EpochBatches, collate, cut, padded
from training.xtreme.features import EncodedPair, EncodedSentence
from training.xtreme.windows import EncodedWindow


def pair(size: int, label: int) -> EncodedPair:
    return EncodedPair(np.arange(label, label + size, dtype=np.int32), label)


def sentence(firsts: list[int], pieces: list[int], size: int) -> EncodedSentence:
    tags = np.arange(len(firsts))
    return EncodedSentence(
        np.arange(size, dtype=np.int32), 0, 0, np.asarray(firsts, np.int64), np.asarray(pieces, np.int64), tags
    )


def window(size: int, start: int, end: int) -> EncodedWindow:
    empty = np.zeros((0, 2), np.int32)
    return EncodedWindow(np.arange(size, dtype=np.int32), 0, size, empty, np.zeros(0, bool), start, end)


def test_pairs_are_packed_shortest_first_and_found_in_their_order() -> None:
    batch = collate([pair(5, 10), pair(3, 20), pair(4, 30)])
    assert batch.packed.lengths == (3, 4, 5)
    assert batch.packed.tokens[batch.places].tolist() == [10, 20, 30]
    assert batch.labels.tolist() == [10, 20, 30]
    assert batch.counts == (1, 1, 1)


def test_words_of_sentences_are_found() -> None:
    batch = collate([sentence([1, 4], [3, 1], 7), sentence([1], [1], 4), sentence([], [], 3)])
    assert batch.packed.tokens[batch.places].tolist() == [1, 4, 1]
    assert batch.counts == (2, 1, 0)
    assert batch.labels.tolist() == [0, 1, 0]
    assert batch.pieces is not None
    assert batch.pieces.tolist() == [3, 1, 1]


def test_all_tokens_of_windows_are_found() -> None:
    batch = collate([window(5, 2, 3), window(4, 0, 0)])
    assert batch.packed.tokens[batch.places].tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3]
    assert batch.counts == (5, 4)
    assert batch.labels.tolist() == [[2, 3], [0, 0]]


def test_padding_fills_what_is_missing() -> None:
    values = torch.arange(6.0).reshape(3, 2)
    assert padded(values, (1, 2), -1.0).tolist() == [[[0, 1], [-1, -1]], [[2, 3], [4, 5]]]


@given(st.integers(0, 40), st.integers(1, 9), st.integers(1, 4), st.integers(0, 5))
def test_an_epoch_takes_every_input_once_and_may_begin_at_any_step(inputs: int, size: int, parts: int, at: int) -> None:
    batches = EpochBatches([pair(2, label) for label in range(inputs)], size, parts, seed=1)
    steps = list(batches.epoch(0))
    assert len(steps) == batches.steps
    assert sorted(label for step in steps for part in step for label in part.labels.tolist()) == list(range(inputs))
    assert all(sum(len(part.labels) for part in step) == size for step in steps[:-1])
    assert all(len(step) <= parts for step in steps)
    rest = [[part.labels.tolist() for part in step] for step in batches.epoch(0, at)]
    assert rest == [[part.labels.tolist() for part in step] for step in steps[at:]]


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    inputs = [pair(2, label) for label in range(32)]
    orders = [
        [label for (part,) in EpochBatches(inputs, 8, 1, seed).epoch(epoch) for label in part.labels.tolist()]
        for seed, epoch in ((1, 0), (1, 1), (2, 0))
    ]
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_a_step_with_few_inputs_has_no_empty_part() -> None:
    parts = cut(np.arange(2), 4, lambda rows: collate([pair(2, label) for label in rows.tolist()]))
    assert [part.labels.tolist() for part in parts] == [[0], [1]]
