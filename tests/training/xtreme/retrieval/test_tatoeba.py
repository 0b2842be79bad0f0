import numpy as np
import pytest
import torch

from training.xtreme.retrieval.tatoeba import search
from training.xtreme.retrieval.vectors import Representation
from training.xtreme.tasks.examples import Bitext, Sentence

CPU = torch.device("cpu")
VECTORS = {
    "eins": (1.0, 0.0, 0.0),
    "zwei": (0.0, 1.0, 0.0),
    "drei": (0.6, 0.8, 0.0),
    "one": (0.9, 0.1, 0.0),
    "three": (0.5, 0.9, 0.0),
    "two": (0.4, 0.8, 0.0),
}


def vectors(texts: list[str]) -> np.ndarray:
    rows = np.array([VECTORS[text] for text in texts], np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def bitext(source: str, target: str) -> Bitext:
    sides = [tuple(Sentence(str(row), text) for row, text in enumerate(texts.split())) for texts in (source, target)]
    return Bitext(sides[0], sides[1], None)


def test_each_english_sentence_finds_a_row_of_the_other_language_and_the_other_way_round() -> None:
    # cosines, down: eins zwei drei; across: one three two
    #   .994 .486 .447
    #   .110 .874 .894
    #   .685 .991 .984
    found = search(bitext("eins zwei drei", "one three two"), vectors, Representation(0, "mean"), CPU)
    assert found.for_english == ("0", "2", "2")
    assert found.for_other == ("0", "2", "1")


def test_centring_is_a_row_of_its_own() -> None:
    plain = search(bitext("eins zwei", "three one"), vectors, Representation(0, "mean"), CPU)
    moved = search(bitext("eins zwei", "three one"), vectors, Representation(0, "mean", centred=True), CPU)
    assert plain.for_english == moved.for_english == ("1", "0")


def test_an_empty_side_is_refused() -> None:
    with pytest.raises(ValueError, match="without sentences"):
        search(bitext("", "one"), vectors, Representation(0, "mean"), CPU)
