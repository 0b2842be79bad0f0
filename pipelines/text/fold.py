"""The tokenizer's own normalisation, under which two texts count as the same.

SentencePiece's rule `nmt_nfkc_cf` (sentencepiece/src/builder.cc) is NFKC, case folding and single spaces. It folds a
character to one character where Unicode's full folding, which is used here, may give several (`ß`, `İ`): so texts that
are equal to the tokenizer are equal here, and a few more.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

_CODE: Final = np.uint32((1 << 21) - 1)  # of an entry of the table: the folded character, and flags above
_ALONE: Final = np.uint32(1 << 21)  # must be folded together with its neighbours, or into several characters
_SPACE: Final = np.uint32(1 << 22)
_MARK: Final = np.uint32(1 << 23)  # a combining mark, whose order among others matters
_FIRST: Final = np.uint32(1 << 24)  # can become one character with the next
_NEXT: Final = np.uint32(1 << 25)  # can become one character with the one before
_TABLE: Final = 0x20000  # code points
_CHUNK: Final = 2000  # texts folded at a time
_BETWEEN: Final = "\0"


def fold(text: str) -> str:
    """Return `text` in NFKC and case-folded, with single spaces and none at the ends."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def fold_all(texts: Sequence[str]) -> list[bytes]:
    """Return `fold` of every text, in UTF-8; several times faster than one by one.

    Raises UnicodeEncodeError for lone surrogates.
    """
    folded = [b""] * len(texts)
    ascii_rows = [row for row, text in enumerate(texts) if text.isascii()]
    other_rows = [row for row, text in enumerate(texts) if not text.isascii()]
    for rows, fold_chunk in ((ascii_rows, _fold_ascii), (other_rows, _fold_by_table)):
        for begin in range(0, len(rows), _CHUNK):
            chunk = rows[begin : begin + _CHUNK]
            for row, done in zip(chunk, fold_chunk([texts[row] for row in chunk]), strict=True):
                folded[row] = done
    return folded


def _fold_ascii(texts: list[str]) -> list[bytes]:
    """Fold ASCII texts; where one of them has unusual white space, each by itself."""
    joined = _BETWEEN.join(["", *texts, ""])
    unusual = ("  ", " \0", "\0 ", *"\t\n\v\f\r\x1c\x1d\x1e\x1f")
    if joined.count(_BETWEEN) != len(texts) + 1 or any(part in joined for part in unusual):
        return [fold(text).encode() for text in texts]
    return joined.lower().encode().split(b"\0")[1:-1]


def _fold_by_table(texts: list[str]) -> list[bytes]:
    """Fold texts character by character where that is all there is to it, and the others by themselves.

    By the quick check of UAX #15 a text is in NFKC if no character can join the one before it and marks are in order.
    """
    joined = _BETWEEN.join(["", *texts, ""])
    if joined.count(_BETWEEN) != len(texts) + 1:
        return [fold(text).encode() for text in texts]
    found = _table().take(np.frombuffer(joined.encode("utf-32-le"), np.uint32), mode="clip")
    together = found[1:] & ((found[:-1] & (_SPACE | _MARK)) | ((found[:-1] & _FIRST) << np.uint32(1)))
    special = np.flatnonzero(together | (found[1:] & _ALONE))
    parts = (found & _CODE).tobytes().decode("utf-32-le").encode().split(b"\0")[1:-1]
    if len(special):
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        ends = np.cumsum(lengths + 1)  # each the separator after a text
        for row in np.unique(np.minimum(np.searchsorted(ends, special + 1), len(texts) - 1)).tolist():
            parts[row] = fold(texts[row]).encode()
    return parts


@cache
def _table() -> npt.NDArray[np.uint32]:
    """Return what each code point folds to by itself, with flags; the last entry stands for all beyond."""
    firsts, nexts = _composing()
    table = np.full(_TABLE, _ALONE | np.uint32(ord("?")), np.uint32)
    for point in range(_TABLE - 1):
        char = chr(point)
        normal = unicodedata.normalize("NFKC", char)
        folded = unicodedata.normalize("NFKC", normal.casefold())
        if char.isspace():
            table[point] = np.uint32(ord(" ")) | _SPACE
        elif len(normal) == len(folded) == 1:
            forms = {char, normal, folded}
            marks = {unicodedata.combining(form) for form in forms}
            flags = (_MARK if marks != {0} else 0) | (_FIRST if forms & firsts else 0) | (_NEXT if forms & nexts else 0)
            if len(marks) == 1:
                table[point] = np.uint32(ord(folded) | int(flags))
    table[0] = _SPACE  # between texts, where a text should have no space
    return table


def _composing() -> tuple[set[str], set[str]]:
    """Return the characters that can become one with the next, and those that can with the one before."""
    firsts = {chr(point) for point in (*range(0x1100, 0x1113), *range(0xAC00, 0xD7A4, 28))}  # Hangul's are by rule
    nexts = {chr(point) for point in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    for point in range(_TABLE):
        parts = unicodedata.decomposition(chr(point)).split()
        if parts and parts[0][0] != "<":
            firsts.add(chr(point))  # a mark after it may belong among its own
        if len(parts) == 2 and parts[0][0] != "<":
            first, following = (chr(int(part, 16)) for part in parts)
            if unicodedata.normalize("NFC", first + following) == chr(point):
                firsts.add(first)
                nexts.add(following)
    return firsts, nexts
