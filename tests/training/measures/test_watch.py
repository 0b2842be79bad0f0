"""Retrieval on dev: which pairs are drawn, and the score against that of `evaluate`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import Outcome
from training.config.evaluate import EvaluateSection
from training.config.pretrain import PretrainArm
from training.data.shards import Ragged
from training.measures.watch import WatchedPairs, retrieval, watched_pairs
from training.model import Encoder, initialized
from training.retrieval.pools import Candidates
from training.retrieval.systems import encoder_variants, retrieve

Recipe = Callable[..., PretrainArm]


def pairs_of(watched: WatchedPairs) -> dict[str, list[tuple[list[int], list[int]]]]:
    """Return the ids of each pair by language, special tokens taken off."""
    texts = [row[1:-1] for row in watched.texts.tolist()]
    found = {}
    for number, language in enumerate(watched.languages):
        source = texts[2 * number * watched.pairs :][: watched.pairs]
        target = texts[(2 * number + 1) * watched.pairs :][: watched.pairs]
        found[language] = list(zip(source, target, strict=True))
    return found


def dev_of(tokenized: Dataset) -> dict[str, list[tuple[list[int], list[int]]]]:
    return {
        entry.partition["language"]: list(
            zip(*(tokenized.table(entry)[side].to_pylist() for side in ("source", "target")), strict=True)
        )
        for entry in tokenized.files(kind="pairs", split="dev")
    }


def test_pairs_are_of_dev_and_a_function_of_the_seed(tokenized: Dataset, recipe: Recipe) -> None:
    watch = {"every": 2, "pairs": 12}
    watched = watched_pairs(tokenized, recipe(watch=watch))
    assert watched is not None
    drawn, dev = pairs_of(watched), dev_of(tokenized)
    assert set(drawn) == set(dev)
    for language, pairs in drawn.items():
        assert len(pairs) == 12
        cut = [(source[:16], target[:16]) for source, target in dev[language]]
        assert all(pair in cut for pair in pairs)
        assert len({tuple(source) for source, _ in pairs}) == len({tuple(target) for _, target in pairs}) == 12
    assert pairs_of(watched) == drawn
    other = watched_pairs(tokenized, recipe(watch=watch, seed=4))
    assert other is not None
    assert pairs_of(other) != drawn


def test_without_the_option_nothing_is_watched(tokenized: Dataset, recipe: Recipe) -> None:
    assert watched_pairs(tokenized, recipe()) is None


def test_texts_that_stand_twice_and_copies_are_left_out(
    tmp_path: Path, recipe: Recipe, committed: Callable[[Draft, str, Outcome], Dataset]
) -> None:
    draft = Draft(tmp_path)
    rows = {"source": [[5], [5], [6], [7], [8]], "target": [[9], [10], [9], [7], [11]], "group": [1, 2, 3, 4, 5]}
    types = {"source": pa.list_(pa.uint16()), "target": pa.list_(pa.uint16()), "group": pa.uint64()}
    table = pa.table({name: pa.array(values, types[name]) for name, values in rows.items()})
    partition = {"kind": "pairs", "language": "de", "split": "dev"}
    files = [draft.write_table("pairs/en-de/dev-00000.arrow", table, partition)]
    tokenized = committed(draft, "tokenize", Outcome("rows", "rows", Counts(), files, {"vocabulary": 50}))
    watched = watched_pairs(tokenized, recipe(watch={"every": 2, "pairs": 2}))
    assert watched is not None
    (pairs,) = pairs_of(watched).values()
    assert ([7], [7]) not in pairs
    assert all(len({tuple(texts) for texts in side}) == 2 for side in zip(*pairs, strict=True))
    with pytest.raises(UserError, match=r"no language has 4 different pairs in dev; lower pretrain\.watch\.pairs"):
        watched_pairs(tokenized, recipe(watch={"every": 2, "pairs": 4}))


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_the_score_is_that_of_evaluate(tokenized: Dataset, recipe: Recipe, pooling: str) -> None:
    arm = recipe(watch={"every": 2, "pairs": 20}, contrast={"pooling": pooling})
    watched = watched_pairs(tokenized, arm)
    assert watched is not None
    encoder = initialized(arm.model, 120, 1).encoder
    pools = {
        language: Candidates(
            language,
            [""] * 20,
            [""] * 20,
            *(Ragged.of(side) for side in zip(*pairs, strict=True)),
            np.arange(20, dtype=np.uint64),
            [""] * 20,
        )
        for language, pairs in pairs_of(watched).items()
    }
    wanted = {"layer": arm.contrast.layer, "pooling": pooling, "centered": True}
    (variant,) = [one for one in encoder_variants(encoder, EvaluateSection()) if one.setting == wanted]
    assert retrieval(encoder, watched, arm.contrast) == pytest.approx(retrieve(variant, pools).mean)


def test_measuring_leaves_dropout_as_it_was_and_draws_nothing(tokenized: Dataset, recipe: Recipe) -> None:
    arm = recipe(watch={"every": 2, "pairs": 12}, model={"dropout": 0.5, "attention_dropout": 0.5})
    watched = watched_pairs(tokenized, arm)
    assert watched is not None
    encoder: Encoder = initialized(arm.model, 120, 1).encoder
    encoder.train()
    before = torch.get_rng_state()
    assert retrieval(encoder, watched, arm.contrast) == retrieval(encoder, watched, arm.contrast)
    assert encoder.training
    assert torch.equal(torch.get_rng_state(), before)
