"""Scripts (ISO 15924) of texts, for all rows of a batch at once.

A table over all code points holds the script of each letter and mark; it is built from `_RANGES` in a few
milliseconds. Han, kana and Hangul are written together, so that Jpan, Kore, Hans and Hant are decided by row.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from sys import maxunicode
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.text.hanzi import SIMPLIFIED, TRADITIONAL

# Letters and marks by script: `Script` and `General_Category` (L, M) of the Unicode Character Database 17, code points
# in hexadecimal; ranges run over unassigned code points.
_RANGES: Final = """
Latn 41-5a 61-7a aa ba c0-d6 d8-f6 f8-2b8 2e0-2e4 1d00-1d25 1d2c-1d5c 1d62-1d65 1d6b-1d77 1d79-1dbe 1e00-1eff 2071
  207f 2090-209f 212a-212b 2132 214e 2183-2184 2c60-2c7f a722-a787 a78b-a7ff ab30-ab5a ab5c-ab64 ab66-ab69 ab6c-ab6d
  fb00-fb06 ff21-ff3a ff41-ff5a 10780-107bf 1df00-1dff2 1dff5-1dfff
Grek 370-373 376-37d 37f 386 388-3e1 3f0-3f5 3f7-3ff 1d26-1d2a 1d5d-1d61 1d66-1d6a 1dbf 1f00-1fbc 1fbe 1fc2-1fcc
  1fd0-1fdb 1fe0-1fec 1ff2-1ffc 2126 ab65 1d242-1d244 1dff3-1dff4
Cyrl 400-481 483-484 487-52f 1c80-1c8a 1d2b 1d78 2de0-2dff a640-a672 a674-a67d a67f-a69f fe2e-fe2f 1e030-1e08f
Armn 531-559 560-588 58b-58c fb13-fb17
Hebr 591-5bd 5bf 5c1-5c2 5c4-5c5 5c7-5f2 fb1d-fb28 fb2a-fb4f
Arab 610-61a 620-63f 641-64a 656-65f 66e-66f 671-6d3 6d5-6dc 6df-6e8 6ea-6ef 6fa-6fc 6ff 750-77f 870-887 889-88f
  897-8e1 8e3-8ff fb50-fbb1 fbd3-fd3d fd50-fd8f fd92-fdc7 fdf0-fdfb fe70-fefc 10ec2-10ec7 10ecb-10ecf 10ed9-10eff
  1ee00-1eebb
