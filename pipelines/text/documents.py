"""Measures of whole documents, for all documents of a batch at once.

The rules are Gopher's (Jack Rae et al., "Scaling Language Models: Methods, Analysis & Insights from Training Gopher",
2021, section A.1), C4's (Colin Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
Transformer", JMLR 2020, section 2.2) and FineWeb's (Guilherme Penedo et al., "The FineWeb Datasets", 2024, section
3.6). docs/filters/quality.md says what each measures, and where it differs from the code of others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.text.characters import DIGIT, LETTER, Characters, characters, chunks
from pipelines.text.quality import Measures, holding
from pipelines.text.repetition import repetition
from pipelines.text.segmentation import count_sentences
from pipelines.text.sentences import ends_sentence, ends_with_ellipsis, last_characters
from pipelines.text.words import Runs, Tokens, held, runs, tokenized, tokens

STOP_WORDS = {"en": ("the", "be", "to", "of", "and", "that", "have", "with")}

# C4's rules for the lines that it keeps: the paper's words of a line (its code asks for 5), and the code's longest word
C4_LINE_WORDS = 3
C4_WORD_CHARS = 1000

# Gopher's bullet points, and what is written for them; the list of RedPajama-Data v2 with "*" and "-"
_BULLETS = np.array(sorted(map(ord, "•‣▶◀◦■□▪▫●○–-*")), np.uint32)

_SHORT_LINE = 30
# In scripts without spaces a word counts as many characters, for rules that were made for English: the middle of
# those that Gopher allows, which is also the mean in English texts; and with its space.
_WORD_CHARS = 5
_SPACED_WORD_CHARS = 6

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class _Batch:
    """Texts [n], what was measured in them, and which of `count` documents each belongs to.

    `borders` [d + 1] are the positions in `chars` where documents begin, and where the last ends.
    """

    texts: Sequence[str]
    chars: Characters
    tokens: Tokens
    runs: Runs
    rows: Measures
    document: Int64
    borders: Int64
    count: int

    def sums(self, values: npt.NDArray[Any]) -> Float64:
        """Return the sums over the texts of each document."""
        return np.asarray(np.bincount(self.document, values, self.count), np.float64)

    def shares(self, values: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Return the share of texts of each document for which `values` is true."""
        return _ratio(self.sums(values), np.bincount(self.document, minlength=self.count))

    def counts(self, positions: Int64) -> Int64:
        """Return how many of the ascending `positions` lie in each document."""
        return np.diff(np.searchsorted(positions, self.borders))

    def totals(self, positions: Int64, values: npt.NDArray[Any]) -> Float64:
        """Return for each document the sum of the `values` whose `positions`, which ascend, lie in it."""
        running = np.zeros(len(values) + 1)
        np.cumsum(values, out=running[1:])
        return np.diff(running.take(np.searchsorted(positions, self.borders)))


def measure_documents(
    texts: Sequence[str], document_row: npt.NDArray[np.int32], languages: Sequence[str], rows: Measures
) -> Columns:
    """Return the measures of the documents [d] by their column in DOCUMENTS.

    `texts` are normalised paragraphs [n], `document_row` [n] numbers their documents from 0 and ascends, `languages`
    are those of the documents [d], `rows` the measures of the paragraphs.
    """
    count = len(languages)
    document = document_row.astype(np.int64)
    lengths = np.bincount(document, rows.chars, count).astype(np.int64)
    borders = np.searchsorted(document, np.arange(count + 1))
    parts = []
    for begin, end in chunks(lengths) if count else [(0, 0)]:
        first = borders[begin]
        own = slice(first, borders[end])
        chars = characters(texts[own])
        positions = np.append(chars.starts, len(chars.codes))[borders[begin : end + 1] - first]
        measures = Measures(**{name: values[own] for name, values in vars(rows).items()})
        batch = _Batch(
            texts[own], chars, tokenized(chars), runs(chars), measures, document[own] - begin, positions, end - begin
        )
        parts.append(_measure(batch, languages[begin:end]))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _measure(batch: _Batch, languages: Sequence[str]) -> Columns:
    chars, words = batch.sums(batch.rows.chars), batch.sums(batch.rows.words)
    return {
        "paragraphs": np.bincount(batch.document, minlength=batch.count).astype(np.int32),
        "chars": chars.astype(np.int32),
        "words": words.astype(np.int32),
        **_gopher(batch, words),
        "stop_words": _stop_words(batch, languages),
        **repetition(batch.tokens, batch.rows.chars.astype(np.int64), batch.document, batch.count),
        **_c4(batch, languages),
        **_fineweb(batch),
    }


