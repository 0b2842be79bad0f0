"""Accuracy (XNLI, PAWS-X, Tatoeba) and the F1 of pairs (BUCC): google-research/xtreme, evaluate.py."""

from collections.abc import Collection, Hashable, Sequence


def accuracy(gold: Sequence[Hashable], predicted: Sequence[Hashable]) -> dict[str, float]:
    """Return the share of predictions that are gold. Raises ValueError where there are none, or not one for each."""
    if not gold or len(gold) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(gold)} labels")
    return {"accuracy": 100.0 * sum(map(_same, gold, predicted)) / len(gold)}


def pair_f1(gold: Collection[Hashable], predicted: Collection[Hashable]) -> dict[str, float]:
    """Return F1, precision and recall of a set of pairs, all 0 where none is right (bucc_f1)."""
    truth, found = set(gold), set(predicted)
    return f1(len(truth & found), len(found), len(truth))


def f1(right: int, found: int, wanted: int) -> dict[str, float]:
    """Return F1, precision and recall of `right` among `found` and among `wanted`; what has no base is 0."""
    precision = right / found if found else 0.0
    recall = right / wanted if wanted else 0.0
    both = precision + recall
    mean = 2 * precision * recall / both if both else 0.0
    return {"f1": 100 * mean, "precision": 100 * precision, "recall": 100 * recall}


def _same(one: Hashable, other: Hashable) -> bool:
    return one == other
