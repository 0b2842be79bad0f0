"""One step of training, and a run that is taken up where it was."""

import copy
from collections.abc import Callable

import pytest
import torch

from pipelines.datasets.errors import UserError
from training.config.pretrain import PretrainArm
from training.config.section import Objective
from training.data.streams import Corpus
from training.measures.sums import Sums, measured
from training.model import Packed
from training.objectives.contrast import info_nce
from training.objectives.masked_lm import masked_lm_loss
from training.objectives.together import loss_scales
from training.trainer import Diverged, Trainer

Recipe = Callable[..., PretrainArm]


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


@pytest.mark.parametrize(
    "contrast", [{}, {"in_batch_negatives": True, "mixup": False, "pooling": "mean", "normalize": True}]
)
def test_a_resumed_run_is_bit_for_bit_the_same(corpus: Corpus, recipe: Recipe, contrast: dict[str, object]) -> None:
    arm = recipe(contrast=contrast)
    straight = Trainer(arm, corpus)
    for _ in range(3):
        straight.train_step()
    state = copy.deepcopy(straight.state())
    for _ in range(3):
        straight.train_step()
    resumed = Trainer(arm, corpus)
    resumed.load(state)
    for _ in range(3):
        resumed.train_step()
    for name, value in weights(straight).items():
        assert torch.equal(value, weights(resumed)[name]), name
    assert torch.equal(straight.queue.keys, resumed.queue.keys)
    assert torch.equal(straight.queue.groups, resumed.queue.groups)
    assert straight.log_line() == resumed.log_line()
    assert straight.tokens == resumed.tokens


