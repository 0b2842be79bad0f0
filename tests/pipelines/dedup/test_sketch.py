"""Sketches agree as often as sets are similar, and pairs that share a band are found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dedup import candidates
from pipelines.dedup.candidates import NEIGHBOURS, encode, pairs_sharing, unique_pairs
from pipelines.dedup.shingles import Shingles
from pipelines.dedup.sketch import band_keys, sketch


def shingles_of(*sets: list[int]) -> Shingles:
    return Shingles(np.array([value for own in sets for value in own], np.uint32), np.cumsum([0, *map(len, sets)]))


def two_sets(size: int, common: int, seed: int) -> tuple[list[int], list[int]]:
    values = np.random.default_rng(seed).choice(2**32, 2 * size - common, replace=False).tolist()
    return values[:size], values[size - common :]


def test_a_bin_keeps_its_smallest_shingle() -> None:
    quarter = 1 << 30
    found = sketch(shingles_of([quarter + 7, 3, quarter + 5, 2 * quarter, 3 * quarter, 9]), 4)
    assert found.tolist() == [[3, quarter + 5, 2 * quarter, 3 * quarter]]


def test_empty_bins_borrow_from_full_ones() -> None:
    found = sketch(shingles_of([5], [], [5, 1 << 31], [5, 5]), 16)
    assert set(found[0].tolist()) == {5}
    assert set(found[2].tolist()) == {5, 1 << 31}
    assert found[0].tolist() == found[3].tolist()
    assert len(set(found[1].tolist())) == 1  # a document without shingles has no value


@pytest.mark.parametrize("size", [8, 40, 400, 4000])
@pytest.mark.parametrize("similarity", [0.5, 0.8, 1.0])
def test_sketches_agree_as_often_as_sets_are_similar(size: int, similarity: float) -> None:
    common = round(2 * size * similarity / (1 + similarity))
    exact = common / (2 * size - common)
    pairs = [two_sets(size, common, seed) for seed in range(100)]
    found = sketch(shingles_of(*(own for pair in pairs for own in pair)), 120)
    agreement = (found[0::2] == found[1::2]).mean()
    assert agreement == pytest.approx(exact, abs=0.03)


@pytest.mark.parametrize("size", [8, 40, 400])
def test_similar_documents_share_a_band_as_often_as_the_formula_says(size: int) -> None:
    common = round(2 * size * 0.8 / 1.8)
    exact = common / (2 * size - common)
    keys = band_keys(shingles_of(*(own for seed in range(300) for own in two_sets(size, common, seed))), 20, 6)
    meets = (keys[0::2] == keys[1::2]).any(1).mean()
    assert meets >= 1 - (1 - exact**6) ** 20 - 0.03


def test_bands_have_keys_of_their_own() -> None:
    keys = band_keys(shingles_of([5]), 20, 6)  # every bin holds the same value
    assert len(set(keys.ravel().tolist())) == 20


def pairs_of(keys: list[int], ids: list[int], part: int = 1 << 20, most: int = 1 << 20) -> set[tuple[int, int]]:
    """Return the pairs of documents that come in parts of this size."""
    parts = [
        (np.array(keys[begin : begin + part], np.uint64), np.array(ids[begin : begin + part], np.int64))
        for begin in range(0, len(keys), part)
    ]
    found = pairs_sharing(parts, most)
    return {pair for left, right in found for pair in zip(left.tolist(), right.tolist(), strict=True)}


@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 2, 1 << 63, (1 << 63) + 1]), st.integers(0, 30)), max_size=16),
    st.integers(1, 20),
    st.integers(1, 20),
)
def test_pairs_are_those_of_a_dictionary(entries: list[tuple[int, int]], part: int, chunk: int) -> None:
    entries.sort(key=lambda entry: entry[1])
    expected = {(a, b) for key, a in entries for other, b in entries if key == other and a < b}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_CHUNK", chunk)
        assert pairs_of([key for key, _ in entries], [document for _, document in entries], part) == expected


@pytest.mark.parametrize(("part", "most"), [(1 << 20, 1 << 20), (100, 1 << 20), (100, 50), (7, 1)])
def test_a_large_bucket_has_pairs_in_proportion(part: int, most: int) -> None:
    star = {(0, other) for other in range(1, 1000)}
    chain = {(one, one + step) for step in range(1, NEIGHBOURS + 1) for one in range(1000 - step)}
    assert pairs_of([0] * 1000, list(range(1000)), part, most) == star | chain


def test_pairs_with_large_ids_come_once() -> None:
    ids = encode(np.array([0, 0, 1 << 20], np.int32), np.array([7, 8, 1], np.uint32))
    left, right = unique_pairs(ids[[0, 0, 1, 1, 1]], ids[[2, 2, 2, 1, 2]])
    assert left.tolist() == [7, 8]
    assert right.tolist() == [(1 << 52) + 1] * 2
