"""The characters of a batch of texts as arrays: folded code points and what each character is, by one table lookup."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from sys import maxunicode

import numpy as np
import numpy.typing as npt

from pipelines.text.fold import fold

# What a character is, as bits. LETTER (with marks), DIGIT (all numbers), PUNCTUATION and SPACE are Unicode's general
# categories L and M, N, P, Z; the separators between texts are SPACE too.
LETTER, DIGIT, PUNCTUATION, SPACE = 1, 2, 4, 8
UNSPACED = 16  # letters of scripts that are written without spaces between words
JOINER = 32  # invisible inside a word: ZWJ, ZWNJ, soft hyphen
STOP = 64  # ends a sentence
CLOSER = 128  # closing brackets and quotation marks
QUOTE = 256  # quotation marks
SPACED = 512  # of the stops those that end a sentence only before white space: . ! ? …
UNMARKED = 1024  # letters of Thai and Lao, which have no stops

# Characters that are worked on at a time: the arrays of one chunk stay in a core's cache.
CHUNK = 1 << 17

_CODE_BITS = 21
_CLASSES = {"L": LETTER, "M": LETTER, "N": DIGIT, "P": PUNCTUATION, "Z": SPACE}
_JOINERS = "\u00ad\u200c\u200d"
_QUOTES = "\"'＂＇‘’‚‛“”„‟«»‹›」』﹂﹄｣〞〟"

# Han and Bopomofo, Hiragana and Katakana, Thai, Lao, Khmer, Burmese
_UNSPACED = (
    *((0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x303C), (0x3041, 0x30FA), (0x30FC, 0x312F)),
    *((0x31A0, 0x31BF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F)),
    *((0x1AFF0, 0x1B16F), (0x20000, 0x3FFFF), (0x0E01, 0x0E4E), (0x0E80, 0x0EFF), (0x1780, 0x17DD), (0x1000, 0x109F)),
    *((0xA9E0, 0xA9FF), (0xAA60, 0xAA7F)),
)

_UNMARKED = ((0x0E01, 0x0E4E), (0x0E80, 0x0EFF))

# Unicode's property Sentence_Terminal in the scripts in use today, but for the Burmese comma (၊); the ellipsis, and the
# marks that end a text in Lao (ຯ), Thai (๚ ๛), Khmer (៖ is left out: a colon), Sinhala (෴) and Tibetan (། to ༔).
_STOPS = "!.?…։؝؞؟۔܀܁܂߹।॥ຯ๚๛။።፧፨᙮។៕៚᠃᠉᥄᥅‼‽⁇⁈⁉⸮⸼。꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝꩞꩟꫰꫱꯫︒︕︖﹒﹖﹗！．？｡෴།༎༏༐༑༒༔"


@dataclass(frozen=True)
class Characters:
    """The characters [c] of texts [n], with a separator before, between and after them.

    `codes` (uint32) are code points, `folded` (uint32) those of `pipelines.text.fold` where it gives one character,
    `flags` (uint16) the bits above. Text i is `codes[starts[i]:ends[i]]` (int64), and is followed by a separator.
    """

    codes: npt.NDArray[np.uint32]
    folded: npt.NDArray[np.uint32]
    flags: npt.NDArray[np.uint16]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    def count(self, bit: int) -> npt.NDArray[np.int64]:
        """Return how many characters of each text [n] have the flag `bit`."""
        running = np.cumsum((self.flags & bit) != 0, dtype=np.int32)  # 0 at the first separator
        counted: npt.NDArray[np.int64] = (running[self.ends - 1] - running[self.starts - 1]).astype(np.int64)
        return counted

    def text_of(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the texts in which ascending `positions` lie, a separator's being the text before it."""
        firsts = np.searchsorted(positions, self.starts)
        return np.repeat(np.arange(len(self.starts)), np.diff(firsts, append=len(positions)))


def characters(texts: Sequence[str]) -> Characters:
    """Return the characters of `texts`. Raises UnicodeEncodeError for lone surrogates."""
    codes = np.frombuffer("\n".join(["", *texts, ""]).encode("utf-32-le"), np.uint32)
    looked_up = _table().take(codes, mode="clip")  # with a mode, NumPy looks up without checking first
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = np.cumsum(lengths + 1)
    flags = (looked_up >> np.uint32(_CODE_BITS)).astype(np.uint16)
    return Characters(codes, looked_up & np.uint32((1 << _CODE_BITS) - 1), flags, ends - lengths, ends)


def chunks(lengths: npt.NDArray[np.int64], limit: int = CHUNK) -> Iterator[tuple[int, int]]:
    """Yield the ranges of consecutive items that hold at most `limit` characters together, and at least one item."""
    total = np.cumsum(lengths)
    begin = 0
    while begin < len(lengths):
        before = total[begin] - lengths[begin]
        end = max(int(np.searchsorted(total, before + limit, side="right")), begin + 1)
        yield begin, end
        begin = end


@cache
def _table() -> npt.NDArray[np.uint32]:
    """Return for each code point its folded code point and, above it, its flags."""
    flags = np.fromiter(
        (_CLASSES.get(unicodedata.category(chr(point))[0], 0) for point in range(maxunicode + 1)), np.uint32
    )
    for first, last in _UNSPACED:
        letters = flags[first : last + 1]
        letters[letters == LETTER] |= UNSPACED
    flags[0x3007] |= UNSPACED  # 〇, a number to Unicode
    for first, last in _UNMARKED:
        letters = flags[first : last + 1]
        letters[(letters & UNSPACED) != 0] |= UNMARKED
    flags[ord("\n")] = SPACE
    flags[list(map(ord, _JOINERS))] = JOINER
    flags[list(map(ord, _STOPS))] |= STOP
    closing = [point for point in range(0x10000) if unicodedata.category(chr(point)) == "Pe"]
    flags[closing] |= CLOSER
    flags[list(map(ord, _QUOTES))] |= CLOSER | QUOTE
    flags[list(map(ord, ".!?…"))] |= SPACED
    table = np.arange(maxunicode + 1, dtype=np.uint32)
    for point in (*range(0x20000), *range(0x2F800, 0x2FA20)):  # where folding changes anything
        folded = fold(chr(point))
        if len(folded) == 1:
            table[point] = ord(folded)
    return table | (flags << np.uint32(_CODE_BITS))
