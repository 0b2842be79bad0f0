"""Whether lines end as sentences do, as C4 and FineWeb ask. How texts are divided is in `segmentation`."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipelines.text.characters import CLOSER, QUOTE, STOP, UNMARKED, Characters

# what C4 takes out of a line before it looks at its end: tensorflow_datasets/text/c4_utils.py
_CITATIONS = re.compile(r"(?:\s*\[(?:\d*|edit|citation needed)\])+$")

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


def last_characters(chars: Characters, texts: Sequence[str]) -> Int64:
    """Return the position of each text's last character before closing brackets and citations such as [12].

    That of a text with nothing before them is the separator before the text.
    """
    last = chars.ends - 1
    for row in np.flatnonzero(chars.codes[last] == ord("]")).tolist():
        citations = _CITATIONS.search(texts[row])
        if citations:
            last[row] = chars.starts[row] + citations.start() - 1
    while (closing := _has(chars, last, CLOSER) & ~_has(chars, last, QUOTE)).any():
        last -= closing
    return last


def ends_with_ellipsis(chars: Characters, last: Int64) -> Bool:
    """Return at which of the positions `last` "…" or "..." ends."""
    codes = chars.codes
    dots = (codes[last] == ord(".")) & (codes[last - 1] == ord(".")) & (codes[last - 2] == ord("."))
    found: Bool = dots | (codes[last] == ord("…"))
    return found


def ends_sentence(chars: Characters, last: Int64) -> Bool:
    """Return at which of the positions `last` a sentence may end: stops, ellipses, quotation marks.

    Thai and Lao have no stops: one may end at each of their letters.
    """
    return _has(chars, last, STOP | UNMARKED | QUOTE)


def _has(chars: Characters, positions: Int64, bits: int) -> Bool:
    found: Bool = (chars.flags.take(positions) & bits) != 0
    return found
