"""Vecalign's formulas against plain ones, and alignments whose answer is known."""

import numpy as np
import pytest

from pipelines.align import embedding
from pipelines.align.band import Band
from pipelines.align.beads import TYPES


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)).astype(np.float32)


def spans(single: np.ndarray, longest: int = 4) -> np.ndarray:
    out = np.zeros((longest, *single.shape), np.float32)
    for size in range(longest):
        for last in range(size, len(single)):
            out[size, last] = unit(single[last - size : last + 1].sum(axis=0))
    return out


def documents(sentences: int, seed: int = 0, noise: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    source = unit(random.normal(size=(sentences, 48)))
    return source, unit(source + noise * random.normal(size=source.shape))


def test_costs_are_those_of_the_formula() -> None:
    source, target = documents(9)
    first, second = spans(source), spans(target[:7])
    band = Band.whole(9, 7)
    costs = embedding.vector_costs(band, first, second, TYPES)
    random = np.random.default_rng(42)
    r = []
    for vectors, others in ((first, second), (second, first)):
        chosen = random.integers(others.shape[1], size=(4, 25))
        sample = [others[span, place] for span in range(4) for place in chosen[span]]
        r.append(np.array([[1 - np.mean([v @ w for w in sample]) for v in row] for row in vectors]))
    all_pairs = [2 * (1 - x @ y) / (r[0][0, i] + r[1][0, j])
                 for i, x in enumerate(first[0]) for j, y in enumerate(second[0])]  # fmt: skip
    x, y = band.nodes(0, len(band.first))
    for place, (n, m) in enumerate(TYPES):
        for row, slot in np.ndindex(x.shape):
            i, j = x[row, slot], y[row, slot]
            if not (n <= i <= 9 and m <= j <= 7):
                continue
            if n and m:
                cosine = first[n - 1, i - 1] @ second[m - 1, j - 1]
                expected = 2 * n * m * (1 - cosine) / (r[0][n - 1, i - 1] + r[1][m - 1, j - 1] + 1e-6)
            else:
                expected = np.quantile(all_pairs, 0.2)
            assert costs[place, row, slot] == pytest.approx(expected, abs=1e-4)


def test_halving_adds_neighbours_and_takes_their_mean_away() -> None:
    vectors = unit(np.random.default_rng(3).normal(size=(2, 7, 5)))
    found = embedding.halved(vectors)
    assert found.shape == (2, 3, 5)
    for span in range(2):
        sums = np.array([vectors[span, 2 * at] + vectors[span, 2 * at + 1] for at in range(3)])
        sums -= sums.mean(axis=0)
        for at in range(3):
            assert found[span, at] == pytest.approx(sums[at] / (np.linalg.norm(sums[at]) + 1e-5), abs=1e-5)


def test_a_merged_sentence() -> None:
    source, target = documents(20)
    merged = np.concatenate([target[:5], unit(target[5] + target[6])[None], target[7:]])
    beads = embedding.align(spans(source), spans(merged), (np.full(20, 60), np.array([60] * 5 + [120] + [60] * 13)))
    sizes = list(zip(beads.sources.tolist(), beads.targets.tolist(), strict=True))
    assert sizes == [(1, 1)] * 5 + [(2, 1)] + [(1, 1)] * 13
    assert (beads.confidence > 0.6).all()


def test_a_dropped_sentence() -> None:
    source, target = documents(20)
    beads = embedding.align(source[None], np.delete(target, 12, axis=0)[None], (np.full(20, 60), np.full(19, 60)))
    sizes = list(zip(beads.sources.tolist(), beads.targets.tolist(), strict=True))
    assert sizes == [(1, 1)] * 12 + [(1, 0)] + [(1, 1)] * 7
    assert beads.confidence[12] == 0


def test_a_long_document_is_aligned_coarse_to_fine() -> None:
    source, target = documents(1500)
    kept = np.delete(np.arange(1500), np.arange(600, 690))
    beads = embedding.align(source[None], target[kept][None], (np.full(1500, 60), np.full(1410, 60)))
    pairs = set(zip(beads.source[beads.two_sided].tolist(), beads.target[beads.two_sided].tolist(), strict=True))
    true = {(int(place), at) for at, place in enumerate(kept)}
    assert len(pairs & true) > 0.98 * len(true)
    assert beads.sources.sum() == 1500
    assert beads.targets.sum() == 1410


def test_words_decide_where_vectors_say_nothing() -> None:
    same = np.ones((4, 3, 8), np.float32) / np.sqrt(8, dtype=np.float32)
    lengths = np.full(3, 50), np.full(2, 50)

    def words(band: Band) -> np.ndarray:
        nats = np.zeros((len(TYPES), len(band.first), band.width), np.float32)
        nats[0][band.nodes(0, len(band.first))[0] == band.nodes(0, len(band.first))[1] + 1] = 20  # (2, 1) and (3, 2)
        return nats

    beads = embedding.align(same, same[:, :2], lengths, words)
    assert list(zip(beads.sources.tolist(), beads.targets.tolist(), strict=True)) == [(1, 0), (1, 1), (1, 1)]


def test_vectors_are_centred_where_there_are_enough_of_them() -> None:
    vectors = unit(np.random.default_rng(1).normal(size=(2, 9, 6)) + 3)
    found = embedding.centred(vectors)
    expected = vectors[1, 4] - vectors[0].mean(axis=0)
    assert found[1, 4] == pytest.approx(expected / (np.linalg.norm(expected) + 1e-5), abs=1e-5)
    assert embedding.centred(vectors[:, :5]).tolist() == vectors[:, :5].tolist()


def test_empty_documents() -> None:
    nothing, one = np.zeros((4, 0, 8), np.float32), spans(unit(np.ones((1, 8))))
    none, some = np.zeros(0, np.int64), np.array([5])
    assert len(embedding.align(nothing, nothing, (none, none))) == 0
    assert embedding.align(one, nothing, (some, none)).sources.tolist() == [1]
    assert embedding.align(nothing, one, (none, some)).targets.tolist() == [1]


def test_more_than_four_sentences_are_not_known() -> None:
    with pytest.raises(ValueError, match="spans of 1 to 5 sentences; 1 to 4 are known"):
        embedding.align(np.zeros((5, 3, 8), np.float32), np.zeros((5, 3, 8), np.float32), (np.ones(3), np.ones(3)))
