"""Contamination: which texts hold a sentence of an evaluation set.

A test sentence is looked for whole, since n-grams never fire on the short sentences of retrieval sets, and those of
`ngram` words or more also in parts: a text that shares so many words in a row with one is contaminated, as in GPT-3's
report (Brown et al. 2020, arXiv 2005.14165, appendix C; 13 words). Both compare as a tokenizer may fold text: whole
sentences by `pipelines.text.fold`, parts by its folding of single characters, between words without their
punctuation. In scripts without spaces each character stands for its share of a word (`pipelines.text.words`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.dedup.exact import Hashes, hash_texts
from pipelines.text.characters import chunks
from pipelines.text.words import Tokens, tokens, windows

Positions = npt.NDArray[np.int64]
_FILTER_BITS = 22  # of the n-gram filter: 4 MiB, in which a million n-grams fill less than a quarter


@dataclass(frozen=True)
class SentenceIndex:
    """What is looked for: hashes (uint64, ascending) and the sentence of each (int32).

    A hash of several sentences, such as a common n-gram, stands once, with the first of them.
    """

    ngram: int
    whole: Hashes
    whole_sentence: npt.NDArray[np.int32]
    parts: Hashes
    part_sentence: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Hits:
    """Where test sentences were found: `row` of the texts, `sentence` of the tests, and if all of it (all [n])."""

    row: Positions
    sentence: npt.NDArray[np.int32]
    whole: npt.NDArray[np.bool_]


def index_sentences(sentences: Sequence[str], ngram: int) -> SentenceIndex:
    """Return the index of test sentences, which are numbered in their order. Blank ones are never found."""
    hashes = hash_texts(sentences)
    said = np.flatnonzero([bool(sentence.strip()) for sentence in sentences])
    parts, rows = _ngrams(sentences, ngram)
    return SentenceIndex(ngram, *_firsts(hashes[said], said), *_firsts(parts, rows))


def find_whole(index: SentenceIndex, hashes: Hashes) -> Hits:
    """Return which texts are a test sentence; `hashes` are those of the folded texts (`dedup.exact.hash_texts`)."""
    rows, places = _found(index.whole, hashes)
    return Hits(rows, index.whole_sentence[places], np.ones(len(rows), bool))


def find_parts(index: SentenceIndex, texts: Sequence[str]) -> Hits:
    """Return which texts share `ngram` words in a row with a test sentence; each with each sentence once."""
    if not len(index.parts):
        return Hits(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, bool))
    ngrams, rows = _ngrams(texts, index.ngram)
    slot = np.uint64(64 - _FILTER_BITS)
    known = np.zeros(1 << _FILTER_BITS, bool)
    known[index.parts >> slot] = True
    likely = np.flatnonzero(known[ngrams >> slot])
    found, places = _found(index.parts, ngrams[likely])
    pairs = np.unique(np.stack([rows[likely[found]], index.part_sentence[places]], axis=1), axis=0)
    return Hits(pairs[:, 0], pairs[:, 1].astype(np.int32), np.zeros(len(pairs), bool))


def _found(known: Hashes, hashes: Hashes) -> tuple[Positions, Positions]:
    """Return the positions of hashes that are among `known` (ascending), and their places there."""
    if not len(known):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    rows = np.flatnonzero(known[places] == hashes)
    return rows, places[rows]


def _firsts(hashes: Hashes, sentences: Positions) -> tuple[Hashes, npt.NDArray[np.int32]]:
    unique, places = np.unique(hashes, return_index=True)
    return unique, sentences[places].astype(np.int32)


def _ngrams(texts: Sequence[str], ngram: int) -> tuple[Hashes, Positions]:
    """Return the hashes of all `ngram` words in a row, and the text that each stands in, which ascends."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    parts = [_ngrams_of(tokens(texts[begin:end]), begin, ngram) for begin, end in chunks(lengths)]
    hashes, rows = zip(*parts, strict=True) if parts else ((np.zeros(0, np.uint64),), (np.zeros(0, np.int64),))
    return np.concatenate(hashes), np.concatenate(rows)


def _ngrams_of(found: Tokens, first_row: int, ngram: int) -> tuple[Hashes, Positions]:
    """From each token on, as many as make `ngram` words or just more, if all are of one text."""
    if not len(found.hashes):
        return found.hashes, np.zeros(0, np.int64)
    # in whole numbers, so that a window's size does not depend on where in the batch it stands
    running = np.concatenate([[0], np.cumsum(np.rint(found.words * _SHARES).astype(np.int64))])
    starts = np.arange(len(found.hashes))
    ends = np.searchsorted(running, running[starts] + ngram * _SHARES - _SHARES // 100)
    inside = ends <= len(starts)
    inside[inside] = found.row[ends[inside] - 1] == found.row[starts[inside]]
    starts, ends = starts[inside], ends[inside]
    return windows(found.hashes, starts, ends - starts), found.row[starts].astype(np.int64) + first_row


_SHARES = 10_000  # of a word
