"""The predictions of the retrieval tasks in one language, their scores, and the rows that stand beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import torch

from training.xtreme.metrics.accuracy import accuracy, pair_f1
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
        _bucc_scores(pairs, test.gold),
        _named({_other_name(representation): _bucc_scores(other, test.gold)}),
        curve,
        margin,
    )


def predict_tatoeba(test: Bitext, encode: Encode, representation: Representation, device: torch.device) -> Retrieved:
    """Return for each English sentence the row of the sentence that is nearest to it, by a fixed layer and pooling."""
    vectors = encode(representation)
    source, target = (vectors([one.text for one in side]) for side in (test.source, test.target))
    plain = search(test, source, target, representation.centred, device)
    moved = search(test, source, target, not representation.centred, device)
    name = _other_name(representation)
    return Retrieved(
        plain.for_english,
        _from_english(test, plain.for_english),
        _named(
            {
                FROM_OTHER: _from_other(test, plain.for_other),
                name: _from_english(test, moved.for_english),
                f"{name}, {FROM_OTHER}": _from_other(test, moved.for_other),
            }
        ),
    )


def _bucc_scores(pairs: Sequence[Pair], gold: frozenset[Pair] | None) -> dict[str, float]:
    return {} if gold is None else pair_f1(gold, pairs)


def _from_english(test: Bitext, found: Sequence[str]) -> dict[str, float]:
    """Return the accuracy of what was found for each English sentence, where the gold pairs are known."""
    if test.gold is None:
        return {}
    own = {english: other for other, english in test.gold}
    return accuracy([own.get(one.id) for one in test.target], found)


def _from_other(test: Bitext, found: Sequence[str]) -> dict[str, float]:
    return {} if test.gold is None else accuracy([dict(test.gold).get(one.id) for one in test.source], found)


def _named(rows: Mapping[str, Mapping[str, float]]) -> dict[str, Mapping[str, float]]:
    return {name: scores for name, scores in rows.items() if scores}


def _other_name(representation: Representation) -> str:
    return f"not {CENTRED}" if representation.centred else CENTRED
