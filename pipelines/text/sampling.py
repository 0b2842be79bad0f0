"""Sampling texts by language, the same in every run: by the hash of each text, with no random state."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import xxhash

_ROOM: Final = 1 << 16


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


def lowest_hashes(parts: Iterable[Sequence[str]], count: int) -> npt.NDArray[np.int64]:
    """Return the positions of the `count` texts with the lowest hash, in ascending order.

    Positions count through all parts. Memory is for one part and `count` hashes, however many texts there are.
    """
    hashes, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    begin = waiting = 0
    for texts in parts:
        hashes.append(np.fromiter((xxhash.xxh3_64_intdigest(text.encode()) for text in texts), np.uint64, len(texts)))
        places.append(np.arange(begin, begin + len(texts)))
        begin, waiting = begin + len(texts), waiting + len(texts)
        if waiting > count + _ROOM:
            lowest = _lowest(hashes, places, count)
            hashes, places, waiting = [lowest[0]], [lowest[1]], 0
    return np.sort(_lowest(hashes, places, count)[1])


def _lowest(
    hashes: Sequence[npt.NDArray[np.uint64]], places: Sequence[npt.NDArray[np.int64]], count: int
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    all_hashes, all_places = np.concatenate(hashes), np.concatenate(places)
    lowest = np.lexsort((all_places, all_hashes))[:count]
    return all_hashes[lowest], all_places[lowest]
