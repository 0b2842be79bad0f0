"""The means of a line of the history."""

import math
from dataclasses import dataclass, field

import pytest
import torch

from training.measures.sums import Sums, measured


@dataclass
class StepOf:
    """What is asked of a step."""

    target_counts: dict[str, int] = field(default_factory=dict)
    contrast_entropy: float | None = None


def test_a_step_by_hand() -> None:
    keys = torch.eye(2)
    found = measured(StepOf({"mlm": 4, "xlco": 2}, 0.7), torch.tensor([8.0, 0.0, 3.0, 1.0, 0.5]), 2.5, keys)
    sums = Sums()
    sums.add(found)
    assert sums.means() == {
        "mlm": 2.0,
        "xlco": 1.5,
        "gradient_norm": 2.5,
        "xlco_hits": 0.5,
        "alignment": 0.25,
        "uniformity": pytest.approx(-4.0),
        "contrast_entropy": 0.7,
    }


def test_steps_count_by_what_they_had() -> None:
    sums = Sums()
    sums.add({"mlm": (6.0, 1), "uniformity": (math.exp(-1), 1)})
    sums.add({"mlm": (0.0, 2), "uniformity": (0.0, 0)})
    assert sums.means() == {"mlm": 2.0, "uniformity": pytest.approx(-1.0)}


def test_without_the_contrast_nothing_is_said_of_its_space() -> None:
    assert set(measured(StepOf({"mlm": 4}), torch.zeros(5), 1.0, None)) == {"mlm", "gradient_norm"}


def test_what_has_no_count_has_no_mean_and_skipped_steps_are_told() -> None:
    sums = Sums(skipped=3)
    sums.add({"uniformity": (0.0, 0)})
    assert sums.means() == {"skipped_steps": 3}


def test_sums_are_plain_values_for_a_checkpoint() -> None:
    sums = Sums()
    sums.add({"mlm": (6.0, 1)})
    assert Sums(**vars(sums)) == sums
