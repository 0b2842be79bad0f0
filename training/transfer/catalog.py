"""The place of a string in its catalog, as a task: is it an error, a title, a state, …? Learnt from English.

The strings are those of a published corpus of Home Assistant's catalogs, whose keys say where a string stands
(`config.error.cannot_connect`). Its splits are by component, so no component of test is in what an encoder was
pre-trained on, nor in what is fine-tuned on here.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from training.retrieval.pools import folded

ENGLISH: Final = "en"
SPLITS: Final = ("train", "dev", "test")

_SETUP = r"(config|options)"
PLACES: Final[dict[str, re.Pattern[str]]] = {
    "automation": re.compile(r"device_automation\.(trigger|condition|action)_type\..+"),
    "description": re.compile(rf"{_SETUP}\.step\.[^.]+\.description"),
    "entity": re.compile(r"entity\.[^.]+\.[^.]+\.name"),
    "error": re.compile(rf"{_SETUP}\.(error|abort)\.[^.]+"),
    "field": re.compile(rf"{_SETUP}\.step\.[^.]+\.data\.[^.]+"),
    "issue": re.compile(r"issues\..+\.(title|description)"),
    "state": re.compile(
        r"(entity\.[^.]+\.[^.]+|entity_component\.[^.]+)\.(state|state_attributes\.[^.]+\.state)\.[^.]+"
    ),
    "title": re.compile(rf"{_SETUP}\.step\.[^.]+\.title"),
}
"""The classes, by the key path of the string. Places that few languages translate (services) are none."""

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_TELLTALE = re.compile(r"\{[^{}]*\}|https?://\S+|[*`]+")
_EMPTY_QUOTES = re.compile(r"""["'„“”«»]\s*["'“”«»]|「\s*」""")
_LEAST_LETTERS: Final = 2


@dataclass(frozen=True)
class CatalogText:
    """A string without what tells its place by form alone, and the English string that it translates, folded."""

    text: str
    place: str
    english: str
    component: str


@dataclass(frozen=True)
class Catalog:
    """The task: as many strings of each place in a file as of any other. train and dev are English."""

    train: tuple[CatalogText, ...]
    dev: tuple[CatalogText, ...]
    test: Mapping[str, tuple[CatalogText, ...]]


def place_of(key: str) -> str | None:
    """Return the class of a catalog's key, None for a key that is in none."""
    return next((place for place, pattern in PLACES.items() if pattern.fullmatch(key)), None)


def cleaned(text: str) -> str:
    """Return a string without placeholders, addresses and marks of Markdown.

    "{entity_name} is on" would say that it is an automation's in any language.
    """
    return " ".join(_EMPTY_QUOTES.sub(" ", _TELLTALE.sub(" ", _LINK.sub(r"\1", text))).split())


def read_catalog(publish: Dataset, seed: int) -> Catalog:
    """Return the task that a published corpus of catalogs holds; which strings are left out is drawn from `seed`.

    Raises UserError where a place is missing in train, dev, or the test part of a language.
    """
    rows = {split: list(_english(publish, split)) for split in SPLITS}
    translated = _translated(publish)
    unclear = _in_several_places(chain(*rows.values(), *translated.values()))
    test = {ENGLISH: rows["test"], **translated}
    held_out = {folded(one.text) for one in (*rows["dev"], *rows["test"])}
    train = [one for one in rows["train"] if folded(one.text) not in held_out]
    seen = {one.component for one in train}
    for language, texts in test.items():
        assert not seen & {one.component for one in texts}, language  # publish splits by document
    return Catalog(
        train=balanced(train, unclear, seed, f"{publish.place}: English, train"),
        dev=balanced(rows["dev"], unclear, seed, f"{publish.place}: English, dev"),
        test={
            language: balanced(texts, unclear, seed, f"{publish.place}: {language}, test")
            for language, texts in sorted(test.items())
        },
    )


def balanced(texts: Iterable[CatalogText], unclear: frozenset[str], seed: int, where: str) -> tuple[CatalogText, ...]:
    """Return as many strings of each place as the rarest has, each string once.

    They are taken in an order drawn from (seed, English string), so that languages have the same English strings where
    they can. Left out are strings whose English is `unclear`, of hardly any letter, or that equal another one.
    """
    by_place: dict[str, list[CatalogText]] = {place: [] for place in PLACES}
    seen: set[str] = set()
    for one in sorted(texts, key=lambda one: _draw(one, seed)):
        if one.english not in unclear and _letters(one.text) >= _LEAST_LETTERS and folded(one.text) not in seen:
            seen.add(folded(one.text))
            by_place[one.place].append(one)
    rarest = min(by_place, key=lambda place: len(by_place[place]))
    if not by_place[rarest]:
        raise UserError(
            f"{where}: no string is {'an' if rarest[0] in 'aeiou' else 'a'} {rarest}; publish Home Assistant's "
            "catalogs with larger dev and test splits"
        )
    return tuple(one for place in PLACES for one in by_place[place][: len(by_place[rarest])])


def _english(publish: Dataset, split: str) -> Iterator[CatalogText]:
    for entry in publish.files(kind="text", language=ENGLISH, split=split):
        table = publish.table(entry)
        yield from _texts(table, table["text"], table["text"])


def _translated(publish: Dataset) -> dict[str, list[CatalogText]]:
    """Return by language the test side of English's pairs: publish left out what is not translated."""
    found: dict[str, list[CatalogText]] = {}
    for entry in publish.files(kind="pairs", split="test"):
        table = publish.table(entry)
        table = table.filter(pc.equal(table["source_lang"].cast(pa.string()), ENGLISH))
        if table.num_rows:
            texts = found.setdefault(entry.partition["language"], [])
            texts += _texts(table, table["source_text"], table["target_text"])
    return found


def _texts(table: pa.Table, english: pa.ChunkedArray, texts: pa.ChunkedArray) -> Iterator[CatalogText]:
    columns = (table["key"], texts, english, table["document"])
    for key, text, source, component in zip(*(column.to_pylist() for column in columns), strict=True):
        place = place_of(key)
        if place is not None:
            yield CatalogText(cleaned(text), place, folded(source), component)


def _in_several_places(texts: Iterable[CatalogText]) -> frozenset[str]:
    """Return the English strings that stand, in whatever language or component, in places of several classes."""
    places: dict[str, set[str]] = defaultdict(set)
    for one in texts:
        places[one.english].add(one.place)
    return frozenset(english for english, found in places.items() if len(found) > 1)


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _draw(one: CatalogText, seed: int) -> tuple[int, str]:
    return xxhash.xxh3_64_intdigest(one.english.encode(), seed=seed), one.text
