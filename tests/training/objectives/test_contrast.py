"""XLCO by hand: the loss, the negatives that the options rule out, the queue, the momentum."""

import math

import pytest
import torch

from training.config.contrast import ConstantMomentum, ContrastSection, RampMomentum
from training.config.model import ModelSection
from training.model import Packed, initialized
from training.objectives.contrast import (
    KeyQueue,
    KeyTags,
    MomentumEncoder,
    Projector,
    half_average,
    info_nce,
    momentum_at,
    pool,
)

WIDTH = 8


def tags(groups: list[list[int]], is_source: list[bool] | None = None) -> KeyTags:
    return KeyTags(torch.tensor(groups), torch.tensor(is_source or [False] * len(groups)))


def full_queue(size: int, keys: torch.Tensor | None = None) -> KeyQueue:
    queue = KeyQueue(size, WIDTH, 1)
    queue.enqueue(torch.zeros(size, WIDTH) if keys is None else keys, tags([[100 + n] for n in range(size)]), 0)
    return queue


def test_zero_vectors_have_the_loss_of_chance() -> None:
    zero = torch.zeros(3, WIDTH)
    loss, hits = info_nce(zero, torch.arange(len(zero)), zero, tags([[1], [2], [3]]), full_queue(16), ContrastSection())
    assert float(loss) == pytest.approx(3 * math.log(1 + 16))
    assert int(hits) == 3  # an equal score is not higher


def test_in_batch_keys_add_negatives() -> None:
    zero = torch.zeros(3, WIDTH)
    contrast = ContrastSection(in_batch_negatives=True)
    loss, _ = info_nce(zero, torch.arange(len(zero)), zero, tags([[1], [2], [3]]), full_queue(16), contrast)
    assert float(loss) == pytest.approx(3 * math.log(1 + 16 + 2))


def test_the_loss_by_hand() -> None:
    query = torch.zeros(1, WIDTH)
    query[0, :2] = torch.tensor([1.0, 2.0])
    key = torch.zeros(1, WIDTH)
    key[0, :2] = torch.tensor([0.5, 0.5])  # q·k = 1.5
    queued = torch.zeros(2, WIDTH)
    queued[0, 0], queued[1, 1] = 1.0, -1.0  # q·n = 1 and -2
    loss, hits = info_nce(
        query, torch.arange(len(query)), key, tags([[1]]), full_queue(2, queued), ContrastSection(temperature=0.5)
    )
    scores = [math.exp(s / 0.5) for s in (1.5, 1.0, -2.0)]
    assert float(loss) == pytest.approx(-math.log(scores[0] / sum(scores)), rel=1e-6)
    assert int(hits) == 1


def test_keys_of_the_same_group_are_no_negatives_if_asked() -> None:
    zero = torch.zeros(3, WIDTH)
    own = tags([[1], [1], [2]])
    queue = KeyQueue(8, WIDTH, 1)
    queue.enqueue(torch.zeros(4, WIDTH), tags([[1], [2], [2], [3]]), 0)
    contrast = ContrastSection(in_batch_negatives=True, mask_same_group=True)
    loss, _ = info_nce(zero, torch.arange(len(zero)), zero, own, queue, contrast)
    # rows 0 and 1: one other in the batch, three in the queue; row 2: two and two
    assert float(loss) == pytest.approx(3 * math.log(1 + 4))
    unmasked, _ = info_nce(zero, torch.arange(len(zero)), zero, own, queue, ContrastSection(in_batch_negatives=True))
    assert float(unmasked) == pytest.approx(3 * math.log(1 + 2 + 4))


def test_with_mixup_one_common_half_is_enough_to_rule_a_key_out() -> None:
    zero = torch.zeros(2, WIDTH)
    contrast = ContrastSection(in_batch_negatives=True, mask_same_group=True)
    shared, _ = info_nce(zero, torch.arange(len(zero)), zero, tags([[1, 2], [3, 1]]), KeyQueue(4, WIDTH, 2), contrast)
    apart, _ = info_nce(zero, torch.arange(len(zero)), zero, tags([[1, 2], [3, 4]]), KeyQueue(4, WIDTH, 2), contrast)
    assert float(shared) == pytest.approx(0.0)
    assert float(apart) == pytest.approx(2 * math.log(2))


