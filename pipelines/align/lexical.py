"""Sentence alignment by words and lengths together.

The idea is hunalign's (Varga et al., "Parallel corpora for medium density languages", 2005): align by length, estimate
a dictionary from the beads, align again. What a bead costs is Moore's ("Fast and Accurate Sentence Alignment of
Bilingual Corpora", 2002): the negative log likelihood of the two texts as a translation, over that of two texts that
have nothing to do with each other. So a deletion costs its penalty alone.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from pipelines.align.band import Band
from pipelines.align.beads import TYPES, Beads, Float32
from pipelines.align.embedding import search_band
from pipelines.align.length import characters_of, first_band, length_costs, penalty, ratio
from pipelines.align.lexicon import Lexicon
from pipelines.align.program import cheapest_with_confidence
from pipelines.align.sketches import sketches
from pipelines.align.translated import OUTSIDE, gains
from pipelines.align.wordforms import forms

# Nats for one of the model: forms and lengths are no independent witnesses.
_WORDS: Final = 0.15
_LENGTH: Final = 0.6
_LENGTH_ALONE: Final = 0.5  # where the lexicon is empty

_HALF_WIDTH: Final = 20  # of the band in which long documents are searched
_PAD: Final = 8


def align(sources: Sequence[str], targets: Sequence[str], lexicon: Lexicon) -> Beads:
    """Align the sentences of two documents by a lexicon, words that are spelled alike, and lengths.

    With the empty lexicon (`lexicon.empty`) it is a first pass. Long documents are searched around a path that is
    found coarse to fine, by sketches of what the sentences say or, with the empty lexicon, by their lengths. The
    confidence in a bead is that of `program.cheapest_with_confidence`.
    """
    lengths = characters_of(sources), characters_of(targets)
    if len(lexicon.forward.given) and not Band.straight(len(sources), len(targets), 0).is_whole:
        band = search_band(*sketches(lexicon.forward, forms(sources), forms(targets)), _HALF_WIDTH)
    else:
        band = first_band(lengths, ratio(*lengths))
    sizes, confidence = cheapest_with_confidence(band, TYPES, lexical_costs(band, sources, targets, lexicon))
    return Beads.of(sizes, confidence)


def lexical_costs(band: Band, sources: Sequence[str], targets: Sequence[str], lexicon: Lexicon) -> Float32:
    """Return what the beads of a band cost by words, length and type: float32 [types, anti-diagonals, width]."""
    first, second = forms(sources), forms(targets)
    ahead = gains(lexicon.forward, first, second, band)
    back = gains(lexicon.backward, second, first, band.transposed())[..., ::-1]
    lengths = characters_of(sources), characters_of(targets)
    costs = length_costs(band, lengths, ratio(*lengths), TYPES)(0, len(band.first))
    weight = _LENGTH if len(lexicon.forward.given) else _LENGTH_ALONE
    for cost, (n, m) in zip(costs, TYPES, strict=True):
        if n and m:
            cost *= weight
            cost += np.float32((1 - weight) * penalty(n, m))
            for step in range(m):
                cost -= _WORDS * _moved(band, ahead[n - 1], 0, step)
            for step in range(n):
                cost -= _WORDS * _moved(band, back[m - 1], step, 0)
        else:
            cost[:] = penalty(n, m)
    return costs


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
