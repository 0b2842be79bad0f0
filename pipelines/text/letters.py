"""The letters of a text: what is left when digits count as one and punctuation, symbols and spaces not at all.

OpusFilter's duplicate filter compares by `letters_only` (opusfilter/segment_hash.py), where digits are left out too;
here `Step 1` and `Step` differ, and `Step 1` and `Step 2` do not.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from pipelines.text.characters import DIGIT, LETTER, characters, chunks

_DIGIT: Final = np.uint32(ord("0"))
_BETWEEN: Final = np.uint32(ord("\n"))


def letter_forms(texts: Sequence[str]) -> list[bytes]:
    """Return the letters of each normalised text, folded (where that gives one character), in UTF-8.

    Every number character is `0`. Raises UnicodeEncodeError for lone surrogates.
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return [form for begin, end in chunks(lengths) for form in _forms(texts[begin:end])]


def _forms(texts: Sequence[str]) -> list[bytes]:
    found = characters(texts)
    codes = np.where(found.flags & DIGIT, _DIGIT, found.folded)
    kept = (found.flags & (LETTER | DIGIT)) != 0
    ends = np.append(found.starts[0] - 1, found.ends)  # the separators
    codes[ends], kept[ends] = _BETWEEN, True
    data: bytes = codes[kept].tobytes().decode("utf-32-le").encode()
    return data.split(b"\n")[1:-1]
