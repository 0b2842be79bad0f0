import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from training.transfer.scores import Gold, Ground, counts, estimate, macro_f1, minus

CLASSES = ("a", "b", "c")
sentences = st.lists(
    st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=1, max_size=6),
    min_size=1,
    max_size=8,
)


def ground(gold: dict[str, list[list[str]]], clusters: dict[str, list[int]], resamples: int = 400) -> Ground:
    own = {name: Gold(labels, np.asarray(clusters[name], np.int64)) for name, labels in gold.items()}
    return Ground(own, CLASSES, resamples, seed=1)


@given(sentences, st.data())
def test_macro_f1_of_weighted_sentences_is_that_of_the_sentences_repeated(
    pairs: list[list[tuple[str, str]]], data: st.DataObject
) -> None:
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(pairs), max_size=len(pairs)))
    gold = [[one for one, _ in sentence] for sentence in pairs]
    said = [[other for _, other in sentence] for sentence in pairs]
    counted = counts(gold, said, CLASSES)
    repeated = [pair for weight, sentence in zip(weights, pairs, strict=True) for pair in sentence * weight]
    present = sorted({label for pair in repeated for label in pair})
    expected = (
        100 * f1_score(*zip(*repeated, strict=True), labels=present, average="macro", zero_division=0) if present else 0
    )
    assert macro_f1(counted, np.asarray([weights], np.float64))[0] == pytest.approx(expected)


def test_classes_that_are_never_right_in_a_language_do_not_count() -> None:
    # by hand: a has F1 2·1/(2+1) = 2/3, b 1; c is said once and is right nowhere
    scores = ground({"de": [["a", "b", "a"]]}, {"de": [0]}).scores({"de": [["a", "b", "c"]]})
    assert scores.whole[0] == pytest.approx(100 * (2 / 3 + 1) / 2)


def test_a_sentence_with_another_number_of_labels_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        counts([["a", "b"]], [["a"]], CLASSES)


def test_translations_of_one_text_are_drawn_together() -> None:
    gold = {"de": [["a"], ["b"]] * 10, "fr": [["a"], ["b"]] * 10}
    clusters = {"de": list(range(20)), "fr": list(range(20))}
    scores = ground(gold, clusters).scores(
        {"de": [["a"], ["b"]] * 9 + [["c"], ["c"]], "fr": [["a"], ["b"]] * 9 + [["c"], ["c"]]}
    )
    assert np.array_equal(scores.drawn[:, 0], scores.drawn[:, 1])
    assert scores.drawn[:, 0].std() > 1


def test_equal_systems_differ_by_nothing_and_an_interval_holds_its_mean() -> None:
    random = np.random.default_rng(0)
    gold = {"de": [[str(label)] for label in random.choice(CLASSES, 200)]}
    where = ground(gold, {"de": list(range(200))})
    said = [
        {"de": [[str(random.choice(CLASSES))] if random.random() < 0.5 else labels for labels in gold["de"]]}
        for _ in range(3)
    ]
    seeds = [where.scores(one).mean(["de"]) for one in said]
    one = estimate(seeds, where.clusters, 0.95)
    assert one.low < one.mean < one.high
    assert one.mean == pytest.approx(np.mean(one.by_seed))
    same = estimate(minus(seeds, seeds), where.clusters, 0.95)
    assert (same.mean, same.low, same.high) == (0, 0, 0)


def test_seeds_that_differ_widen_the_interval() -> None:
    drawn = np.random.default_rng(1).normal(0, 1, 2000)
    alike = estimate([(50.0, 50 + drawn)] * 3, 100, 0.95)
    apart = estimate([(40.0, 40 + drawn), (50.0, 50 + drawn), (60.0, 60 + drawn)], 100, 0.95)
    assert alike.high - alike.low == pytest.approx(2 * 1.984 * drawn.std(ddof=1), rel=0.01)  # Student's, 99 degrees
    # by hand: variance of the mean 1 + 100/3, freedom about 2.1, quantile about 4.1
    assert apart.high - apart.low == pytest.approx(2 * 4.1 * (1 + 100 / 3) ** 0.5, rel=0.05)


def test_a_single_fit_has_an_interval_over_sentences_alone() -> None:
    drawn = np.random.default_rng(2).normal(0, 2, 2000)
    one = estimate([(50.0, 50 + drawn)], 1000, 0.95)
    assert one.high - one.low == pytest.approx(2 * 1.962 * drawn.std(ddof=1), rel=0.01)
