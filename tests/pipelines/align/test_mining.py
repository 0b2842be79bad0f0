import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.align.margins import Margin, Retrieval, centred, margins, mine
from pipelines.align.mining import approximate_index, exact_index, nearest


def unit(rows: int, width: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def translated(source: np.ndarray, noise: float, seed: int) -> np.ndarray:
    moved = source + noise * unit(*source.shape, seed)
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def test_neighbours_are_those_of_a_plain_sort_however_the_database_is_cut() -> None:
    queries, database = unit(50, 8, 1), unit(300, 8, 2)
    similarity = queries @ database.T
    expected = np.argsort(-similarity, axis=1)[:, :4]
    for cuts in ([], [100], [1, 3, 299]):
        found = nearest(queries, (exact_index(part) for part in np.split(database, cuts)), 4)
        assert found.index.tolist() == expected.tolist()
        assert found.similarity == pytest.approx(np.take_along_axis(similarity, expected, 1), abs=1e-6)
        assert found.mean == pytest.approx(found.similarity.mean(axis=1))


def test_of_equally_near_rows_the_first_win() -> None:
    one = unit(1, 8, 1)
    found = nearest(one, [exact_index(np.repeat(one, 3, axis=0)), exact_index(np.repeat(one, 3, axis=0))], 4)
    assert found.index.tolist() == [[0, 1, 2, 3]]


def test_a_small_database_has_fewer_neighbours() -> None:
    assert nearest(unit(5, 8, 1), [exact_index(unit(2, 8, 2))], 4).index.shape == (5, 2)


def test_the_approximate_index_finds_nearly_all_that_the_exact_one_does_and_is_always_the_same() -> None:
    centres = unit(200, 32, 3)
    database = translated(np.repeat(centres, 100, axis=0), 0.7, 4)
    queries = translated(centres, 0.7, 5)
    exact = nearest(queries, [exact_index(database)], 4).index
    found = nearest(queries, [approximate_index(database)], 4)
    again = nearest(queries, [approximate_index(database)], 4)
    recall = np.mean([len(set(a) & set(b)) / 4 for a, b in zip(exact, found.index, strict=True)])
    assert recall > 0.95
    assert found.index.tolist() == again.index.tolist()
    assert found.similarity.tobytes() == again.similarity.tobytes()


def test_without_sentences_there_are_no_pairs() -> None:
    nothing = nearest(np.zeros((0, 4), np.float32), [], 4)
    some = nearest(unit(3, 4, 1), [], 4)
    assert mine(some, nothing, "ratio", "max").source.tolist() == []


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 5), st.integers(0, 1000))
def test_max_is_what_going_through_the_candidates_one_by_one_gives(n: int, m: int, k: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    source, target = (draw.integers(0, 4, (rows, 3)) + 0.0 for rows in (n, m))  # many equal rows, so many ties
    source, target = (centred(side, np.zeros(3)) for side in (source, target))
    forward = nearest(source, [exact_index(target)], k)
    backward = nearest(target, [exact_index(source)], k)
    found = mine(forward, backward, "ratio", "max")
    assert len(set(found.source.tolist())) == len(set(found.target.tolist())) == len(found.source)

    candidates = []
    for neighbours, others, flip in ((forward, backward.mean, False), (backward, forward.mean, True)):
        scores = margins(neighbours, others, "ratio")
        for row, best in enumerate(scores.argmax(axis=1)):
            pair = (row, int(neighbours.index[row, best]))
            candidates.append((-scores[row, best], *(pair[::-1] if flip else pair)))
    taken: list[tuple[int, int]] = []
    used: tuple[set[int], set[int]] = (set(), set())
    for _, one, other in sorted(candidates):
        if one not in used[0] and other not in used[1]:
            taken.append((one, other))
            used[0].add(one)
            used[1].add(other)
    assert sorted(taken) == sorted(zip(found.source.tolist(), found.target.tolist(), strict=True))


@pytest.mark.parametrize("margin", ["ratio", "distance"])
@pytest.mark.parametrize("retrieval", ["max", "intersection"])
def test_translations_are_found_among_distractors(margin: Margin, retrieval: Retrieval) -> None:
    bitext = unit(100, 64, 1)
    source = np.concatenate([bitext, unit(900, 64, 2)])
    target = np.concatenate([translated(bitext, 0.6, 3), unit(900, 64, 4)])
    forward, backward = (nearest(one, [exact_index(other)], 4) for one, other in ((source, target), (target, source)))
    found = mine(forward, backward, margin, retrieval)
    found = found.take(found.margin >= {"ratio": 1.4, "distance": 0.2}[margin])
    right = (found.source == found.target) & (found.source < 100)
    assert right.sum() / max(len(right), 1) > 0.95
    assert right.sum() > 95
