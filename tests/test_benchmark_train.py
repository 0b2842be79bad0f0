"""The benchmark of the training step compares like with like, and runs in half precision too."""

import numpy as np
import pytest
import torch
import train
import train_rivals
from rich.console import Console
from train_data import Setting, arm, corpus, sentences_of

from training.data.shards import Ragged
from training.trainer import Trainer

VOCABULARY = 300
SHAPE = {"layers": 2, "hidden": 16, "heads": 2, "feed_forward": 32, "positions": 512}


@pytest.fixture(params=["fp32", "bf16"])
def setting(request: pytest.FixtureRequest) -> Setting:
    return Setting("cpu", request.param, SHAPE, 1, {VOCABULARY: 24})


def test_all_have_the_same_loss(setting: Setting, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = arm(600, {"mlm": 1.0}, 200, setting)
    train.show_equal_losses(VOCABULARY, recipe, corpus(VOCABULARY, 200, 7))
    assert set(train_rivals.WAYS) == {"plain", "grouped", "careful", "flattened"}
    assert "ours" in capsys.readouterr().out


def test_another_loss_ends_the_comparison(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        train.WAYS,
        "plain",
        train_rivals.Way(train_rivals.random_rows, train_rivals.padded, lambda model, batch: torch.tensor(1.0)),
    )
    with pytest.raises(SystemExit, match="not equal"):
        train.show_equal_losses(VOCABULARY, arm(600, {"mlm": 1.0}, 200, setting), corpus(VOCABULARY, 200, 7))


def test_grouped_batches_have_little_padding() -> None:
    sequences = Ragged(np.zeros(4 * 12, np.int32), np.asarray([2, 10] * 4, np.int64))
    grouped = train_rivals.grouped_rows(sequences, 4)
    assert sorted(sequences.lengths[rows].tolist() for rows in grouped) == [[2] * 4, [10] * 4]
    assert train_rivals.padding_ratio(sequences, grouped) == 1.0
    assert train_rivals.padding_ratio(sequences, [np.arange(4), np.arange(4, 8)]) == 80 / 48


@pytest.mark.parametrize("name", train_rivals.WAYS)
def test_every_rival_trains_on_every_sentence_once(
    name: str, setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = arm(600, {"mlm": 1.0}, 200, setting)
    sequences, labels = sentences_of(Trainer(recipe, corpus(VOCABULARY, 200, 7)), 3)
    rival = train_rivals.Rival(name, VOCABULARY, recipe, 24)
    seen: list[Ragged] = []
    step = rival.step
    monkeypatch.setattr(rival, "step", lambda rows, wanted: (seen.append(rows), step(rows, wanted)))
    before = rival.model.lm_head.bias.detach().clone()
    rival.run(sequences, labels)
    tokens = np.concatenate([rows.values for rows in seen])
    assert sorted(tokens.tolist()) == sorted(sequences.values.tolist())
    assert all(len(rows) <= 24 for rows in seen)
    assert not torch.equal(before, rival.model.lm_head.bias)


def test_a_round_gives_a_ratio_for_every_rival(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(train.RIVALS, "cpu", train.RIVALS["cuda"])
    monkeypatch.setattr(train, "ROWS", 200)
    found = train.speed(VOCABULARY, 3, 1, setting, Console(quiet=True))
    assert set(found) == {"grouped", "careful", "flattened", "mfu"}
    assert all(value > 0 for value in found.values())
    assert train.contrast_cost(VOCABULARY, 1, setting) > 0
