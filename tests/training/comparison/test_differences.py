"""Paired differences by hand, and whether the intervals cover what they say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from training.comparison.differences import Units, by_language, clusters_of, difference, means


def units(languages: list[str], clusters: list[int], sizes: list[float] | None = None) -> Units:
    return Units(np.asarray(languages), np.asarray(clusters), np.asarray(sizes or [1.0] * len(languages)))


def test_languages_count_alike_and_sizes_weigh_within_them() -> None:
    where = units(["de", "de", "fr"], [0, 1, 2], [1.0, 3.0, 2.0])
    values = np.asarray([[1.0, 3.0, 8.0], [2.0, 6.0, 4.0]])
    # de: 4 / 4 and 8 / 4; fr: 8 / 2 and 4 / 2
    assert means(values, where).tolist() == [(1.0 + 4.0) / 2, (2.0 + 2.0) / 2]
    assert {name: one.mean for name, one in by_language(values, where, 0.95).items()} == {"de": 1.5, "fr": 3.0}


def test_an_interval_by_hand() -> None:
    where = units(["de"] * 4, [0, 1, 2, 3])
    values = np.asarray([[0.0, 2.0, 4.0, 6.0], [2.0, 4.0, 6.0, 8.0]])
    found = difference(values, where, 0.95)
    assert found.mean == 4.0
    assert found.by_seed == (3.0, 5.0)
    sentences = (9 + 1 + 1 + 9) / 3 / 4  # the variance of the four means 1, 3, 5, 7, over 4
    seeds = 2.0 / 2  # the variance of 3 and 5, over 2
    freedom = (sentences + seeds) ** 2 / (sentences**2 / 3 + seeds**2 / 1)
    half = student.ppf(0.975, freedom) * math.sqrt(sentences + seeds)
    assert (found.low, found.high) == (pytest.approx(4 - half), pytest.approx(4 + half))


def test_sentences_of_one_cluster_count_as_one() -> None:
    values = np.asarray([[0.0, 2.0, 4.0, 6.0]] * 2)
    doubled = np.repeat(values, 2, axis=1)
    once = difference(values, units(["de"] * 4, [0, 1, 2, 3]), 0.95)
    twice = difference(doubled, units(["de"] * 8, [0, 0, 1, 1, 2, 2, 3, 3]), 0.95)
    assert (twice.low, twice.high) == (pytest.approx(once.low), pytest.approx(once.high))
    alone = difference(doubled, units(["de"] * 8, list(range(8))), 0.95)
    assert alone.high - alone.low < once.high - once.low


def test_equal_sides_differ_by_nothing_for_sure() -> None:
    found = difference(np.zeros((3, 5)), units(["de"] * 5, list(range(5))), 0.95)
    assert (found.mean, found.low, found.high) == (0.0, 0.0, 0.0)


def test_one_sentence_leaves_the_seeds_alone() -> None:
    found = difference(np.asarray([[1.0], [3.0]]), units(["de"], [0]), 0.95)
    half = student.ppf(0.975, 1)
    assert (found.low, found.high) == (pytest.approx(2 - half), pytest.approx(2 + half))


@given(st.integers(0, 2**32), st.floats(-5, 5))
@settings(max_examples=25, deadline=None)
def test_a_shift_moves_the_interval_and_keeps_its_width(seed: int, shift: float) -> None:
    values = np.random.default_rng(seed).normal(size=(3, 12))
    where = units(["de", "fr"] * 6, [n // 2 for n in range(12)])
    found, moved = (difference(v, where, 0.95) for v in (values, values + shift))
    assert moved.mean - found.mean == pytest.approx(shift, abs=1e-9)
    assert moved.high - moved.low == pytest.approx(found.high - found.low, abs=1e-9)


@pytest.mark.parametrize(("seed_spread", "sentence_spread"), [(0.0, 1.0), (1.0, 0.0), (0.3, 1.0), (1.0, 4.0)])
def test_intervals_cover_the_truth_as_often_as_they_say(seed_spread: float, sentence_spread: float) -> None:
    draw, covered, rounds = np.random.default_rng(7), 0, 300
    where = units(["de"] * 20 + ["fr"] * 20, list(range(20)) * 2)
    for _ in range(rounds):
        by_seed = seed_spread * draw.normal(size=(3, 1))
        by_text = np.tile(sentence_spread * draw.normal(size=20), 2)
        values = by_seed + by_text + draw.normal(size=(3, 40))
        found = difference(values, where, 0.95)
        covered += found.low <= 0 <= found.high
    assert covered / rounds > 0.93


def test_names_become_clusters() -> None:
    assert clusters_of(["b", "a", "b"]).tolist() == [1, 0, 1]
