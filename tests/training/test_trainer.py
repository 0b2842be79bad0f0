"""One step of training, and a run that is taken up where it was."""

import copy
from collections.abc import Callable

import pytest
import torch

from pipelines.datasets.errors import UserError
from training.config import Objective, PretrainArm
from training.data.streams import Corpus
from training.trainer import Sums, Trainer, loss_scales

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


def test_one_forward_for_all_objectives_equals_three(corpus: Corpus, recipe: Recipe) -> None:
    trainer = Trainer(recipe(), corpus)
    batch = trainer._next_batch()
    together, keys = trainer._loss(batch)
    encoder, lengths = trainer.model.encoder, batch.packed.lengths
    tokens = sum(batch.query_lengths)
    from training.model import Packed
    from training.objectives.contrast import info_nce
    from training.objectives.masked_lm import masked_lm_loss

    assert batch.targets is not None
    assert batch.contrast is not None
    assert trainer.projector is not None
    final = encoder(Packed(batch.packed.tokens[tokens:], batch.lm_lengths))
    ones = torch.ones(len(batch.targets.labels))
    language_model, _ = masked_lm_loss(trainer.model, final, batch.targets.places, batch.targets.labels, ones)
    queries = trainer.projector(
        encoder(Packed(batch.packed.tokens[:tokens], batch.query_lengths), 2), batch.query_lengths
    )
    assert keys is not None
    contrast, _ = info_nce(queries, keys, batch.contrast.tags, trainer.queue, trainer.arm.contrast)
    targets = len(batch.targets.labels) + batch.queries
    torch.testing.assert_close(together, (language_model + contrast) / targets, atol=1e-5, rtol=1e-5)
    assert len(lengths) == len(batch.query_lengths) + len(batch.lm_lengths)


def test_mean_each_adds_the_means(corpus: Corpus, recipe: Recipe) -> None:
    trainer = Trainer(recipe(loss_reduction="mean_each", contrast={"weight": 2.0}), corpus)
    for _ in range(2):  # the queue is empty in the first step
        loss, _ = trainer._loss(trainer._next_batch())
        means = trainer.sums.means()
        trainer.sums = Sums()
        assert loss.item() == pytest.approx(means["mlm"] + means["tlm"] + 2.0 * means["xlco"], rel=1e-5)
        trainer.step += 1


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


def test_a_loss_that_is_no_number_is_a_clear_error(corpus: Corpus, recipe: Recipe) -> None:
    trainer = Trainer(recipe(), corpus)
    with torch.no_grad():
        trainer.model.encoder.tokens.weight[5:] = float("inf")
    with pytest.raises(UserError, match=r"the loss is nan at step 1: .* lower pretrain\.optimizer\.learning_rate"):
        trainer.train_step()
