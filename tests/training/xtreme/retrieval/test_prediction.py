from collections.abc import Sequence

import numpy as np
import pytest
import torch

from training.xtreme.retrieval.prediction import Encode, predict_bucc, predict_tatoeba
from training.xtreme.retrieval.vectors import Representation, Vectorizer
from training.xtreme.tasks.examples import Bitext, Sentence

CPU = torch.device("cpu")
PLAIN = Representation(1, "cls")


def encode_by(width: int) -> Encode:
    """Texts such as `de 3` are near to `en 3` from layer 1 on; layer 0 knows the language alone."""

    def encode(representation: Representation) -> Vectorizer:
        def vectors(texts: Sequence[str]) -> np.ndarray:
            rows = np.full((len(texts), width + 2), 0.01, np.float32)
            for row, text in enumerate(texts):
                language, number = text.split()
                rows[row, ["de", "en"].index(language)] = 0.3
                if representation.layer:
                    rows[row, int(number) + 2] = 1
            return rows / np.linalg.norm(rows, axis=1, keepdims=True)

        return vectors

    return encode


def bitext(numbers: str, english: str, gold: frozenset[tuple[str, str]] | None) -> Bitext:
    return Bitext(
        tuple(Sentence(f"de-{one}", f"de {one}") for one in numbers.split()),
        tuple(Sentence(f"en-{one}", f"en {one}") for one in english.split()),
        gold,
    )


def pairs(numbers: str) -> frozenset[tuple[str, str]]:
    return frozenset((f"de-{one}", f"en-{one}") for one in numbers.split())


def test_bucc_takes_what_reaches_the_threshold_of_dev_and_tells_what_other_layers_reach_there() -> None:
    dev = bitext("0 1 2 3 4 5", "0 1 2 6 7 8", pairs("0 1 2"))
    test = bitext("0 1 2 3 9", "9 1 6 5 4", pairs("1 9"))
    found = predict_bucc(dev, test, encode_by(10), PLAIN, CPU, layers=(0, 1))
    assert set(found.lines) == {"de-1\ten-1", "de-9\ten-9"}
    assert found.scores == {"f1": 100, "precision": 100, "recall": 100}
    assert found.beside["centred"]["f1"] == 100
    assert found.dev[1] == 100
    assert found.dev[0] < 100
    assert found.threshold is not None


def test_bucc_without_known_pairs_has_predictions_and_no_scores() -> None:
    dev = bitext("0 1 2 3", "0 1 2 4", pairs("0 1 2"))
    found = predict_bucc(dev, bitext("0 1 2", "0 4 5", None), encode_by(6), PLAIN, CPU)
    assert found.lines == ("de-0\ten-0",)
    assert not found.scores
    assert not found.beside


def test_bucc_asks_for_the_pairs_of_dev() -> None:
    unknown = bitext("0", "0", None)
    with pytest.raises(ValueError, match="gold pairs of dev"):
        predict_bucc(unknown, unknown, encode_by(1), PLAIN, CPU)


def test_tatoeba_submits_the_direction_from_english_and_tells_the_others() -> None:
    # the English sentence 3 has no translation among the others, and finds a wrong row
    test = Bitext(
        tuple(Sentence(str(row), f"de {one}") for row, one in enumerate("201")),
        tuple(Sentence(str(row), f"en {one}") for row, one in enumerate("013")),
        frozenset({("1", "0"), ("2", "1"), ("0", "2")}),
    )
    found = predict_tatoeba(test, encode_by(4), PLAIN, CPU)
    assert found.lines[:2] == ("1", "2")
    assert found.scores["accuracy"] == pytest.approx(100 * (2 + (found.lines[2] == "0")) / 3)
    assert list(found.beside) == ["from the other language", "centred", "centred, from the other language"]


def test_a_representation_that_is_centred_has_the_other_beside_it() -> None:
    test = bitext("0 1", "0 1", pairs("0 1"))
    found = predict_tatoeba(test, encode_by(2), Representation(1, "cls", centred=True), CPU)
    assert found.scores == {"accuracy": 100}
    assert "not centred" in found.beside
