"""The chunked cross-entropy against the plain one."""

import pytest
import torch
import torch.nn.functional as F

from training.config.model import ModelSection
from training.model import Packed, TiedGradient, initialized
from training.objectives import masked_lm
from training.objectives.masked_lm import masked_lm_loss

SHAPE = ModelSection(layers=1, hidden=16, heads=2, feed_forward=16, positions=16, initializer_std=0.3)


@pytest.mark.parametrize(("chunk", "slice_"), [(1, 1), (4, 3), (7, 2), (256, 256), (0, 0)])
def test_losses_and_all_gradients_equal_the_plain_way(monkeypatch: pytest.MonkeyPatch, chunk: int, slice_: int) -> None:
    row = 4 * 40
    monkeypatch.setattr(masked_lm, "_CHUNK_BYTES", {"cpu": chunk * row})
    monkeypatch.setattr(masked_lm, "_SLICE_BYTES", {"cpu": slice_ * row})
    random = torch.Generator().manual_seed(1)
    places = torch.tensor([0, 3, 3, 5, 8, 9, 11])
    labels = torch.randint(0, 40, (7,), generator=random)
    scales = torch.rand(7, generator=random)
    gradients = []
    for chunked in (True, False):
        model = initialized(SHAPE, 40, seed=2)
        hidden = torch.randn(12, 16, generator=torch.Generator().manual_seed(3)).requires_grad_()
        if chunked:
            loss, losses = masked_lm_loss(model, hidden, places, labels, scales)
            assert not losses.requires_grad
        else:
            losses = F.cross_entropy(model.logits(hidden[places]), labels, reduction="none")
            loss = (losses * scales).sum()
        (2.0 * loss).backward()
        weights = [model.encoder.tokens.weight, *model.head.parameters()]
        gradients.append([loss.detach(), losses.detach(), hidden.grad, *(weight.grad for weight in weights)])
    for ours, plain in zip(*gradients, strict=True):
        assert ours is not None
        torch.testing.assert_close(ours, plain, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("outer", [1.0, 3.0])
def test_the_tied_gradient_is_the_sum_of_both_uses(outer: float) -> None:
    tokens = torch.tensor([3, 9, 3, 0, 39])
    places, labels = torch.tensor([0, 2, 4]), torch.tensor([9, 9, 1])
    scales = torch.tensor([0.5, 1.0, 0.25])
    gradients = []
    for tied in (TiedGradient(), None):
        model = initialized(SHAPE, 40, seed=2)
        hidden = model.encoder.run(model.encoder.embed(Packed(tokens, (5,)), tied), (5,), 0, 1)
        loss, _ = masked_lm_loss(model, hidden, places, labels, scales, tied)
        (outer * loss).backward()
        gradients.append({name: weight.grad for name, weight in model.named_parameters()})
    one, other = gradients
    for name, gradient in one.items():
        assert gradient is not None, name
        torch.testing.assert_close(gradient, other[name], atol=1e-6, rtol=1e-5)


def test_an_embedding_whose_output_side_is_not_used_has_its_own_gradient() -> None:
    model = initialized(SHAPE, 40, seed=2)
    model.encoder.embed(Packed(torch.tensor([3, 9, 3]), (3,)), TiedGradient()).square().sum().backward()
    gradient = model.encoder.tokens.weight.grad
    assert gradient is not None
    assert gradient.abs().sum(1).nonzero().ravel().tolist() == [3, 9]


def test_no_masked_token_is_no_loss() -> None:
    model = initialized(SHAPE, 40, seed=2)
    hidden = torch.randn(3, 16).requires_grad_()
    none = torch.tensor([], dtype=torch.int64)
    loss, losses = masked_lm_loss(model, hidden, none, none, torch.tensor([]))
    loss.backward()
    assert (loss.item(), len(losses)) == (0.0, 0)
