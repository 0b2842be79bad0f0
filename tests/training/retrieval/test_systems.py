"""Encoders and n-grams as retrieval systems."""

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer

from pipelines.datasets.dataset import Dataset
from training.config.evaluate import EvaluateSection
from training.config.model import ModelSection
from training.corpus import vocabulary_size
from training.data.batch import packed
from training.data.sequences import join
from training.data.shards import Ragged
from training.model import initialized
from training.retrieval.neighbours import nearest
from training.retrieval.pools import Candidates, build_pools
from training.retrieval.systems import Variant, choose, encoder_variants, ngram_variants, retrieve
from training.stages.evaluate import _candidates

EVALUATE = EvaluateSection(pool_size=12, ngram_ranges=((1, 2), (2, 3)), neighbours=2, neighbour_languages=("de", "ja"))
SHAPE = ModelSection(layers=2, hidden=16, heads=2, feed_forward=32, positions=64)


def pools(published: Dataset, tokenized: Dataset, split: str = "dev") -> dict[str, Candidates]:
    return build_pools(_candidates(published, tokenized, split), EVALUATE).pools


def test_every_layer_pooling_and_centring_is_tried(published: Dataset, tokenized: Dataset) -> None:
    variants = encoder_variants(initialized(SHAPE, vocabulary_size(tokenized), 1).encoder, EVALUATE)
    settings = {tuple(variant.setting.values()) for variant in variants}
    assert len(settings) == len(variants) == 3 * 2 * 2


@torch.no_grad()
def test_a_variant_is_the_cosine_of_pooled_states(published: Dataset, tokenized: Dataset) -> None:
    model = initialized(SHAPE, vocabulary_size(tokenized), 1)
    pool = pools(published, tokenized)["fr"]

    alone = [
        [
            [state.numpy() for state in model.encoder.all_states(packed(join([Ragged.of([row])])))]
            for row in ids.tolist()
        ]
        for ids in (pool.source_ids, pool.target_ids)
    ]
    for variant in encoder_variants(model.encoder, EVALUATE):
        layer, pooling, centered = variant.setting.values()
        sides = []
        for texts in alone:
            states = [text[int(layer)] for text in texts]
            vectors = np.stack([one.mean(axis=0) if pooling == "mean" else one[0] for one in states])
            sides.append(vectors - vectors.mean(axis=0) if centered else vectors)
        if pooling == "cls" and layer == 0:
            continue  # the same vector for every text
        source, target = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides)
        np.testing.assert_allclose(variant.similarity(pool), source @ target.T, atol=2e-4)


def test_ngrams_are_the_cosine_of_tfidf(published: Dataset, tokenized: Dataset) -> None:
    pool = pools(published, tokenized)["de"]
    texts = pool.source_texts + pool.target_texts
    plain, centered = ngram_variants(texts, EVALUATE)[:2]
    assert (plain.setting["centered"], centered.setting["centered"]) == (False, True)
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 2), sublinear_tf=True).fit(texts)
    source, target = (vectorizer.transform(side).toarray() for side in (pool.source_texts, pool.target_texts))
    np.testing.assert_allclose(plain.similarity(pool), source @ target.T, atol=1e-5)
    source, target = (side - side.mean(axis=0) for side in (source, target))
    source, target = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (source, target))
    np.testing.assert_allclose(centered.similarity(pool), source @ target.T, atol=1e-4)


def test_the_best_on_dev_is_chosen(published: Dataset, tokenized: Dataset) -> None:
    dev = pools(published, tokenized)
    size = len(next(iter(dev.values())))
    bad = Variant({"name": "bad"}, lambda pool: np.zeros((size, size), dtype=np.float32))
    good = Variant({"name": "good"}, lambda pool: np.eye(size, dtype=np.float32))
    chosen = choose([bad, good, good], dev)
    assert chosen.variant is good
    assert chosen.dev_score == 100.0
    assert [row["top1"] for row in chosen.dev_scores] == [0.0, 100.0, 100.0]
    assert retrieve(bad, dev).mean == 0.0


def test_neighbours_show_what_each_system_finds(published: Dataset, tokenized: Dataset) -> None:
    test = pools(published, tokenized, "test")
    right = Variant({}, lambda pool: np.eye(12, dtype=np.float32))
    wrong = Variant({}, lambda pool: np.roll(np.eye(12, dtype=np.float32), 1, axis=1))
    rows = nearest(test, {"before": wrong, "after": right}, EVALUATE)
    assert len(rows) == 2
    for row in rows:
        assert [found["language"] for found in row["neighbours"]] == ["de", "ja"]
        for found in row["neighbours"]:
            assert found["right"] == {"before": False, "after": True}
            assert found["nearest"]["after"] == found["translation"]


def test_without_languages_there_are_no_neighbours(published: Dataset, tokenized: Dataset) -> None:
    none = EVALUATE.model_copy(update={"neighbour_languages": ("sw",)})
    assert nearest(pools(published, tokenized, "test"), {}, none) == []
