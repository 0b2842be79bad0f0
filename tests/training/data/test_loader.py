"""The loader: a pure function of its cursors, whatever a thread has prepared."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pytest

from training.config.pretrain import PretrainArm
from training.data.batch import Batch, Step
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


@pytest.mark.parametrize("world", [1, 2, 3])
def test_ranks_share_the_step_of_one(corpus: Corpus, recipe: Recipe, world: int) -> None:
    alone = Loader(corpus, recipe()).next(0)
    shares = [Loader(corpus, recipe()).next(0) for _ in range(world)]  # each rank has a loader of its own
    batches = [share.part(rank, world) for rank, share in enumerate(shares)]
    whole = alone.part(0, 1)
    assert sorted(row for batch in batches for row in rows(batch)) == sorted(rows(whole))
    examples = np.concatenate([batch.query_example for batch in batches])
    assert sorted(examples.tolist()) == list(range(whole.queries))


def rows(batch: Batch) -> list[list[int]]:
    return [row.tolist() for row in batch.packed.tokens.split(list(batch.packed.lengths))]


def test_masks_are_new_when_a_text_is_read_again(recipe: Recipe) -> None:
    texts = pa.table({"ids": pa.array([list(range(4, 14))] * 8, pa.list_(pa.uint16()))})
    pairs = pa.table(dict.fromkeys(("source", "target"), texts["ids"]) | {"group": pa.array(range(8), pa.uint64())})
    loader = Loader(Corpus({"aa": [texts]}, {"aa-bb": [pairs]}, 200), recipe())
    steps = [loader.next(step).language_model for step in range(2)]
    masked = [step.sequences.values.tolist() for step in steps if step is not None]
    assert masked[0] != masked[1]
