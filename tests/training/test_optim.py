"""Decay groups and the schedule."""

import pytest

from training.config.model import ModelSection
from training.config.optimizer import OptimizerSection
from training.model import initialized
from training.optim import adamw, learning_rate


def test_matrices_decay_and_the_rest_does_not() -> None:
    model = initialized(ModelSection(layers=1, hidden=8, heads=2, feed_forward=16, positions=8), 20, 1)
    decayed, plain = adamw([model, model.encoder], OptimizerSection()).param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.01, 0.0)
    assert all(parameter.dim() == 2 for parameter in decayed["params"])
    assert all(parameter.dim() == 1 for parameter in plain["params"])
    # the encoder is in both modules, and each weight in one group once
    assert len(decayed["params"]) + len(plain["params"]) == len(list(model.parameters()))
    assert decayed["fused"] is True


def test_the_schedule_by_hand() -> None:
    section = OptimizerSection(learning_rate=1.0, warmup_steps=4, final_share=0.2)
    rates = [learning_rate(section, step, 14) for step in (0, 3, 4, 9, 14)]
    assert rates == pytest.approx([0.25, 1.0, 1.0, 0.6, 0.2])


def test_no_warm_up_starts_at_the_peak() -> None:
    assert learning_rate(OptimizerSection(learning_rate=0.5, warmup_steps=0), 0, 10) == 0.5
