"""The lexicon of a language pair from its documents: align by length and spelling, estimate, align again.

A lexicon that was estimated from a document's wrong beads finds them again. So the documents are cut into parts, and
the documents of a part are aligned by the lexicon of the others.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from pipelines.align import lexical
from pipelines.align.beads import Beads, Int64
from pipelines.align.lexicon import Lexicon, empty, estimate
from pipelines.align.wordforms import forms

PARTS: Final = 5
PASSES = 4

Documents = Sequence[tuple[Sequence[str], Sequence[str]]]


def learn(documents: Documents, parts: Int64) -> tuple[Lexicon, ...]:
    """Return `PARTS` lexicons: the one for each part of the documents, estimated from those of the other parts.

    `parts` [d] says in which part each document is. Where all are in one part, they have to teach themselves. A
    document that is not among them may take any of the lexicons.
    """
    lexicons: tuple[Lexicon, ...] = (empty(),) * PARTS
    for _ in range(PASSES):
        found = [
            _joined(pair, lexical.align(*pair, lexicons[part]))
            for pair, part in zip(documents, parts.tolist(), strict=True)
        ]
        everything = _of(found) if len(set(parts.tolist())) < PARTS else empty()
        kept = [np.flatnonzero(parts != part).tolist() for part in range(PARTS)]
        lexicons = tuple(
            _of([found[place] for place in own]) if 0 < len(own) < len(found) else everything for own in kept
        )
    return lexicons


def _of(taken: Sequence[tuple[list[str], list[str]]]) -> Lexicon:
    """Return the lexicon of the beads of some documents."""
    sides = [[text for pair in taken for text in pair[side]] for side in (0, 1)]
    return estimate(forms(sides[0]), forms(sides[1]))


def _joined(documents: tuple[Sequence[str], Sequence[str]], beads: Beads) -> tuple[list[str], list[str]]:
    """Return the texts of the two sides of the beads that have two."""
    kept = np.flatnonzero(beads.two_sided)
    sources, targets = documents
    return (
        [" ".join(sources[beads.source[b] : beads.source[b] + beads.sources[b]]) for b in kept],
        [" ".join(targets[beads.target[b] : beads.target[b] + beads.targets[b]]) for b in kept],
    )