def backward(trainer: Trainer) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return the measures of the next step and the gradients of all trained weights."""
    step = trainer.next_step()
    measures = trainer._backward(step, trainer._keys(step))
    return measures, [weight.grad.clone() for weight in trainer._trained() if weight.grad is not None]


def test_one_forward_for_all_objectives_equals_three(corpus: Corpus, recipe: Recipe) -> None:
    trainer = Trainer(recipe(), corpus)
    trainer.train_step()  # the queue has the step's keys now
    step = trainer.next_step()
    batch, keys = step.part(0, 1), trainer._keys(step)
    tokens = sum(batch.query_lengths)
    encoder = trainer.model.encoder
    assert batch.targets is not None
    assert step.tags is not None
    assert keys is not None
    assert trainer.projector is not None
    scales = loss_scales(step.target_counts, trainer.arm)
    together, measures = trainer.objectives(batch, scales, keys, step.tags, trainer.queue)
    final = encoder(Packed(batch.packed.tokens[tokens:], batch.lm_lengths))
    ones = torch.ones(len(batch.targets.labels))
    language_model, _ = masked_lm_loss(trainer.model, final, batch.targets.places, batch.targets.labels, ones)
    queries = trainer.projector(
        encoder(Packed(batch.packed.tokens[:tokens], batch.query_lengths), 2), batch.query_lengths
    )
    contrast, _ = info_nce(queries, batch.query_example, keys, step.tags, trainer.queue, trainer.arm.contrast)
    targets = len(batch.targets.labels) + batch.queries
    torch.testing.assert_close(together, (language_model + contrast) / targets, atol=1e-5, rtol=1e-5)
    assert float(measures[:3].sum()) / targets == pytest.approx(together.item(), rel=1e-5)


@pytest.mark.parametrize("in_batch_negatives", [False, True])
@pytest.mark.parametrize("reduction", ["joint_sum", "mean_each"])
def test_many_small_batches_equal_one_large(
    corpus: Corpus, recipe: Recipe, reduction: str, in_batch_negatives: bool
) -> None:
    contrast = {"in_batch_negatives": in_batch_negatives}
    found = []
    for micro_batches in (1, 5):
        trainer = Trainer(recipe(loss_reduction=reduction, micro_batches=micro_batches, contrast=contrast), corpus)
        trainer.train_step()
        found.append(backward(trainer))
    (one, gradients), (many, others) = found
    torch.testing.assert_close(one, many, atol=1e-5, rtol=1e-5)
    assert len(gradients) == len(others) > 10
    for gradient, other in zip(gradients, others, strict=True):
        torch.testing.assert_close(gradient, other, atol=1e-6, rtol=1e-5)


def test_the_largest_gradient_is_written_where_the_last_one_was(corpus: Corpus, recipe: Recipe) -> None:
    trainer = Trainer(recipe(micro_batches=2), corpus)
    places = set()
    for _ in range(3):
        trainer.train_step()
        places.add(trainer.model.encoder.tokens.weight.grad.data_ptr())  # type: ignore[union-attr]
    assert len(places) == 1


def test_recomputing_activations_changes_nothing(corpus: Corpus, recipe: Recipe) -> None:
    model = {"dropout": 0.2, "attention_dropout": 0.1}
    kept, recomputed = (Trainer(recipe(recompute=recompute, model=model), corpus) for recompute in (False, True))
    for trainer in (kept, recomputed):
        trainer.train_step()
    for name, value in weights(kept).items():
        assert torch.equal(value, weights(recomputed)[name]), name


def test_dropout_is_a_function_of_seed_and_step(corpus: Corpus, recipe: Recipe) -> None:
    without, once, again = (
        Trainer(recipe(model={"dropout": dropout, "attention_dropout": dropout}), corpus) for dropout in (0.0, 0.3, 0.3)
    )
    for trainer in (without, once, again):
        torch.rand(3)  # what else is drawn does not matter
        trainer.train_step()
    for name, value in weights(once).items():
        assert torch.equal(value, weights(again)[name]), name
    assert not torch.equal(without.model.encoder.tokens.weight, once.model.encoder.tokens.weight)


def test_half_precision_is_near_to_full(corpus: Corpus, recipe: Recipe) -> None:
    measured = {}
    for precision in ("fp32", "bf16"):
        trainer = Trainer(recipe(precision=precision), corpus)
        assert all(value.dtype == torch.float32 for value in weights(trainer).values())
        trainer.train_step()
        measured[precision] = backward(trainer)
    (full, gradients), (half, others) = measured["fp32"], measured["bf16"]
    torch.testing.assert_close(full[:3], half[:3], rtol=2e-2, atol=0)
    for gradient, other in zip(gradients, others, strict=True):
        assert other.dtype == torch.float32
        assert torch.nn.functional.cosine_similarity(gradient.ravel(), other.ravel(), 0) > 0.97


def test_the_queue_is_full_of_real_keys_before_the_first_step(corpus: Corpus, recipe: Recipe) -> None:
    trainer = Trainer(recipe(), corpus)
    trainer._fill_queue()
    keys, tags = trainer.queue.filled()
    assert len(keys) == 32
    assert (keys.abs().sum(1) > 0).all()
    assert len(tags.groups.unique()) > 8
    empty = Trainer(recipe(contrast={"prefill": False}), corpus)
    empty._fill_queue()
    assert len(empty.queue.filled()[0]) == 0


def test_mean_each_adds_the_means(corpus: Corpus, recipe: Recipe) -> None:
    trainer = Trainer(recipe(loss_reduction="mean_each", contrast={"weight": 2.0}), corpus)
    step = trainer.next_step()
    scales = loss_scales(step.target_counts, trainer.arm)
    total, measures = trainer.objectives(step.part(0, 1), scales, trainer._keys(step), step.tags, trainer.queue)
    sums = Sums()
    sums.add(measured(step, measures, 1.0, None))
    means = sums.means()
    assert total.item() == pytest.approx(means["mlm"] + means["tlm"] + 2.0 * means["xlco"], rel=1e-5)


def test_a_target_counts_by_the_reduction(recipe: Recipe) -> None:
    counts: dict[Objective, int] = {"mlm": 10, "tlm": 6, "xlco": 4}
    joint, each = (recipe(loss_reduction=how, contrast={"weight": 3.0}) for how in ("joint_sum", "mean_each"))
    assert loss_scales(counts, joint) == {"mlm": 1 / 20, "tlm": 1 / 20, "xlco": 3 / 20}
    assert loss_scales(counts, each) == {"mlm": 1 / 10, "tlm": 1 / 6, "xlco": 3 / 4}


def test_arms_take_the_same_tokens_and_the_same_start(corpus: Corpus, section: Callable[..., object]) -> None:
    arms = section().resolve()  # type: ignore[attr-defined]
    trainers = {name: Trainer(arm, corpus) for name, arm in arms.items()}
    first, second = trainers.values()
    for name, value in weights(first).items():
        assert torch.equal(value, weights(second)[name])
    for trainer in trainers.values():
        for _ in range(6):
            trainer.train_step()
    totals = [sum(trainer.tokens.values()) for trainer in trainers.values()]
    budget, streams, longest = 6 * 400, 3, first.arm.longest_sequence
    assert all(budget - streams * longest < total <= budget for total in totals)
    assert (first.key_tokens, second.key_tokens > 0) == (0, True)


def test_training_lowers_the_losses(corpus: Corpus, recipe: Recipe) -> None:
    arm = recipe(
        steps=60,
        tokens_per_step=600,
        loss_reduction="mean_each",
        optimizer={"learning_rate": 5e-3},
        contrast={"pooling": "mean", "mixup": False, "in_batch_negatives": True, "queue_size": 0},
    )
    trainer = Trainer(arm, corpus)
    lines = []
    for step in range(60):
        trainer.train_step()
        if step in (9, 59):
            lines.append(trainer.log_line())
    for objective in ("mlm", "tlm", "xlco"):
        assert lines[1][objective] < lines[0][objective]


def test_a_loss_that_is_no_number_is_left_out_and_then_a_clear_error(corpus: Corpus, recipe: Recipe) -> None:
    trainer = Trainer(recipe(tolerated_bad_steps=2), corpus)
    trainer.train_step()
    with torch.no_grad():
        trainer.model.encoder.tokens.weight[5:] = float("inf")
    before = weights(trainer), trainer.queue.keys.clone(), int(trainer.queue.pushed)
    for _ in range(2):
        trainer.train_step()
    assert trainer.log_line()["skipped_steps"] == 2
    for name, value in weights(trainer).items():
        assert torch.equal(value, before[0][name])
    assert torch.equal(trainer.queue.keys, before[1])
    assert (trainer.step, int(trainer.queue.pushed)) == (3, before[2])
    with pytest.raises(
        Diverged,
        match=r"no number, or a spike, at step 4 .* the 2 before it: .* lower pretrain\.optimizer\.learning_rate",
    ) as raised:
        trainer.train_step()
    assert isinstance(raised.value, UserError)
    assert raised.value.step.target_counts["mlm"] > 0


def test_a_spike_is_left_out(corpus: Corpus, recipe: Recipe) -> None:
    trainer = Trainer(recipe(spike=5.0), corpus)
    trainer.train_step()
    usual = trainer.usual_norm
    trainer.usual_norm = usual / 100
    before = weights(trainer)
    trainer.train_step()
    assert (trainer.bad_steps, trainer.sums.skipped) == (1, 1)
    for name, value in weights(trainer).items():
        assert torch.equal(value, before[name])
    trainer.usual_norm = usual
    trainer.train_step()
    assert (trainer.bad_steps, trainer.sums.skipped) == (0, 1)
