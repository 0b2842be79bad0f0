"""Masking: how many, which, and what stands there instead."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.config.data import MaskingSection
from training.data.masking import mask
from training.data.random import generator
from training.data.shards import Ragged

VOCABULARY = 500


def sequences(rows: int = 2000) -> Ragged:
    random = np.random.default_rng(0)
    return Ragged.of([[0, *random.integers(4, 499, length).tolist(), 2] for length in random.integers(1, 40, rows)])


def test_labels_are_what_stood_there_and_the_rest_is_untouched() -> None:
    texts = sequences()
    masked = mask(texts, VOCABULARY, MaskingSection(), generator(1))
    assert (masked.labels == texts.values[masked.places]).all()
    untouched = np.ones(len(texts.values), dtype=bool)
    untouched[masked.places] = False
    assert (masked.sequences.values[untouched] == texts.values[untouched]).all()
    assert (np.diff(masked.places) > 0).all()


def test_each_sequence_loses_its_share_rounded_at_random() -> None:
    texts = sequences()
    masked = mask(texts, VOCABULARY, MaskingSection(), generator(1))
    row = np.repeat(np.arange(len(texts)), texts.lengths)
    chosen = np.bincount(row[masked.places], minlength=len(texts))
    exact = 0.15 * texts.lengths
    assert ((chosen == np.floor(exact)) | (chosen == np.floor(exact) + 1)).all()
    assert chosen.sum() / texts.lengths.sum() == pytest.approx(0.15, abs=0.005)


def test_of_the_chosen_eight_in_ten_are_masked_and_one_is_kept() -> None:
    texts = sequences()
    masked = mask(texts, VOCABULARY, MaskingSection(), generator(1))
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


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.floats(0.01, 0.99), st.integers(0, 1000))
def test_no_place_is_chosen_twice(lengths: list[int], share: float, seed: int) -> None:
    rows = Ragged.of([[9] * length for length in lengths])
    masked = mask(rows, VOCABULARY, MaskingSection(share=share), generator(seed))
    row = np.repeat(np.arange(len(rows)), rows.lengths)
    chosen = np.bincount(row[masked.places], minlength=len(rows))
    assert (np.diff(masked.places) > 0).all()
    assert ((chosen == np.floor(share * rows.lengths)) | (chosen == np.floor(share * rows.lengths) + 1)).all()


def test_every_set_of_places_is_equally_likely() -> None:
    # two of four places: six sets, each with a chance of 1/6
    rows = Ragged.of([[9] * 4] * 30_000)
    masked = mask(rows, VOCABULARY, MaskingSection(share=0.5), generator(3))
    places = masked.places % 4
    chosen = np.bincount(masked.places // 4, minlength=len(rows))
    assert (chosen == 2).all()
    sets = np.bincount(places[::2] * 4 + places[1::2], minlength=16)
    assert sets[sets > 0] / 30_000 == pytest.approx([1 / 6] * 6, abs=0.01)
