"""Masking: how many, which, and what stands there instead."""

import numpy as np
import pytest

from training.config.data import MaskingSection
from training.data.masking import mask
from training.data.random import generator
from training.data.shards import Ragged

VOCABULARY = 500


def sequences(rows: int = 2000) -> Ragged:
    random = np.random.default_rng(0)
    return Ragged.of([[0, *random.integers(4, 499, length).tolist(), 2] for length in random.integers(1, 40, rows)])


def test_labels_are_what_stood_there_and_the_rest_is_untouched() -> None:
    given = sequences()
    masked = mask(given, VOCABULARY, MaskingSection(), generator(1))
    assert (masked.labels == given.values[masked.places]).all()
    untouched = np.ones(len(given.values), dtype=bool)
    untouched[masked.places] = False
    assert (masked.sequences.values[untouched] == given.values[untouched]).all()
    assert (np.diff(masked.places) > 0).all()


def test_each_sequence_loses_its_share_rounded_at_random() -> None:
    given = sequences()
    masked = mask(given, VOCABULARY, MaskingSection(), generator(1))
    row = np.repeat(np.arange(len(given)), given.lengths)
    chosen = np.bincount(row[masked.places], minlength=len(given))
    exact = 0.15 * given.lengths
    assert ((chosen == np.floor(exact)) | (chosen == np.floor(exact) + 1)).all()
    assert chosen.sum() / given.lengths.sum() == pytest.approx(0.15, abs=0.005)


def test_of_the_chosen_eight_in_ten_are_masked_and_one_is_kept() -> None:
    given = sequences()
    masked = mask(given, VOCABULARY, MaskingSection(), generator(1))
    now = masked.sequences.values[masked.places]
    assert (now == VOCABULARY - 1).mean() == pytest.approx(0.8, abs=0.02)
    assert (now == masked.labels).mean() == pytest.approx(0.1, abs=0.02)
    replaced = now[(now != VOCABULARY - 1) & (now != masked.labels)]
    assert replaced.min() >= 4
    assert replaced.max() < VOCABULARY - 1


def test_special_tokens_can_be_chosen_too() -> None:
    masked = mask(sequences(), VOCABULARY, MaskingSection(), generator(1))
    assert {0, 2} <= set(masked.labels.tolist())


def test_the_same_seed_masks_the_same() -> None:
    one, same, other = (mask(sequences(50), VOCABULARY, MaskingSection(), generator(seed)) for seed in (1, 1, 2))
    assert one.sequences.values.tolist() == same.sequences.values.tolist()
    assert one.places.tolist() != other.places.tolist()
