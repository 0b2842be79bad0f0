"""How much better the sentences of two documents translate each other than chance, at every node of a band."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.align.band import Band
from pipelines.align.beads import LONGEST, Float32, Int64
from pipelines.align.lexicon import Direction, gain, place
from pipelines.align.wordforms import Forms

OUTSIDE: Final = np.float32(-1000)  # gain beyond the band
_COGNATE: Final = 0.3  # probability that a form is translated by one spelled alike, where the lexicon does not say so
_WITHOUT: Final = 0.7  # part of the occurrences of a form that stand without it all the same


@dataclass(frozen=True)
class Glossary:
    """The part of a lexicon that two documents need: as `Direction`, by the documents' different forms.

    `given` and `made` (int64) say which of its document's different forms each form is. A pair that the lexicon lacks
    is in it where the two are spelled alike.
    """

    given: Int64
    made: Int64
    starts: Int64
    translation: Int64
    probability: Float32
    share: Float32
    alone: Float32


def gains(direction: Direction, given: Forms, made: Forms, band: Band) -> Float32:
    """Return float32 [4, anti-diagonals, width]: the gain of one sentence made from 1 to 4 given ones.

    At node (x, y) that is the gain (`lexicon.gain`) of all forms of sentence y - 1 of `made` by the n sentences of
    `given` before x.
    """
    glossary = glossary_of(direction, given, made)
    out = np.full((LONGEST, len(band.first), band.width), OUTSIDE, np.float32)
    for x, x_end, y, y_end in band.blocks():
        first, last = max(x - LONGEST, 0), x_end - 1
        top = max(y - 1, 0)
        columns, counts, form = _columns(glossary, made, top, y_end - 1)
        explained = _explained(glossary, given, (first, last), columns, len(form))
        sums = np.concatenate([np.zeros((LONGEST + 1, len(form)), np.float32), np.cumsum(explained, axis=0)])
        sizes = np.concatenate([np.zeros(LONGEST + 1), np.cumsum(given.counts[first:last])])
        at = np.arange(x, x_end) - first + LONGEST
        values = np.zeros((LONGEST, x_end - x, y_end - y), np.float32)
        for n in range(1, LONGEST + 1):
            inside = np.maximum(sums[at] - sums[at - n], 0)
            gained = gain(inside, (sizes[at] - sizes[at - n])[:, None], glossary.share[form], glossary.alone[form])
            values[n - 1, :, top + 1 - y :] = gained @ counts
        band.fill(out, (x, y), values)
    return out


def _columns(glossary: Glossary, made: Forms, begin: int, end: int) -> tuple[Int64, Float32, Int64]:
    """Return the forms of some sentences: where each form of the documents stands among them, or -1; how often each
    is in each sentence (float32 [v, end - begin]); and which they are [v].
    """
    tokens = glossary.made[made.starts[begin] : made.starts[end]]
    form, token = np.unique(tokens, return_inverse=True)
    columns = np.full(len(glossary.share), -1)
    columns[form] = np.arange(len(form))
    rows = np.repeat(np.arange(end - begin), made.counts[begin:end])
    counts = np.bincount(token * (end - begin) + rows, minlength=len(form) * (end - begin))
    return columns, counts.reshape(len(form), end - begin).astype(np.float32), form


def _explained(
    glossary: Glossary, given: Forms, sentences: tuple[int, int], columns: Int64, width: int
) -> npt.NDArray[np.float32]:
    """Return the sum of the translation probabilities from the forms of each sentence: float32 [n, width]."""
    begin, end = sentences
    tokens = glossary.given[given.starts[begin] : given.starts[end]]
    rows = np.repeat(np.arange(end - begin), given.counts[begin:end])
    entries, token = spread(glossary.starts, tokens)
    column = columns[glossary.translation[entries]]
    known = column >= 0
    places = rows[token[known]] * width + column[known]
    summed = np.bincount(places, glossary.probability[entries[known]], (end - begin) * width)
    return summed.reshape(end - begin, width).astype(np.float32)


def spread(starts: Int64, rows: Int64) -> tuple[Int64, Int64]:
    """Return the entries `starts[row]:starts[row + 1]` of each of `rows` in turn, and which of them each is of."""
    counts = starts[rows + 1] - starts[rows]
    which = np.repeat(np.arange(len(rows)), counts)
    return np.arange(len(which)) + np.repeat(starts[rows] - (np.cumsum(counts) - counts), counts), which


def glossary_of(direction: Direction, given: Forms, made: Forms) -> Glossary:
    """Return what a lexicon says of the forms of two documents."""
    given_names, given_first, given_form = np.unique(given.hashes, return_index=True, return_inverse=True)
    made_names, made_first, made_form = np.unique(made.hashes, return_index=True, return_inverse=True)
    known_given, known_made = place(direction.given, given_names), place(direction.made, made_names)
    looked_up = np.flatnonzero(known_given >= 0)
    entries, which = spread(direction.starts, known_given[looked_up])
    back = np.full(len(direction.made), -1)
    back[known_made[known_made >= 0]] = np.flatnonzero(known_made >= 0)
    translation = back[direction.translation[entries]]
    found = translation >= 0
    rows, columns = looked_up[which[found]], translation[found]
    probability = direction.probability[entries[found]]
    cognates, columns_alike = _alike(given.alike[given_first], made.alike[made_first])
    rows, columns = np.concatenate([rows, cognates]), np.concatenate([columns, columns_alike])
    probability = np.concatenate([probability, np.full(len(cognates), _COGNATE, np.float32)])
    keys, first = np.unique(rows * max(len(made_names), 1) + columns, return_index=True)
    rows, columns = np.divmod(keys, max(len(made_names), 1))
    alone = direction.unexplained(known_made)
    alone[columns_alike] = np.minimum(alone[columns_alike], _WITHOUT)
    if len(direction.share):
        share = direction.shares(known_made)
    else:
        share = (np.bincount(made_form, minlength=len(made_names)) / max(len(made_form), 1)).astype(np.float32)
    starts = np.searchsorted(rows, np.arange(len(given_names) + 1))
    return Glossary(given_form, made_form, starts, columns, probability[first], share, alone)


def _alike(given: npt.NDArray[np.uint64], made: npt.NDArray[np.uint64]) -> tuple[Int64, Int64]:
    """Return the pairs of forms that are spelled alike."""
    order = np.argsort(made, kind="stable")
    low = np.searchsorted(made[order], given, "left")
    high = np.where(given != 0, np.searchsorted(made[order], given, "right"), low)
    which = np.repeat(np.arange(len(given)), high - low)
    places = np.arange(len(which)) + np.repeat(low - (np.cumsum(high - low) - (high - low)), high - low)
    return which, order[places]
