"""The packed encoder against transformers' own XLM-R on the same weights."""

import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from training.config.model import ModelSection
from training.hub import to_transformers
from training.model import Layout, MaskedLM, Packed, initialized, run_attention, variable_length_attention
from training.objectives.masked_lm import masked_lm_loss

SHAPE = ModelSection(layers=3, hidden=32, heads=4, feed_forward=64, positions=32, initializer_std=0.2)
VOCABULARY = 50
LENGTHS = (3, 5, 5, 5, 9, 2)


@pytest.fixture(scope="module")
def model() -> MaskedLM:
    model = initialized(SHAPE, VOCABULARY, seed=4)
    with torch.no_grad():
        for parameter in model.parameters():  # biases and norms other than their start, so that none can hide
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    return model.eval()


@pytest.fixture(scope="module")
def batch() -> Packed:
    random = torch.Generator().manual_seed(2)
    return Packed(torch.randint(4, VOCABULARY, (sum(LENGTHS),), generator=random), LENGTHS)


def padded(batch: Packed) -> tuple[torch.Tensor, torch.Tensor]:
    rows = batch.tokens.split(list(batch.lengths))
    tokens = torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=1)
    return tokens, (tokens != 1).long()


@torch.no_grad()
def test_hidden_states_and_logits_equal_transformers_padded(model: MaskedLM, batch: Packed) -> None:
    tokens, real = padded(batch)
    theirs = to_transformers(model).eval()(tokens, attention_mask=real, output_hidden_states=True)
    states = model.encoder.all_states(batch)
    assert len(states) == len(theirs.hidden_states) == 4
    for ours, other in zip(states, theirs.hidden_states, strict=True):
        torch.testing.assert_close(ours, other[real.bool()], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(model.logits(states[-1]), theirs.logits[real.bool()], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("layer", [1, 2, 3])
@torch.no_grad()
def test_stopping_at_a_layer_gives_that_hidden_state(model: MaskedLM, batch: Packed, layer: int) -> None:
    tokens, real = padded(batch)
    theirs = to_transformers(model).eval()(tokens, attention_mask=real, output_hidden_states=True)
    torch.testing.assert_close(
        model.encoder(batch, layer), theirs.hidden_states[layer][real.bool()], atol=1e-5, rtol=1e-5
    )


def test_loss_and_gradients_equal_transformers(model: MaskedLM, batch: Packed) -> None:
    places = torch.tensor([1, 4, 9, 20, 28])
    labels = torch.tensor([7, 8, 9, 10, 11])
    tokens, real = padded(batch)
    theirs = to_transformers(model).eval()
    all_labels = torch.full_like(batch.tokens, -100)
    all_labels[places] = labels
    padded_labels = torch.full_like(tokens, -100)
    padded_labels[real.bool()] = all_labels
    other = theirs(tokens, attention_mask=real, labels=padded_labels).loss
    other.backward()
    model.zero_grad()
    ours, _ = masked_lm_loss(model, model.encoder(batch), places, labels, torch.full((5,), 0.2))
    ours.backward()
    torch.testing.assert_close(ours, other, atol=1e-5, rtol=1e-5)
    gradient = model.encoder.tokens.weight.grad
    expected = theirs.roberta.embeddings.word_embeddings.weight.grad
    assert gradient is not None
    torch.testing.assert_close(gradient, expected, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_sequence_does_not_see_its_neighbours(model: MaskedLM, batch: Packed) -> None:
    alone = model.encoder(Packed(batch.tokens[3:8], (5,)))
    torch.testing.assert_close(model.encoder(batch)[3:8], alone, atol=1e-6, rtol=1e-6)


def test_variable_length_attention_hands_over_the_same_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    # the kernel itself needs CUDA: here a loop stands in for it, by its documented meaning
    def kernel(query: Tensor, key: Tensor, value: Tensor, ends: Tensor, keys: Tensor, *longest: int) -> Tensor:
        assert (ends.dtype, longest, ends.tolist()) == (torch.int32, (9, 9), keys.tolist())
        parts = []
        for start, end in pairwise(ends.tolist()):
            one = (side[start:end].transpose(0, 1) for side in (query, key, value))
            parts.append(F.scaled_dot_product_attention(*one).transpose(0, 1))
        return torch.cat(parts)

    monkeypatch.setattr("training.model.varlen_attn", kernel)
    qkv = torch.randn(sum(LENGTHS), 96, generator=torch.Generator().manual_seed(3))
    layout = Layout(LENGTHS, qkv.device)
    torch.testing.assert_close(variable_length_attention(qkv, layout, 4), run_attention(qkv, layout, 4))


def test_initial_weights_are_a_function_of_shape_and_seed() -> None:
    one, same, other = (initialized(SHAPE, VOCABULARY, seed) for seed in (1, 1, 2))
    for name, value in one.state_dict().items():
        assert torch.equal(value, same.state_dict()[name])
    assert not torch.equal(one.encoder.tokens.weight, other.encoder.tokens.weight)
    assert float(one.encoder.layers[0].up.weight.detach().std()) == pytest.approx(0.2, rel=0.1)
    assert torch.equal(one.encoder.norm.weight, torch.ones(32))
    assert torch.equal(one.head.bias, torch.zeros(VOCABULARY))


@torch.no_grad()
def test_a_uniform_model_has_the_loss_of_chance() -> None:
    model = initialized(SHAPE, VOCABULARY, 1)
    model.encoder.tokens.weight.zero_()
    places, labels = torch.tensor([0, 2]), torch.tensor([5, 6])
    loss, losses = masked_lm_loss(model, torch.randn(4, 32), places, labels, torch.tensor([1.0, 3.0]))
    torch.testing.assert_close(losses, torch.full((2,), math.log(50)))
    assert loss.item() == pytest.approx(4 * math.log(50))
