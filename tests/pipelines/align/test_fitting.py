"""What is fitted to two documents: how often beads are of each type, and the ratio of lengths."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.align.band import Band
from pipelines.align.beads import TYPES
from pipelines.align.fitting import fitted_beads, fitted_penalties
from pipelines.align.length import penalty


def test_penalties_without_beads_are_those_of_the_paper() -> None:
    found = fitted_penalties(np.zeros((0, 2), np.int64))
    assert found.tolist() == pytest.approx([penalty(n, m) for n, m in TYPES], abs=1e-5)


def test_penalties_by_hand() -> None:
    sizes = np.array([(1, 1)] * 60 + [(1, 0)] * 30 + [(0, 1)] * 10)
    weights = {kind: math.exp(-penalty(*kind)) for kind in TYPES}
    prior = {kind: 100 * weight / sum(weights.values()) for kind, weight in weights.items()}
    found = dict(zip(TYPES, fitted_penalties(sizes).tolist(), strict=True))
    for kind in ((1, 0), (0, 1)):  # both sides alike: (30 + 10) / 2
        assert found[kind] == pytest.approx(-math.log((20 + prior[kind]) / (60 + prior[1, 1])), abs=1e-4)
    assert found[2, 1] == pytest.approx(-math.log(prior[2, 1] / (60 + prior[1, 1])), abs=1e-4)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 1000))
def test_every_sentence_is_in_one_bead(sources: int, targets: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    band = Band.whole(sources, targets)
    evidence = random.normal(0, 5, (len(TYPES), len(band.first), band.width)).astype(np.float32)
    beads = fitted_beads(band, (random.integers(1, 99, sources), random.integers(1, 99, targets)), evidence)
    assert (beads.sources.sum(), beads.targets.sum()) == (sources, targets)
