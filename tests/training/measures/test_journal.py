"""The history, the progress line and TensorBoard of a run."""

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
    journal.begin()
    while trainer.step < trainer.arm.steps:
        with journal.timed_step():
            trainer.train_step()
        journal.note()


def test_lines_stand_where_the_recipe_says(
    tmp_path: Path, corpus: Corpus, tokenized: Dataset, recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    arm = recipe(steps=7, watch={"every": 4, "pairs": 12})
    trainer, board = Trainer(arm, corpus), Board(tmp_path, 0)
    journal = Journal(trainer, Progress("pretrain"), board, watched_pairs(tokenized, arm), 1e12, [], Speed())
    run(trainer, journal)
    assert [line["step"] for line in journal.lines] == [0, 2, 4, 6, 7]
    assert [line["step"] for line in journal.lines if "retrieval" in line] == [0, 4, 7]
    of_contrast = {"xlco", "xlco_hits", "alignment", "uniformity", "queue_age"}
    expected = {"step", "tokens", "learning_rate", "mlm", "tlm", "gradient_norm"} | of_contrast
    assert all(set(line) - {"retrieval"} == expected for line in journal.lines[1:])
    assert all(0 < line["alignment"] < 4 and -8 < line["uniformity"] < 0 for line in journal.lines[1:])
    assert "MFU" in capsys.readouterr().err
    assert list(tmp_path.glob("events.out.tfevents.*"))


def test_an_arm_without_the_contrast_has_no_measures_of_it(corpus: Corpus, section: Callable[..., object]) -> None:
    arm = section().resolve()["mmlm_tlm"]  # type: ignore[attr-defined]
    trainer = Trainer(arm, corpus)
    journal = Journal(trainer, Progress("pretrain"), Board(None, 0), None, 1e12, [], Speed())
    run(trainer, journal)
    names = {"step", "tokens", "learning_rate", "mlm", "tlm", "gradient_norm"}
    assert all(set(line) == names for line in journal.lines)


def test_the_queue_ages_until_it_is_full_and_turns_over(corpus: Corpus, recipe: Recipe) -> None:
    arm = recipe(log_every=1, contrast={"queue_size": 8})
    trainer = Trainer(arm, corpus)
    journal = Journal(trainer, Progress("pretrain"), Board(None, 0), None, 1e12, [], Speed())
    run(trainer, journal)
    assert [line["queue_age"] for line in journal.lines][-1] < 3
    assert all(line["queue_age"] >= 1 for line in journal.lines)


def test_speed_counts_the_steps_of_this_process_on_top(corpus: Corpus, recipe: Recipe) -> None:
    trainer = Trainer(recipe(), corpus)
    before = Speed(seconds=10.0, tokens=5.0, flops=1.0, available=1e13)
    journal = Journal(trainer, Progress("pretrain"), Board(None, 0), None, 1e12, [], before)
    run(trainer, journal)
    assert journal.speed.seconds > 10.0
    assert journal.speed.tokens == 5 + sum(trainer.tokens.values())
    assert journal.speed.flops == 1 + trainer.flops
    assert trainer.flops > 6 * sum(trainer.tokens.values()) * 3 * 16**2


def test_the_words_of_the_progress_line() -> None:
    values = {"mlm": 3.201, "tlm": 2.1, "xlco": 1.1, "xlco_hits": 0.712, "retrieval": 34.25, "mfu": 0.448, "step": 9}
    assert words(1200, values) == (
        "step 1,200, loss mlm 3.20, tlm 2.10, xlco 1.10, own key first 71%, dev top-1 34.2%, MFU 45%"
    )
    assert words(1, {}) == "step 1"
