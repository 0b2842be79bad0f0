"""Model inputs, above all mixup: eight variants, and none loses content."""

import numpy as np

from training.data.sequences import Pairs, contrast_pairs, join, mixup_pairs, translation_pairs
from training.data.shards import Ragged

X = Ragged.of([[11, 12], [13]])
Y = Ragged.of([[21], [22, 23, 24]])
GROUPS = np.array([7, 8], dtype=np.uint64)
PAIRS = Pairs(X, Y, GROUPS, np.array([0, 3]))


def test_one_separator_between_two_parts() -> None:
    assert join([X]).tolist() == [[0, 11, 12, 2], [0, 13, 2]]
    assert join([X, Y]).tolist() == [[0, 11, 12, 2, 21, 2], [0, 13, 2, 22, 23, 24, 2]]


def test_tlm_takes_both_orders() -> None:
    joined = translation_pairs(PAIRS, np.array([0, 1], dtype=np.uint64))
    assert joined.sequences.tolist() == [[0, 11, 12, 2, 21, 2], [0, 22, 23, 24, 2, 13, 2]]


def test_contrast_without_mixup_swaps_sides_by_the_bit() -> None:
    pairs = contrast_pairs(PAIRS, np.array([0, 1], dtype=np.uint64))
    assert pairs.sequences.tolist() == [[0, 11, 12, 2], [0, 22, 23, 24, 2]]
    assert pairs.keys is not None
    assert pairs.keys.sequences.tolist() == [[0, 21, 2], [0, 13, 2]]
    assert pairs.keys.is_source.tolist() == [False, True]


def test_the_eight_variants_of_mixup_keep_their_content() -> None:
    seen = set()
    for variant in range(8):
        pairs = mixup_pairs(PAIRS, np.array([variant], dtype=np.uint64))
        assert pairs.keys is not None
        assert pairs.keys.groups.tolist() == [[7, 8]]
        (query,), (key,) = pairs.sequences.tolist(), pairs.keys.sequences.tolist()
        sides = sorted([query, key], key=lambda side: min(token for token in side if token > 3))
        assert sides[0] in ([0, 11, 12, 2, 13, 2], [0, 13, 2, 11, 12, 2])
        assert sides[1] in ([0, 21, 2, 22, 23, 24, 2], [0, 22, 23, 24, 2, 21, 2])
        seen.add((tuple(query), tuple(key)))
    assert len(seen) == 8


def test_mixup_gives_an_odd_last_pair_the_first() -> None:
    three = Ragged.of([[11], [12], [13]])
    odd = Pairs(three, three, np.array([1, 2, 3], dtype=np.uint64), np.zeros(3, dtype=np.int64))
    pairs = mixup_pairs(odd, np.zeros(2, dtype=np.uint64))
    assert pairs.sequences.tolist() == [[0, 11, 2, 12, 2], [0, 13, 2, 11, 2]]
