"""Cross-lingual retrieval on a few held-out pairs of dev, while a model trains."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from training.config.contrast import ContrastSection
from training.config.pretrain import PretrainArm
from training.corpus import tables_of
from training.data import random
from training.data.batch import packed, passes
from training.data.sequences import join
from training.data.shards import NumberColumn, Ragged, TokenColumn
from training.model import Encoder
from training.objectives.contrast import pool
from training.retrieval.scoring import top1

_DRAW: Final = 8
_FIRST_LOOK: Final = 4  # times the pairs that are wanted: enough unless most are alike


@dataclass(frozen=True)
class WatchedPairs:
    """As many pairs of each of several languages. texts: language by language, n sources, then their n targets."""

    languages: tuple[str, ...]
    pairs: int
    texts: Ragged


def watched_pairs(tokenize: Dataset, arm: PretrainArm) -> WatchedPairs | None:
    """Return the pairs of dev that the arm watches, drawn by its seed; in a language no text stands twice.

    Raises UserError where no language has as many as are asked for.
    """
    if arm.watch is None:
        return None
    found = {}
    for language, tables in tables_of(tokenize, "pairs", "dev").items():
        sides = _drawn(tables, arm.watch.pairs, arm)
        if sides is not None:
            found[language] = sides
    if not found:
        raise UserError(
            f"{tokenize.place}: no language has {arm.watch.pairs} different pairs in dev; lower pretrain.watch.pairs, "
            "or leave pretrain.watch out"
        )
    rows = [row for sides in found.values() for side in sides for row in side]
    return WatchedPairs(tuple(found), arm.watch.pairs, join([Ragged.of(rows)]))


def _drawn(tables: list[pa.Table], wanted: int, arm: PretrainArm) -> tuple[list[list[int]], list[list[int]]] | None:
    """Return the ids of both sides of the first pairs in an order that the seed and their groups give."""
    columns = [TokenColumn(tables, name) for name in ("source", "target")]
    groups = NumberColumn(tables, "group").gather(np.arange(columns[0].rows, dtype=np.int64))
    order = np.argsort(random.bits(groups.view(np.int64), random.key(arm.seed, _DRAW)), kind="stable")
    for looked_at in (order[: _FIRST_LOOK * wanted], order):
        source, target = (column.gather(looked_at, arm.data.max_tokens).tolist() for column in columns)
        rows = _distinct(source, target)[:wanted]
        if len(rows) == wanted:
            return [source[row] for row in rows], [target[row] for row in rows]
    return None


def _distinct(sources: list[list[int]], targets: list[list[int]]) -> list[int]:
    """Return the rows whose two sides differ, and are those of no row before."""
    seen: tuple[set[tuple[int, ...]], set[tuple[int, ...]]] = set(), set()
    chosen = []
    for row, pair in enumerate(zip(map(tuple, sources), map(tuple, targets), strict=True)):
        if pair[0] != pair[1] and not any(text in texts for text, texts in zip(pair, seen, strict=True)):
            chosen.append(row)
            for text, texts in zip(pair, seen, strict=True):
                texts.add(text)
    return chosen


def retrieval(encoder: Encoder, watched: WatchedPairs, contrast: ContrastSection) -> float:
    """Return the mean top-1 over languages and both directions, in percent.

    Texts are read where the contrast reads them, at its layer and with its pooling, in arms without XLCO too. Scores
    are cosines after each side's mean vector is taken off: what tells languages apart is no hindrance then.
    """
    vectors = _pooled(encoder, watched.texts, contrast).view(len(watched.languages), 2, watched.pairs, -1)
    vectors = F.normalize(vectors - vectors.mean(2, keepdim=True), dim=3)
    scores = (vectors[:, 0] @ vectors[:, 1].mT).cpu().numpy()
    return 100.0 * float(np.mean([top1(one).mean() for one in scores]))


@torch.no_grad()
def _pooled(encoder: Encoder, texts: Ragged, contrast: ContrastSection) -> Tensor:
    """Return a vector for each text, float32 `[n, D]`, without dropout."""
    device, was_training = encoder.tokens.weight.device, encoder.training
    encoder.eval()
    vectors = torch.empty(len(texts), encoder.shape.hidden, device=device)
    for rows in passes(texts.lengths):
        batch = packed(texts.take(rows)).to(device)
        states = encoder(batch, contrast.layer)
        vectors[torch.from_numpy(rows).to(device)] = pool(states, batch.lengths, contrast.pooling)
    encoder.train(was_training)
    return vectors
