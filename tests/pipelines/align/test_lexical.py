"""Alignment by words: what a lexicon of another kind of text does."""

import numpy as np
import pytest

from pipelines.align import lexical
from pipelines.align.band import Band
from pipelines.align.beads import TYPES, Float32
from pipelines.align.lexicon import empty


def test_a_lexicon_that_denies_everything_leaves_it_to_the_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(band: Band, *_: object) -> Float32:
        return np.full((len(TYPES), len(band.first), band.width), -50, np.float32)

    monkeypatch.setattr(lexical, "evidence", denied)
    text = ["x" * length for length in (40, 10, 80, 25, 60, 15)]
    beads = lexical.align(text, text, empty())
    assert beads.sources.tolist() == beads.targets.tolist() == [1] * len(text)
