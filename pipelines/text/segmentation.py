"""Sentence segmentation: paragraphs to sentences, for all texts of a batch at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.text.characters import Characters, characters, chunks
from pipelines.text.sentences import sentence_ends

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Segments:
    """The sentences [s] of texts, in their order: `texts` without white space at the ends, `row` (int64) of each text.

    A text's sentences, joined, are the text up to white space. No sentence is blank; a blank text has none.
    """

    texts: list[str]
    row: Int64


def segment(texts: Sequence[str]) -> Segments:
    """Return the sentences of normalised `texts` [n]."""
    sentences: list[str] = []
    rows: list[Int64] = [np.zeros(0, np.int64)]
    for begin, end in chunks(np.fromiter(map(len, texts), np.int64, len(texts))):
        own = texts[begin:end]
        chars = characters(own)
        pieces, row = _cut(own, chars, sentence_ends(chars))
        sentences += pieces
        rows.append(row + begin)
    return Segments(sentences, np.concatenate(rows))


def _cut(texts: Sequence[str], chars: Characters, ends: Int64) -> tuple[list[str], Int64]:
    """Return the pieces of `texts` between their starts, `ends` and their ends, and the text that each is of."""
    borders = np.unique(np.concatenate([ends, chars.ends[chars.ends > chars.starts]]))
    row = chars.text_of(borders - 1)
    first = np.diff(row, prepend=-1) != 0
    begins = np.where(first, 0, np.roll(borders, 1) - chars.starts[row])
    stops = borders - chars.starts[row]
    places = zip(row.tolist(), begins.tolist(), stops.tolist(), strict=True)
    pieces = [texts[text][begin:stop].strip() for text, begin, stop in places]
    kept = np.flatnonzero([bool(piece) for piece in pieces])
    return [pieces[place] for place in kept.tolist()], row[kept]
