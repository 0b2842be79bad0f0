"""Sampling texts by language, the same in every run: by the hash of each text, with no random state."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xxhash


def quotas(rows: Mapping[str, int], exponent: float, total: int) -> dict[str, int]:
    """Return how many of `total` texts each language gives: in proportion to its rows to the power of `exponent`.

    The exponential smoothing of Alexis Conneau et al., "Unsupervised Cross-lingual Representation Learning at
    Scale", ACL 2020, section 3.1. No language gives more than it has; what one cannot give goes to the others.
    """
    given: dict[str, int] = {}
    open_languages = {language for language, count in rows.items() if count}
    room = total
    while open_languages:
        weights = {language: rows[language] ** exponent for language in sorted(open_languages)}
        scale = room / sum(weights.values())
        full = {language for language, weight in weights.items() if weight * scale >= rows[language]}
        for language in full or open_languages:
            given[language] = rows[language] if full else int(weights[language] * scale)
        room -= sum(rows[language] for language in full)
        open_languages = open_languages - full if full else set()
    return given


def lowest_hashes(texts: Sequence[str], count: int) -> npt.NDArray[np.int64]:
    """Return the positions of the `count` texts with the lowest hash, in ascending order."""
    hashes = np.fromiter((xxhash.xxh3_64_intdigest(text.encode()) for text in texts), np.uint64, len(texts))
    return np.sort(np.argsort(hashes, kind="stable")[:count])
