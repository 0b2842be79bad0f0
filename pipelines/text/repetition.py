"""Repetition within documents: lines and n-grams that stand there more than once.

Jack Rae et al., "Scaling Language Models: Methods, Analysis & Insights from Training Gopher", 2021, section A.1.2 and
table A1. The paper leaves open what a word is and which occurrences of a repeated n-gram count. Words are here as in
RedPajama-Data v2 (app/src/core/quality_signals/repetitions.py): folded, without punctuation, and their characters alone
count. As in datatrove (gopher_repetition_filter.py) an n-gram counts where it stands again, not where it stands first;
each character counts once.

In scripts without spaces a character is a token (`pipelines.text.words`), and n words are as many tokens as n words of
the document have on average.
"""

import numpy as np
import numpy.typing as npt

from pipelines.text.words import Spans, Tokens, mixed

TOP = (2, 3, 4)
REPEATED = (5, 6, 7, 8, 9, 10)

_DOCUMENT = np.uint64(0xD6E8FEB86659FD93)
_PLACE_BITS = 32
_LAST_PLACE = (1 << _PLACE_BITS) - 1

Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
Float32 = npt.NDArray[np.float32]


def repetition(tokens: Tokens, lengths: Int64, document: Int64, count: int) -> dict[str, Float32]:
    """Return the repetition measures of `count` documents by their column in DOCUMENTS (float32 [d]).

    `lengths` [n] are the characters of the texts, `document` [n] their documents from 0, ascending.
    """
    return _lines(tokens.texts, lengths, document, count) | _ngrams(tokens, document[tokens.row], count)


def first_equal(keys: UInt64) -> Int64:
    """Return for each key [t] the position of the first key that equals it.

    Every key writes its place into the slot of a table that its lowest bits name. Keys that find their equal there are
    done; the others, which lost the slot to another key, go on with other bits. Few are left after the first round,
    so that this takes a fraction of the time that sorting does.
    """
    table = np.empty(1 << min(len(keys).bit_length() + 1, 32), np.int32)
    first = _winners(keys, table)
    left = np.flatnonzero(keys.take(first) != keys)
    values = keys.take(left)
    while len(left):
        values = mixed(values)  # a bijection: equal values stay equal
        winners = _winners(values, table)
        first[left] = left.take(winners)
        lost = np.flatnonzero(values.take(winners) != values)
        left, values = left.take(lost), values.take(lost)
    return first


def _winners(values: UInt64, table: npt.NDArray[np.int32]) -> Int64:
    """Return for each value the first place that has a value with its lowest bits.

    Only slots that were just written are read, so that `table` needs no clearing.
    """
    slots = (values & np.uint64(len(table) - 1)).astype(np.int64)
    table[slots[::-1]] = np.arange(len(slots), dtype=np.int32)[::-1]  # of several writes to one slot the last stays
    return table.take(slots).astype(np.int64)


def _lines(hashes: UInt64, lengths: Int64, document: Int64, count: int) -> dict[str, Float32]:
    """Return the share of lines that equal an earlier one of their document, and the share of their characters."""
    first = first_equal(_in_documents(hashes, document))
    again = first < np.arange(len(first))
    lines, chars = np.bincount(document, minlength=count), np.bincount(document, lengths, count)
    repeated = np.bincount(document[again], minlength=count)
    repeated_chars = np.bincount(document[again], lengths[again], count)
    return {
        "repeated_lines": _share(repeated, lines),
        "repeated_line_chars": _share(repeated_chars, chars),
    }


def _ngrams(tokens: Tokens, document: Int64, count: int) -> dict[str, Float32]:
    borders = np.searchsorted(document, np.arange(count + 1))
    end = borders[1:]
    before = np.append(0, np.cumsum(tokens.ends - tokens.starts))  # characters of tokens
    total = before[borders[1:]] - before[borders[:-1]]
    per_word = np.ones(count)
    if tokens.unspaced.any():
        per_word = np.diff(borders) / np.maximum(np.bincount(document, tokens.words, count), 1e-9)
    found = {}
    spans = Spans.of(tokens.hashes)
    positions, of = np.arange(len(document)), document
    for n in (*TOP, *REPEATED):
        # an n-gram can only be repeated where the (n-1)-gram is
        ends = positions + np.rint(n * per_word).astype(np.int64).take(of)
        fits = np.flatnonzero(ends <= end.take(of))
        positions, of, ends = positions.take(fits), of.take(fits), ends.take(fits)
        first = first_equal(_in_documents(spans.hashes(positions, ends), of))
        again = np.flatnonzero(first != np.arange(len(first)))
        if n in TOP:
            times = np.bincount(first.take(again), minlength=len(first))  # but the first time
            chars = _top(times, before.take(ends) - before.take(positions), of, count)
            found[f"top_{n}gram"] = _share(np.minimum(chars, total), total)
        if n in REPEATED:
            begun = before.take(positions.take(again))
            next_begun = np.append(begun[1:], before[-1])  # up to there the characters of an n-gram are its own
            covered = np.minimum(before.take(ends.take(again)), next_begun) - begun
            found[f"repeated_{n}gram"] = _share(np.bincount(of.take(again), covered, count), total)
        repeated = np.zeros(len(first), np.bool_)
        repeated[again] = repeated[first.take(again)] = True
        places = np.flatnonzero(repeated)
        positions, of = positions.take(places), of.take(places)
    return found


def _top(times: Int64, chars: Int64, document: Int64, count: int) -> Int64:
    """Return the characters in all occurrences of each document's most frequent n-gram, the first of several.

    0 where no n-gram is there twice. `times` is how often an n-gram is there again, at its first place, `chars` are
    the characters of one.
    """
    groups = np.flatnonzero(times > 0)
    best = np.zeros(count, np.int64)
    np.maximum.at(best, document[groups], ((times[groups] + 1) << _PLACE_BITS) | (_LAST_PLACE - groups))
    having = np.flatnonzero(best)
    best[having] = (best[having] >> _PLACE_BITS) * chars[_LAST_PLACE - (best[having] & _LAST_PLACE)]
    return best


def _in_documents(hashes: UInt64, document: Int64) -> UInt64:
    return hashes + document.astype(np.uint64) * _DOCUMENT


def _share(part: npt.NDArray[np.number], whole: npt.NDArray[np.number]) -> Float32:
    share: Float32 = (part / np.maximum(whole, 1)).astype(np.float32)
    return share
