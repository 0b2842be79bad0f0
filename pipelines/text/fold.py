"""The normalisation under which two texts count as the same: the strongest that a tokenizer is trained with.

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

# An entry of the table is a folded character, and above it flags. A character needs a closer look if one of its flags
# as the second of two is among those of the one before it as the first of two, which stand four bits higher.
_CODE: Final = np.uint32((1 << 21) - 1)
_SPACE, _MARK, _JOINS, _ALONE = 1 << 21, 1 << 22, 1 << 23, 1 << 24
_SECOND: Final = np.uint32(_SPACE | _MARK | _JOINS | _ALONE)
_BITS: Final = np.uint32(4)
_AFTER_SPACE, _AFTER_MARK, _JOINED, _AFTER_ALL = (flag << 4 for flag in (_SPACE, _MARK, _JOINS, _ALONE))
_TABLE: Final = 0x20000  # code points
_CHUNK: Final = 1 << 15  # characters folded at a time, so that all arrays stay in cache
_BETWEEN: Final = "\0"

Entries = npt.NDArray[np.uint32]


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
    step = max(1, _CHUNK * len(texts) // max(sum(map(len, texts)), 1))
    for rows, fold_chunk in ((ascii_rows, _fold_ascii), (other_rows, _fold_by_table)):
        for begin in range(0, len(rows), step):
            chunk = rows[begin : begin + step]
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
    found = _table().take(_codes(joined), mode="clip")
    alone = {joined[place] for place in np.flatnonzero(found & np.uint32(_ALONE)).tolist()}
    for char in alone & _expansions().keys():
        joined = joined.replace(char, _expansions()[char])
    codes = _codes(joined)
    if len(codes) != len(found):
        found = _table().take(codes, mode="clip")
    special = np.flatnonzero(found[1:] & (found[:-1] >> _BITS) & _SECOND)
    special = special[_out_of_order(found, codes, special)]
    parts = (found & _CODE).tobytes().decode("utf-32-le").encode().split(b"\0")[1:-1]
    if len(special):
        ends = np.flatnonzero(codes == 0)[1:]  # each the separator after a text
        for row in np.unique(np.minimum(np.searchsorted(ends, special + 1), len(texts) - 1)).tolist():
            parts[row] = fold(texts[row]).encode()
    return parts


def _out_of_order(found: Entries, codes: Entries, places: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Return which places are more than a mark that follows another in order and joins nothing: bool [n]."""
    classes = [_mark_classes()[np.minimum(codes[places + step], _TABLE - 1)] for step in (0, 1)]
    only_marks = (found[places + 1] & _SECOND) == _MARK
    out_of_order: npt.NDArray[np.bool_] = ~only_marks | (classes[0] > classes[1])
    return out_of_order


@cache
def _mark_classes() -> npt.NDArray[np.uint8]:
    """Return the canonical combining class of each code point."""
    return np.fromiter((unicodedata.combining(chr(point)) for point in range(_TABLE)), np.uint8, _TABLE)


def _codes(text: str) -> Entries:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


@cache
def _table() -> Entries:
    """Return what each code point folds to by itself, with flags; the last entry stands for all beyond."""
    firsts, seconds = _composing()
    table = np.full(_TABLE, ord("?") | _ALONE | _AFTER_ALL, np.uint32)
    for point in range(_TABLE - 1):
        char = chr(point)
        normal = unicodedata.normalize("NFKC", char)
        folded = unicodedata.normalize("NFKC", normal.casefold())
        if char.isspace():
            table[point] = ord(" ") | _SPACE | _AFTER_SPACE | _AFTER_ALL
        elif len(normal) == len(folded) == 1:
            forms = {char, normal, folded}
            marks = {unicodedata.combining(form) for form in forms}
            flags = (
                (_MARK | _AFTER_MARK) * (marks != {0}) | _JOINED * bool(forms & firsts) | _JOINS * bool(forms & seconds)
            )
            if len(marks) == 1:
                table[point] = ord(folded) | flags | _AFTER_ALL
    table[0] = _SPACE | _AFTER_SPACE | _AFTER_ALL  # between texts, where a text should have no space
    return table


@cache
def _expansions() -> dict[str, str]:
    """Return the characters that fold to several others, which stand for them in any text."""
    joining = set.union(*_composing())
    table, found = _table(), {}
    for point in range(_TABLE - 1):
        char = chr(point)
        normal = unicodedata.normalize("NFKC", char)
        folded = unicodedata.normalize("NFKC", normal.casefold())
        plain = normal == char and char not in joining and not unicodedata.combining(char)
        if (
            len(folded) > 1
            and (normal == folded or plain)
            and not (table.take(_codes(folded), mode="clip") & _ALONE).any()
        ):
            found[char] = folded
    return found


def _composing() -> tuple[set[str], set[str]]:
    """Return the characters that can become one with the next, and those that can with the one before."""
    firsts = {chr(point) for point in (*range(0x1100, 0x1113), *range(0xAC00, 0xD7A4, 28))}  # Hangul's are by rule
    seconds = {chr(point) for point in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    for point in range(_TABLE):
        parts = unicodedata.decomposition(chr(point)).split()
        if parts and parts[0][0] != "<":
            firsts.add(chr(point))  # a mark after it may belong among its own
        if len(parts) == 2 and parts[0][0] != "<":
            first, second = (chr(int(part, 16)) for part in parts)
            if unicodedata.normalize("NFC", first + second) == chr(point):
                firsts.add(first)
                seconds.add(second)
    return firsts, seconds
