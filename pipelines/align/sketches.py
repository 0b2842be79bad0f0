"""Vectors of sentences from a lexicon: what a sentence says, as a sketch of forms of the target language.

Each form of the target language has a random vector of signs (the count sketch of Charikar, Chen and Farach-Colton,
2002). A sentence's vector is the sum of those of its forms, or for the source language of their translations, each
weighted by how rare it is. They show where in a long document a passage is translated, not which sentence is.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.align.beads import Float32, Int64
from pipelines.align.lexicon import Direction
from pipelines.align.translated import glossary_of, spread
from pipelines.align.wordforms import Forms
from pipelines.text.words import mixed

_WORDS: Final = 2  # of 64 signs
_ROWS: Final = 1 << 15  # vectors that are summed at a time


def sketches(direction: Direction, source: Forms, target: Forms) -> tuple[Float32, Float32]:
    """Return unit vectors of the sentences of two documents: float32 [1, s, 128] and [1, t, 128]."""
    glossary = glossary_of(direction, source, target)
    made = np.unique(target.hashes)
    vectors = _signs(made) * -np.log(glossary.share)[:, None]
    entries = np.arange(len(glossary.starts) - 1)
    translated = _sums(glossary.starts, entries, vectors, glossary.translation, glossary.probability)
    ones = np.ones(1, np.float32)
    return (
        _unit(_sums(source.starts, np.arange(len(source.counts)), translated, glossary.given, ones)),
        _unit(_sums(target.starts, np.arange(len(target.counts)), vectors, glossary.made, ones)),
    )


def _signs(hashes: npt.NDArray[np.uint64]) -> Float32:
    words = np.stack([mixed(hashes + np.uint64(word)) for word in range(1, _WORDS + 1)], axis=1)
    bits = np.unpackbits(words.astype("<u8").view(np.uint8), axis=1)
    return bits.astype(np.float32) * 2 - 1


def _sums(starts: Int64, rows: Int64, vectors: Float32, which: Int64, weights: Float32) -> Float32:
    """Return for each row the sum of `weights * vectors[which]` over its entries, `starts[row]:starts[row + 1]`."""
    out = np.zeros((len(rows), vectors.shape[1]), np.float32)
    step = max(_ROWS * len(rows) // max(len(which), 1), 1)
    for begin in range(0, len(rows), step):
        entries, row = spread(starts, rows[begin : begin + step])
        if len(entries):
            weighted = vectors[which[entries]] * weights[entries if len(weights) > 1 else 0, ..., None]
            filled = np.flatnonzero(np.diff(row, prepend=-1))
            out[begin + row[filled]] = np.add.reduceat(weighted, filled, axis=0)
    return out


def _unit(vectors: Float32) -> Float32:
    unit: Float32 = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + np.float32(1e-5))
    return unit[None]
