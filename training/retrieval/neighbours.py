"""A few test sentences and what each system finds nearest, to read."""

from typing import Any

import numpy as np

from training.config.evaluate import EvaluateSection
from training.retrieval.pools import Candidates
from training.retrieval.systems import Variant


def nearest(
    pools: dict[str, Candidates], systems: dict[str, Variant], evaluate: EvaluateSection
) -> list[dict[str, Any]]:
    """Return English test sentences with their nearest neighbour in each language, for each system.

    The sentences are the first of the pools that all the languages share (pools are in a random order), so they
    are not picked by how well they do.
    """
    languages = [language for language in evaluate.neighbour_languages if language in pools]
    if not languages:
        return []
    shared = set.intersection(*(set(pools[language].source_texts) for language in languages))
    chosen = [text for text in pools[languages[0]].source_texts if text in shared][: evaluate.neighbours]
    best = {
        (name, language): np.argmax(variant.similarity(pools[language]), axis=1)
        for name, variant in systems.items()
        for language in languages
    }
    rows = []
    for text in chosen:
        found = []
        for language in languages:
            pool = pools[language]
            own = pool.source_texts.index(text)
            neighbours = {name: int(best[name, language][own]) for name in systems}
            found.append(
                {
                    "language": language,
                    "translation": pool.target_texts[own],
                    "nearest": {name: pool.target_texts[row] for name, row in neighbours.items()},
                    "right": {name: row == own for name, row in neighbours.items()},
                }
            )
        rows.append({"text": text, "neighbours": found})
    return rows