Syrc 710-74f 860-86a
Thaa 780-7b1
Nkoo 7ca-7f5 7fa-7fd
Deva 900-950 955-963 971-97f a8e0-a8f7 a8fb a8fd-a8ff 11b0a
Beng 980-9e3 9f0-9f1 9fc 9fe 11df0-11df1
Guru a01-a5e a70-a75
Gujr a81-ae3 af9-aff
Orya b01-b63 b71
Taml b82-bd7
Telu c00-c63
Knda c80-c83 c85-ce3 cf1-cf3
Mlym d00-d4e d54-d57 d5f-d63 d7a-d7f
Sinh d81-ddf df2-df3
Thai e01-e3a e40-e4e
Laoo e81-ece edc-edf
Tibt f00 f18-f19 f35 f37 f39 f3e-f84 f86-fbc fc6
Mymr 1000-103f 1050-108f 109a-109d a9e0-a9ef a9fa-a9fe aa60-aa76 aa7a-aa7f
Geor 10a0-10fa 10fc-10ff 1c90-1cbf 2d00-2d2d
Hang 1100-11ff 302e-302f 3131-318e a960-a97c ac00-d7fb ffa0-ffdc
Ethi 1200-135f 1380-138f 2d80-2dde ab01-ab2e 1e7e0-1e7fe
Cher 13a0-13fd ab70-abbf
Cans 1401-166c 166f-167f 18b0-18f5 11ab0-11abf
Khmr 1780-17d3 17d7 17dc-17dd
Mong 180b-180d 180f 1820-18aa
Hira 3041-3096 309d-309f 1b001-1b11f 1b123 1b132-1b152
Kana 30a1-30fa 30fd-30ff 31f0-31ff ff66-ff6f ff71-ff9d 1aff0-1b000 1b120-1b122 1b124-1b128 1b155-1b168
Bopo 3105-312f 31a0-31bf
Hani 3005 303b 3400-4dbf 4e00-9fff f900-fad9 16fe3 16ff0-16ff3 20000-33479
Yiii a000-a48c
Tfng 2d30-2d6f 2d7f
Java a980-a9c0
Bali 1b00-1b4c 1b6b-1b73
Sund 1b80-1baf 1bba-1bbf
Adlm 1e900-1e94b
Olck 1c5a-1c7d
Vaii a500-a60c a610-a61f a62a-a62b
Mtei aae0-aaef aaf2-aaf6 abc0-abea abec-abed
Cham aa00-aa4d
Tale 1950-1974
Talu 1980-19c9
Lana 1a20-1a7f 1aa7
Lepc 1c00-1c37 1c4d-1c4f
Limb 1900-193b
Bugi 1a00-1a1b
Cakm 11100-11134 11144-11147
Rohg 10d00-10d27
Saur a880-a8c5
Kali a90a-a92d
Rjng a930-a953
Tavt aa80-aadd
Lisu a4d0-a4fd 11fb0
Bamu a6a0-a6e5 a6f0-a6f1 16800-16a38
Osge 104b0-104fb
Tglg 1700-171f
Hano 1720-1734
Copt 3e2-3ef 2c80-2ce4 2ceb-2cf3
Goth 10330-10340 10342-10349
Samr 800-82d
Gran 11300-11339 1133c-11374
"""

_LATIN_LETTER = re.compile("[A-Za-z]")
_BLOCK: Final = 1 << 18  # characters looked up at once: their arrays stay in the processor's cache

# a script's code in the table is its place here; "" is what is no letter of any of these scripts
_SCRIPTS: Final = ("", "Hans", "Hant", *re.findall("^[A-Z][a-z]{3}", _RANGES, re.MULTILINE))
_HANS, _HANT, _HANI, _HIRA, _KANA, _HANG = map(_SCRIPTS.index, ("Hans", "Hant", "Hani", "Hira", "Kana", "Hang"))
_NAMES: Final = np.array([*_SCRIPTS, "Jpan", "Kore"], object)
_JPAN, _KORE = len(_SCRIPTS), len(_SCRIPTS) + 1
_FEWEST_KANA: Final = 0.05  # of all East Asian letters: a lone の stands in Chinese texts too
_FEWEST_HANGUL: Final = 0.2  # likewise: old Korean writes many words in Han, Chinese quotes Korean


def dominant_scripts(texts: Sequence[str]) -> list[str]:
    """Return the script of most letters of each text, "" where it has none.

    Han, kana and Hangul count as one script, which is then named: Kore where more than 20 % of them are Hangul, Jpan
    where more than 5 % are kana, else Hans or Hant by the characters that only one of these has, whichever are more
    (`pipelines.text.hanzi`), and Hani where there are none or as many of both.
    """
    scripts = ["Latn" if text.isascii() and _LATIN_LETTER.search(text) else "" for text in texts]
    others = [row for row, text in enumerate(texts) if not text.isascii()]
    for rows in _blocks(others, texts):
        counts = _counts([texts[row] for row in rows])
        for row, name in zip(rows, _NAMES[_dominant(counts)].tolist(), strict=True):
            scripts[row] = name
    return scripts


def _blocks(rows: list[int], texts: Sequence[str]) -> Iterator[list[int]]:
    """Cut the rows into runs of about `_BLOCK` characters."""
    ends = np.fromiter(accumulate(len(texts[row]) for row in rows), np.int64, len(rows))
    for block in np.split(np.array(rows, np.intp), np.flatnonzero(np.diff(ends // _BLOCK)) + 1):
        if len(block):
            yield block.tolist()


def _counts(texts: list[str]) -> npt.NDArray[np.int64]:
    """Return how many letters of each script stand in each text [n, scripts]."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    cells = np.repeat(np.arange(len(texts)) * len(_SCRIPTS), lengths)
    cells += _table()[points]
    counts: npt.NDArray[np.int64] = np.bincount(cells, minlength=len(texts) * len(_SCRIPTS)).reshape(len(texts), -1)
    return counts


def _dominant(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Return the place in `_NAMES` of each row's script."""
    hans, hant, hangul = counts[:, _HANS], counts[:, _HANT], counts[:, _HANG]
    kana = counts[:, _HIRA] + counts[:, _KANA]
    east_asian = hans + hant + counts[:, _HANI] + kana + hangul
    rest = counts.copy()
    rest[:, [0, _HANS, _HANT, _HANI, _HIRA, _KANA, _HANG]] = 0
    chinese = np.select([hans > hant, hant > hans], [_HANS, _HANT], _HANI)
    named = np.select([hangul > _FEWEST_HANGUL * east_asian, kana > _FEWEST_KANA * east_asian], [_KORE, _JPAN], chinese)
    other = rest.argmax(1)  # 0, which is "", where there are none
    most: npt.NDArray[np.intp] = np.where(east_asian > rest.max(1), named, other)
    return most


@cache
def _table() -> npt.NDArray[np.uint8]:
    table = np.zeros(maxunicode + 1, np.uint8)
    for word in _RANGES.split():
        if word in _SCRIPTS:
            code = _SCRIPTS.index(word)
        else:
            first, _, last = word.partition("-")
            table[int(first, 16) : int(last or first, 16) + 1] = code
    for code, characters in ((_HANS, SIMPLIFIED), (_HANT, TRADITIONAL)):
        table[[ord(character) for character in characters if character != "\n"]] = code
    return table
