"""BUCC and Tatoeba from files in the official layout, as the suite runs them."""

from pathlib import Path
from typing import Any

import pytest
from official import write_official

from pipelines.datasets.errors import UserError
from training.config.model import ModelSection
from training.config.xtreme import XtremeSection
from training.config.xtreme_runs import PredictRun, predict_runs
from training.model import initialized
from training.xtreme.retrieval.suite import representation, retrieve


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_official(tmp_path_factory.mktemp("data"), ("bucc2018", "tatoeba"), ("de", "zh", "ar"))


def runs(data: Path, encoder_folder: Path, **retrieval: Any) -> dict[str, PredictRun]:
    section = {
        "data": str(data),
        "encoders": {"small": str(encoder_folder)},
        "untrained": {"control": "small"},
        "tasks": {"bucc2018": {}, "tatoeba": {}},
        "retrieval": retrieval,
    }
    return predict_runs(XtremeSection.model_validate(section))


def test_tatoeba_predicts_a_row_for_every_english_sentence(data: Path, encoder_folder: Path) -> None:
    found = list(retrieve(runs(data, encoder_folder)["small.tatoeba"], encoder_folder))
    assert {one.language for one in found} == {"de", "zh", "ar"}
    for one in found:
        rows = one.text.splitlines()
        assert len(rows) == one.examples == 6
        assert {int(row) for row in rows} <= set(range(6))
        assert set(one.scores) == {"accuracy"}
        assert set(one.beside) == {"centred", "from the other language", "centred, from the other language"}
        assert one.notes == {"layer": 2, "pooling": "mean"}


def test_bucc_predicts_pairs_of_ids_above_the_threshold_of_dev(data: Path, encoder_folder: Path) -> None:
    found = list(retrieve(runs(data, encoder_folder, bucc_layer=2, curve=True)["small.bucc2018"], encoder_folder))
    assert {one.language for one in found} == {"de", "zh"}
    for one in found:
        assert all(len(line.split("\t")) == 2 for line in one.text.splitlines())
        assert set(one.scores) == {"f1", "precision", "recall"}
        assert set(one.notes["dev_f1_by_layer"]) == {"1", "2"}
        assert (one.notes["layer"], one.notes["pooling"]) == (2, "cls")
        assert one.notes["threshold"] >= 0


def test_without_labels_there_are_predictions_and_no_scores(data: Path, encoder_folder: Path) -> None:
    run = runs(data, encoder_folder)["small.tatoeba"].model_copy(update={"labels": {}})
    assert all(one.text and not one.scores and not one.beside for one in retrieve(run, encoder_folder))


def test_a_control_has_weights_of_its_own_and_always_the_same(data: Path, encoder_folder: Path) -> None:
    run = runs(data, encoder_folder)["control.tatoeba"]
    found = [[one.text for one in retrieve(run, encoder_folder)] for _ in range(2)]
    assert found[0] == found[1]
    trained = [one.text for one in retrieve(runs(data, encoder_folder)["small.tatoeba"], encoder_folder)]
    assert found[0] != trained


@pytest.mark.parametrize(("layers", "bucc", "tatoeba"), [(12, 8, 8), (24, 20, 14), (2, 1, 2), (6, 2, 4)])
def test_layers_are_those_of_xtremes_scripts(
    data: Path, encoder_folder: Path, layers: int, bucc: int, tatoeba: int
) -> None:
    encoder = initialized(ModelSection(layers=2, hidden=8, heads=2, feed_forward=8, positions=16), 20, 1).encoder
    encoder.shape = encoder.shape.model_copy(update={"layers": layers})
    asked = runs(data, encoder_folder)
    assert representation(asked["small.bucc2018"], encoder).layer == bucc
    assert representation(asked["small.tatoeba"], encoder).layer == tatoeba


def test_a_layer_that_is_not_there_is_refused(data: Path, encoder_folder: Path) -> None:
    run = runs(data, encoder_folder, tatoeba_layer=3)["small.tatoeba"]
    with pytest.raises(UserError, match="layer 3 is to be read, and the encoder has 2"):
        list(retrieve(run, encoder_folder))
