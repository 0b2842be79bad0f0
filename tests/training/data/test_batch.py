"""Collation: sorted by length, queries first, and nothing mixed up on the way."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from training.config.pretrain import PretrainArm
from training.data.batch import Batch, Step, collate
from training.data.sequences import Examples
from training.data.streams import Corpus, Cursor, streams


def made(corpus: Corpus, arm: PretrainArm) -> tuple[dict[str, Examples], Step]:
    examples = {name: stream.next(Cursor(), 1)[0] for name, stream in streams(corpus, arm).items()}
    return dict(examples), collate(examples, corpus.vocabulary, arm, step=0)


def whole(step: Step) -> Batch:
    return step.part(0, 1)


def rows(tokens: torch.Tensor, lengths: tuple[int, ...]) -> list[list[int]]:
    return [part.tolist() for part in tokens.split(list(lengths))]


def test_queries_come_first_and_each_part_is_sorted_by_length(
    corpus: Corpus, recipe: Callable[..., PretrainArm]
) -> None:
    examples, step = made(corpus, recipe())
    batch = whole(step)
    assert batch.queries == len(examples["xlco"].sequences)
    assert list(batch.query_lengths) == sorted(batch.query_lengths)
    assert list(batch.lm_lengths) == sorted(batch.lm_lengths)
    assert len(batch.packed.tokens) == sum(batch.packed.lengths)
    assert len(batch.packed.tokens) == sum(len(example.sequences.values) for example in examples.values())


@pytest.mark.parametrize("parts", [1, 3])
def test_each_query_finds_its_own_key_and_group(corpus: Corpus, recipe: Callable[..., PretrainArm], parts: int) -> None:
    examples, step = made(corpus, recipe(contrast={"mask_inputs": False}))
    given = examples["xlco"]
    assert given.keys is not None
    assert step.tags is not None
    queries: dict[int, list[int]] = {}
    keys: dict[int, list[int]] = {}
    for number in range(parts):
        batch, share = step.part(number, parts), step.keys(number, parts)
        texts = rows(batch.packed.tokens, batch.packed.lengths)[: batch.queries]
        queries |= dict(zip(batch.query_example.tolist(), texts, strict=True))
        keys |= dict(zip(share.example.tolist(), rows(share.packed.tokens, share.packed.lengths), strict=True))
    examples_in_order = range(len(given.sequences))
    assert [queries[example] for example in examples_in_order] == given.sequences.tolist()
    assert [keys[example] for example in examples_in_order] == given.keys.sequences.tolist()
    assert step.tags.groups.tolist() == given.keys.groups.view(np.int64).tolist()


def test_parts_have_every_sequence_and_target_once(corpus: Corpus, recipe: Callable[..., PretrainArm]) -> None:
    _, step = made(corpus, recipe())
    batches = [step.part(number, 4) for number in range(4)]
    assert sorted(length for batch in batches for length in batch.lm_lengths) == list(whole(step).lm_lengths)
    sizes = [len(batch.packed.tokens) for batch in batches]
    assert max(sizes) - min(sizes) <= 2 * recipe().longest_sequence
    restored = []
    for batch in [*batches, whole(step)]:
        assert batch.targets is not None
        tokens = batch.packed.tokens[sum(batch.query_lengths) :]
        pairs = zip(tokens[batch.targets.places].tolist(), batch.targets.labels.tolist(), strict=True)
        restored.append([(*pair, bool(tlm)) for pair, tlm in zip(pairs, batch.targets.is_tlm, strict=True)])
    assert sorted(target for part in restored[:-1] for target in part) == sorted(restored[-1])


def test_the_contrast_s_inputs_are_masked_if_asked(corpus: Corpus, recipe: Callable[..., PretrainArm]) -> None:
    mask_id = corpus.vocabulary - 1
    for asked in (True, False):
        _, step = made(corpus, recipe(contrast={"mask_inputs": asked}))
        batch = whole(step)
        queries = batch.packed.tokens[: sum(batch.query_lengths)]
        assert bool((queries == mask_id).any()) is asked
        assert bool((step.keys(0, 1).packed.tokens == mask_id).any()) is asked


def test_a_step_without_the_contrast_has_no_keys(corpus: Corpus, recipe: Callable[..., PretrainArm]) -> None:
    arm = recipe()
    examples = {"mlm": streams(corpus, arm)["mlm"].next(Cursor(), 1)[0]}
    with pytest.raises(ValueError, match="no keys"):
        collate({"mlm": examples["mlm"]}, corpus.vocabulary, arm, 0).keys(0, 1)


def test_targets_say_which_objective_they_belong_to(corpus: Corpus, recipe: Callable[..., PretrainArm]) -> None:
    examples, step = made(corpus, recipe())
    batch = whole(step)
    assert batch.targets is not None
    assert batch.targets.places.tolist() == sorted(batch.targets.places.tolist())
    share = {
        name: int(chosen.sum()) / int(examples[name].sequences.lengths.sum())
        for name, chosen in (("mlm", ~batch.targets.is_tlm), ("tlm", batch.targets.is_tlm))
    }
    assert all(0.05 < value < 0.25 for value in share.values())


def test_masking_is_a_function_of_seed_and_step(corpus: Corpus, recipe: Callable[..., PretrainArm]) -> None:
    arm = recipe()
    examples = {name: stream.next(Cursor(), 1)[0] for name, stream in streams(corpus, arm).items()}
    one, same, other = (whole(collate(examples, corpus.vocabulary, arm, step)) for step in (4, 4, 5))
    assert torch.equal(one.packed.tokens, same.packed.tokens)
    assert not torch.equal(one.packed.tokens, other.packed.tokens)


def test_the_entropy_of_the_contrast_s_languages(corpus: Corpus, recipe: Callable[..., PretrainArm]) -> None:
    _, step = made(corpus, recipe())
    assert step.contrast_entropy is not None
    assert 0.5 < step.contrast_entropy <= np.log(3)  # three pairs of languages
    examples = {"mlm": streams(corpus, recipe())["mlm"].next(Cursor(), 1)[0]}
    assert collate({"mlm": examples["mlm"]}, corpus.vocabulary, recipe(), 0).contrast_entropy is None
