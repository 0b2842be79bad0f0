"""Mojibake: UTF-8 that was decoded with another encoding (`Ã©` for `é`), repaired by ftfy where it is suspected.

Robyn Speer's ftfy (Apache-2.0) tries the encodings and takes only what reads better afterwards; it costs hundreds of
nanoseconds a byte. So it is asked only about texts in which `SUSPECT` finds what misread bytes look like: a lead byte
of UTF-8 and as many continuation bytes as it announces, each as the encoding shows it. Of ftfy only the repair of
encodings runs: no change to quotes, widths, ligatures or line breaks.
"""

from typing import Final

from ftfy import fix_encoding


def _shown(first: int, last: int, encoding: str) -> str:
    """Return, as a class of a regular expression, what the bytes from `first` to `last` look like in `encoding`."""
    characters = bytes(range(first, last + 1)).decode(encoding, "ignore")
    return "[" + "".join(f"\\{character}" if character in "\\]^-" else character for character in characters) + "]"


def _sequences(encoding: str) -> list[str]:
    """Return patterns of what sequences of two, three and four bytes look like in `encoding`."""
    continuation = _shown(0x80, 0xBF, encoding)
    leads = ((0xC2, 0xDF), (0xE0, 0xEF), (0xF0, 0xF4))
    return [_shown(*lead, encoding) + continuation * (length + 1) for length, lead in enumerate(leads)]


# A pattern for Python's re and for RE2 alike. Windows-1251 shows lead bytes as the letters of Russian and continuation
# bytes as letters of Ukrainian and Serbian, and Mac Roman shows many as quotes: there only what no language writes.
SUSPECT: Final = "|".join(
    [
        "[\x80-\x84\x86-\x9f]",  # controls that only a wrong encoding makes
        *_sequences("cp1252"),
        *_sequences("cp1250"),
        "(?:[РС][\xa0-\xbfЂЃѓЉЊЌЋЏђљњќћџЎўЈҐЁЄЇІіґё№єјЅѕї‚„…†‡€‰‹‘’“”•–—™›]){2}",
        "[ВГ][\xa1-\xba\xbc-\xbf‚„…†‡€‰‹‘’“•–™›]|вЂ",
        "[a-z]Ã ",
        "√" + _shown(0x80, 0xBF, "mac_roman"),
        *_sequences("mac_roman")[1:],
        *_sequences("cp437"),
    ]
)


def repaired(text: str) -> str:
    """Return `text` with what was decoded wrongly decoded rightly; as it is where ftfy finds nothing wrong."""
    return fix_encoding(text)
