"""Which texts may not be in Unicode's composed form NFC: a pattern for a whole batch.

`unicodedata.is_normalized` composes a text to compare wherever it holds a character that may combine with the one
before. Bengali and Tamil have these in every word. The pattern finds only what does change (Unicode Standard Annex #15,
sections 1.3 and 9.1): characters that NFC never has, pairs that compose, and two marks in a row, whose order may be
wrong.
"""

import re
import unicodedata
from functools import cache
from typing import Final

_LAST: Final = 0x30000  # no character behind it composes or decomposes
_HANGUL: Final = "[\u1100-\u1112][\u1161-\u1175]|[\uac00-\ud7a3][\u11a8-\u11c2]"  # composed by rule, section 10


@cache
def suspect() -> str:
    """Return a pattern, for Python's re and for RE2 alike, that is found in every text that is not in NFC."""
    characters = [chr(point) for point in range(0x80, _LAST) if not 0xD800 <= point < 0xE000]
    never, marks = [], []
    firsts: dict[str, list[str]] = {}
    for character in characters:
        if unicodedata.combining(character):
            marks.append(character)
        parts = unicodedata.decomposition(character)
        if not parts or parts.startswith("<"):
            continue
        if unicodedata.normalize("NFC", character) != character:
            never.append(character)
        else:
            first, second = (chr(int(part, 16)) for part in parts.split())
            firsts.setdefault(second, []).append(first)
    pairs = [_class(before) + re.escape(second) for second, before in firsts.items()]
    return "|".join([_class(never), f"{_class(marks)}{{2}}", *pairs, _HANGUL])


def _class(characters: list[str]) -> str:
    return f"[{''.join(map(re.escape, characters))}]"