def test_only_keys_of_the_same_side_are_negatives_if_asked() -> None:
    zero = torch.zeros(2, WIDTH)
    queue = KeyQueue(4, WIDTH, 1)
    queue.enqueue(torch.zeros(3, WIDTH), tags([[7], [8], [9]], [True, False, False]), 0)
    contrast = ContrastSection(same_side_negatives=True)
    loss, _ = info_nce(zero, torch.arange(len(zero)), zero, tags([[1], [2]], [True, False]), queue, contrast)
    assert float(loss) == pytest.approx(math.log(1 + 1) + math.log(1 + 2))


def test_the_queue_wraps() -> None:
    queue = KeyQueue(5, 1, 1)
    for start in (0, 3, 6):
        numbers = torch.arange(start, start + 3)
        queue.enqueue(numbers[:, None].float(), KeyTags(numbers[:, None], numbers % 2 == 0), 0)
    keys, known = queue.filled()
    assert keys.ravel().tolist() == [5, 6, 7, 8, 4]
    assert known.groups.ravel().tolist() == [5, 6, 7, 8, 4]
    assert known.is_source.tolist() == [False, True, False, True, True]
    assert int(queue.pushed) == 9


def test_a_step_larger_than_the_queue_leaves_its_last_keys() -> None:
    queue = KeyQueue(2, 1, 1)
    numbers = torch.arange(5)
    queue.enqueue(numbers[:, None].float(), KeyTags(numbers[:, None], numbers > 9), 0)
    assert sorted(queue.filled()[0].ravel().tolist()) == [3, 4]


def test_a_queue_that_is_not_full_offers_what_it_has() -> None:
    queue = KeyQueue(5, 1, 1)
    assert len(queue.filled()[0]) == 0
    queue.enqueue(torch.ones(2, 1), tags([[1], [2]]), 0)
    assert len(queue.filled()[0]) == 2


def test_the_age_of_the_keys() -> None:
    queue = KeyQueue(4, 1, 1)
    assert queue.mean_age(7) is None
    for step in (0, 1):
        queue.enqueue(torch.ones(3, 1), tags([[1], [2], [3]]), step)
    assert queue.mean_age(2) == pytest.approx((2 + 1 + 1 + 1) / 4)  # of the first three one is left


def test_writing_the_queue_after_backward_leaves_gradients_alone() -> None:
    queries = torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(0)).requires_grad_()
    keys = torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(1))
    queue = full_queue(4)
    loss, _ = info_nce(queries, torch.arange(len(queries)), keys, tags([[1], [2]]), queue, ContrastSection())
    loss.backward()
    queue.enqueue(keys, tags([[1], [2]]), 0)
    assert queries.grad is not None
    assert torch.isfinite(queries.grad).all()


SHAPE = ModelSection(layers=3, hidden=WIDTH, heads=2, feed_forward=16, positions=16)


def test_the_momentum_update_is_exact_and_in_float32() -> None:
    encoder = initialized(SHAPE, 20, 1).encoder
    projector = Projector(ContrastSection(layer=2), WIDTH, seed=1)
    key = MomentumEncoder(encoder, projector)
    before = {name: value.double() for name, value in key.state_dict().items()}
    with torch.no_grad():
        for parameter in [*encoder.parameters(), *projector.parameters()]:
            parameter.add_(0.01)
    key.update(encoder, projector, 0.999)
    for name, value in key.state_dict().items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value.double(), before[name] + 0.001 * 0.01, atol=2e-7, rtol=0)
    moved = max(float((key.state_dict()[name].double() - before[name]).abs().max()) for name in before)
    assert moved == pytest.approx(1e-5, rel=0.2)


