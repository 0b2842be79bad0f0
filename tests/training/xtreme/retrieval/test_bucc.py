"""BUCC's search and threshold against an implementation of the official rules that goes pair by pair."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.xtreme.retrieval.bucc import Candidates, Embedded, Pair, Threshold, best_threshold, candidates, embedded
from training.xtreme.tasks.examples import Bitext, Sentence

CPU = torch.device("cpu")


def side(prefix: str, texts: list[str]) -> tuple[Sentence, ...]:
    return tuple(Sentence(f"{prefix}-{number}", text) for number, text in enumerate(texts))


def by_hand(source: list[str], target: list[str], vector: dict[str, np.ndarray]) -> dict[Pair, float]:
    """The official rules in plain loops: unify, score both directions, join best first, drop what is repeated."""
    own, other = list(dict.fromkeys(source)), list(dict.fromkeys(target))
    cosine = np.array([[vector[a] @ vector[b] for b in other] for a in own])
    k_forward, k_backward = min(4, len(other)), min(4, len(own))
    forward = [sorted(range(len(other)), key=lambda j, i=i: (-cosine[i, j], j))[:k_forward] for i in range(len(own))]
    backward = [sorted(range(len(own)), key=lambda i, j=j: (-cosine[i, j], i))[:k_backward] for j in range(len(other))]
    mean_own = [np.mean([cosine[i, j] for j in found]) for i, found in enumerate(forward)]
    mean_other = [np.mean([cosine[i, j] for i in found]) for j, found in enumerate(backward)]

    def ratio(i: int, j: int) -> float:
        return float(cosine[i, j] / ((mean_own[i] + mean_other[j]) / 2))

    joint = {(i, max(found, key=lambda j, i=i: ratio(i, j))) for i, found in enumerate(forward)}
    joint |= {(max(found, key=lambda i, j=j: ratio(i, j)), j) for j, found in enumerate(backward)}
    taken: dict[Pair, float] = {}
    used: tuple[set[int], set[int]] = (set(), set())
    for i, j in sorted(joint, key=lambda pair: -ratio(*pair)):
        if i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            if source.count(own[i]) == 1 and target.count(other[j]) == 1:
                taken[f"x-{source.index(own[i])}", f"en-{target.index(other[j])}"] = ratio(i, j)
    return taken


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10_000))
def test_candidates_are_the_official_ones(n: int, m: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    source = [f"s{number}" for number in random.integers(0, n + 1, n)]  # some stand twice
    target = [f"t{number}" for number in random.integers(0, m + 1, m)]
    vector = {}
    for text in dict.fromkeys(source + target):
        drawn = np.abs(random.standard_normal(6)).astype(np.float32)
        vector[text] = drawn / np.linalg.norm(drawn)
    bitext = Bitext(side("x", source), side("en", target), None)
    found = candidates(embedded(bitext, lambda texts: np.stack([vector[text] for text in texts])), False, CPU)
    expected = by_hand(source, target, vector)
    assert dict(zip(found.pairs, found.margins.tolist(), strict=True)) == pytest.approx(expected, abs=1e-5)
    assert (np.diff(found.margins) <= 0).all()


def optimized(found: Candidates, gold: frozenset[Pair]) -> Threshold:
    """The threshold by the official loop, with the mended end."""
    threshold, best = 0.0, 0.0
    for taken in range(1, len(found.pairs) + 1):
        right = len(gold & set(found.pairs[:taken]))
        if right:
            precision, recall = right / taken, right / len(gold)
            f1 = 2 * precision * recall / (precision + recall)
            if f1 > best + 1e-12:
                best = f1
                threshold = float(found.margins[taken - 1] + found.margins[min(taken, len(found.pairs) - 1)]) / 2
    return Threshold(threshold, 100 * best)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.booleans(), max_size=15), st.integers(0, 5), st.integers(0, 1000))
def test_the_threshold_is_the_official_loops(rights: list[bool], missing: int, seed: int) -> None:
    pairs = tuple((f"x-{row}", f"en-{row}") for row in range(len(rights)))
    margins = np.sort(np.random.default_rng(seed).random(len(rights)))[::-1]
    gold = {pair for pair, right in zip(pairs, rights, strict=True) if right}
    gold |= {(f"y-{row}", "en") for row in range(missing)}
    found = best_threshold(Candidates(pairs, margins), frozenset(gold))
    expected = optimized(Candidates(pairs, margins), frozenset(gold))
    assert found.margin == pytest.approx(expected.margin)
    assert found.f1 == pytest.approx(expected.f1)


def test_the_threshold_lies_between_the_last_pair_taken_and_the_next() -> None:
    found = Candidates((("a", "1"), ("b", "2"), ("c", "3")), np.array([1.4, 1.2, 1.0]))
    chosen = best_threshold(found, frozenset({("a", "1"), ("b", "2")}))
    assert chosen.margin == pytest.approx(1.1)
    assert chosen.f1 == 100
    assert found.at_least(chosen.margin) == [("a", "1"), ("b", "2")]


def test_where_all_are_right_all_are_taken() -> None:
    found = Candidates((("a", "1"), ("b", "2")), np.array([1.4, 1.2]))
    chosen = best_threshold(found, frozenset(found.pairs))
    assert found.at_least(chosen.margin) == list(found.pairs)


def test_without_sentences_there_is_no_candidate() -> None:
    nothing = Bitext((), side("en", ["a"]), None)
    assert candidates(Embedded(nothing, np.zeros((0, 2)), np.zeros((1, 2))), False, CPU).pairs == ()
