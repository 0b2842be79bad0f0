"""Measures of a pair by its two texts: what a translation must keep, and how far it is from a copy.

All of them take the source and the target texts as lists of equal length [n].
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from sys import maxunicode
from typing import Final

import numpy as np
import numpy.typing as npt
import xxhash
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from pipelines.text.placeholders import PLACEHOLDER
from pipelines.text.quality import holding
from pipelines.text.words import mixed

Texts = Sequence[str]
Bool = npt.NDArray[np.bool_]
Float32 = npt.NDArray[np.float32]

# ASCII alone, as links are written; what may follow one in a sentence is no part of it
_URL: Final = re.compile(r"(?:https?://|www\.)[!#-;=?-Z\[\]_a-z~]*[#-&*+\-/-9=@-Z_a-z~]", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>\0]*>")
_OPENINGS: Final = ("{", "%")
_BEGINNINGS: Final = ("://", "www.")  # in small letters
_NO_DIGIT: Final = 255


def log_length_ratio(source: Sequence[int], target: Sequence[int]) -> Float32:
    """Return the natural logarithm of target over source characters: float32 [n]; both at least 1."""
    return np.log(np.asarray(target, np.float64) / np.asarray(source, np.float64)).astype(np.float32)


def placeholders_agree(sources: Texts, targets: Texts) -> Bool:
    """Return which pairs have the same placeholders on both sides, each as often: bool [n]."""
    agree: Bool = _found(PLACEHOLDER, _OPENINGS, sources) == _found(PLACEHOLDER, _OPENINGS, targets)
    return agree


def urls_agree(sources: Texts, targets: Texts) -> Bool:
    """Return which pairs have the same URLs on both sides, each as often: bool [n]."""
    agree: Bool = _found(_URL, _BEGINNINGS, sources) == _found(_URL, _BEGINNINGS, targets)
    return agree


def has_markup(sources: Texts, targets: Texts) -> Bool:
    """Return which pairs have a tag as HTML writes them on a side: bool [n]."""
    found: Bool = (_found(_TAG, ("<",), sources) != 0) | (_found(_TAG, ("<",), targets) != 0)
    return found


def digits_agree(sources: Texts, targets: Texts) -> Bool:
    """Return which pairs have the same decimal digits of any script on both sides, each as often: bool [n].

    Digits, not numbers: 1,000.5 and 1 000,5 are one number in two ways of writing.
    """
    agree: Bool = (_digits(sources) == _digits(targets)).all(axis=1)
    return agree


def similarity(sources: Sequence[bytes], targets: Sequence[bytes]) -> Float32:
    """Return how alike the two texts of each pair are, from 0 to 1 for equal ones: float32 [n].

    It is 1 - d / l, for d the Levenshtein distance and l the characters of the longer text. Texts are in UTF-8,
    folded (`pipelines.text.fold`), else the letters' case would count.
    """
    texts = ([text.decode() for text in side] for side in (sources, targets))
    return cpdist(*texts, scorer=Levenshtein.normalized_similarity, dtype=np.float32, workers=1)


def _found(pattern: re.Pattern[str], signs: Sequence[str], texts: Texts) -> npt.NDArray[np.uint64]:
    """Return a hash of what the pattern finds in each text, whatever the order: uint64 [n], 0 where it finds nothing.

    Only texts that hold one of the `signs` (in small letters) are looked at.
    """
    hashes = np.zeros(len(texts), np.uint64)
    held = np.flatnonzero(holding(texts, signs)).tolist()
    ends = np.cumsum(np.fromiter((len(texts[row]) + 1 for row in held), np.int64, len(held)))
    found = list(pattern.finditer("\0".join([texts[row] for row in held])))
    rows = np.searchsorted(ends, np.fromiter((match.start() for match in found), np.int64, len(found)), side="right")
    own = np.fromiter((xxhash.xxh3_64_intdigest(match[0].encode()) for match in found), np.uint64, len(found))
    np.add.at(hashes, np.array(held, np.int64)[rows], mixed(own))
    return hashes


def _digits(texts: Texts) -> npt.NDArray[np.int64]:
    """Return how often each decimal digit stands in each text: int64 [n, 10]."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    points = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    values = _digit_values().take(points, mode="clip")
    places = np.flatnonzero(values != _NO_DIGIT)
    rows = np.searchsorted(np.cumsum(lengths), places, side="right")
    return np.bincount(rows * 10 + values[places], minlength=10 * len(texts)).reshape(-1, 10)


@cache
def _digit_values() -> npt.NDArray[np.uint8]:
    return np.fromiter((unicodedata.decimal(chr(point), _NO_DIGIT) for point in range(maxunicode + 1)), np.uint8)
