"""The lexicon of a language pair from its documents: align by length and spelling, estimate, align again.

A lexicon that was estimated from a document's wrong beads finds them again. So the documents are cut into parts, and
the documents of a part are aligned by the lexicon of the others.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from pipelines.align import lexical
from pipelines.align.beads import Beads, Int64
from pipelines.align.lexical import Sentences
from pipelines.align.lexicon import Lexicon, empty, estimate_without
from pipelines.align.wordforms import Forms

PARTS: Final = 5
PASSES: Final = 4

_SURE: Final = 0.5  # confidence: a bead that is less likely than something else teaches nothing
_MOST: Final = 200  # forms of a text that still says which of them belong together; also bounds the time

Documents = Sequence[tuple[Sequence[str], Sequence[str]]]


def learn(documents: Documents, parts: Int64) -> tuple[Lexicon, ...]:
    """Return `PARTS` lexicons: the one for each part of the documents, estimated from those of the other parts.

    `parts` [d] says in which part each document is. Where all are in one part, they have to teach themselves. A
    document that is not among them may take any of the lexicons.
    """
    read = [(Sentences.of(source), Sentences.of(target)) for source, target in documents]
    # the lexicon of a part that has no documents, or all of them, is estimated from all
    left_out = [part if 0 < np.count_nonzero(parts == part) < len(parts) else -1 for part in range(PARTS)]
    lexicons: tuple[Lexicon, ...] = (empty(),) * PARTS
    for _ in range(PASSES):
        taught = [
            _taught(*pair, lexical.align_sentences(*pair, lexicons[part]))
            for pair, part in zip(read, parts.tolist(), strict=True)
        ]
        sources, targets = (Forms.joined([pair[side] for pair in taught]) for side in (0, 1))
        rows = [len(source.counts) for source, _ in taught]
        lexicons = estimate_without(sources, targets, np.repeat(parts, rows), left_out)
    return lexicons


def _taught(source: Sentences, target: Sentences, beads: Beads) -> tuple[Forms, Forms]:
    """Return the forms of the two sides of the beads of a document from which something is to be learnt."""
    kept = beads.confidence >= _SURE
    sides = (
        source.forms.runs(beads.source[kept].astype(np.int64), beads.sources[kept].astype(np.int64)),
        target.forms.runs(beads.target[kept].astype(np.int64), beads.targets[kept].astype(np.int64)),
    )
    rows = np.flatnonzero((sides[0].counts <= _MOST) & (sides[1].counts <= _MOST))
    ones = np.ones_like(rows)
    return sides[0].runs(rows, ones), sides[1].runs(rows, ones)
