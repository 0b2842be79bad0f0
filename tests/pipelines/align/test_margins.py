import numpy as np
import pytest

from pipelines.align.margins import Neighbours, centred, margins, mine


def test_the_margin_is_the_papers() -> None:
    # two sources, two targets, k = 2; cosines [[.8, .4], [.6, .2]]
    forward = Neighbours(np.array([[0.8, 0.4], [0.6, 0.2]], np.float32), np.array([[0, 1], [0, 1]]))
    backward = np.array([(0.8 + 0.6) / 2, (0.4 + 0.2) / 2], np.float32)
    usual = np.array([[(0.6 + 0.7) / 2, (0.6 + 0.3) / 2], [(0.4 + 0.7) / 2, (0.4 + 0.3) / 2]])
    cosines = np.array([[0.8, 0.4], [0.6, 0.2]])
    assert margins(forward, backward, "ratio") == pytest.approx(cosines / usual)
    assert margins(forward, backward, "distance") == pytest.approx(cosines - usual)
    assert margins(forward, backward, "absolute") == pytest.approx(cosines)


def test_each_way_of_retrieval_by_hand() -> None:
    # absolute margins: source 0 likes target 0 (.9), source 1 target 0 (.8), source 2 target 1 (.5);
    # target 0 likes source 0 (.9), target 1 source 1 (.7)
    forward = Neighbours(np.array([[0.9], [0.8], [0.5]], np.float32), np.array([[0], [0], [1]]))
    backward = Neighbours(np.array([[0.9], [0.7]], np.float32), np.array([[0], [1]]))
    found = {
        retrieval: list(zip(pairs.source.tolist(), pairs.target.tolist(), strict=True))
        for retrieval in ("forward", "backward", "intersection", "max")
        for pairs in [mine(forward, backward, "absolute", retrieval)]
    }
    assert found == {
        "forward": [(0, 0), (1, 0), (2, 1)],
        "backward": [(0, 0), (1, 1)],
        "intersection": [(0, 0)],
        "max": [(0, 0), (1, 1)],
    }
    pairs = mine(forward, backward, "absolute", "max")
    assert pairs.margin == pytest.approx([0.9, 0.7])
    assert pairs.take(pairs.margin >= 0.75).source.tolist() == [0]


def test_a_mean_that_all_share_is_taken_away() -> None:
    vectors = np.random.default_rng(1).standard_normal((40, 16))
    shifted = vectors + 3
    assert centred(shifted, shifted.mean(axis=0)) == pytest.approx(centred(vectors, vectors.mean(axis=0)), abs=1e-5)
    assert not centred(np.ones((1, 4)), np.ones(4)).any()
