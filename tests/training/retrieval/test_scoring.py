"""Top-1 against brute force, and the bootstrap on cases worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from training.retrieval.scoring import Hits, interval, over_languages, resampled, top1


@settings(deadline=None)
@given(hnp.arrays(np.float32, st.integers(2, 7).map(lambda n: (n, n)), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
def test_top1_is_brute_force(similarity: np.ndarray) -> None:  # type: ignore[type-arg]
    forward, backward = top1(similarity)
    for i in range(len(similarity)):
        others = [j for j in range(len(similarity)) if j != i]
        assert forward[i] == all(similarity[i, i] > similarity[i, j] for j in others)
        assert backward[i] == all(similarity[i, i] > similarity[j, i] for j in others)


def test_a_tie_is_a_miss() -> None:
    assert not top1(np.ones((3, 3), dtype=np.float32)).any()


def hits(found: dict[str, list[list[int]]], groups: dict[str, list[int]]) -> Hits:
    return Hits(
        {language: np.asarray(rows, dtype=bool) for language, rows in found.items()},
        {language: np.asarray(ids, dtype=np.uint64) for language, ids in groups.items()},
    )


def test_the_mean_counts_languages_and_directions_alike() -> None:
    one = hits({"de": [[1, 1, 0, 0], [1, 0, 0, 0]], "fr": [[1], [1]]}, {"de": [1, 2, 3, 4], "fr": [1]})
    assert one.mean == pytest.approx((50 + 25 + 100 + 100) / 4)


def test_resampling_two_groups_by_hand() -> None:
    # group 1 is a hit, group 2 a miss: a resample has (2,0), (1,1) or (0,2) with chances 1/4, 1/2, 1/4
    one = hits({"de": [[1, 0], [1, 0]]}, {"de": [1, 2]})
    scores = resampled({"a": one}, 4000, seed=1)["a"]["de"][:, 0]
    values, counts = np.unique(scores, return_counts=True)
    assert values.tolist() == [0.0, 50.0, 100.0]
    assert counts / 4000 == pytest.approx([0.25, 0.5, 0.25], abs=0.03)


def test_translations_of_one_text_are_drawn_together() -> None:
    # both languages have the same two groups with the same hits: their scores can never differ
    one = hits({"de": [[1, 0], [1, 0]], "fr": [[0, 1], [0, 1]]}, {"de": [1, 2], "fr": [2, 1]})
    scores = resampled({"a": one}, 500, seed=1)["a"]
    assert scores["de"].tolist() == scores["fr"].tolist()


def test_differences_are_paired() -> None:
    # the second system finds exactly what the first one finds, and group 3 besides
    groups = {"de": [1, 2, 3, 4]}
    less = hits({"de": [[1, 0, 0, 1], [1, 0, 0, 1]]}, groups)
    more = hits({"de": [[1, 0, 1, 1], [1, 0, 1, 1]]}, groups)
    scores = resampled({"less": less, "more": more}, 500, seed=1)
    gain = over_languages(scores["more"]) - over_languages(scores["less"])
    assert gain.min() == 0.0
    assert gain.mean() == pytest.approx(25.0, abs=3)


def test_the_bootstrap_agrees_with_the_binomial() -> None:
    found = np.zeros(400, dtype=int)
    found[:100] = 1
    one = hits({"de": [found.tolist()] * 2}, {"de": list(range(400))})
    bounds = interval(25.0, over_languages(resampled({"a": one}, 4000, seed=2)["a"]), 0.95)
    half = 1.96 * 100 * np.sqrt(0.25 * 0.75 / 400)
    assert (bounds.low, bounds.high) == pytest.approx((25 - half, 25 + half), abs=0.7)


def test_a_language_that_a_resample_misses_counts_as_its_mean() -> None:
    one = hits({"de": [[1], [0]], "fr": [[1, 0, 1], [1, 0, 1]]}, {"de": [9], "fr": [1, 2, 3]})
    german = resampled({"a": one}, 200, seed=1)["a"]["de"]
    assert np.unique(german[:, 0]).tolist() == [100.0]
    assert np.unique(german[:, 1]).tolist() == [0.0]
