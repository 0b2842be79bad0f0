"""The history, the progress line and TensorBoard of a run."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.progress import Progress
from training.config.pretrain import PretrainArm
from training.data.streams import Corpus
from training.measures.board import Board
from training.measures.journal import Journal, words
from training.measures.speed import Speed
from training.measures.watch import watched_pairs
from training.trainer import Trainer

Recipe = Callable[..., PretrainArm]


def run(trainer: Trainer, journal: Journal) -> None:
    journal.begin(trainer)
    while trainer.step < trainer.arm.steps:
        trainer.train_step()
        journal.note(trainer)


def test_lines_stand_where_the_recipe_says(
    tmp_path: Path, corpus: Corpus, tokenized: Dataset, recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    arm = recipe(steps=7, watch={"every": 4, "pairs": 12})
    trainer = Trainer(arm, corpus)
    journal = Journal(Progress("pretrain"), Board(tmp_path, 0), watched_pairs(tokenized, arm))
    run(trainer, journal)
    assert [line["step"] for line in journal.lines] == [0, 2, 4, 6, 7]
    assert [line["step"] for line in journal.lines if "retrieval" in line] == [0, 4, 7]
    of_contrast = {"xlco", "xlco_hits", "alignment", "uniformity", "contrast_entropy", "queue_age"}
    expected = {"step", "tokens", "learning_rate", "mlm", "tlm", "gradient_norm"} | of_contrast
    assert all(set(line) - {"retrieval"} == expected for line in journal.lines[1:])
    assert all(0 < line["alignment"] < 4 and -8 < line["uniformity"] < 0 for line in journal.lines[1:])
    assert all(0 < line["contrast_entropy"] <= math.log(3) for line in journal.lines[1:])
    assert "MFU" in capsys.readouterr().err
    assert list(tmp_path.glob("events.out.tfevents.*"))


def test_an_arm_without_the_contrast_has_no_measures_of_it(corpus: Corpus, section: Callable[..., object]) -> None:
    arm = section().resolve()["mmlm_tlm"]  # type: ignore[attr-defined]
    journal = Journal(Progress("pretrain"), Board(None, 0), None)
    run(Trainer(arm, corpus), journal)
    names = {"step", "tokens", "learning_rate", "mlm", "tlm", "gradient_norm"}
    assert all(set(line) == names for line in journal.lines)


def test_a_small_queue_stays_young(corpus: Corpus, recipe: Recipe) -> None:
    journal = Journal(Progress("pretrain"), Board(None, 0), None)
    run(Trainer(recipe(log_every=1, contrast={"queue_size": 2}), corpus), journal)
    assert [line["queue_age"] for line in journal.lines] == [1.0] * 6


def test_a_run_that_is_taken_up_adds_to_what_was(corpus: Corpus, recipe: Recipe) -> None:
    before = {"lines": [{"step": 0, "tokens": 0, "retrieval": 5.0}], "speed": vars(Speed(10.0, 5.0, 1.0, 1e13))}
    trainer, journal = Trainer(recipe(), corpus), Journal(Progress("pretrain"), Board(None, 0), None)
    journal.load(before)
    run(trainer, journal)
    assert [line["step"] for line in journal.lines] == [0, 2, 4, 6]
    assert journal.speed.seconds == pytest.approx(10.0 + trainer.seconds)
    assert journal.speed.tokens == 5 + sum(trainer.tokens.values())
    assert journal.speed.flops == pytest.approx(1 + trainer.flops)
    assert journal.state()["speed"] == vars(journal.speed)


def test_the_words_of_the_progress_line() -> None:
    values = {"mlm": 3.201, "tlm": 2.1, "xlco": 1.1, "xlco_hits": 0.712, "retrieval": 34.25, "mfu": 0.448, "step": 9}
    assert words(1200, values) == (
        "step 1,200, loss mlm 3.20, tlm 2.10, xlco 1.10, own key first 71%, dev top-1 34.2%, MFU 45%"
    )
    assert words(1, {}) == "step 1"
