"""Copies are found whatever the chunks, and joined under the fold."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dedup.exact import (
    Hashes,
    among,
    cluster_keys,
    document_hashes,
    find_copies,
    group_mask,
    hash_texts,
    sides_in_keys,
)

HASHES = st.lists(st.integers(0, 2**64 - 1), max_size=60).map(lambda values: np.array(values, np.uint64))


def test_texts_that_fold_alike_have_one_hash() -> None:
    first, second, other = hash_texts(["Straße  Ⅷ", "STRASSE viii", "Strasse 8"])
    assert first == second != other


def test_keys_tell_languages_and_kinds_apart() -> None:
    text = hash_texts(["Bluetooth", "Bluetooth", "bluetooth"])
    assert len(set(cluster_keys(np.array([0, 1, 0], np.int32), ["de", "fr"], text).tolist())) == 2
    source, target = hash_texts(["On", "Off"]), hash_texts(["Off", "On"])
    assert len(set(cluster_keys(np.zeros(2, np.int32), ["de"], source, target).tolist())) == 2
    one = np.zeros(1, np.int32)
    assert cluster_keys(one, ["de"], text[:1]) != cluster_keys(one, ["de"], text[:1], text[:1])


def test_golden_copies() -> None:
    chunks = [np.array([7, 9, 7], np.uint64), np.array([], np.uint64), np.array([8, 9, 7], np.uint64)]
    found = list(find_copies(lambda: chunks))
    assert [copies.size.tolist() for copies in found] == [[3, 2, 3], [], [1, 2, 3]]
    assert [copies.rank.tolist() for copies in found] == [[0, 0, 1], [], [0, 1, 2]]


@given(st.lists(st.lists(st.integers(0, 12), max_size=12), max_size=4))
def test_copies_are_those_of_a_dictionary(chunks: list[list[int]]) -> None:
    expected = Counter(value for values in chunks for value in values)
    met: Counter[int] = Counter()
    arrays = [np.array(values, np.uint64) for values in chunks]
    for values, copies in zip(chunks, find_copies(lambda: arrays), strict=True):
        assert copies.size.tolist() == [expected[value] for value in values]
        for value, rank in zip(values, copies.rank.tolist(), strict=True):
            assert rank == met[value]
            met[value] += 1


def test_documents_are_equal_if_their_texts_are_in_the_same_order() -> None:
    texts = hash_texts(["one", "two", "one", "TWO", "two", "one", "one", "one"])
    row = np.array([0, 0, 1, 1, 2, 2, 3, 5], np.int32)
    found = document_hashes(texts, row, 6)
    assert found[0] == found[1]
    assert found[3] == found[5]
    assert len(set(found.tolist())) == 4
    assert found[3] not in texts


@given(HASHES, HASHES)
def test_among_is_membership(hashes: np.ndarray, others: np.ndarray) -> None:
    others = np.concatenate([others, hashes[::3]])
    assert among(hashes, np.sort(others)).tolist() == [value in set(others.tolist()) for value in hashes.tolist()]


def test_groups_have_masks_of_their_own() -> None:
    masks = {int(group_mask(group)) for group in range(1000)}
    assert len(masks) == 1000
    assert 0 not in masks


@given(HASHES)
def test_keys_give_the_hashes_of_their_texts_back(hashes: Hashes) -> None:
    language = np.arange(len(hashes), dtype=np.int32) % 2
    keys = cluster_keys(language, ["de", "fr"], hashes)
    assert sides_in_keys(keys, language, ["de", "fr"]).tolist() == hashes.tolist()
