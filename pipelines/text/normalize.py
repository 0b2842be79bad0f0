"""Normalisation of raw text: Unicode NFC, no control characters, single spaces; nothing else is touched.

What a reader would see stays as it was: letter case, punctuation, placeholders such as `{name}`, joiners and
direction marks. The tokenizer's own, stronger normalisation is `pipelines.text.fold`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_BLANK_LINES = re.compile(r"\r?\n(?:[^\S\n]*\n)+")
_WHITE_SPACE = re.compile(r"[^\S ]| {2,}")
# control characters that are not white space, the byte order mark and U+FFFE, U+FFFF, which are no characters
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")


@dataclass(frozen=True)
class Normalized:
    """Clean texts, how many characters were changed, and the kinds of change as bits (all [n])."""

    texts: list[str]
    changed: npt.NDArray[np.int32]
    changes: npt.NDArray[np.uint8]


def normalize_all(texts: Sequence[str]) -> Normalized:
    """Return each text normalised, "" where nothing visible is left."""
    clean = [normalize(text) for text in texts]
    counts = np.fromiter(map(changed, texts, clean), np.int32, len(clean))
    return Normalized(clean, counts, np.zeros(len(clean), np.uint8))


def normalize(text: str) -> str:
    """Return `text` in NFC, without control characters, each run of white space as one space, none at the ends."""
    clean = _CONTROL.sub("", text)
    if not unicodedata.is_normalized("NFC", clean):
        clean = unicodedata.normalize("NFC", clean)
    if _WHITE_SPACE.search(clean):
        return " ".join(clean.split())
    return clean.strip()


def paragraphs(text: str) -> list[str]:
    """Return the parts of `text` that blank lines divide, as they are; always at least one."""
    if "\n" not in text:
        return [text]
    return _BLANK_LINES.split(text.strip())


def lines(text: str) -> list[str]:
    """Return the lines of `text` that are not blank, as they are; `text` itself where all are."""
    if "\n" not in text:
        return [text]
    return [line for line in text.split("\n") if line and not line.isspace()] or [text]


def changed(before: str, after: str) -> int:
    """Return how many characters of the longer text are not in the other, whatever their order."""
    if before == after:
        return 0
    common = (Counter(before) & Counter(after)).total()
    return max(len(before), len(after)) - common


def has_surrogates(text: str) -> bool:
    """Return whether `text` holds lone surrogates: bytes or escapes that were not Unicode text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