def _gopher(batch: _Batch, words: Float64) -> Columns:
    codes = batch.chars.codes
    starts = codes.take(batch.chars.starts)
    return {
        **_words(batch),
        "hashes": _ratio(batch.counts(np.flatnonzero(codes == ord("#"))), words),
        "ellipses": _ratio(_ellipses(batch), words),
        "bullet_lines": batch.shares(np.isin(starts, _BULLETS)),
        "ellipsis_lines": batch.shares(ends_with_ellipsis(batch.chars, batch.chars.ends - 1)),
    }


def _words(batch: _Batch) -> Columns:
    """Return the mean length of words, and the share of words with a letter.

    The length is that of their letters, digits and apostrophes; words without any are not in the mean.
    """
    found, runs = batch.tokens, batch.runs
    flags = held(batch.chars, runs.starts)
    lengths, unspaced = found.ends - found.starts, np.zeros(batch.count)
    if found.unspaced.any():
        lengths = np.where(found.unspaced, _WORD_CHARS * found.words, lengths)
        unspaced = batch.totals(found.starts, found.words * found.unspaced)

    def counted(bits: int) -> Float64:
        return batch.counts(runs.starts[(flags & bits) != 0]) + unspaced

    every = batch.counts(runs.starts[runs.counted]) + unspaced
    return {
        "mean_word_length": _ratio(batch.totals(found.starts, lengths), counted(LETTER | DIGIT)),
        "alphabetic_words": _ratio(counted(LETTER), every),
    }


def _ellipses(batch: _Batch) -> Float64:
    """Return how often "…" and, in runs of dots, "..." stand in each document."""
    dots = np.flatnonzero(batch.chars.codes == ord("."))
    begins = np.flatnonzero(np.diff(dots, prepend=-2) != 1)
    lengths = np.diff(begins, append=len(dots))
    return batch.totals(dots[begins], lengths // 3) + batch.counts(np.flatnonzero(batch.chars.codes == ord("…")))


def _stop_words(batch: _Batch, languages: Sequence[str]) -> npt.NDArray[np.int32]:
    """Return how many of the stop words of its language each document holds, -1 where there is no list."""
    result = np.full(batch.count, -1, np.int32)
    for language, words in STOP_WORDS.items():
        own = np.array([each == language for each in languages], np.bool_)
        if own.any():
            found = np.zeros(batch.count, np.int32)
            for wanted in _hashes_of(words):
                found += batch.counts(batch.tokens.starts[batch.tokens.hashes == wanted]) > 0
            result[own] = found[own]
    return result


@cache
def _hashes_of(words: tuple[str, ...]) -> npt.NDArray[np.uint64]:
    return tokens(words).hashes


def _c4(batch: _Batch, languages: Sequence[str]) -> Columns:
    """Return C4's measures of a page, in the lines that its rules for lines keep."""
    rows = batch.rows
    kept = (rows.words >= C4_LINE_WORDS) & (rows.longest_word <= C4_WORD_CHARS) & rows.terminal & ~rows.boilerplate
    curly = np.zeros(len(kept), np.bool_)
    curly[batch.chars.text_of(np.flatnonzero(batch.chars.codes == ord("{")))] = True
    counted = count_sentences(batch.chars, [languages[document] for document in batch.document.tolist()])
    return {
        "sentences": batch.sums(counted * kept).astype(np.int32),
        "curly_bracket": batch.sums(curly & kept) > 0,
        "lorem_ipsum": batch.sums(holding(batch.texts, ("lorem ipsum",)) & kept) > 0,
    }


def _fineweb(batch: _Batch) -> Columns:
    chars, found = batch.chars, batch.tokens
    wider = found.words[found.unspaced] * _SPACED_WORD_CHARS - 1
    lengths = batch.rows.chars + np.bincount(found.row[found.unspaced], wider, len(batch.texts))
    return {
        "terminal_lines": batch.shares(ends_sentence(chars, last_characters(chars, batch.texts))),
        "short_lines": batch.shares(lengths <= _SHORT_LINE),
    }


def _ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return `part / whole`, 0 where there is no whole."""
    ratio: npt.NDArray[np.float32] = (part / np.where(whole == 0, 1, whole)).astype(np.float32)
    return ratio
