"""Normalisation of raw text: entities, mojibake, Unicode NFC, no control characters, single spaces; nothing else.

What a reader would see stays as it was: letter case, punctuation, placeholders such as `{name}`. So does what a script
needs and no reader sees: joiners, direction marks, tatweel, variation selectors. The tokenizer's own, stronger
normalisation is `pipelines.text.fold`.
"""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntFlag
from html.entities import html5
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.text import mojibake, nfc

_BLANK_LINES = re.compile(r"\r?\n(?:[^\S\n]*\n)+")

# These patterns are for Python's re and for RE2 alike.
_ENTITIES: Final = "&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
# the byte order mark, and U+FFFE, U+FFFF, which are no characters, besides the controls that are not white space
_LOW_CONTROLS: Final = "[\x00-\x08\x0e-\x1b\x7f\ufeff\ufffe\uffff]"
_HIGH_CONTROLS: Final = "[\x80-\x84\x86-\x9f]"
_SPACES: Final = "[\t-\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]| {2,}|^ | $"
_SUSPECT: Final = "|".join([_ENTITIES, _LOW_CONTROLS, _HIGH_CONTROLS, _SPACES, mojibake.SUSPECT])

_ENTITY = re.compile(_ENTITIES)
_LOW_CONTROL = re.compile(_LOW_CONTROLS)
_HIGH_CONTROL = re.compile(_HIGH_CONTROLS)
_INK = re.compile(r"\S+")


class Change(IntFlag):
    """What was done to a text."""

    NFC = 1
    CONTROL = 2
    SPACE = 4
    ENTITIES = 8
    MOJIBAKE = 16
    PERSONAL = 32


@dataclass(frozen=True)
class Normalized:
    """Clean texts, how many characters were changed, and the kinds of change as bits of `Change` (all [n])."""

    texts: list[str]
    changed: npt.NDArray[np.int32]
    changes: npt.NDArray[np.uint8]


def normalize(text: str) -> str:
    """Return `text` as `normalize_all` does."""
    return normalize_all([text]).texts[0]


def normalize_all(texts: Sequence[str]) -> Normalized:
    """Return each text normalised, "" where nothing visible is left.

    HTML's entities are unescaped, one level of them and only with their semicolon; mojibake is repaired
    (`pipelines.text.mojibake`); the result is in NFC, without control characters, each run of white space is one space,
    and none is at the ends. One pass over the whole batch finds the texts in which something may have to be done. What
    was changed is looked at again, because a character that goes may leave two that were misread together.
    """
    clean, kinds = list(texts), [0] * len(texts)
    steps: Sequence[_Step] = _STEPS
    rows = list(range(len(texts)))
    while rows := _suspected(rows, clean):
        before = [clean[row] for row in rows]
        for kind, step in steps:
            for row, after in zip(rows, step([clean[row] for row in rows]), strict=True):
                if after != clean[row]:
                    clean[row] = after
                    kinds[row] |= kind
        rows = [row for row, text in zip(rows, before, strict=True) if clean[row] != text]
        steps = _AFTER_ENTITIES
    counts = np.zeros(len(texts), np.int32)
    for row in np.flatnonzero(kinds).tolist():
        only_space = kinds[row] == _SPACE
        counts[row] = _white_space_changed(texts[row]) if only_space else changed(texts[row], clean[row])
    return Normalized(clean, counts, np.array(kinds, np.uint8))


def _suspected(rows: list[int], texts: list[str]) -> list[int]:
    """Return those of the rows in which something may have to be done."""
    found = set(_matching(rows, texts, _SUSPECT))
    wide = [row for row in rows if not texts[row].isascii()]
    decomposed = _matching(wide, texts, nfc.suspect())
    return sorted(found.union(row for row in decomposed if not unicodedata.is_normalized("NFC", texts[row])))


def _matching(rows: Sequence[int], texts: list[str], pattern: str) -> list[int]:
    """Return those of the rows in which `pattern` is found."""
    found = pc.match_substring_regex(pa.array([texts[row] for row in rows], pa.string()), pattern)
    return [rows[place] for place in pc.indices_nonzero(found).to_pylist()]


def _where(pattern: str, mend: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    """Return a step that mends the texts in which `pattern` is found."""

    def step(texts: list[str]) -> list[str]:
        mended = list(texts)
        for row in _matching(range(len(texts)), texts, pattern):
            mended[row] = mend(texts[row])
        return mended

    return step


def _without_entities(text: str) -> str:
    return _ENTITY.sub(_unescaped, text)


def _unescaped(entity: re.Match[str]) -> str:
    name = entity[0][1:]
    if name.startswith("#"):
        return html.unescape(entity[0])
    return html5.get(name, entity[0])  # html.unescape would take the &not of &notice;


def _composed(texts: list[str]) -> list[str]:
    return [text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text) for text in texts]


def _without_mojibake(text: str) -> str:
    return unicodedata.normalize("NFC", mojibake.repaired(text))


def _without_low_controls(text: str) -> str:
    return _LOW_CONTROL.sub("", text)


def _without_high_controls(text: str) -> str:
    return _HIGH_CONTROL.sub("", text)


def _with_single_spaces(texts: list[str]) -> list[str]:
    return [" ".join(text.split()) for text in texts]


_Step = tuple[int, Callable[[list[str]], list[str]]]
_SPACE: Final = int(Change.SPACE)
_STEPS: Final = (  # as int: a flag's own operators are slow
    (int(Change.ENTITIES), _where(_ENTITIES, _without_entities)),
    (int(Change.CONTROL), _where(_LOW_CONTROLS, _without_low_controls)),
    (int(Change.NFC), _composed),
    (int(Change.MOJIBAKE), _where(mojibake.SUSPECT, _without_mojibake)),
    (int(Change.CONTROL), _where(_HIGH_CONTROLS, _without_high_controls)),  # after mojibake, which they are a part of
    (_SPACE, _with_single_spaces),
)
_AFTER_ENTITIES: Final = _STEPS[1:]


def paragraphs(text: str) -> list[str]:
    """Return the parts of `text` that blank lines divide, as they are; always at least one."""
    if "\n" not in text:
        return [text]
    return _BLANK_LINES.split(text.strip())


def lines(text: str) -> list[str]:
    """Return the lines of `text` that are not blank, as they are; `text` itself where all are."""
    if "\n" not in text:
        return [text]
    return [line for line in text.split("\n") if line and not line.isspace()] or [text]


def changed(before: str, after: str) -> int:
    """Return how many characters of the longer text are not in the other, whatever their order."""
    if before == after:
        return 0
    common = (Counter(before) & Counter(after)).total()
    return max(len(before), len(after)) - common


def _white_space_changed(text: str) -> int:
    """Return `changed` where single spaces are all that was done: nothing but white space need be counted."""
    return changed(_INK.sub("", text), " " * (len(text.split()) - 1))


def has_surrogates(text: str) -> bool:
    """Return whether `text` holds lone surrogates: bytes or escapes that were not Unicode text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
