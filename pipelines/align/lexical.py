"""Sentence alignment by words and lengths together.

The idea is hunalign's (Varga et al., "Parallel corpora for medium density languages", 2005): align by length, estimate
a dictionary from the beads, align again. What a bead costs is Moore's ("Fast and Accurate Sentence Alignment of
Bilingual Corpora", 2002): the negative log likelihood of the two texts as a translation, over that of two texts that
have nothing to do with each other. So a deletion costs its penalty alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.align.band import Band
from pipelines.align.beads import TYPES, Beads, Float32, Int64
from pipelines.align.embedding import search_band
from pipelines.align.fitting import LENGTH, fitted_beads
from pipelines.align.length import characters_of, first_band, ratio
from pipelines.align.lexicon import Lexicon
from pipelines.align.sketches import sketches
from pipelines.align.translated import OUTSIDE, gains
from pipelines.align.wordforms import Forms, forms

# Nats for one of the model: forms are no independent witnesses.
_WORDS: Final = np.float32(0.15)
_LENGTH_ALONE: Final = 0.5  # where the lexicon is empty
# The most that words say against a bead, in nats for two sentences: a lexicon of another kind of text denies what it
# does not know.
_DENIED: Final = np.array([-4.0 * (n + m) / 2 for n, m in TYPES], np.float32)[:, None, None]

_HALF_WIDTH: Final = 20  # of the band in which long documents are searched
_PAD: Final = 8


@dataclass(frozen=True)
class Sentences:
    """What the aligner needs of the sentences of a document: their forms, and their lengths in characters [n]."""

    forms: Forms
    lengths: Int64

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Sentences":
        return cls(forms(texts), characters_of(texts))

    def __len__(self) -> int:
        return len(self.lengths)


def align(sources: Sequence[str], targets: Sequence[str], lexicon: Lexicon) -> Beads:
    """Align the sentences of two documents by a lexicon, words that are spelled alike, and lengths.

    With the empty lexicon (`lexicon.empty`) it is a first pass. Long documents are searched around a path that is
    found coarse to fine, by sketches of what the sentences say or, with the empty lexicon, by their lengths. The
    confidence in a bead is that of `program.cheapest_with_confidence`.
    """
    return align_sentences(Sentences.of(sources), Sentences.of(targets), lexicon)


def align_sentences(source: Sentences, target: Sentences, lexicon: Lexicon) -> Beads:
    """Align two documents as `align` does."""
    lengths = source.lengths, target.lengths
    if len(lexicon.forward.given) and not Band.straight(len(source), len(target), 0).is_whole:
        band = search_band(*sketches(lexicon.forward, source.forms, target.forms), _HALF_WIDTH)
    else:
        band = first_band(lengths, ratio(*lengths))
    weight = LENGTH if len(lexicon.forward.given) else _LENGTH_ALONE
    words = np.maximum(evidence(band, source, target, lexicon), _DENIED)
    return fitted_beads(band, lengths, words, weight)


def evidence(band: Band, source: Sentences, target: Sentences, lexicon: Lexicon) -> Float32:
    """Return in nats what words say for the beads of a band: float32 [types, anti-diagonals, width]."""
    ahead = gains(lexicon.forward, source.forms, target.forms, band)
    back = gains(lexicon.backward, target.forms, source.forms, band.transposed())[..., ::-1]
    found = np.zeros((len(TYPES), *ahead.shape[1:]), np.float32)
    for nats, (n, m) in zip(found, TYPES, strict=True):
        if n and m:
            for step in range(m):
                nats += _moved(band, ahead[n - 1], 0, step)
            for step in range(n):
                nats += _moved(band, back[m - 1], step, 0)
    found *= _WORDS
    return found


def _moved(band: Band, values: Float32, x: int, y: int) -> Float32:
    """Return the values [anti-diagonals, width] of the nodes `x` source and `y` target sentences before each node."""
    back = x + y
    if not back:
        return values
    padded = np.pad(values, ((0, 0), (_PAD, _PAD)), constant_values=OUTSIDE)
    shift = band.first[back:] - y - band.first[:-back] + _PAD
    out = np.full_like(values, OUTSIDE)
    out[back:] = np.take_along_axis(padded[:-back], shift[:, None] + np.arange(band.width), axis=1)
    return out
