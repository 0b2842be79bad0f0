"""What the lexical aligner takes for words, in any script: one multiset of forms for each text.

A word's form is its first letters: inflection mostly changes the end, and a form that is seen more often is known
better. In scripts without spaces it is each character and each pair of neighbours. Punctuation marks are forms too.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.text.characters import DIGIT, PUNCTUATION, Characters, characters, chunks
from pipelines.text.words import Int64, Spans, UInt64, mixed, tokenized

STEM: Final = 6  # letters of a word that count

_COGNATE: Final = 4  # letters in which words of two languages agree that are spelled alike
_PAIR: Final = np.uint64(0x9E3779B97F4A7C15)
_MARK: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_NUMBER: Final = np.uint64(0x165667B19E3779F9)
_ALIKE: Final = {"؟": "?", "？": "?", "،": ",", "、": ",", "，": ",", "؛": ";", "。": ".", "।": ".", "۔": "."}


@dataclass(frozen=True)
class Forms:
    """The forms [f] of texts [n], text by text.

    `hashes` (uint64) are equal for equal forms of a language. `alike` (uint64) are equal for forms of two languages
    that are likely to be the same word: the same number, the same mark, or words with the same first four letters
    without their accents; 0 where a form has none. `starts` [n + 1] (int64) are the places of the texts' first forms.
    """

    hashes: UInt64
    alike: UInt64
    starts: Int64

    @property
    def counts(self) -> Int64:
        """How many forms each text has: int64 [n]."""
        return np.diff(self.starts)

    @classmethod
    def joined(cls, parts: Sequence["Forms"]) -> "Forms":
        """Return the forms of the texts of all parts, one part after the other."""
        counts = np.concatenate([np.zeros(0, np.int64), *(part.counts for part in parts)])
        return cls(
            np.concatenate([np.zeros(0, np.uint64), *(part.hashes for part in parts)]),
            np.concatenate([np.zeros(0, np.uint64), *(part.alike for part in parts)]),
            np.concatenate([[0], np.cumsum(counts)]),
        )

    def runs(self, first: Int64, counts: Int64) -> "Forms":
        """Return the forms of runs of `counts` texts from `first` on as those of one text each, in ascending order."""
        begins, ends = self.starts[first], self.starts[first + counts]
        inside = np.zeros(len(self.hashes) + 1, np.int64)
        np.add.at(inside, begins, 1)
        np.add.at(inside, ends, -1)
        kept = np.cumsum(inside)[:-1] > 0
        return Forms(self.hashes[kept], self.alike[kept], np.concatenate([[0], np.cumsum(ends - begins)]))

    def part(self, begin: int, end: int) -> "Forms":
        """Return the forms of the texts from `begin` to `end`."""
        first, last = self.starts[begin], self.starts[end]
        return Forms(self.hashes[first:last], self.alike[first:last], self.starts[begin : end + 1] - first)


def forms(texts: Sequence[str]) -> Forms:
    """Return the forms of `texts`. Raises UnicodeEncodeError for lone surrogates."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return Forms.joined([_chunk(characters(texts[begin:end])) for begin, end in chunks(lengths)])


def _chunk(chars: Characters) -> Forms:
    tokens = tokenized(chars)
    base = _bases().take(chars.folded, mode="clip")
    spans, bare = Spans.of(chars.folded), Spans.of(base)
    stems = mixed(spans.hashes(tokens.starts, np.minimum(tokens.ends, tokens.starts + STEM)))
    length = tokens.ends - tokens.starts
    cut = np.minimum(tokens.ends, tokens.starts + _COGNATE)
    number = (chars.flags[tokens.starts] & DIGIT) != 0
    alike = np.where(
        number,
        mixed(bare.hashes(tokens.starts, tokens.ends)) ^ _NUMBER,
        np.where((length >= _COGNATE) & ~tokens.unspaced, mixed(bare.hashes(tokens.starts, cut)), np.uint64(0)),
    )
    neighbours = np.flatnonzero(tokens.unspaced[:-1] & tokens.unspaced[1:] & (tokens.ends[:-1] == tokens.starts[1:]))
    pairs = mixed(stems[neighbours] * _PAIR ^ stems[neighbours + 1])
    marks = np.flatnonzero((chars.flags & PUNCTUATION) != 0)
    before = np.searchsorted(tokens.starts, marks, "right") - 1
    marks = marks[(before < 0) | (np.append(tokens.ends, 0)[before] <= marks)]  # an apostrophe belongs to its word
    mark = mixed(base[marks].astype(np.uint64) ^ _MARK)
    places = np.concatenate([tokens.starts, tokens.starts[neighbours], marks])
    order = np.argsort(places, kind="stable")
    rows = chars.text_of(places[order])
    return Forms(
        np.concatenate([stems, pairs, mixed(chars.codes[marks].astype(np.uint64) ^ _MARK)])[order],
        np.concatenate([alike, np.zeros(len(pairs), np.uint64), mark])[order],
        np.searchsorted(rows, np.arange(len(chars.starts) + 1)),
    )


@cache
def _bases() -> npt.NDArray[np.uint32]:
    """Return for each code point below 0x20000 its base letter, or the digit or mark that it is alike."""
    table = np.arange(0x20000, dtype=np.uint32)
    for point in range(0x80, 0x20000):
        decomposed = unicodedata.normalize("NFD", chr(point))
        digit = unicodedata.decimal(chr(point), None)
        table[point] = ord(decomposed[0]) if digit is None else ord("0") + digit
    for mark, alike in _ALIKE.items():
        table[ord(mark)] = ord(alike)
    return table
