"""Retrieval without a set to choose on: each half of the sentences is read as is best for the other half."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.retrieval.pools import Candidates
from training.retrieval.scoring import Hits
from training.retrieval.systems import Variant, retrieve


def crossfitted(variants: Sequence[Variant], pools: Mapping[str, Candidates]) -> tuple[Hits, list[dict[str, Any]]]:
    """Return which queries find their translation, and the two settings (layer, pooling, …) that were chosen.

    English texts fall into halves by the last bit of their group, so that all translations of one are in one half.
    The setting for a half is the best on the other, the first of equals: so no score gains by the choice. Candidates
    are always the whole pool.
    """
    tried = [retrieve(variant, dict(pools)) for variant in variants]
    halves = {language: (pool.groups & np.uint64(1)).astype(bool) for language, pool in pools.items()}
    found = {language: np.zeros((2, len(pool)), dtype=bool) for language, pool in pools.items()}
    settings = []
    for half in (False, True):
        scores = [_mean(hits, {language: own != half for language, own in halves.items()}) for hits in tried]
        best = int(np.argmax(scores))
        settings.append(dict(variants[best].setting))
        for language, own in halves.items():
            chosen = own == half
            found[language][:, chosen] = tried[best].found[language][:, chosen]
    return Hits(found, {language: pool.groups for language, pool in pools.items()}), settings


def _mean(hits: Hits, chosen: Mapping[str, Any]) -> float:
    """Return the mean over languages and directions, of the chosen sentences alone."""
    parts = [hits.found[language][:, own].mean() for language, own in chosen.items() if own.any()]
    return float(np.mean(parts)) if parts else 0.0
