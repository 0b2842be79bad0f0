"""The dynamic program against a plain one, cell by cell; bands and paths."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.align.band import Band, between, path_of
from pipelines.align.beads import TYPES, Beads
from pipelines.align.program import cheapest, cheapest_with_confidence

Cost = dict[tuple[int, int, int, int], float]


def drawn(sources: int, targets: int, seed: int) -> Cost:
    """Return a random cost for each bead, by its end and its size."""
    random = np.random.default_rng(seed)
    nodes = [(x, y) for x in range(sources + 1) for y in range(targets + 1)]
    return {(x, y, n, m): float(np.float32(random.uniform(0.1, 5) * max(n, m))) for x, y in nodes for n, m in TYPES}


def on_band(band: Band, cost: Cost) -> np.ndarray:
    out = np.zeros((len(TYPES), len(band.first), band.width), np.float32)
    x, y = band.nodes(0, len(band.first))
    for place, (n, m) in enumerate(TYPES):
        for row, slot in np.ndindex(x.shape):
            out[place, row, slot] = cost.get((int(x[row, slot]), int(y[row, slot]), n, m), 0)
    return out


def plain(sources: int, targets: int, cost: Cost) -> tuple[float, list[tuple[int, int]]]:
    best: dict[tuple[int, int], tuple[float, list[tuple[int, int]]]] = {(0, 0): (0.0, [])}
    for x in range(sources + 1):
        for y in range(targets + 1):
            for n, m in TYPES:
                if (x - n, y - m) in best and (x or y):
                    before, beads = best[x - n, y - m]
                    total = before + cost[x, y, n, m]
                    if (x, y) not in best or total < best[x, y][0]:
                        best[x, y] = total, [*beads, (n, m)]
    return best[sources, targets]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 7), st.integers(0, 7), st.integers(0, 1000))
def test_the_cheapest_chain_is_that_of_a_plain_program(sources: int, targets: int, seed: int) -> None:
    cost = drawn(sources, targets, seed)
    band = Band.whole(sources, targets)
    costs = on_band(band, cost)
    total, beads = plain(sources, targets, cost)
    for found in (cheapest(band, TYPES, lambda a, b: costs[:, a:b]), cheapest_with_confidence(band, TYPES, costs)[0]):
        ends = np.cumsum(found, axis=0).tolist()
        assert sum(cost[x, y, n, m] for (x, y), (n, m) in zip(ends, found.tolist(), strict=True)) == pytest.approx(
            total
        )
        assert [tuple(size) for size in found.tolist()] == beads
        assert found.sum(axis=0).tolist() == [sources, targets]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 1000))
def test_confidence_is_a_share_of_the_ways_that_cost_as_much(sources: int, targets: int, seed: int) -> None:
    cost = drawn(sources, targets, seed)
    band = Band.whole(sources, targets)
    sizes, confidence = cheapest_with_confidence(band, TYPES, on_band(band, cost))
    ways = all_ways(sources, targets, cost)
    shortest = min(total for total, _ in ways)
    starts = (np.cumsum(sizes, axis=0) - sizes).tolist()
    for (x, y), (n, m), found in zip(starts, sizes.tolist(), confidence.tolist(), strict=True):
        if not n:
            assert found == 1
            continue
        through: dict[tuple[int, ...], float] = {}
        for total, beads in ways:
            for bead in beads:
                if bead[0] <= x < bead[0] + bead[2]:
                    through[bead] = min(through.get(bead, math.inf), total)
        assert (x, y, n, m) in through
        weights = sum(math.exp(shortest - total) for total in through.values())
        assert found == pytest.approx(1 / weights, rel=1e-4)


def all_ways(sources: int, targets: int, cost: Cost) -> list[tuple[float, list[tuple[int, int, int, int]]]]:
    """Return every chain of beads (source, target, sources, targets) with its cost, those that cost far too much left
    out.
    """
    limit = plain(sources, targets, cost)[0] + 12
    done = []
    stack: list[tuple[int, int, float, list[tuple[int, int, int, int]]]] = [(0, 0, 0.0, [])]
    while stack:
        x, y, total, beads = stack.pop()
        if (x, y) == (sources, targets):
            done.append((total, beads))
        for n, m in TYPES:
            if x + n <= sources and y + m <= targets:
                longer = total + cost[x + n, y + m, n, m]
                if longer <= limit:
                    stack.append((x + n, y + m, longer, [*beads, (x, y, n, m)]))
    return done


def test_a_band_around_the_path_finds_the_same() -> None:
    cost = drawn(30, 34, 5)
    whole = Band.whole(30, 34)
    costs = on_band(whole, cost)
    sizes = cheapest(whole, TYPES, lambda a, b: costs[:, a:b])
    band = Band.along(path_of(sizes), 30, 8)
    narrow = on_band(band, cost)
    assert cheapest(band, TYPES, lambda a, b: narrow[:, a:b]).tolist() == sizes.tolist()


def test_no_way_through_the_band() -> None:
    band = Band(3, 3, np.zeros(7, np.int64), 2)
    with pytest.raises(ValueError, match="no chain of beads"):
        cheapest(band, TYPES, lambda a, b: np.zeros((len(TYPES), b - a, 2), np.float32))


@given(st.lists(st.sampled_from(TYPES), max_size=30))
def test_a_path_makes_one_step_at_a_time(sizes: list[tuple[int, int]]) -> None:
    ends = np.array(sizes, np.int64).reshape(-1, 2)
    path = path_of(ends) if sizes else np.zeros(1, np.int64)
    n, m = ends.sum(axis=0).tolist()
    assert len(path) == n + m + 1
    assert (path[0], path[-1]) == (0, m)
    assert all(after - before in (0, 1) for before, after in pairwise(path.tolist()))
    at = np.cumsum(ends, axis=0)[(ends > 0).all(axis=1)]
    assert path[at.sum(axis=1)].tolist() == at[:, 1].tolist()


def test_a_run_of_deletions_is_a_straight_line() -> None:
    path = between(np.zeros(2, np.int64), np.array([[2, 2], [2, 2], [4, 6]]))
    assert path.tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6]


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 9))
def test_blocks_cover_a_band(sources: int, targets: int, half_width: int) -> None:
    path = between(np.zeros(2, np.int64), np.array([[sources, targets]]))
    for band in (Band.whole(sources, targets), Band.along(path, sources, half_width)):
        seen = np.zeros((len(band.first), band.width), np.float32)
        for x, x_end, y, y_end in band.blocks():
            band.fill(seen, (x, y), np.ones((x_end - x, y_end - y), np.float32))
        x, y = band.nodes(0, len(band.first))
        inside = (x >= 0) & (x <= sources) & (y >= 0) & (y <= targets)
        assert (seen[inside] == 1).all()
        turned = band.transposed()
        y_again, x_again = turned.nodes(0, len(turned.first))
        assert (x_again[:, ::-1] == x).all()
        assert (y_again[:, ::-1] == y).all()


def test_beads_follow_each_other() -> None:
    sizes = np.array([(1, 2), (1, 0), (0, 1), (2, 1)])
    beads = Beads.of(sizes, np.full(4, 0.5, np.float32))
    assert beads.source.tolist() == [0, 1, 2, 2]
    assert beads.target.tolist() == [0, 2, 2, 3]
    assert beads.confidence.tolist() == [0.5, 0, 0, 0.5]
    assert len(beads) == 4
