"""Where sentences end, by the stops of all scripts."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipelines.text.characters import CLOSER, QUOTE, SPACE, SPACED, STOP, UNMARKED, Characters

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


def sentences(chars: Characters) -> Int64:
    """Return how many sentences each text has [n]; what follows the last end is a sentence too."""
    count = len(chars.starts)
    ends = sentence_ends(chars)
    rows = chars.text_of(ends - 1)
    found = np.bincount(rows, minlength=count)
    found += chars.ends > chars.starts
    found[rows[ends >= chars.ends[rows]]] -= 1  # nothing follows the last end
    return found


def sentence_ends(chars: Characters) -> Int64:
    """Return the positions behind sentences, ascending; what follows a text's last one is a sentence too.

    A sentence ends with a stop of its script and the closing brackets and quotation marks after it; with one of
    ". ! ? …" only before white space, so that "3.5" is none, but "Dr. Who" is two. In Thai and Lao it ends at a space
    between two letters: their sentences and clauses are written so.
    """
    flags = chars.flags
    stops = np.flatnonzero((flags & STOP) != 0)
    stops = stops[~_has(chars, stops + 1, STOP)]
    after = stops + 1
    while (closing := _has(chars, after, CLOSER)).any():
        after += closing
    after = after[_has(chars, after, SPACE) | ~_has(chars, stops, SPACED)]
    unmarked = (flags & UNMARKED) != 0
    if unmarked.any():
        spaces = np.flatnonzero(unmarked[:-2] & unmarked[2:] & ((flags[1:-1] & SPACE) != 0)) + 1
        after = np.concatenate([after, spaces])
    return np.unique(after)


def _has(chars: Characters, positions: Int64, bits: int) -> Bool:
    found: Bool = (chars.flags.take(positions) & bits) != 0
    return found
