import pytest

from training.xtreme.metrics.accuracy import accuracy
from training.xtreme.metrics.scoring import score
from training.xtreme.submission import submitted
from training.xtreme.tasks.examples import PairExample, Question, TaggedSentence


def test_each_kind_of_example_has_its_metrics() -> None:
    pairs = [PairExample("a", "b", "entailment"), PairExample("a", "c", "neutral")]
    assert score("xnli", "de", pairs, ["entailment", "entailment"]) == {"accuracy": 50}
    sentences = [TaggedSentence(("Ada", "sees"), ("B-PER", "O"))]
    assert score("panx", "de", sentences, [("B-PER", "O")])["f1"] == 100
    questions = [Question("7", "what?", "die Lampe", ("die Lampe",), (0,))]
    assert score("mlqa", "de", questions, {"7": "Lampe"}) == {"f1": 100, "exact_match": 100}
    assert score("xquad", "de", questions, {"7": "Lampe"}) == {"f1": pytest.approx(200 / 3), "exact_match": 0}


def test_without_labels_there_is_no_score() -> None:
    assert score("xnli", "de", [PairExample("a", "b", None)], ["neutral"]) == {}
    assert score("udpos", "de", [TaggedSentence(("a",), None)], [("X",)]) == {}
    assert score("xquad", "de", [Question("7", "what?", "a", (), ())], {"7": "a"}) == {}


def test_accuracy_is_of_as_many_predictions_as_labels() -> None:
    with pytest.raises(ValueError, match="1 predictions for 2 labels"):
        accuracy(["a", "b"], ["a"])


def test_predictions_are_written_as_the_leaderboard_reads_them() -> None:
    assert submitted(["neutral", "entailment"]) == "neutral\nentailment\n"
    assert submitted([("B-PER", "O"), ("O",)]) == "B-PER\nO\n\nO\n\n"
    assert submitted({"7": "Lámpara"}) == '{\n"7": "Lámpara"\n}\n'
    assert submitted(["de-1\ten-4"]) == "de-1\ten-4\n"
