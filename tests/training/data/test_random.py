"""Permutations and bits as pure functions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.random import bits, generator, key, mix, permute


def test_mix_is_splitmix64() -> None:
    # the first output of SplitMix64 with state 0 (Vigna's splitmix64.c)
    assert int(mix(np.zeros(1, dtype=np.uint64))[0]) == 0xE220A8397B1DCDAF


@settings(deadline=None)
@given(st.integers(1, 3000), st.integers(0, 2**63))
def test_permute_is_a_permutation(size: int, seed: int) -> None:
    result = permute(np.arange(size), size, seed)
    assert sorted(result.tolist()) == list(range(size))


def test_permute_needs_no_neighbours() -> None:
    whole = permute(np.arange(1000), 1000, 7)
    assert permute(np.array([999, 3]), 1000, 7).tolist() == [whole[999], whole[3]]


def test_each_index_may_have_a_size_and_a_seed_of_its_own() -> None:
    index, sizes = np.array([4, 4, 0, 2]), np.array([10, 10, 1, 700])
    seeds = np.array([7, 8, 9, 7], dtype=np.uint64)
    alone = [permute(index[at : at + 1], int(sizes[at]), int(seeds[at]))[0] for at in range(4)]
    assert permute(index, sizes, seeds).tolist() == alone


def test_permute_shuffles_and_depends_on_the_seed() -> None:
    one, other = (permute(np.arange(1000), 1000, seed) for seed in (1, 2))
    assert (one == np.arange(1000)).sum() < 20
    assert (one == other).sum() < 20
    assert abs(np.corrcoef(one, np.arange(1000))[0, 1]) < 0.15


def test_bits_are_fair() -> None:
    drawn = bits(np.arange(4000), 5)
    for place in range(3):
        share = float(((drawn >> np.uint64(place)) & np.uint64(1)).mean())
        assert share == pytest.approx(0.5, abs=0.05)


def test_keys_tell_the_order_of_their_parts_apart() -> None:
    assert key(7) == int(mix(np.array([7], dtype=np.uint64))[0])
    assert len({key(1, 2), key(2, 1), key(1), key(1, 2, 0)}) == 4
    assert generator(1, 2).random() == generator(1, 2).random()
