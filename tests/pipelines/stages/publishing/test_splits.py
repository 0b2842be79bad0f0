"""Documents go to splits by their hash, and more are held out where a language would have too few pairs."""

import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.config.publish import HeldOut
from pipelines.dedup.survivors import DEV, TEST, TRAIN
from pipelines.stages.publishing.splits import MOST_DOCUMENTS, MOST_OF_A_LANGUAGE, Assignment, assign, candidates

NAMES = [f"component {number}" for number in range(1000)]


def test_levels_follow_the_hash() -> None:
    assignment = Assignment(0.1, 0.2)
    for name in NAMES:
        place = xxhash.xxh3_64_intdigest(name.encode()) / 2**64
        assert assignment.level(name) == (TEST if place < 0.1 else DEV if place < 0.3 else TRAIN)
    shares = np.bincount([assignment.level(name) for name in NAMES]) / len(NAMES)
    assert shares == pytest.approx([0.7, 0.2, 0.1], abs=0.04)


def test_rows_without_a_document_go_by_their_cluster() -> None:
    assignment = Assignment(0.1, 0.1)
    levels = assignment.levels(
        ["", "component 1"], np.array([0, 1, 0, 0]), np.array([0, 0, 2**64 - 1, 2**64 // 100 * 15], np.uint64)
    )
    assert levels.tolist() == [TEST, assignment.level("component 1"), TRAIN, DEV]


def test_nothing_is_added_where_nothing_is_asked_for() -> None:
    pairs = {name: {"de": 1} for name in NAMES}
    assert assign(HeldOut(), HeldOut(), pairs, pairs).added == {}


def test_a_language_is_brought_to_what_is_asked_for_by_the_cheapest_documents() -> None:
    # two documents hold Icelandic; the one that costs least in German is taken
    pairs = {"dear": {"de": 50, "is": 5}, "cheap": {"de": 5, "is": 5}}
    part = HeldOut(share=0.0, min_pairs=4)
    assert assign(part, HeldOut(share=0.0), pairs, {}).added == {"cheap": TEST}


def test_no_document_is_added_twice() -> None:
    pairs = {name: {"de": 1} for name in NAMES[:100]}
    part = HeldOut(share=0.0, min_pairs=30)
    added = assign(part, part, pairs, pairs).added
    assert sorted(added.values()) == [DEV] * 30 + [TEST] * 30


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(NAMES[:60]),
        st.dictionaries(st.sampled_from(["de", "is", "ja"]), st.integers(0, 20)),
        max_size=60,
    ),
    st.integers(0, 60),
)
def test_each_language_gets_what_is_asked_for_or_its_share(pairs: dict[str, dict[str, int]], wanted: int) -> None:
    part = HeldOut(share=0.1, min_pairs=wanted)
    assignment = assign(part, HeldOut(share=0.0), pairs, {})
    assert set(assignment.added) <= set(pairs)
    for language in ("de", "is", "ja"):
        total = sum(counts.get(language, 0) for counts in pairs.values())
        held = sum(counts.get(language, 0) for name, counts in pairs.items() if assignment.level(name) == TEST)
        assert held >= min(wanted, MOST_OF_A_LANGUAGE * total)


def test_of_few_documents_all_are_candidates() -> None:
    parts = [{"a": {"de": 1}, "b": {"fr": 2}}, {}, {"a": {"de": 3, "fr": 1}}]
    assert candidates(parts, 5) == {"a": {"de": 4, "fr": 1}, "b": {"fr": 2}}


@given(st.integers(1, 3000))
@settings(max_examples=10, deadline=None)
def test_of_many_documents_those_with_the_lowest_hashes_are(size: int) -> None:
    names = [f"page {number}" for number in range(3 * MOST_DOCUMENTS)]
    parts = [{name: {"de": 1} for name in names[at : at + size]} for at in range(0, len(names), size)]
    found = candidates([*parts, {"page 7": {"is": 1}, "rare": {"is": 2}}], 10)
    lowest = sorted(names, key=lambda name: xxhash.xxh3_64_intdigest(name.encode()))[:MOST_DOCUMENTS]
    assert set(found) == {*lowest, "page 7", "rare"}
    assert len(candidates(parts, MOST_DOCUMENTS // 5)) == 2 * MOST_DOCUMENTS
