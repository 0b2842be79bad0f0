"""FLOPs by hand, and against torch's own counter on a whole step."""

from collections.abc import Callable

import numpy as np
import pytest
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from training.config.model import ModelSection
from training.config.pretrain import PretrainArm
from training.data.streams import Corpus
from training.flops import Sequences, Work, encoder_flops, head_flops, mfu, step_flops, work_of
from training.trainer import Trainer

SHAPE = ModelSection(layers=1, hidden=8, heads=1, feed_forward=16, positions=16)


def test_a_layer_by_hand() -> None:
    two = Sequences.of(np.asarray([2, 3]))
    assert two == Sequences(5, 13)
    products = 5 * (8 * 24 + 8 * 8 + 8 * 16 + 16 * 8)  # queries, keys and values; output; up; down
    attention = (2 * 2 + 3 * 3) * 8 * 2  # scores, and the mean of the values
    assert encoder_flops(SHAPE, two, 1) == 2 * (products + attention)
    assert encoder_flops(SHAPE, two, 3) == 3 * encoder_flops(SHAPE, two, 1)


def test_the_head_by_hand() -> None:
    assert head_flops(SHAPE, 4, 100) == 2 * 4 * (8 * 8 + 8 * 100)


@pytest.mark.parametrize("contrast", [{}, {"in_batch_negatives": True, "projection": False}])
def test_a_step_has_the_flops_that_torch_counts(
    corpus: Corpus, recipe: Callable[..., PretrainArm], contrast: dict[str, object]
) -> None:
    arm = recipe(contrast=contrast)
    trainer = Trainer(arm, corpus)
    trainer.train_step()  # fills the queue
    step = trainer.next_step()
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        trainer._backward(step, trainer._keys(step))
    assert step_flops(work_of(step, arm), arm, corpus.vocabulary) == counter.get_total_flops()


def test_a_step_without_the_contrast_has_none_of_its_cost(recipe: Callable[..., PretrainArm]) -> None:
    arm = recipe()
    work = Work(Sequences(100, 3000), masked=15)
    expected = 3 * (encoder_flops(arm.model, Sequences(100, 3000), 3) + head_flops(arm.model, 15, 90))
    assert step_flops(work, arm, 90) == expected


def test_mfu_is_a_share_of_the_peak() -> None:
    assert mfu(flops=6e12, seconds=2.0, peak=1e13) == pytest.approx(0.3)
