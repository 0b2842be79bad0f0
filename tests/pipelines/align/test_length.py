"""Gale and Church: costs by hand, and what holds for every alignment."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.align import length, lexical
from pipelines.align.beads import Beads
from pipelines.align.lexicon import empty


@pytest.mark.parametrize(
    ("source", "target", "c", "expected"),
    [
        (100, 100, 1.0, 0.0),
        (100, 110, 1.0, -math.log(2 * (1 - 0.5 * (1 + math.erf(10 / math.sqrt(6.8 * 105) / math.sqrt(2)))))),
        (100, 60, 0.5, -math.log(2 * (1 - 0.5 * (1 + math.erf(20 / math.sqrt(6.8 * 110) / math.sqrt(2)))))),
        (10, 900, 1.0, 25.0),
        (0, 0, 1.0, 0.0),
    ],
)
def test_costs_by_hand(source: int, target: int, c: float, expected: float) -> None:
    found = length.match(np.float32([source]), np.float32([target]), c)
    assert found[0] == pytest.approx(expected, abs=0.01)


def test_penalties_are_the_logarithms_of_the_papers_frequencies() -> None:
    one = 0.89
    for types, frequency in (([(1, 0), (0, 1)], 0.0099), ([(2, 1), (1, 2)], 0.089), ([(2, 2)], 0.011), ([(1, 1)], one)):
        for n, m in types:
            assert length.penalty(n, m) == pytest.approx(-math.log(frequency / one), abs=0.01)
    assert length.penalty(3, 1) == pytest.approx(4.6)
    assert length.penalty(4, 3) == pytest.approx(2.3 + 8.8)


def test_a_sentence_that_was_divided() -> None:
    sources = ["a" * 60, "b" * 120, "c" * 31]
    targets = ["a" * 62, "b" * 58, "b" * 60, "c" * 30]
    beads = length.align(sources, targets)
    assert beads.sources.tolist() == [1, 1, 1]
    assert beads.targets.tolist() == [1, 2, 1]
    assert (beads.confidence > 0.9).all()


def covered(beads: Beads, sources: int, targets: int) -> bool:
    """Whether every sentence is in exactly one bead, in order."""
    sides = ((beads.source, beads.sources, sources), (beads.target, beads.targets, targets))
    return all([x for s, n in zip(at, count, strict=True) for x in range(s, s + n)] == list(range(total))
               for at, count, total in sides)  # fmt: skip


SENTENCES = st.lists(
    st.sampled_from(["", " ", "a", "Yes.", "One two three.", "x" * 400, "2024", "你好。"]), max_size=12
)


@settings(max_examples=40, deadline=None)
@given(SENTENCES, SENTENCES)
def test_every_sentence_is_in_one_bead(sources: list[str], targets: list[str]) -> None:
    assert covered(length.align(sources, targets), len(sources), len(targets))
    assert covered(lexical.align(sources, targets, empty()), len(sources), len(targets))


def test_long_documents_are_aligned_in_a_band() -> None:
    random = np.random.default_rng(1)
    lengths = random.integers(10, 300, 700).tolist()
    sources = ["a" * one for one in lengths]
    targets = ["b" * one for one in lengths[:100] + lengths[102:]]
    beads = length.align(sources, targets)
    assert covered(beads, 700, 698)
    same = beads.two_sided & (beads.source - beads.target == np.where(beads.source < 100, 0, 2))
    assert np.count_nonzero(same & (beads.sources == 1) & (beads.targets == 1)) > 680


def test_equal_documents_align_one_to_one() -> None:
    text = [f"Sentence number {n} of {n * n % 17} in all." * (1 + n % 4) for n in range(50)]
    for beads in (length.align(text, text), lexical.align(text, text, empty())):
        assert set(zip(beads.sources.tolist(), beads.targets.tolist(), strict=True)) == {(1, 1)}


def test_spread_makes_long_texts_of_unlike_length_likelier() -> None:
    delta = 200 / math.sqrt(1000 * (6.8 + 0.03 * 1000))
    expected = -math.log(math.erfc(delta / math.sqrt(2)))
    found = length.match(np.array([900.0], np.float32), np.array([1100.0], np.float32), 1.0, spread=0.03)
    assert found[0] == pytest.approx(expected, abs=0.02)
    assert length.match(np.array([900.0], np.float32), np.array([1100.0], np.float32), 1.0)[0] > expected + 1
