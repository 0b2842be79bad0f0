"""Alignment and uniformity by hand, and against the functions of the paper."""

import math

import pytest
import torch

from training.measures.space import distances, potential


def test_equal_directions_are_aligned_and_lie_in_one_place() -> None:
    same = torch.tensor([[1.0, 2.0]]).repeat(3, 1)
    assert float(distances(same, 5 * same)) == pytest.approx(0.0, abs=1e-6)
    total, pairs = potential(same)
    assert (total, pairs) == (pytest.approx(3.0), 3)


def test_by_hand() -> None:
    axes = torch.eye(2)
    assert float(distances(axes, -axes)) == pytest.approx(2 * 4.0)
    assert float(distances(axes, axes.flip(0))) == pytest.approx(2 * 2.0)
    assert potential(axes) == (pytest.approx(math.exp(-2 * 2)), 1)
    assert potential(torch.stack([axes[0], -axes[0]])) == (pytest.approx(math.exp(-2 * 4)), 1)


def test_as_the_paper_has_them() -> None:
    """The two functions of Wang and Isola 2020, figure 5."""
    random = torch.Generator().manual_seed(0)
    x, y = (torch.nn.functional.normalize(torch.randn(50, 6, generator=random), dim=1) for _ in range(2))
    total, pairs = potential(3 * x)
    assert math.log(total / pairs) == pytest.approx(float(torch.pdist(x, p=2).pow(2).mul(-2).exp().mean().log()), 1e-5)
    assert float(distances(x, 7 * y)) / 50 == pytest.approx(float((x - y).norm(dim=1).pow(2).mean()), 1e-5)


def test_one_key_has_no_pair_and_many_are_cut() -> None:
    assert potential(torch.ones(1, 3)) == (0.0, 0)
    assert potential(torch.ones(2000, 3))[1] == 1024 * 1023 // 2
