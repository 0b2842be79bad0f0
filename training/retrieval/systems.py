"""What is compared: encoders, read at any layer, and character n-grams, which know no model."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from transformers import PreTrainedTokenizerBase

from training.config.evaluate import EvaluateSection
from training.data.batch import packed, passes
from training.data.sequences import join
from training.data.shards import Ragged
from training.model import Encoder
from training.objectives.contrast import pool
from training.retrieval.pools import Candidates, folded
from training.retrieval.scoring import Hits, top1

Similarity = Callable[[Candidates], NDArray[np.float32]]
"""From n pairs to the scores of all sources with all targets, float32 `[n, n]`."""

SideIds = Callable[[Candidates], tuple[Ragged, Ragged]]
"""From n pairs to the token ids of their sources and of their targets, special tokens left out."""


@dataclass(frozen=True)
class Variant:
    """One way to read a system. `setting` names it, such as {"layer": 2, "pooling": "mean", "centered": True}."""

    setting: dict[str, int | str | bool]
    similarity: Similarity


@dataclass(frozen=True)
class Chosen:
    """The variant that was best on dev; every variant's dev score, in percent, beside its setting."""

    variant: Variant
    dev_scores: list[dict[str, int | str | bool | float]]

    @property
    def dev_score(self) -> float:
        return max(float(row["top1"]) for row in self.dev_scores)


def retrieve(variant: Variant, pools: dict[str, Candidates]) -> Hits:
    """Return which queries of every pool find their translation."""
    found = {language: top1(variant.similarity(pool)) for language, pool in pools.items()}
    return Hits(found, {language: pool.groups for language, pool in pools.items()})


def choose(variants: Iterable[Variant], dev: dict[str, Candidates]) -> Chosen:
    """Return the variant with the highest mean top-1 on dev, the first of equals."""
    tried = [(retrieve(variant, dev).mean, variant) for variant in variants]
    best = max(tried, key=lambda one: one[0])[1]
    return Chosen(best, [{**variant.setting, "top1": round(score, 3)} for score, variant in tried])


def own_ids(pool: Candidates) -> tuple[Ragged, Ragged]:
    """Return the ids of both sides by the tokenizer that the pool was made with."""
    return pool.source_ids, pool.target_ids


def ids_by(tokenizer: PreTrainedTokenizerBase) -> SideIds:
    """Return what gives both sides' ids by another tokenizer, special tokens left out."""

    def ids(texts: list[str]) -> Ragged:
        return Ragged.of(tokenizer(texts, add_special_tokens=False)["input_ids"])

    return lambda pool: (ids(pool.source_texts), ids(pool.target_texts))


def encoder_variants(encoder: Encoder, evaluate: EvaluateSection, ids: SideIds = own_ids) -> list[Variant]:
    """Return a variant for each layer (0 is the embeddings), pooling and centring."""
    states = _PooledStates(encoder, evaluate, ids)
    layers = range(encoder.shape.layers + 1)
    return [
        Variant(
            {"layer": layer, "pooling": pooling, "centered": centered},
            _encoder_similarity(states, layer, evaluate.poolings.index(pooling), centered),
        )
        for layer, pooling, centered in product(layers, evaluate.poolings, evaluate.centering)
    ]


