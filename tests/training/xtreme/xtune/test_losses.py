"""Expected values: worked out by hand, or by the padded, probability-space reading of the formulas."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from training.xtreme.xtune.losses import (
    agreement,
    consistency,
    divergence,
    log_probabilities,
    span_agreement,
    span_consistency,
)

QUARTER = torch.tensor([[0.0, math.log(3)]])  # probabilities 1/4, 3/4
HALF = torch.zeros(1, 2)


def logits(*probabilities: float) -> Tensor:
    """The logits of one window, the same for start and end."""
    return torch.tensor([[math.log(p), math.log(p)] for p in probabilities])


def test_consistency_of_rows_is_divided_by_rows_and_classes() -> None:
    # KL both ways is (3/4 − 1/2) log 3/2 + (1/4 − 1/2) log 1/2 = log(3) / 4, over 2 classes
    assert consistency(QUARTER, HALF).item() == pytest.approx(math.log(3) / 8)
    assert consistency(torch.cat([QUARTER, HALF]), torch.cat([HALF, HALF])).item() == pytest.approx(math.log(3) / 16)


def test_the_target_gets_no_gradient() -> None:
    ours, theirs = QUARTER.clone().requires_grad_(), HALF.clone().requires_grad_()
    divergence(ours, theirs).backward()
    # of KL(p || softmax(x)) to x: softmax(x) − p, over 1 row of 2 classes
    torch.testing.assert_close(ours.grad, torch.tensor([[-0.125, 0.125]]))
    assert theirs.grad is None


def test_both_views_learn_from_each_other() -> None:
    ours, theirs = QUARTER.clone().requires_grad_(), HALF.clone().requires_grad_()
    consistency(ours, theirs).backward()
    torch.testing.assert_close(ours.grad, torch.tensor([[-0.125, 0.125]]))
    torch.testing.assert_close(theirs.grad, torch.tensor([[0.125, -0.125]]))


def test_agreement_goes_from_the_frozen_model_to_ours() -> None:
    expected = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)  # KL(quarter || half)
    assert agreement(HALF, QUARTER, hard=False).item() == pytest.approx(expected / 2)


def test_hard_agreement_takes_the_frozen_models_labels() -> None:
    ours = torch.cat([QUARTER, QUARTER])
    assert agreement(ours, torch.tensor([[1.0, 2.0], [2.0, 1.0]]), hard=True).item() == pytest.approx(
        (math.log(4 / 3) + math.log(4)) / 2
    )


def test_no_rows_cost_nothing_and_can_be_stepped_back() -> None:
    for none in (lambda x: consistency(x, x), lambda x: agreement(x, x, True), lambda x: agreement(x, x, False)):
        empty = torch.zeros(0, 3, requires_grad=True)
        loss = none(empty)
        loss.backward()
        assert loss.item() == 0.0
    assert span_agreement(torch.zeros(0, 2), torch.zeros(0, 2), (), False).item() == 0.0


def test_spans_compare_kept_tokens_and_one_residual() -> None:
    ours, theirs = logits(0.5, 0.25, 0.25), logits(0.25, 0.3, 0.2, 0.25)
    # kept: 1/2 and 1/4 beside 1/4 and 1/4; the rest: 1/4 beside 1/2
    loss = span_consistency(ours, theirs, (3,), (4,), torch.tensor([0, 2]), torch.tensor([0, 3]))
    assert loss.item() == pytest.approx(0.5 * math.log(2))


def test_spans_are_divided_by_the_windows() -> None:
    ours, theirs = logits(0.5, 0.25, 0.25), logits(0.25, 0.5, 0.25)
    kept = torch.tensor([0, 2, 3, 5])
    loss = span_consistency(ours.repeat(2, 1), theirs.repeat(2, 1), (3, 3), (3, 3), kept, kept)
    assert loss.item() == pytest.approx(0.5 * math.log(2))
    assert span_agreement(theirs.repeat(2, 1), ours.repeat(2, 1), (3, 3), False).item() == pytest.approx(
        0.5 * math.log(2) + 0.25 * math.log(0.5)
    )


def test_hard_spans_take_the_start_from_the_starts_and_the_end_from_the_ends() -> None:
    teacher = torch.tensor([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0], [9.0, 0.0], [0.0, 9.0]])
    ours = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.0, math.log(2)], [math.log(3), 0.0], [0.0, 0.0]])
    # starts: 1 of 3 with 1/3, 0 of 2 with 3/4; ends: 2 of 3 with 2/4, 1 of 2 with 1/2
    expected = -(math.log(1 / 3) + math.log(3 / 4) + math.log(1 / 2) + math.log(1 / 2)) / 4
    assert span_agreement(ours, teacher, (3, 2), True).item() == pytest.approx(expected)


@st.composite
def windows(draw: st.DrawFn) -> tuple[list[Tensor], list[Tensor], list[list[int]], list[list[int]]]:
    """Two views of some windows, and the kept tokens of each."""
    ours, theirs, kept, kept_there = [], [], [], []
    random = torch.Generator().manual_seed(draw(st.integers(0, 999)))
    for _ in range(draw(st.integers(1, 4))):
        common = draw(st.integers(1, 5))
        for views, places in ((ours, kept), (theirs, kept_there)):
            length = common + draw(st.integers(1, 4))
            views.append(torch.randn(length, 2, generator=random) * 3)
            places.append(sorted({0, *draw(st.permutations(range(1, length)))[: common - 1]}))
    return ours, theirs, kept, kept_there


@given(windows())
@settings(max_examples=40, deadline=None)
def test_spans_agree_with_a_window_at_a_time(drawn: tuple[list[Tensor], ...]) -> None:
    ours, theirs, kept, kept_there = drawn
    expected = 0.0
    for window, other, places, others in zip(ours, theirs, kept, kept_there, strict=True):
        for side in (0, 1):
            p, q = F.softmax(window[:, side].double(), 0), F.softmax(other[:, side].double(), 0)
            p = torch.cat([p[places], 1 - p[places].sum(0, keepdim=True)])
            q = torch.cat([q[others], 1 - q[others].sum(0, keepdim=True)])
            expected += float((p * (p / q).log()).sum() + (q * (q / p).log()).sum()) / 2 / len(ours)
    lengths = [tuple(map(len, views)) for views in (ours, theirs)]
    flat = []
    for views, places in ((ours, kept), (theirs, kept_there)):
        begins = [sum(len(v) for v in views[:i]) for i in range(len(views))]
        flat.append(torch.tensor([b + k for b, ks in zip(begins, places, strict=True) for k in ks]))
    loss = span_consistency(torch.cat(ours), torch.cat(theirs), lengths[0], lengths[1], flat[0], flat[1])
    assert loss.item() == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_log_probabilities_stay_finite_for_logits_of_half_precision() -> None:
    log_p = log_probabilities(torch.tensor([[6e4, -6e4], [-6e4, 6e4], [1.0, 2.0]], dtype=torch.float16), (2, 1))
    assert log_p.dtype == torch.float32
    assert torch.isfinite(log_p).all()
    torch.testing.assert_close(log_p[2], torch.zeros(2))
