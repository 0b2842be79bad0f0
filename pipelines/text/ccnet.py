"""CCNet's normalisation for deduplication (facebookresearch/cc_net, `cc_net/text_normalizer.py`).

Stripped, in lower case, every decimal digit a 0, without a fixed list of Unicode's punctuation and without control
characters. ASCII's punctuation, accents and spaces inside stay. The list has the full-width `１` too, which is a 0 by
then.
"""

import re
from collections.abc import Sequence
from typing import Final

_PUNCTUATION: Final = "，。、„”“«»１」「《》´∶：？！（）；–—．～’…━〈〉【】％►"
_CONTROL: Final = "".join(map(chr, [*range(32), *range(127, 160)]))
_DROPPED: Final = dict.fromkeys(map(ord, _PUNCTUATION + _CONTROL))
_DIGIT: Final = re.compile(r"\d")
_UNUSUAL: Final = re.compile(f"[{_PUNCTUATION}{re.escape(_CONTROL)}]")


def ccnet_form(text: str) -> str:
    """Return the text under which CCNet counts a line as a copy of another."""
    line = _DIGIT.sub("0", text.strip().lower())
    return line.translate(_DROPPED) if _UNUSUAL.search(line) else line


def ccnet_forms(texts: Sequence[str]) -> list[bytes]:
    """Return the form of every text, in UTF-8."""
    return [ccnet_form(text).encode() for text in texts]
