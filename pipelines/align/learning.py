"""The lexicon of a language pair from its documents: align by length and spelling, estimate, align again.

A lexicon that was estimated from a document's wrong beads finds them again. So the documents are cut into parts, and
the documents of a part are aligned by the lexicon of the others.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from pipelines.align import lexical
from pipelines.align.beads import Beads
from pipelines.align.lexicon import Lexicon, empty, estimate
from pipelines.align.wordforms import forms

PARTS: Final = 5
PASSES = 4

Documents = Sequence[tuple[Sequence[str], Sequence[str]]]


def learn(documents: Documents) -> tuple[Lexicon, ...]:
    """Return a lexicon for each part of the documents, estimated from the other parts: document i is in part i % n.

    There are `PARTS` parts, or one for each document where these are fewer; a single document has to teach itself. Any
    of the lexicons serves for a document that is not among them. Without documents it is the empty lexicon.
    """
    parts = max(min(PARTS, len(documents)), 1)
    lexicons: tuple[Lexicon, ...] = (empty(),) * parts
    for _ in range(PASSES):
        found = [_joined(pair, lexical.align(*pair, lexicons[i % parts])) for i, pair in enumerate(documents)]
        lexicons = tuple(_without(found, part, parts) for part in range(parts))
    return lexicons


def _without(found: Sequence[tuple[list[str], list[str]]], part: int, parts: int) -> Lexicon:
    """Return the lexicon of the beads of all parts but one, or of all where there is no other."""
    taken = [pair for place, pair in enumerate(found) if parts == 1 or place % parts != part]
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
