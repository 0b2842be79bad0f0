import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.config.model import ModelSection
from training.data.batch import packed
from training.data.shards import Ragged
from training.hub import fast_tokenizer
from training.model import initialized
from training.sentence_vectors import SentenceEncoder
from training.xtreme.retrieval import vectors
from training.xtreme.retrieval.vectors import Representation, compared, nearest, vectorizer

CPU = torch.device("cpu")
SHAPE = ModelSection(layers=2, hidden=16, heads=2, feed_forward=32, positions=32, initializer_std=0.3)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 20), st.integers(1, 30), st.integers(1, 6), st.integers(0, 1000))
def test_the_nearest_are_those_of_a_stable_sort_however_the_database_is_cut(n: int, m: int, k: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    queries, database = (random.integers(-2, 3, (rows, 3)).astype(np.float32) for rows in (n, m))  # many ties
    similarity = queries @ database.T
    expected = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "_QUERIES", 7)
        patch.setattr(vectors, "_DATABASE", 4)
        found = nearest(queries, database, k, CPU)
    assert found.index.tolist() == expected.tolist()
    assert found.similarity.tolist() == np.take_along_axis(similarity, expected, 1).tolist()


def test_centring_takes_each_sides_mean_away() -> None:
    source = np.array([[1, 0], [0, 1]], np.float32)
    target = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    plain = compared(source, target, False)
    assert plain[0] is source
    assert plain[1] is target
    one, two = compared(source, target, True)
    half = 0.5**0.5  # (1, 0) less (1/2, 1/2), at unit length
    assert one == pytest.approx(np.array([[half, -half], [-half, half]]))
    assert two == pytest.approx(np.array([[half, -half], [half, -half], [-half, half]]))


def test_texts_are_read_at_the_layer_with_the_pooling(tokenizer_model: bytes) -> None:
    tokenizer = fast_tokenizer(tokenizer_model, SHAPE.positions)
    encoder = initialized(SHAPE, len(tokenizer), 1).encoder.eval()
    texts = ["balan keter", "mining", "温度 keter " * 40]
    for layer in (0, 2):
        ids = tokenizer(texts, truncation=True, max_length=SHAPE.positions)["input_ids"]
        found = vectorizer(encoder, tokenizer, Representation(layer, "mean"), CPU)(texts)
        for row, tokens in enumerate(ids):
            with torch.no_grad():
                mean = encoder.all_states(packed(Ragged.of([tokens])))[layer].mean(dim=0)
            assert found[row] == pytest.approx((mean / mean.norm()).numpy(), abs=1e-6)


def test_a_layer_that_is_not_there_is_refused(tokenizer_model: bytes) -> None:
    tokenizer = fast_tokenizer(tokenizer_model, SHAPE.positions)
    with pytest.raises(ValueError, match="layer 3 of an encoder with 2"):
        vectorizer(initialized(SHAPE, len(tokenizer), 1).encoder, tokenizer, Representation(3, "cls"), CPU)


def test_stored_vectors_are_the_exact_ones_in_half_precision(tokenizer_model: bytes) -> None:
    tokenizer = fast_tokenizer(tokenizer_model, SHAPE.positions)
    encoder = initialized(SHAPE, len(tokenizer), 1).encoder.eval()
    sentences = SentenceEncoder(tokenizer, lambda texts: encoder(packed(texts)), SHAPE.hidden, "cls", 20)
    exact = sentences.exact(["balan", "keter", "balan"])
    assert exact.dtype == np.float32
    assert exact[0].tolist() == exact[2].tolist()
    assert sentences(["balan", "keter", "balan"]).tolist() == exact.astype(np.float16).tolist()


def test_the_encoder_may_run_in_half_precision_and_the_search_does_not(tokenizer_model: bytes) -> None:
    tokenizer = fast_tokenizer(tokenizer_model, SHAPE.positions)
    encoder = initialized(SHAPE, len(tokenizer), 1).encoder.eval()
    texts = ["balan", "keter"]
    exact = vectorizer(encoder, tokenizer, Representation(2, "mean"), CPU)(texts)
    with torch.autocast("cpu", torch.bfloat16):
        rough = vectorizer(encoder, tokenizer, Representation(2, "mean"), CPU)(texts)
        found = nearest(exact, exact, 2, CPU)
    assert rough.dtype == np.float32
    assert rough == pytest.approx(exact, abs=0.05)
    assert found.similarity[0, 0] == pytest.approx(1, abs=1e-6)
    assert found.similarity[0, 1] == pytest.approx(float(exact[0] @ exact[1]), abs=1e-6)
