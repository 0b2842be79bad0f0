"""The language of a document: the vote of its paragraphs, weighted by their bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

_CHINESE: Final = ("zh", "zh-Hans", "zh-Hant")


@dataclass(frozen=True)
class Vote:
    """For each document [d]: its language, the winners' mean probability, and their share of the bytes."""

    languages: list[str]
    probabilities: npt.NDArray[np.float32]
    agreement: npt.NDArray[np.float32]


def vote(
    document_row: npt.NDArray[np.int32],
    languages: Sequence[str],
    probabilities: npt.NDArray[np.float32],
    weights: npt.NDArray[np.int64],
) -> Vote:
    """Return the language that most bytes of each document are in.

    `document_row` [n] numbers the documents from 0 and ascends; `languages`, `probabilities` and `weights` (bytes)
    are those of the paragraphs [n]. Of languages with equal bytes the first in the alphabet wins. The language ""
    (nothing identified) has no vote. `zh`, Chinese in characters that both scripts have, counts for whichever of
    `zh-Hans` and `zh-Hant` more bytes of the document are in.
    """
    if not len(document_row):
        return Vote([], np.zeros(0, np.float32), np.zeros(0, np.float32))
    names = sorted({*languages, *_CHINESE})
    place = {name: number for number, name in enumerate(names)}
    codes = np.fromiter((place[name] for name in languages), np.int64, len(languages))
    codes = _one_chinese(document_row, codes, weights, [place[name] for name in _CHINESE])
    votes = np.where(codes == place.get("", -1), 0, weights)
    key = document_row.astype(np.int64) * len(names) + codes
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], key[order][1:] != key[order][:-1]]))
    sums, totals = np.add.reduceat(votes[order], starts), np.bincount(document_row, weights)
    weighed = np.add.reduceat((weights * probabilities)[order], starts)
    own_bytes = np.add.reduceat(weights[order], starts)
    document, language = np.divmod(key[order][starts], len(names))
    ranked = np.lexsort((language, -sums, document))
    winners = ranked[np.concatenate([[True], document[ranked][1:] != document[ranked][:-1]])]
    return Vote(
        [names[code] for code in language[winners].tolist()],
        (weighed[winners] / np.maximum(own_bytes[winners], 1)).astype(np.float32),
        (sums[winners] / np.maximum(totals, 1)).astype(np.float32),
    )


def _one_chinese(
    document_row: npt.NDArray[np.int32],
    codes: npt.NDArray[np.int64],
    weights: npt.NDArray[np.int64],
    chinese: list[int],
) -> npt.NDArray[np.int64]:
    """Return the codes with `zh` as what its document's other paragraphs are in."""
    either, hans, hant = chinese
    simplified, traditional = (np.bincount(document_row, weights * (codes == code)) for code in (hans, hant))
    resolved = np.select([simplified > traditional, traditional > simplified], [hans, hant], either)
    return np.where(codes == either, resolved[document_row], codes)