def ngram_variants(training_texts: Sequence[str], evaluate: EvaluateSection) -> list[Variant]:
    """Return a variant for each range of lengths and centring: TF-IDF of character n-grams inside words.

    Counts are sublinear, 1 + log(tf); document frequencies come from training texts, evenly taken from all.
    """
    training_texts = training_texts[:: -(-len(training_texts) // evaluate.ngram_texts)]
    variants = []
    for shortest, longest in evaluate.ngram_ranges:
        vectorizer = TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=(shortest, longest),
            sublinear_tf=True,
            max_features=evaluate.max_features,
            preprocessor=folded,
            dtype=np.float32,
        ).fit(training_texts)
        counted = _NgramVectors(vectorizer)
        variants += [
            Variant(
                {"shortest": shortest, "longest": longest, "centered": centered},
                _ngram_similarity(counted, centered),
            )
            for centered in evaluate.centering
        ]
    return variants


class _PooledStates:
    """Vectors of all layers and poolings for the two sides of a pool, computed once for each pool."""

    def __init__(self, encoder: Encoder, evaluate: EvaluateSection, ids: SideIds) -> None:
        self._encoder = encoder
        self._evaluate = evaluate
        self._ids = ids
        self._cache: dict[int, tuple[Candidates, NDArray[np.float32]]] = {}

    def __call__(self, pool: Candidates) -> NDArray[np.float32]:
        """Return float32 `[2, layers + 1, poolings, n, D]`, sources first."""
        if id(pool) not in self._cache:
            sides = [self._side(ids) for ids in self._ids(pool)]
            self._cache[id(pool)] = pool, np.stack(sides)
        return self._cache[id(pool)][1]

    @torch.no_grad()
    def _side(self, ids: Ragged) -> NDArray[np.float32]:
        sequences = join([cut(ids, self._evaluate.max_tokens)])
        own = list(passes(sequences.lengths))
        parts = []
        for rows in own:
            batch = packed(sequences.take(rows))
            states = self._encoder.all_states(batch)
            parts.append(
                torch.stack(
                    [
                        torch.stack([pool(state, batch.lengths, pooling) for pooling in self._evaluate.poolings])
                        for state in states
                    ]
                )
            )
        vectors = torch.cat(parts, dim=2).numpy()
        result = np.empty_like(vectors)
        result[:, :, np.concatenate(own)] = vectors
        return result


def cut(ids: Ragged, longest: int) -> Ragged:
    """Return the rows, each cut to its first `longest` tokens."""
    return Ragged.of([row[:longest] for row in ids.tolist()])


def _encoder_similarity(states: _PooledStates, layer: int, pooling: int, centered: bool) -> Similarity:
    def similarity(pool: Candidates) -> NDArray[np.float32]:
        source, target = states(pool)[:, layer, pooling]
        if centered:
            source, target = source - source.mean(axis=0), target - target.mean(axis=0)
        return np.asarray(_unit(source) @ _unit(target).T)

    return similarity


class _NgramVectors:
    """Sparse TF-IDF vectors of the two sides of a pool, computed once for each pool."""

    def __init__(self, vectorizer: TfidfVectorizer) -> None:
        self._vectorizer = vectorizer
        self._cache: dict[int, tuple[Candidates, Any, Any]] = {}

    def __call__(self, pool: Candidates) -> tuple[Any, Any]:
        """Return two CSR matrices of SciPy's, `[n, features]`, sources first."""
        if id(pool) not in self._cache:
            source, target = (self._vectorizer.transform(side) for side in (pool.source_texts, pool.target_texts))
            self._cache[id(pool)] = pool, source, target
        return self._cache[id(pool)][1:]


def _ngram_similarity(vectors: _NgramVectors, centered: bool) -> Similarity:
    def similarity(pool: Candidates) -> NDArray[np.float32]:
        source, target = vectors(pool)
        scores = (source @ target.T).toarray()
        if not centered:
            return np.asarray(scores)
        # (s - s̄)·(t - t̄) and the norms without ever making the vectors dense
        mean_s, mean_t = np.asarray(source.mean(axis=0)).ravel(), np.asarray(target.mean(axis=0)).ravel()
        scores = scores - (source @ mean_t)[:, None] - (target @ mean_s)[None, :] + mean_s @ mean_t
        return np.asarray(scores / _centered_norm(source, mean_s)[:, None] / _centered_norm(target, mean_t)[None, :])

    return similarity


def _centered_norm(rows: Any, mean: NDArray[np.float32]) -> NDArray[np.float32]:
    squares = np.asarray(rows.multiply(rows).sum(axis=1)).ravel() - 2 * (rows @ mean) + mean @ mean
    return np.asarray(np.sqrt(np.maximum(squares, 1e-12)))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))