def test_a_momentum_of_one_freezes_the_key_encoder() -> None:
    shape = ModelSection(layers=2, hidden=WIDTH, heads=2, feed_forward=8, positions=8)
    contrast = ContrastSection(layer=1, momentum=ConstantMomentum(value=1.0))
    first, other = (initialized(shape, vocabulary=20, seed=seed).encoder for seed in (1, 2))
    projector = Projector(contrast, WIDTH, seed=3)
    keys = MomentumEncoder(first, projector)
    keys.update(other, projector, momentum_at(contrast.momentum, step=7))
    assert torch.equal(keys.encoder.tokens.weight, first.tokens.weight)


def test_half_precision_rounds_small_steps_away_as_the_release_does() -> None:
    # the neighbours of 1 in half precision are 1 - 2⁻¹¹ and 1 + 2⁻¹⁰
    one, query = torch.ones(1), torch.full((1,), 1.25)
    assert float(half_average(one, query, 0.9999)) == 1.0
    # 0.99 is 2028 · 2⁻¹¹, 0.0125 is 0.012497; their sum lies nearest to 1 + 3 · 2⁻¹⁰
    assert float(half_average(one, query, 0.99)) == 1 + 3 / 1024
    shape = ModelSection(layers=1, hidden=WIDTH, heads=2, feed_forward=8, positions=8)
    contrast = ContrastSection(layer=1, key_precision="fp16")
    first, other = (initialized(shape, vocabulary=2000, seed=seed).encoder for seed in (1, 2))
    projector = Projector(contrast, WIDTH, seed=3)
    keys = MomentumEncoder(first, projector)
    weight = keys.encoder.tokens.weight.clone()
    assert torch.equal(weight, first.tokens.weight.half().float())
    for _ in range(20):
        keys.update(other, projector, 0.9999)
    assert keys.encoder.tokens.weight.dtype == torch.float32
    assert float((keys.encoder.tokens.weight == weight).float().mean()) > 0.75  # in fp32 none stays


def test_the_key_encoder_stops_at_the_contrast_layer_and_takes_no_gradient() -> None:
    encoder = initialized(SHAPE, 20, 1).encoder
    projector = Projector(ContrastSection(layer=2), WIDTH, seed=1)
    key = MomentumEncoder(encoder, projector)
    assert len(key.encoder.layers) == 2
    assert len(encoder.layers) == 3
    assert not any(parameter.requires_grad for parameter in key.parameters())
    batch = Packed(torch.tensor([0, 5, 2, 0, 6, 7, 2]), (3, 4))
    torch.testing.assert_close(key(batch), projector(encoder(batch, 2), batch.lengths))


def test_pooling_by_hand() -> None:
    hidden = torch.arange(10.0).view(5, 2)
    assert pool(hidden, (2, 3), "cls").tolist() == [[0, 1], [4, 5]]
    assert pool(hidden, (2, 3), "mean").tolist() == [[1, 2], [6, 7]]


def test_projection_and_normalisation_are_options() -> None:
    hidden = torch.tensor([[3.0, 4.0]])
    plain = Projector(ContrastSection(projection=False), 2, 1)
    assert plain(hidden, (1,)).tolist() == [[3, 4]]
    unit = Projector(ContrastSection(projection=False, normalize=True), 2, 1)
    torch.testing.assert_close(unit(hidden, (1,)), torch.tensor([[0.6, 0.8]]))
    projected = Projector(ContrastSection(), 2, 1)
    assert projected.weight is not None
    torch.testing.assert_close(projected(hidden, (1,)), hidden @ projected.weight.T)


def test_momentum_schedules() -> None:
    assert momentum_at(ConstantMomentum(value=0.99), 7) == 0.99
    ramp = RampMomentum(begin=0.9, end=0.99, steps=10)
    assert [round(momentum_at(ramp, step), 6) for step in (0, 5, 10, 99)] == [0.9, 0.945, 0.99, 0.99]
