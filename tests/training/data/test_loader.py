"""The loader: a pure function of its cursors, whatever a thread has prepared."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from training.config.pretrain import PretrainArm
from training.data.batch import Step
from training.data.loader import Loader
from training.data.streams import Corpus

Recipe = Callable[..., PretrainArm]


def arrays(step: Step) -> Mapping[str, list[int]]:
    return {name: array.tolist() for name, array in step.arrays().items()}


def test_a_loader_goes_on_from_its_cursors(corpus: Corpus, recipe: Recipe) -> None:
    straight, resumed = Loader(corpus, recipe()), Loader(corpus, recipe())
    for step in range(3):
        straight.next(step)
    resumed.next(0)  # another step is under way in it
    resumed.cursors = dict(straight.cursors)
    for step in (3, 4, 5):
        assert arrays(straight.next(step)) == arrays(resumed.next(step))
        assert straight.cursors == resumed.cursors


def test_a_step_that_was_prepared_does_not_count_before_it_is_asked_for(corpus: Corpus, recipe: Recipe) -> None:
    loader = Loader(corpus, recipe())
    loader.next(0)
    cursors = dict(loader.cursors)
    first = loader.next(1)
    loader.cursors = cursors
    assert arrays(loader.next(1)) == arrays(first)
    assert all(0 < 2 * 400 - sum(taken) < 400 for taken in [[cursor.tokens for cursor in loader.cursors.values()]])


def test_what_a_thread_cannot_read_fails_the_step(
    corpus: Corpus, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = Loader(corpus, recipe())

    def broken(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("training.data.loader.collate", broken)
    with pytest.raises(OSError, match="the disk is gone"):
        loader.next(0)


def test_the_queue_s_examples_are_not_those_of_the_first_steps(corpus: Corpus, recipe: Recipe) -> None:
    loader = Loader(corpus, recipe(contrast={"mixup": False, "mask_inputs": False}))
    batches = loader.prefill()
    first, second = next(batches), next(batches)
    assert first.keys is not None
    assert len(first.sequences) > 3
    assert first.sequences.tolist() != second.sequences.tolist()
    contrast = loader.next(0).contrast
    assert contrast is not None
    assert not np.array_equal(np.sort(contrast.keys.values), np.sort(first.keys.sequences.values))
