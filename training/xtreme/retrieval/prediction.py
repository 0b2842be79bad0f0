"""The predictions of the retrieval tasks in one language, their scores, and the rows that stand beside them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import torch

from training.xtreme.retrieval.bucc import Pair, best_threshold, candidates, embedded
from training.xtreme.retrieval.tatoeba import search
from training.xtreme.retrieval.vectors import Representation, Vectorizer
from training.xtreme.tasks.examples import Bitext

CENTRED: Final = "centred"
FROM_OTHER: Final = "from the other language"

Encode = Callable[[Representation], Vectorizer]
"""From a layer and a pooling to what gives the vectors of texts."""


@dataclass(frozen=True)
class Retrieved:
    """What was found in one language. Scores are percent by metric, and empty where the gold pairs are not known.

    lines: those of the submission's file; beside: the scores of other ways to search, by their name, which are no part
    of any average; dev: by layer what the layer reaches on dev (BUCC); threshold: the margin that dev chose (BUCC).
    """

    lines: tuple[str, ...]
    scores: Mapping[str, float]
    beside: Mapping[str, Mapping[str, float]]
    dev: Mapping[int, float] = field(default_factory=dict)
    threshold: float | None = None


def predict_bucc(
    dev: Bitext,
    test: Bitext,
    encode: Encode,
    representation: Representation,
    device: torch.device,
    layers: Sequence[int] = (),
) -> Retrieved:
    """Return the pairs of test whose margin reaches the threshold that is best on dev.

    `layers` are those whose F1 on dev is reported, each at its own best threshold; none of them is chosen. Raises
    ValueError where the gold pairs of dev are not known.
    """
    gold = dev.gold
    if gold is None:
        raise ValueError("the gold pairs of dev are not known")
    vectors = encode(representation)
    dev_sides, test_sides = embedded(dev, vectors), embedded(test, vectors)

    def found(centred: bool) -> tuple[list[Pair], float]:
        threshold = best_threshold(candidates(dev_sides, centred, device), gold)
        return candidates(test_sides, centred, device).at_least(threshold.margin), threshold.margin

    pairs, margin = found(representation.centred)
    other, _ = found(not representation.centred)
    curve = {}
    for layer in layers:
        sides = embedded(dev, encode(replace(representation, layer=layer)))
        curve[layer] = best_threshold(candidates(sides, representation.centred, device), gold).f1
    return Retrieved(
        tuple("\t".join(pair) for pair in pairs),
        bucc_scores(pairs, test.gold),
        _named({_other_name(representation): bucc_scores(other, test.gold)}),
        curve,
        margin,
    )


def predict_tatoeba(test: Bitext, encode: Encode, representation: Representation, device: torch.device) -> Retrieved:
    """Return for each English sentence the row of the sentence that is nearest to it, by a fixed layer and pooling."""
    vectors = encode(representation)
    source, target = (vectors([one.text for one in side]) for side in (test.source, test.target))
    plain = search(test, source, target, representation.centred, device)
    moved = search(test, source, target, not representation.centred, device)
    english, others = ([one.id for one in side] for side in (test.target, test.source))
    name = _other_name(representation)
    return Retrieved(
        plain.for_english,
        accuracy(zip(plain.for_english, english, strict=True), test.gold),
        _named(
            {
                FROM_OTHER: accuracy(zip(others, plain.for_other, strict=True), test.gold),
                name: accuracy(zip(moved.for_english, english, strict=True), test.gold),
                f"{name}, {FROM_OTHER}": accuracy(zip(others, moved.for_other, strict=True), test.gold),
            }
        ),
    )


def bucc_scores(pairs: Sequence[Pair], gold: frozenset[Pair] | None) -> dict[str, float]:
    """Return F1, precision and recall of the pairs as google-research/xtreme's evaluate.py computes them (bucc_f1)."""
    if gold is None:
        return {}
    right = len(gold.intersection(pairs))
    if not right:
        return {"f1": 0.0, "precision": 0.0, "recall": 0.0}
    precision, recall = right / len(set(pairs)), right / len(gold)
    f1 = 2 * precision * recall / (precision + recall)
    return {"f1": 100 * f1, "precision": 100 * precision, "recall": 100 * recall}


def accuracy(pairs: Iterable[Pair], gold: frozenset[Pair] | None) -> dict[str, float]:
    """Return the share of pairs that are gold, one for each query."""
    if gold is None:
        return {}
    right = [pair in gold for pair in pairs]
    return {"accuracy": 100.0 * sum(right) / len(right)}


def _named(rows: Mapping[str, Mapping[str, float]]) -> dict[str, Mapping[str, float]]:
    return {name: scores for name, scores in rows.items() if scores}


def _other_name(representation: Representation) -> str:
    return f"not {CENTRED}" if representation.centred else CENTRED
