import numpy as np
import pytest
import torch

from training.xtreme.retrieval.tatoeba import Found, search
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


def found(source: str, target: str, centred: bool = False) -> Found:
    sides = [tuple(Sentence(str(row), text) for row, text in enumerate(texts.split())) for texts in (source, target)]
    rows = [np.array([VECTORS[one.text] for one in side], np.float32) for side in sides]
    vectors = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in rows]
    return search(Bitext(sides[0], sides[1], None), vectors[0], vectors[1], centred, CPU)


def test_each_english_sentence_finds_a_row_of_the_other_language_and_the_other_way_round() -> None:
    # cosines, down: eins zwei drei; across: one three two
    #   .994 .486 .447
    #   .110 .874 .894
    #   .685 .991 .984
    both = found("eins zwei drei", "one three two")
    assert both.for_english == ("0", "2", "2")
    assert both.for_other == ("0", "2", "1")


def test_vectors_may_be_centred() -> None:
    # both English vectors lie near "zwei"; without the means each finds its own
    assert found("zwei eins", "three two").for_english == ("0", "0")
    assert found("zwei eins", "three two", centred=True).for_english == ("1", "0")


def test_an_empty_side_is_refused() -> None:
    with pytest.raises(ValueError, match="without sentences"):
        search(Bitext((), (Sentence("0", "one"),), None), np.zeros((0, 3)), np.zeros((1, 3)), False, CPU)
