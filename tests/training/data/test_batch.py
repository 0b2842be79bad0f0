"""Collation: sorted by length, queries first, and nothing mixed up on the way."""

from collections.abc import Callable

import numpy as np
import torch

from training.config import PretrainArm
from training.data.batch import Batch, collate
from training.data.sequences import Examples
from training.data.streams import Corpus, streams


def made(corpus: Corpus, arm: PretrainArm) -> tuple[dict[str, Examples], Batch]:
    examples = {name: stream.next(1) for name, stream in streams(corpus, arm).items()}
    return dict(examples), collate(examples, corpus.vocabulary, arm, step=0)


def rows(tokens: torch.Tensor, lengths: tuple[int, ...]) -> list[list[int]]:
    return [part.tolist() for part in tokens.split(list(lengths))]


def test_queries_come_first_and_each_part_is_sorted_by_length(
    corpus: Corpus, recipe: Callable[..., PretrainArm]
) -> None:
    examples, batch = made(corpus, recipe())
    assert batch.queries == len(examples["xlco"].sequences)
    assert list(batch.query_lengths) == sorted(batch.query_lengths)
    assert list(batch.lm_lengths) == sorted(batch.lm_lengths)
    assert len(batch.packed.tokens) == sum(batch.packed.lengths)
    assert len(batch.packed.tokens) == sum(len(example.sequences.values) for example in examples.values())


def test_each_query_finds_its_own_key_and_group(corpus: Corpus, recipe: Callable[..., PretrainArm]) -> None:
    examples, batch = made(corpus, recipe(contrast={"mask_inputs": False}))
    given = examples["xlco"]
    assert given.keys is not None
    assert given.groups is not None
    assert batch.contrast is not None
    queries = rows(batch.packed.tokens, batch.packed.lengths)[: batch.queries]
    keys = rows(batch.contrast.keys.tokens, batch.contrast.keys.lengths)
    paired = [(query, keys[place]) for query, place in zip(queries, batch.contrast.key_of.tolist(), strict=True)]
    expected = list(zip(given.sequences.tolist(), given.keys.tolist(), strict=True))
    assert sorted(paired) == sorted(expected)
    groups = [group.tolist() for group in given.groups.view(np.int64)]
    by_pair = {(str(query), str(key)): group for (query, key), group in zip(expected, groups, strict=True)}
    assert batch.contrast.tags.groups.tolist() == [by_pair[str(query), str(key)] for query, key in paired]


def test_the_contrast_s_inputs_are_masked_if_asked(corpus: Corpus, recipe: Callable[..., PretrainArm]) -> None:
    mask_id = corpus.vocabulary - 1
    for asked in (True, False):
        _, batch = made(corpus, recipe(contrast={"mask_inputs": asked}))
        assert batch.contrast is not None
        queries = batch.packed.tokens[: sum(batch.query_lengths)]
        assert bool((queries == mask_id).any()) is asked
        assert bool((batch.contrast.keys.tokens == mask_id).any()) is asked


def test_targets_say_which_objective_they_belong_to(corpus: Corpus, recipe: Callable[..., PretrainArm]) -> None:
    examples, batch = made(corpus, recipe())
    assert batch.targets is not None
    assert batch.targets.places.tolist() == sorted(batch.targets.places.tolist())
    share = {
        name: int(chosen.sum()) / int(examples[name].sequences.lengths.sum())
        for name, chosen in (("mlm", ~batch.targets.is_tlm), ("tlm", batch.targets.is_tlm))
    }
    assert all(0.05 < value < 0.25 for value in share.values())


def test_masking_is_a_function_of_seed_and_step(corpus: Corpus, recipe: Callable[..., PretrainArm]) -> None:
    arm = recipe()
    examples = {name: stream.next(1) for name, stream in streams(corpus, arm).items()}
    one, same, other = (collate(examples, corpus.vocabulary, arm, step) for step in (4, 4, 5))
    assert torch.equal(one.packed.tokens, same.packed.tokens)
    assert not torch.equal(one.packed.tokens, other.packed.tokens)
